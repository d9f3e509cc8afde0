"""Markdown of agents in a Telegram message, behind a bar at the side, so that nobody takes it for words of Signoff."""

from __future__ import annotations

from bot.telegram.entities import Kind
from bot.telegram.text import Text, Writer

LONG_LINES = 12  # lines beyond which a quote is folded: a third of a phone


def prose(markdown: str, entities: int, *, folds: bool = True) -> Text:
    """Turn Markdown of an untrusted author into a quote with at most so many entities."""
    writer = Writer()
    writer.write(markdown)
    if entities:
        writer.mark(0, Kind.LONG_QUOTE if folds and markdown.count("\n") >= LONG_LINES else Kind.QUOTE)
    return writer.finished()
