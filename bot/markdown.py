"""Markdown of agents, read once for all messengers: blocks of spans, in which nothing is lost and nothing acts. Pure.

Everything is literal text with styles. Headings are bold lines, a link is its label with its address behind it, a
table is rows of texts, raw HTML and entities stay as typed. Lost are only the signs of Markdown itself, the language of
a code block where a product has no place for it, and indentation. No converter to a chat product is used:
markdown-to-slack-blocks turns `@name`, `:name:` and `<!channel>` of the agent into mentions and emoji, and makes blocks
of images, headings and tables that look like our own; telegramify-markdown drops raw HTML, swallows `<!channel>`, puts
signs of its own before headings, and makes more entities than Telegram shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from runner.masking import visible
from runner.model import value

RULE = "———"

_UNSAFE = ["image", "autolink", "html_inline", "html_block", "entity", "reference"]  # they act, load or hide text
_DEEPEST_SHOWN = 16  # levels of nesting: at 20 the parser drops what is inside
_LANGUAGE = re.compile(r"[\w+#.-]{0,20}")
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}


class Kind(Enum):
    """What a block is."""

    PARAGRAPH = auto()
    HEADING = auto()  # a paragraph of bold words, close to what follows
    ITEM = auto()
    CODE = auto()
    RULE = auto()
    TABLE = auto()


@value
class Span:
    """A piece of text in one style. An `address` is where a link goes, as it was typed."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    address: bool = False


@value
class Block:
    """A part of a text, one below the other."""

    kind: Kind
    spans: tuple[Span, ...] = ()  # an item without words of its own has none
    quotes: int = 0  # quotes that it stands in
    depth: int = 0  # lists that it stands in; an item counts its own
    ordered: bool = False  # an item with a number, not a bullet
    number: int = 0  # of an item in its list, as it counts on from the first
    code: str = ""
    language: str = ""
    rows: tuple[tuple[str, ...], ...] = ()  # of a table; the first has the names of the columns


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(_UNSAFE)


def read(markdown: str) -> tuple[Block, ...]:
    """Read Markdown of an untrusted author; nothing if its blocks would not say all of it.

    Nothing may be hidden by a trick of the grammar: where a letter or digit would be lost, or nesting ends the parser's
    patience, the caller shows the source as it is. Costs up to 8 milliseconds a kilobyte.
    """
    source = visible(markdown)
    reader = _Reader()
    for token in _parser().parse(source):
        if token.level >= _DEEPEST_SHOWN:
            return ()
        reader.take(token)
    said = "".join(_said(block) for block in reader.blocks)
    return () if _letters(source) - _letters(said) - _letters(reader.unsaid) else tuple(reader.blocks)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Lay a table out in columns of one width, for a font of one width."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=False)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _said(block: Block) -> str:
    cells = "".join(cell for row in block.rows for cell in row)
    return "".join(span.text for span in block.spans) + block.code + cells


def _letters(text: str) -> Counter[str]:
    return Counter(char for char in text if char.isalnum())


class _List:
    """A list that is open: the number of its next item, whether it is shown, whether its item has no text yet."""

    def __init__(self, number: int, *, ordered: bool) -> None:
        self.number = number
        self.ordered = ordered
        self.fresh = False


class _Reader:
    """Turns tokens into blocks, one by one."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.unsaid = ""  # languages of code, numbers of items as typed, addresses that are their own label
        self._lists: list[_List] = []
        self._quotes = 0
        self._heading = False
        self._row: list[str] | None = None
        self._table: list[tuple[str, ...]] = []

    def take(self, token: Token) -> None:
        """Read one token of a block level."""
        match token.type:
            case "inline":
                self._text(token)
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._add(Kind.RULE)
            case "heading_open" | "heading_close":
                self._heading = token.nesting > 0
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "tr_open" | "tr_close" | "table_close":
                self._tabulate(token)
            case _:
                self._listing(token)

    def _listing(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._settle()
                self._lists.append(_List(1, ordered=False))
            case "ordered_list_open":
                self._settle()
                self._lists.append(_List(int(token.attrs.get("start", 1)), ordered=True))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._lists[-1].fresh = True
                self.unsaid += token.info
            case "list_item_close":
                self._settle()
            case _:
                pass

    def _add(self, kind: Kind, spans: Sequence[Span] = (), *, code: str = "", language: str = "") -> None:
        item = self._lists[-1] if kind is Kind.ITEM else None
        made = Block(
            kind=kind,
            spans=tuple(spans),
            quotes=self._quotes,
            depth=len(self._lists),
            ordered=item is not None and item.ordered,
            number=item.number if item else 0,
            code=code,
            language=language,
            rows=tuple(self._table) if kind is Kind.TABLE else (),
        )
        self.blocks.append(made)

    def _text(self, token: Token) -> None:
        spans = self._inline(token)
        if self._row is not None:
            self._row.append("".join(span.text for span in spans))
        elif spans and self._lists and self._lists[-1].fresh:
            self._item(spans)
        elif spans:
            self._add(Kind.HEADING if self._heading else Kind.PARAGRAPH, spans)

    def _inline(self, token: Token) -> list[Span]:
        spans: list[Span] = []
        depth = {"bold": int(self._heading), "italic": 0, "strike": 0}
        targets: list[tuple[int, str, str]] = []
        for child in token.children or ():
            style = {name: count > 0 for name, count in depth.items()}
            match child.type:
                case "text":
                    spans += [Span(text=child.content, **style)] if child.content else []
                case "code_inline":
                    spans.append(Span(text=child.content, **style, code=True))
                case "softbreak" | "hardbreak":
                    spans.append(Span(text="\n"))
                case "link_open":
                    targets.append((len(spans), str(child.attrs["href"]), str(child.attrs.get("title", ""))))
                case "link_close":
                    spans += self._target(spans, *targets.pop())
                case _:
                    depth[_STYLES[child.tag]] += child.nesting
        return spans

    def _target(self, spans: Sequence[Span], start: int, address: str, title: str) -> list[Span]:
        """Say where a link goes, unless its label, the spans from `start`, says just that."""
        if "".join(span.text for span in spans[start:]) == address and not title:
            self.unsaid += address
            return []
        after = f" “{title}”)" if title else ")"
        return [Span(text=" ("), Span(text=address or " ", address=True), Span(text=after)]

    def _item(self, spans: Sequence[Span]) -> None:
        self._add(Kind.ITEM, spans)
        self._lists[-1].number += 1
        self._lists[-1].fresh = False

    def _settle(self) -> None:
        """Give an item that has no text of its own a place."""
        if self._lists and self._lists[-1].fresh:
            self._item(())

    def _code(self, token: Token) -> None:
        self._settle()
        info = token.info.strip()
        language = info if _LANGUAGE.fullmatch(info) else ""
        self.unsaid += language
        code = token.content.rstrip("\n")
        self._add(Kind.CODE, code=code if language or not info else f"{info}\n{code}", language=language)

    def _tabulate(self, token: Token) -> None:
        match token.type:
            case "tr_open":
                self._row = []
            case "tr_close":
                self._table.append(tuple(self._row or ()))
                self._row = None
            case _:
                self._settle()
                self._add(Kind.TABLE)
                self._table = []
