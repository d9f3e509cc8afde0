"""The page: complete, readable without anything else, and deaf to what agents write."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model import Answer, Author
from runner.reports import page
from runner.reports.document import ReportDoc
from runner.reports.markup import safe_html
from tests.reports.samples import HOSTILE, approval, execution, message, nasty_report, report, step

VOID = {"meta", "br", "hr", "img", "link", "input", "base"}
HARMLESS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "section",
        "article",
        "footer",
        "div",
        "span",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "small",
        "b",
        "strong",
        "em",
        "code",
        "pre",
        "blockquote",
        "time",
        "ins",
        "del",
        "br",
    ),
    *("hr", "dl", "dt", "dd", "ul", "ol", "li", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.headings: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "h2":
            self.headings.append(data.strip())
        if "style" not in self._open:
            self.text += data

    def assert_harmless(self) -> None:
        assert set(self.tags) <= HARMLESS
        for name, content in self.attributes:
            assert name not in {"href", "src", "srcset", "action", "data", "background", "poster", "ping"}
            assert not name.startswith("on")
            assert name != "style" or (content or "").startswith("text-align:")


def everywhere(text: str) -> ReportDoc:
    """A report in which one text stands wherever others may write."""
    return report(
        execution=execution(
            title=text, prompt=text, summary=text, error=text, hint=text, test_output=text, project=text, branch=text,
            variables={text: text},
        ),
        steps=(step(1, began=1, title=text, output=text, input={"command": text}),),
        messages=(message(1, Author.AGENT, text + "!", said=2),),
        approvals=(
            approval(1, title=text, reason=text, labels=(text,), input={text: text, "l": [text]}),
            approval(2, title=text, answer=Answer(approve=True, input={"command": text}, note=text)),
        ),
        people={},
        patch=f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{text}\n",
    )  # fmt: skip


SECTIONS = ["Summary", "The prompt", "Decisions", "Tests", "Changes", "Timeline"]


def test_the_page_has_its_sections_in_reading_order() -> None:
    read = Page(page.render(report()))

    assert [heading for heading in read.headings if heading] == SECTIONS
    assert read.tags.count("h1") == 1


def test_a_failed_run_begins_with_what_went_wrong() -> None:
    read = Page(page.render(report(execution=execution(error="pytest: command not found", hint="Install pytest."))))

    assert [heading for heading in read.headings if heading] == ["What went wrong", *SECTIONS]
    assert "pytest: command not found" in read.text


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """REP-2: no script, no address, no style from elsewhere."""
    for doc in (report(), nasty_report(), everywhere(HOSTILE)):
        html = page.render(doc)
        Page(html).assert_harmless()
        style = html[html.index("<style>") : html.index("</style>")]
        assert "url(" not in style
        assert "@import" not in style
        assert "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in html


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    """REP-1: every text of others, whatever it holds."""
    Page(page.render(everywhere(text))).assert_harmless()


PIECES = (
    "<",
    ">",
    "</pre>",
    "<script>",
    "&lt;",
    '"',
    "'",
    "[a](",
    "javascript:x",
    ")",
    "![",
    "`",
    "```\n",
    "\n",
    "\n\n",
    "# ",
    "> ",
)
MORE = (
    "- ",
    "| a | b |\n|--|--|\n",
    "**",
    "_",
    "<!--",
    "-->",
    "<a href=x>",
    "{{ 1 }}",
    "{% x %}",
    "\\",
    "&#60;",
    "]",
    "<http://a>",
    "</style>",
)


@given(st.lists(st.sampled_from(PIECES + MORE), max_size=25).map("".join))
def test_no_mixture_of_markup_becomes_markup(text: str) -> None:
    """REP-1: also when it looks like the markup we allow."""
    Page(page.render(everywhere(text))).assert_harmless()


def test_hostile_text_is_shown_as_written() -> None:
    read = Page(page.render(everywhere("<b>bold</b> {{ 7*7 }} &amp; </details>")))

    assert read.text.count("<b>bold</b> {{ 7*7 }} &amp; </details>") >= 10


def test_text_that_no_file_can_hold_is_shown_all_the_same() -> None:
    assert page.render(everywhere("a\ud800b")).encode().count("a⟨U+D800⟩b".encode()) > 10


def test_links_are_text_with_their_address() -> None:
    assert safe_html("[docs](https://e.org) ![p](x.png)") == "<p>docs (https://e.org) !p (x.png)</p>\n"
    assert "href" not in safe_html("[a](javascript:alert(1)) <https://auto.example>")


def test_headings_of_agents_stay_out_of_the_outline() -> None:
    html = safe_html("# Approved\n\nSetext\n===")

    assert "<strong>Approved</strong>" in html
    assert "<strong>Setext</strong>" in html
    assert "<h" not in html


def test_entities_stay_as_typed_so_that_they_bring_nothing_hidden_back() -> None:
    assert safe_html("a&#8238;b") == "<p>a&amp;#8238;b</p>\n"


@pytest.mark.parametrize(
    "markdown", ["*a " * 7_000, "[" * 20_000, "> " * 9_000, "`" * 10_000, "![](" * 5_000, "- " * 9_000, "|a" * 9_000]
)
def test_no_markdown_is_slow_or_too_deep(markdown: str) -> None:
    safe_html(markdown)


def test_long_output_is_folded_and_a_failed_test_is_not() -> None:
    passed = page.render(report())
    failed = page.render(report(execution=execution(test_exit=1, test_output="E   assert 1 == 2")))

    assert "<summary>Output</summary><pre>....  " in passed
    assert "<pre>E   assert 1 == 2</pre>" in failed
    assert "Failed with exit status 1" in failed


def test_a_cut_diff_says_how_much_is_missing() -> None:
    """REP-9: a diff of 5,000 lines of which 499 are shown after the head of their hunk."""
    html = page.render(nasty_report())

    assert "4,501 changed lines left out here; the branch has all of them." in html
    assert "3,001 characters left out" in html  # of a line of 5,001


@pytest.mark.parametrize("start", [":root {", "dark) {", "print {"])
def test_every_colour_is_readable_in_light_and_dark_and_print(start: str) -> None:
    """Text and its background differ by the 4.5 : 1 of WCAG AA, in every palette."""
    css = (Path(page.__file__).parent / "templates" / "report.css").read_text()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css.split(start, 1)[1].split("}", 1)[0]))

    for ink, paper in PAIRS:
        assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


PAIRS = (
    *(
        ("ink", paper)
        for paper in ("page", "panel", "add", "del", "good-panel", "bad-panel", "quiet-panel", "busy-panel")
    ),
    *((tone, f"{tone}-panel") for tone in ("good", "bad", "quiet", "busy")),
    *((ink, "page") for ink in ("soft", "good", "bad", "quiet", "busy")),
    *(("hunk", "panel"), ("soft", "panel")),
)


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
