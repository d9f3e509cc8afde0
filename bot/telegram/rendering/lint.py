"""Telegram's limits, and our rule that nothing pings or hides: every fault of a stored message, in words.

Telegram answers some faults with an error and mends others in silence (it drops entities beyond 100, and moves those
that cross), so tests and the loopback server hold all messages to this. Sources: the Bot API's reference, the constants
of python-telegram-bot 22.8, and TDLib, which was asked (see bot.telegram.rendering.entities).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from bot.measure import units
from bot.telegram.rendering.entities import LITERAL, Kind, Span, normal
from bot.telegram.rendering.safety import STOP, shown, stops
from bot.telegram.rendering.text import MESSAGE_ENTITIES, MESSAGE_UNITS
from runner.model import Json

_DATA = 64  # bytes
_KEYS, _IN_ROW = 100, 8
_LABEL = 64  # units; Telegram has no limit that is known
_STYLES = {"", "success", "primary", "danger"}
_SCHEMES = ("http://", "https://", "tg://")
_HALF = "half of a surrogate pair"
_CALLING = "tg://user"  # a link that is a mention


def lint(payload: Json) -> list[str]:
    """Name every fault of a stored message. None means that Telegram takes it as it is, and that it is harmless."""
    text, entities = payload.get("text"), payload.get("entities", ())
    if not isinstance(text, str) or not isinstance(payload.get("silent"), bool):
        return ["a message has a text, and is silent or not"]
    faults = list(_text(text))
    if _HALF not in faults:
        faults += _entities(text, entities)
    return [*faults, *_keyboard(payload.get("keyboard", ()))]


def _text(text: str) -> Iterator[str]:
    if not text.strip():
        yield "the text is empty"
    elif text != text.rstrip():
        yield "white space at the end, which Telegram drops"
    if units(text) > MESSAGE_UNITS:
        yield f"{units(text)} units, of at most {MESSAGE_UNITS}"
    said = text.replace(STOP, "")
    if any("\ud800" <= char <= "\udfff" for char in text):
        yield _HALF
    elif "\0" in text:
        yield "U+0000"
    elif shown(said) != said:
        yield "a text that hides something, or that Telegram would change"


def _entities(text: str, entities: Sequence[Any]) -> Iterator[str]:
    if len(entities) > MESSAGE_ENTITIES:
        yield f"{len(entities)} entities, of at most {MESSAGE_ENTITIES}"
    before = [0, *accumulate(2 if char > "\uffff" else 1 for char in text)]
    places = {place: index for index, place in enumerate(before)}
    spans: list[Span] = []
    for number, entity in enumerate(entities):
        faults = [f"entity {number}: {fault}" for fault in _entity(entity, places, before[-1])]
        yield from faults
        if not faults:
            start, end = entity["offset"], entity["offset"] + entity["length"]
            extra = {name: entity[name] for name in ("url", "language") if name in entity}
            spans.append(Span(kind=Kind(entity["type"]), start=places[start], end=places[end], **extra))
    if len(spans) == len(entities) and normal(text, spans) != tuple(spans):
        yield "entities that are not in order, cross, stand where they may not, or cover white space"
    literal = [span for span in spans if span.kind in LITERAL]
    if any(not any(span.start < place <= span.end for span in literal) for place in stops(text)):
        yield "a mention or a command outside code"


def _entity(entity: Json, places: dict[int, int], length: int) -> Iterator[str]:
    kind, offset, size = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in set(Kind):
        yield f"the type {kind} is not one of ours"
        return
    if not isinstance(offset, int) or not isinstance(size, int) or offset < 0 or size < 1 or offset + size > length:
        yield f"{offset} + {size} is not in the text"
    elif offset not in places or offset + size not in places:
        yield "a surrogate pair is cut"
    yield from _address(kind, entity.get("url", ""))
    if "language" in entity and kind != Kind.PRE:
        yield f"a language of {kind}"


def _address(kind: str, url: str) -> Iterator[str]:
    if (kind == Kind.LINK) != bool(url):
        yield f"the address {url!r} of {kind}"
    if url and (not url.startswith(_SCHEMES) or url.startswith(_CALLING)):
        yield f"the address {url!r}"


def _keyboard(keyboard: Sequence[Sequence[Json]]) -> Iterator[str]:
    keys = [key for row in keyboard for key in row]
    if len(keys) > _KEYS:
        yield f"{len(keys)} buttons, of at most {_KEYS}"
    for number, row in enumerate(keyboard):
        if not 1 <= len(row) <= _IN_ROW:
            yield f"row {number} has {len(row)} buttons, of 1 to {_IN_ROW}"
    for key in keys:
        yield from _key(key)


def _key(key: Json) -> Iterator[str]:
    label, data = str(key.get("text", "")), str(key.get("data", ""))
    if not label.strip() or units(label) > _LABEL:
        yield f"the label {label!r}"
    if shown(label) != label:
        yield f"the label {label!r} hides something"
    if not 1 <= len(data.encode("utf-8", "surrogatepass")) <= _DATA or shown(data) != data:
        yield f"the data {data!r}"
    if key.get("style", "") not in _STYLES:
        yield f"the style {key['style']}"
    if data.startswith("?") != bool(key.get("asks")):
        yield f"{data!r} does not ask, or nothing says what"
