"""Markdown of agents as Slack rich text, behind a bar at the side, so that nobody takes it for words of Signoff.

How it is read, what is lost, and why no library does this, is said in `bot.markdown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.markdown import RULE, Block, Kind, Span, columns, read
from bot.slack.rendering.safety import link, linked, words
from runner.model import Json

_DEEPEST = 8  # indentation that Slack knows


def prose(markdown: str) -> tuple[Json, ...]:
    """Turn Markdown of an untrusted author into elements of one `rich_text` block; none if it cannot say all of it.

    The caller then shows the source as it is. The result can be several times as heavy as the source: weigh it.
    """
    writer = _Writer()
    for block in read(markdown):
        writer.take(block)
    return writer.finished()


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


class _Writer:
    """Writes blocks down as elements, one by one."""

    def __init__(self) -> None:
        self._elements: list[dict[str, Any]] = []

    def take(self, block: Block) -> None:
        """Write one block."""
        match block.kind:
            case Kind.ITEM:
                self._item(block)
            case Kind.CODE:
                self._preformatted(block.code)
            case Kind.TABLE:
                self._preformatted(columns(block.rows))
            case Kind.RULE:
                self._paragraph([words(RULE)], close=False)
            case _:
                self._words(block)

    def finished(self) -> tuple[Json, ...]:
        """Return the elements, without gaps at their ends."""
        for element in self._elements:
            if element["type"] == "rich_text_quote":
                element["elements"] = _joined(element["elements"][:-1])
        return tuple(self._elements)

    def _words(self, block: Block) -> None:
        """Write a paragraph, below the words of its item if that is the last."""
        if block.depth and self._elements and self._elements[-1]["type"] == "rich_text_list":
            self._elements[-1]["elements"][-1]["elements"] += [words("\n"), *_pieces(block)]
        else:
            self._paragraph(_pieces(block), close=block.kind is Kind.HEADING)

    def _paragraph(self, pieces: Sequence[Json], *, close: bool) -> None:
        """Write a paragraph. With `close` the next one follows without an empty line."""
        gap = words("\n") if close else words("\n\n")
        if self._elements and self._elements[-1]["type"] == "rich_text_quote":
            self._elements[-1]["elements"] += [*pieces, gap]
        else:
            self._elements.append({"type": "rich_text_quote", "elements": [*pieces, gap]})

    def _item(self, block: Block) -> None:
        style, indent = "ordered" if block.ordered else "bullet", min(block.depth - 1, _DEEPEST)
        last = self._elements[-1] if self._elements else {}
        if (last.get("type"), last.get("style"), last.get("indent")) != ("rich_text_list", style, indent):
            last = {"type": "rich_text_list", "style": style, "indent": indent, "border": 1, "elements": []}
            if block.ordered and block.number > 1:
                last["offset"] = block.number - 1
            self._elements.append(last)
        last["elements"].append({"type": "rich_text_section", "elements": _pieces(block) or [words(" ")]})

    def _preformatted(self, text: str) -> None:
        self._elements.append({"type": "rich_text_preformatted", "border": 1, "elements": [words(text or " ")]})


def _pieces(block: Block) -> list[Json]:
    """Set the words of a block, quoted as it is."""
    pieces = [words("> " * block.quotes)] if block.quotes and block.spans else []
    return _joined([*pieces, *(piece for span in block.spans for piece in _piece(span))])


def _piece(span: Span) -> list[Json]:
    if span.address:
        return [link(span.text) or words(span.text)]
    style = {"bold": span.bold, "italic": span.italic, "strike": span.strike}
    return [words(span.text, **style, code=True)] if span.code else linked(span.text, **style)


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
