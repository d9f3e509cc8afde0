"""Markdown of agents, made safe: structure is kept, but nothing of it can act, load or link.

Raw HTML is shown as text, a link as its text with its address, a picture as its link. Headings become bold
paragraphs, so that an agent cannot write into the outline of the report. Entities such as `&#8238;` stay as typed:
decoding them would bring back hidden characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markupsafe import Markup

from runner.reports.escaping import cell, code, fence, line_start, quoted, words

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


def safe_markdown(markdown: str) -> str:
    """Write the same as Markdown again, in a quotation: only what was understood is written, all else is escaped."""
    tokens = list(_harmless(parser().parse(markdown)))
    return quoted(_blocks(SyntaxTreeNode(tokens).children))


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "\n\n".join(_block(node) for node in nodes)


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "bullet_list":
            return "\n".join(_item("- ", item) for item in node.children)
        case "ordered_list":
            first = int(node.attrs.get("start", 1))
            return "\n".join(_item(f"{number}. ", item) for number, item in enumerate(node.children, first))
        case "blockquote":
            return quoted(_blocks(node.children))
        case "fence" | "code_block":
            return fence(node.content, _language(node.info))
        case "table":
            return _table(node)
        case "hr":
            return "* * *"
        case _:
            return "\n".join(line_start(line) for line in _line(node).split("\n"))


def _language(info: str) -> str:
    return info if re.fullmatch(r"[A-Za-z0-9+#-]{1,20}", info) else "text"


def _item(mark: str, item: SyntaxTreeNode) -> str:
    """Write an item; only a list in it may follow without an empty line."""
    text = ""
    for child in item.children:
        gap = "\n" if child.type.endswith("_list") else "\n\n"
        text += (gap if text else "") + _block(child)
    return (mark + text.replace("\n", "\n" + " " * len(mark))).rstrip()


def _table(node: SyntaxTreeNode) -> str:
    rows = [[cell(_line(column)) for column in row.children] for part in node.children for row in part.children]
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def _line(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text":
            return words(node.content)
        case "code_inline":
            return code(node.content)
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "\\\n"
        case "em":
            return f"*{_parts(node)}*"
        case "strong":
            return f"**{_parts(node)}**"
        case _:
            return _parts(node)


def _parts(node: SyntaxTreeNode) -> str:
    return "".join(_line(child) for child in node.children)


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
