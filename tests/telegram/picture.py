"""Draws messages of Telegram as a phone shows them, for looking at: `python -m tests.telegram.picture FOLDER [NAME…]`.

Widths, folding, colours and distances are near those of the app for Android; what counts is what stands where.
"""

from __future__ import annotations

import html
import sys
from pathlib import Path

from bot.telegram.rendering.cards import Rendered
from bot.telegram.rendering.text import Entity
from tests.products.picture import write
from tests.telegram.gallery import MESSAGES
from tests.telegram.picture_style import STYLE

_TAGS = {"bold": "b", "italic": "i", "strikethrough": "s", "code": "code", "pre": "pre", "text_link": "a"}
_BLOCKS = {"pre", "blockquote", "expandable_blockquote"}


def page(message: Rendered) -> str:
    """Draw a message with its keyboard, and the file that comes with it."""
    rows = "".join(
        f'<div class="row">{"".join(_key(key.text, key.style) for key in row)}</div>' for row in message.keyboard
    )
    file = f'<div class="file">file: {len(message.rest):,} characters</div>' if message.rest else ""
    note = "" if message.silent else "sound · "
    return f'<div class="message" data-note="{note}12:00">{_drawn(message)}</div>{rows}{file}'


def _key(label: str, style: str) -> str:
    return f'<span class="{style}">{html.escape(label)}</span>'


def _drawn(message: Rendered) -> str:
    """Write the text with its entities as HTML; what is a block takes the line feed behind it."""
    text = message.text.text.encode("utf-16-le")
    opened: dict[int, list[Entity]] = {}
    closed: dict[int, list[Entity]] = {}
    for entity in message.text.entities:
        opened.setdefault(entity.offset, []).append(entity)
        closed.setdefault(entity.offset + entity.length, []).insert(0, entity)
    places = sorted({0, *opened, *closed, len(text) // 2})
    parts = []
    for start, end in zip(places, [*places[1:], places[-1]], strict=True):
        ending = closed.get(start, [])
        parts += [_end(entity) for entity in ending] + [_begin(entity) for entity in opened.get(start, [])]
        said = text[2 * start : 2 * end].decode("utf-16-le")
        parts.append(html.escape(said.removeprefix("\n") if any(e.kind in _BLOCKS for e in ending) else said))
    return "".join(parts)


def _begin(entity: Entity) -> str:
    if entity.kind == "blockquote":
        return '<span class="quote">'
    if entity.kind == "expandable_blockquote":
        return '<span class="quote folded">'
    language = f"<b>{html.escape(entity.language)}</b>" if entity.language else ""
    return f"<{_TAGS[entity.kind]}>{language}"


def _end(entity: Entity) -> str:
    return f"</{_TAGS.get(entity.kind, 'span')}>"


if __name__ == "__main__":
    write(Path(sys.argv[1]), {name: page(message) for name, message in MESSAGES.items()}, STYLE, sys.argv[2:])
