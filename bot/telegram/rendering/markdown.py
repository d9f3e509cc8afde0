"""Markdown of agents in a Telegram message, behind a bar at the side, so that nobody takes it for words of Signoff.

How it is read, and why no library does this, is said in `bot.markdown`. All of it stands in one quote. Headings are
bold lines, items have a bullet, a number or a box to tick, tables are set in columns or, where those are wider than a
phone, in lines of their own. An address is pressed where it is read: Telegram finds it by itself. Lost is, besides the
signs of Markdown: the `x` of a ticked box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.markdown import RULE, Block, Span, columns, read
from bot.markdown import Kind as Part
from bot.telegram.rendering.entities import Kind
from bot.telegram.rendering.text import Text, Writer

LONG_LINES = 12  # lines beyond which a quote is folded: a third of a phone
TABLE_COLUMNS = 34  # characters of a line of code on a phone, without breaks
_ALL = 10_000  # entities: more than any text that is shown has
_LINE = 40  # characters of a line of a phone
_BOX = re.compile(r"\[([ xX])\] ")
_INDENT = "   "  # for each list that an item stands in
_LISTED = frozenset({Part.ITEM, Part.HEADING})


def prose(markdown: str, entities: int, *, folds: bool = True) -> Text:
    """Turn Markdown of an untrusted author into a quote, folded where it is long, with at most so many entities.

    With too few entities for all of its styles it keeps its code, with too few for that it has none. What the grammar
    cannot say whole is shown as it was typed. The result can be longer than the source: measure it.
    """
    blocks = read(markdown)
    # Names that Telegram takes for addresses go before styles; where there are too many, the first of them are code.
    for styled, most in ((True, _ALL), (False, _ALL), (False, entities)) if blocks else ():
        made = _quoted(_written(blocks, styled=styled), most, folds=folds)
        if len(made.entities) <= entities:
            return made
    writer = Writer()
    writer.write(markdown)
    return _quoted(writer, entities, folds=folds) if entities else writer.finished(0)


def _quoted(writer: Writer, entities: int, *, folds: bool) -> Text:
    long = folds and sum(1 + len(line) // _LINE for line in writer.text.split("\n")) > LONG_LINES
    writer.mark(0, Kind.LONG_QUOTE if long else Kind.QUOTE)
    return writer.finished(entities)


def _written(blocks: Iterable[Block], *, styled: bool) -> Writer:
    """Write blocks one below the other; items and what follows a heading stand close."""
    writer = Writer()
    before: Block | None = None
    for block in blocks:
        if before is not None:
            writer.write("\n" if _close(before, block) else "\n\n")
        _write(writer, block, styled=styled)
        before = block
    return writer


def _close(before: Block, block: Block) -> bool:
    """Whether no empty line stands between two blocks."""
    if before.kind is Part.HEADING or _as_code(before) or _as_code(block):
        return True
    if before.depth == block.depth == 1 and before.kind is block.kind and before.ordered is not block.ordered:
        return False
    return bool(before.depth and block.depth) and bool(_LISTED & {before.kind, block.kind})


def _as_code(block: Block) -> bool:
    """Whether a block is set as code, around which phones leave a distance; a table is if it is narrow enough."""
    if block.kind is not Part.TABLE:
        return block.kind is Part.CODE
    return max(len(line) for line in columns(block.rows).split("\n")) <= TABLE_COLUMNS


def _write(writer: Writer, block: Block, *, styled: bool) -> None:
    match block.kind:
        case Part.CODE:
            writer.write(block.code, Kind.PRE, language=block.language)
        case Part.TABLE if _as_code(block):
            writer.write(columns(block.rows), Kind.PRE)
        case Part.TABLE:
            _table(writer, block.rows, styled=styled)
        case Part.RULE:
            writer.write(RULE)
        case _:
            writer.write(_lead(block))
            for span in _ticked(block.spans) if block.kind is Part.ITEM else block.spans:
                writer.write(span.text.replace("\n", f"\n{_hang(block)}"), *_kinds(span, styled=styled))


def _lead(block: Block) -> str:
    """Return what stands before the words: the signs of quotes, the indentation and sign of an item."""
    quotes = "> " * block.quotes
    if not block.depth:
        return quotes
    indent = _INDENT * (block.depth - 1)
    if block.kind is not Part.ITEM:
        return _hang(block)
    if block.ordered:
        return f"{indent}{block.number}. {quotes}"
    ticked = block.spans and _BOX.match(block.spans[0].text)
    return f"{indent}{quotes}" if ticked else f"{indent}• {quotes}"


def _hang(block: Block) -> str:
    """Return what stands before the further lines of a block."""
    return _INDENT * block.depth + "> " * block.quotes


def _ticked(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Set the box of an item that can be ticked as a sign."""
    found = _BOX.match(spans[0].text) if spans else None
    if found is None:
        return spans
    sign = "☐ " if found[1] == " " else "☑ "
    return (Span(text=sign), Span(text=spans[0].text[found.end() :]), *spans[1:])


def _kinds(span: Span, *, styled: bool) -> list[Kind]:
    if span.code:
        return [Kind.CODE]
    on = ((span.bold, Kind.BOLD), (span.italic, Kind.ITALIC), (span.strike, Kind.STRIKE)) if styled else ()
    return [kind for wanted, kind in on if wanted]


def _table(writer: Writer, rows: tuple[tuple[str, ...], ...], *, styled: bool) -> None:
    """Set each row of a table as lines, with an empty line between rows."""
    names, *cells = rows
    if not cells:
        writer.write(" · ".join(names))
    for number, row in enumerate(cells):
        writer.write("\n" if number else "")
        for at, (name, cell) in enumerate(zip(names, row, strict=False)):
            writer.write("\n" if number or at else "")
            writer.write(f"{name}:", *([Kind.BOLD] if styled else []))
            writer.write(f" {cell}")
