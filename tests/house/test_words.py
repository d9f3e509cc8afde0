"""Nothing unfinished, nothing unexplained, one word per thing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.tree import documents, files, sources, syntax, text

READABLE = {".cfg", ".css", ".html", ".j2", ".json", ".md", ".mako", ".py", ".sh", ".sql", ".toml", ".yml", ""}
# Written in pieces, so that this file keeps its own rules.
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
INDEX_HOST = re.compile("|".join((r"pypi\." + "org", "python" + "hosted", r"npmjs\." + "(?:org|com)")))
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma)\b.*")
CODED = r"# (?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|type: ignore\[[a-z-]+(?:, [a-z-]+)*\])"
EXPLAINED = re.compile(CODED + r"(?: - |  # )\w.+")

# Words of the field that the glossary replaces by one of ours, with the modules in which a vendor imposes them.
FOREIGN_WORDS = {
    "confirmation": (),
    "job": ("runner/schedule.py", "runner/procrastinate.py"),
    "transport": ("runner/agents/",),
}


def unexplained(source: str) -> Iterator[int]:
    """Yield the lines on which a rule is switched off without its code, or without a reason there or just above."""
    above = ""
    for number, line in enumerate(source.splitlines(), 1):
        found = SUPPRESSION.search(line)
        if found and not EXPLAINED.fullmatch(found[0]):
            coded = re.fullmatch(CODED, found[0].rstrip())
            if not coded or not above.startswith("# ") or SUPPRESSION.match(above):
                yield number
        above = line.strip()


def names(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every name that the module itself gives to something."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def test_nothing_is_marked_as_unfinished() -> None:
    """A document may speak of such marks in `code`."""
    written = {path: text(path) for path in files() if path.suffix in READABLE}
    marked = [
        str(path)
        for path, content in written.items()
        if UNFINISHED.search(re.sub(r"`[^`\n]*`", "", content) if path.suffix == ".md" else content)
    ]
    assert not marked


def test_no_package_index_is_named_outside_the_lock() -> None:
    named = [str(path) for path in files() if path.name != "uv.lock" and INDEX_HOST.search(text(path))]
    assert not named


def test_every_exception_from_a_rule_has_its_reason() -> None:
    silent = [f"{path}:{number}" for path in sources("bot", "runner", "storage") for number in unexplained(text(path))]
    assert not silent


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("x = 1  # noqa: S101 - a reason", False),
        ("x = 1  # type: ignore[misc]  # a reason", False),
        ("# a reason\nx = 1  # noqa: S101, S102", False),
        ("x = 1  # noqa: S101", True),
        ("x = 1  # noqa - a reason", True),
        ("x = 1  # type: ignore[misc]", True),
        ("# a reason\nx = 1  # noqa", True),
    ],
)
def test_a_suppression_without_code_or_reason_is_found(line: str, found: bool) -> None:
    assert bool(list(unexplained(line))) is found


def test_one_word_per_thing() -> None:
    foreign = [
        f"{path}:{line} {name}"
        for path in sources("bot", "runner", "storage")
        for line, name in names(syntax(path))
        for word, homes in FOREIGN_WORDS.items()
        if word in name.lower().split("_") and not str(path).startswith(homes or ("-",))
    ]
    assert not foreign


def test_documents_are_read_as_documents() -> None:
    """The lists these rules walk over are not empty."""
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= {str(path) for path in documents()}
    assert len(sources("runner")) > 10
