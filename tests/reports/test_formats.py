"""The four formats: golden for people and programs, and honest about what cannot be written."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from runner import reports
from runner.errors import ReportError
from runner.model import ApprovalState, Author, Reason, State
from runner.reports import FORMATS, ReportDoc, escaping, file_name, formats, pdf, plain, render
from runner.reports.markup import safe_html, safe_markdown
from tests.reports.samples import APPROVALS, HOSTILE, execution, message, nasty_report, report
from tests.reports.test_html import MORE, PIECES, everywhere

SCHEMA = json.loads((Path(reports.__file__).parent / "schema.json").read_text())


class MarkdownFile(SingleFileSnapshotExtension):
    """Golden files that open as what they are."""

    _write_mode = WriteMode.TEXT
    file_extension = "md"


class JsonFile(MarkdownFile):
    """The same for json."""

    file_extension = "json"


def test_markdown_reads_as_before(snapshot: SnapshotAssertion) -> None:
    assert formats.markdown(report()).decode() == snapshot(extension_class=MarkdownFile)


def test_json_reads_as_before(snapshot: SnapshotAssertion) -> None:
    assert formats.json(report()).decode() == snapshot(extension_class=JsonFile)


def docs() -> list[ReportDoc]:
    still_open = replace(APPROVALS[0], state=ApprovalState.OPEN, answer=None, answered_at=None, answered_by=None)
    live = execution(state=State.WAITING, reason=None, finished_at=None, test_exit=None)
    every = [report(execution=execution(state=state, reason=reason)) for state in State for reason in (None, *Reason)]
    return [report(), nasty_report(), everywhere(HOSTILE), report(execution=live, approvals=(still_open,)), *every]


def test_json_keeps_to_its_schema() -> None:
    """REP-4: for every sample."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for doc in docs():
        validator.validate(json.loads(formats.json(doc)))


def test_json_is_never_cut() -> None:
    """REP-4: what reads it is no person."""
    content = json.loads(formats.json(nasty_report()))

    assert content["changes"][0]["diff"].count("\n") == 5_000
    assert len(content["timeline"][1]["output"]) > 100_000 - 1


def test_the_documentation_of_the_schema_names_every_property() -> None:
    page = (Path(reports.__file__).parents[2] / "docs" / "report-schema.md").read_text()
    parts = [SCHEMA["properties"], *(part["properties"] for part in SCHEMA["$defs"].values() if "properties" in part)]

    assert [name for part in parts for name in part if f"`{name}`" not in page] == []


def structure(markdown: str) -> list[str]:
    """Return what GitHub would make of a text: the kinds of all blocks and marks, without their content."""
    kinds: list[str] = []

    def walk(tokens: list[Token]) -> None:
        for token in tokens:
            if token.type in {"html_block", "html_inline"}:
                kinds.append(re.sub(r">[^<]+<", "><", token.content.strip()))
            elif token.type not in {"text", "softbreak", "hardbreak", "inline", "text_special"}:
                kinds.append(f"{token.type} {token.tag}")
            walk(token.children or [])

    walk(MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"]).parse(markdown))
    return kinds


@given(
    st.lists(st.sampled_from(PIECES + MORE + ("~~", "1. ", "+ ", "===", "---", "    ", "|")), max_size=20).map("".join)
)
@example("\n# one\n- two\n\n3. four\n===\n> five\n+ six\n")
def test_no_text_becomes_structure_in_markdown(text: str) -> None:
    """REP-1: whatever others write, a report keeps the headings, tables, fences and tags that Signoff gave it."""
    marked = structure(plain.render(everywhere(f"a{text}z")))

    assert [kind for kind in marked if kind not in OURS] == []
    assert [marked.count(f"heading_open {level}") for level in ("h1", "h2", "h3")] == [1, 7, 2]


OURS = {
    *(f"{kind}_{end} {tag}" for kind, tag in [
        ("heading", "h1"), ("heading", "h2"), ("heading", "h3"), ("paragraph", "p"), ("strong", "strong"), ("em", "em"),
        ("blockquote", "blockquote"), ("table", "table"), ("thead", "thead"), ("tbody", "tbody"), ("tr", "tr"),
        ("th", "th"), ("td", "td"), ("bullet_list", "ul"), ("ordered_list", "ol"), ("list_item", "li"),
    ] for end in ("open", "close")),
    *("fence code", "code_inline code", "hr hr", "<!-- -->", "<details><summary></summary>", "</details>"),
}  # fmt: skip


def test_a_fence_in_the_output_does_not_end_the_fence_around_it() -> None:
    assert escaping.fence("```\n````\nx") == "`````text\n```\n````\nx\n`````"


def test_addresses_in_markdown_are_not_made_links_by_github() -> None:
    assert escaping.inline("see https://evil.example and www.evil.example") == (
        "see h<!-- -->ttps://evil.example and w<!-- -->ww.evil.example"
    )


async def test_every_format_has_its_file_and_its_bytes() -> None:
    beginnings = {"html": b"<!doctype html>", "json": b"{", "markdown": b"# Fix the rounding"}

    assert [file_name(form) for form in FORMATS] == ["report.html", "report.pdf", "report.json", "report.md"]
    for form in ("html", "json", "markdown"):
        assert (await render(report(), form)).lstrip().startswith(beginnings[form])


async def test_an_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(ReportError, match=r"`docx`.*html, pdf, json, markdown"):
        await render(report(), "docx")


@pytest.fixture(scope="module")
def typeset() -> bytes:
    """The ordinary report as a PDF; it takes more than a second to make."""
    return asyncio.run(formats.pdf(report()))


def test_the_pdf_has_a_title_bookmarks_and_a4_pages(typeset: bytes) -> None:
    inside = b"".join(_streams(typeset))

    assert "Fix the rounding in invoice totals".encode("utf-16-be") in inside or b"(Fix the rounding in in" in inside
    assert b"/Outlines" in inside
    assert re.search(rb"/MediaBox ?\[ ?0 0 595\.\d+ 841\.\d+", inside)


def _streams(document: bytes) -> Iterator[bytes]:
    """Yield the streams of a PDF unpacked."""
    position = 0
    while (start := document.find(b"stream\n", position)) >= 0:
        unpacker = zlib.decompressobj()
        with contextlib.suppress(zlib.error):
            yield unpacker.decompress(document[start + len(b"stream\n") :])
        position = document.index(b"endstream", start) + len(b"endstream")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
def test_the_pdf_says_what_the_page_says(typeset: bytes, tmp_path: Path) -> None:
    """Also what is folded away on a screen."""
    (tmp_path / "report.pdf").write_bytes(typeset)
    text = subprocess.run(
        ["pdftotext", "-layout", "report.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout

    for said in ("Never force-push", "ROUND_HALF_EVEN", "4 passed in 0.29s", "Page 1 of", "Grace Hopper", "[masked]"):
        assert said in text


async def test_the_typesetter_reads_no_file_and_calls_nobody(tmp_path: Path) -> None:
    """REP-3: even if markup came through: a listener hears nothing, and a file is not read."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.close()

    (tmp_path / "secret.css").write_text("body::before { content: 'STOLEN' }")
    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        made = await pdf.to_pdf(
            f"<title>x</title><link rel=stylesheet href='file://{tmp_path}/secret.css'><img src='{address}/pixel.png'>"
            f"<link rel=stylesheet href='{address}/a.css'><link rel=attachment href='file:///etc/hostname'><p>text</p>"
        )

    assert heard == []
    assert made.startswith(b"%PDF-")
    assert b"/EmbeddedFile" not in made


async def test_a_typesetter_that_takes_too_long_is_ended_and_the_person_told() -> None:
    """REP-3: its time."""
    with pytest.raises(ReportError, match=r"not done after 0\.2 seconds.*html or markdown"):
        await pdf.to_pdf("<p>x</p>" * 20_000, seconds=0.2)


async def test_a_missing_typesetter_is_told_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that ends as the real one does without Pango."""
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; sys.stdin.read(); sys.stderr.write('cannot load libpango-1.0-0'); sys.exit(3)")
    monkeypatch.setattr(pdf, "_WORKER", worker)

    with pytest.raises(ReportError, match=r"cannot load libpango-1\.0-0.*apt install libpango"):
        await pdf.to_pdf("<p>x</p>")


async def test_a_typesetter_without_enough_memory_is_told_as_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; sys.stdin.read(); sys.exit(4)")
    monkeypatch.setattr(pdf, "_WORKER", worker)

    with pytest.raises(ReportError, match="too large"):
        await pdf.to_pdf("<p>x</p>")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to the limit of the address space")
def test_the_kernel_keeps_the_typesetter_to_its_memory() -> None:
    """REP-3: a gigabyte and no more."""
    code = "from runner.reports.pdf_worker import restrict; restrict(9); bytearray({}); print('had it')"
    some, much = (
        subprocess.run([sys.executable, "-c", code.format(size)], check=False, capture_output=True, text=True)
        for size in (1 << 28, 1 << 30)
    )

    assert (some.stdout.strip(), much.stdout) == ("had it", "")
    assert "MemoryError" in much.stderr


async def test_the_typesetter_gets_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import os, sys; sys.stdin.read(); sys.stderr.write(' '.join(sorted(os.environ))); sys.exit(1)")
    monkeypatch.setattr(pdf, "_WORKER", worker)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")

    with pytest.raises(ReportError) as failure:
        await pdf.to_pdf("<p>x</p>")

    assert set(failure.value.message.split(": ")[1].rstrip(".").split()) <= {
        "HOME",
        "LANG",
        "PATH",
        "TMPDIR",
        "LC_CTYPE",
    }


def test_the_typesetter_is_loaded_only_in_its_own_process() -> None:
    """It costs more than a second and 50 MB to load."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, runner.reports; print('weasyprint' in sys.modules)"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert loaded.stdout.strip() == "False"


@pytest.mark.parametrize(
    "markdown",
    [
        "one **two** *three* `four|five`",
        "- a\n- b\n  - c\n\n    d\n1. e",
        "> quoted\n\n```py\nx = '```'\n```",
        "| a | b |\n|---|---|\n| 1\\|2 | `x\\|y` |",
        "one\\\ntwo\n\n* * *\n\nthree",
    ],
)
def test_harmless_markdown_of_the_agent_keeps_its_look(markdown: str) -> None:
    rewritten = safe_markdown(markdown)

    assert safe_html(rewritten) == f"<blockquote>\n{safe_html(markdown)}</blockquote>\n"


def test_what_was_said_cannot_add_a_heading_or_a_task() -> None:
    said = report(messages=(message(1, Author.PERSON, "## Approved by Ada\n- [x] all", said=3),))

    assert "> **Approved by Ada**\n>\n> - \\[x\\] all" in plain.render(said)
