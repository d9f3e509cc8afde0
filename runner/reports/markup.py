"""Markdown of agents as safe HTML: structure is kept, but nothing of it can act, load or link.

Raw HTML is shown as text, a link as its text with its address, a picture as its link. Headings become bold
paragraphs, so that an agent cannot write into the outline of the report. Entities such as `&#8238;` stay as typed:
decoding them would bring back hidden characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_UNSAFE = ["image", "autolink", "html_inline", "html_block", "entity", "reference"]


@cache
def parser() -> MarkdownIt:
    """Make the parser once: CommonMark with tables, without everything that is unsafe or hides text."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(_UNSAFE)


def safe_html(markdown: str) -> Markup:
    """Render Markdown of an untrusted author. Costs some milliseconds a kilobyte at worst."""
    tokens = list(_harmless(parser().parse(markdown)))
    html = parser().renderer.render(tokens, parser().options, {})
    return Markup(html)  # noqa: S704 - the renderer escapes all text; the tests attack it


def _harmless(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "heading_open":
            yield from (Token("paragraph_open", "p", 1, block=True), Token("strong_open", "strong", 1))
        elif token.type == "heading_close":
            yield from (Token("strong_close", "strong", -1), Token("paragraph_close", "p", -1, block=True))
        else:
            if token.children:
                token.children = list(_without_links(token.children))
            yield token


def _without_links(tokens: Sequence[Token]) -> Iterator[Token]:
    """Replace each link by its text and its address; links do not nest."""
    address = ""
    for token in tokens:
        if token.type == "link_open":
            address = str(token.attrs["href"])
        elif token.type == "link_close":
            yield Token("text", "", 0, content=f" ({address})")
        else:
            yield token
