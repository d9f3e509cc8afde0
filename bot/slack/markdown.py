"""Markdown of agents as Slack rich text, behind a bar at the side, so that nobody takes it for words of Signoff.

Everything is literal text with styles. Headings are bold lines, a link is its label with its address behind it, a
table is set in columns, raw HTML and entities stay as typed. Lost are only the signs of Markdown itself, the language
of a code block, and indentation. markdown-to-slack-blocks is not used: it turns `@name`, `:name:` and `<!channel>` of
the agent into mentions and emoji, and makes blocks of images, headings and tables that look like our own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.slack.safety import link, linked, words
from runner.masking import visible
from runner.model import Json

_UNSAFE = ["image", "autolink", "html_inline", "html_block", "entity", "reference"]  # they act, load or hide text
_DEEPEST = 8  # indentation that Slack knows
_DEEPEST_SHOWN = 16  # levels of nesting: at 20 the parser drops what is inside
_LANGUAGE = re.compile(r"[\w+#.-]{0,20}")
_STYLES = {"strong": "bold", "em": "italic"}


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(_UNSAFE)


def prose(markdown: str) -> tuple[Json, ...]:
    """Turn Markdown of an untrusted author into elements of one `rich_text` block; none if it cannot say all of it.

    Nothing may be hidden by a trick of the grammar: where a letter or digit would be lost, or nesting ends the parser's
    patience, the caller shows the source as it is. Costs up to 8 milliseconds a kilobyte. The result can be several
    times as heavy as the source: weigh it.
    """
    source = visible(markdown)
    writer = _Writer()
    for token in _parser().parse(source):
        if token.level >= _DEEPEST_SHOWN:
            return ()
        writer.take(token)
    made = writer.finished()
    return () if _letters(source) - _letters(texts(made)) - _letters(writer.unsaid) else made


def texts(content: object) -> str:
    """Return all that people can read of rich text, in order, addresses included."""
    match content:
        case {"type": "text", "text": str(text)} | {"type": "link", "url": str(text)}:
            return text
        case {"elements": elements}:
            return texts(elements)
        case list() | tuple():
            return "".join(texts(each) for each in content)
        case _:
            return ""


def _letters(text: str) -> Counter[str]:
    return Counter(char for char in text if char.isalnum())


class _List:
    """A list that is open: its style, the number of its next item, whether its item has no text yet."""

    def __init__(self, style: str, number: int) -> None:
        self.style = style
        self.number = number
        self.fresh = False


class _Writer:
    """Writes tokens down as elements, one by one."""

    def __init__(self) -> None:
        self.elements: list[dict[str, Any]] = []
        self.unsaid = ""  # languages of code, numbers of items as typed, addresses that are their own label
        self._lists: list[_List] = []
        self._quotes = 0
        self._heading = False
        self._row: list[str] | None = None
        self._table: list[list[str]] = []

    def take(self, token: Token) -> None:
        """Write one token of a block level."""
        match token.type:
            case "inline":
                self._text(token)
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._paragraph([words("———")], close=False)
            case "heading_open" | "heading_close":
                self._heading = token.nesting > 0
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "tr_open" | "tr_close" | "table_close":
                self._tabulate(token)
            case _:
                self._listing(token)

    def finished(self) -> tuple[Json, ...]:
        """Return the elements, without gaps at their ends."""
        for element in self.elements:
            if element["type"] == "rich_text_quote":
                element["elements"] = _joined(element["elements"][:-1])
        return tuple(self.elements)

    def _listing(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._settle()
                self._lists.append(_List("bullet", 1))
            case "ordered_list_open":
                self._settle()
                self._lists.append(_List("ordered", int(token.attrs.get("start", 1))))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._lists[-1].fresh = True
                self.unsaid += token.info
            case "list_item_close":
                self._settle()
            case _:
                pass

    def _text(self, token: Token) -> None:
        if self._row is not None:
            self._row.append(texts(self._inline(token)))
            return
        pieces = self._inline(token)
        if self._quotes:
            pieces = [words("> " * self._quotes), *pieces]
        if not pieces:
            return
        if self._lists and self._lists[-1].fresh:
            self._item(pieces)
        elif self._lists and self.elements[-1]["type"] == "rich_text_list":
            self.elements[-1]["elements"][-1]["elements"] += [words("\n"), *pieces]
        else:
            self._paragraph(pieces, close=self._heading)

    def _inline(self, token: Token) -> list[Json]:
        pieces: list[Json] = []
        depth = {"bold": int(self._heading), "italic": 0}
        targets: list[tuple[int, str, str]] = []
        for child in token.children or ():
            style = {name: count > 0 for name, count in depth.items()}
            match child.type:
                case "text":
                    pieces += linked(child.content, **style)
                case "code_inline":
                    pieces.append(words(child.content, **style, code=True))
                case "softbreak" | "hardbreak":
                    pieces.append(words("\n"))
                case "link_open":
                    targets.append((len(pieces), str(child.attrs["href"]), str(child.attrs.get("title", ""))))
                case "link_close":
                    pieces += self._target(pieces, *targets.pop())
                case _:
                    depth[_STYLES[child.tag]] += child.nesting
        return _joined(pieces)

    def _target(self, pieces: Sequence[Json], start: int, address: str, title: str) -> list[Json]:
        """Say where a link goes, unless its label, the pieces from `start`, says just that."""
        if texts(pieces[start:]) == address and not title:
            self.unsaid += address
            return []
        after = f" “{title}”)" if title else ")"
        return [words(" ("), link(address) or words(address or " "), words(after)]

    def _paragraph(self, pieces: Sequence[Json], *, close: bool) -> None:
        """Write a paragraph. With `close` the next one follows without an empty line."""
        gap = words("\n") if close else words("\n\n")
        if self.elements and self.elements[-1]["type"] == "rich_text_quote":
            self.elements[-1]["elements"] += [*pieces, gap]
        else:
            self.elements.append({"type": "rich_text_quote", "elements": [*pieces, gap]})

    def _item(self, pieces: Sequence[Json]) -> None:
        current = self._lists[-1]
        indent = min(len(self._lists) - 1, _DEEPEST)
        last = self.elements[-1] if self.elements else {}
        if (last.get("type"), last.get("style"), last.get("indent")) != ("rich_text_list", current.style, indent):
            last = {"type": "rich_text_list", "style": current.style, "indent": indent, "border": 1, "elements": []}
            if current.style == "ordered" and current.number > 1:
                last["offset"] = current.number - 1
            self.elements.append(last)
        last["elements"].append({"type": "rich_text_section", "elements": list(pieces)})
        current.number += 1
        current.fresh = False

    def _settle(self) -> None:
        """Give an item that has no text of its own a place."""
        if self._lists and self._lists[-1].fresh:
            self._item([words(" ")])

    def _code(self, token: Token) -> None:
        self._settle()
        info = token.info.strip()
        if _LANGUAGE.fullmatch(info):
            self.unsaid += info
            info = ""
        self._preformatted((f"{info}\n" if info else "") + token.content.rstrip("\n"))

    def _preformatted(self, text: str) -> None:
        self.elements.append({"type": "rich_text_preformatted", "border": 1, "elements": [words(text or " ")]})

    def _tabulate(self, token: Token) -> None:
        match token.type:
            case "tr_open":
                self._row = []
            case "tr_close":
                self._table.append(self._row or [])
                self._row = None
            case _:
                self._settle()
                self._preformatted(_columns(self._table))
                self._table = []


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=False)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _joined(pieces: Sequence[Json]) -> list[Json]:
    """Join neighbours of one style, and leave out what is empty: fewer pieces weigh less."""
    joined: list[Json] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and piece["type"] == last["type"] == "text" and piece.get("style") == last.get("style"):
            joined[-1] = {**last, "text": last["text"] + piece["text"]}
        else:
            joined.append(piece)
    return joined
