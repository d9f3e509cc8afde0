"""Texts of Telegram: words and their entities, written piece by piece, cut without harm, split into messages. Pure.

Telegram counts UTF-16 units; a message has at most 4,096 of them, and 100 entities (further ones are ignored; the
number is not documented, so a message of ours has 95).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from bot.measure import units
from bot.telegram.rendering.entities import LITERAL, SOLID, Kind, Span, normal
from bot.telegram.rendering.names import names
from bot.telegram.rendering.safety import STOP, shown, stops
from runner.model import value

MESSAGE_UNITS = 4_096
MESSAGE_ENTITIES = 95
_STOPS_OF_A_CUT = 3  # what a cut can bring to light: a command or a mention at either side of it
_CLINGING = re.compile("[\u0300-\u036f\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_STILL = 16  # characters that a cut moves at most to keep an emoji whole


@value
class Entity:
    """What is special about a part of a text: `offset` and `length` are UTF-16 units."""

    kind: str  # a name of the Bot API: see bot.telegram.rendering.entities.Kind
    offset: int
    length: int
    url: str = ""
    language: str = ""


@value
class Text:
    """Words of a message with their entities, in the form that Telegram leaves as it is."""

    text: str
    entities: tuple[Entity, ...] = ()


class Writer:
    """Writes a text piece by piece. Whatever is written can neither call anybody nor hide: see `safety`."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self.at = 0  # characters written so far: where a `mark` can begin

    @property
    def text(self) -> str:
        """Return what was written so far."""
        return "".join(self._parts)

    def write(self, text: str, *kinds: Kind, url: str = "", language: str = "") -> None:
        """Add a piece. `url` belongs to a LINK, `language` to a PRE."""
        start = self.at
        said = shown(text)
        self._parts.append(said)
        self.at += len(said)
        for kind in kinds:
            self.mark(start, kind, url=url, language=language)

    def mark(self, start: int, kind: Kind, *, url: str = "", language: str = "") -> None:
        """Put an entity over all that was written since `at` was `start`."""
        made = Span(
            kind=kind,
            start=start,
            end=self.at,
            url=url if kind is Kind.LINK else "",
            language=language if kind is Kind.PRE else "",
        )
        self._spans.append(made)

    def finished(self, entities: int = MESSAGE_ENTITIES) -> Text:
        """Return all of it, without white space at the ends; names are code as far as that makes so many entities."""
        return _made(self.text, self._spans, entities)


def plain(text: str, entities: int = MESSAGE_ENTITIES) -> Text:
    """Make a text of words that anybody may have written; of entities it has code for so many names."""
    return _made(shown(text), [], entities)


def beginning(text: Text, limit: int, entities: int = MESSAGE_ENTITIES) -> Text:
    """Cut a text to at most `limit` units (16 or more) and so many entities, at a line if one ends in its last half.

    An entity over the cut is shortened. No pair of surrogates is parted, and no emoji of several characters that has
    room.
    """
    if units(text.text) <= limit and len(text.entities) <= entities:
        return text
    spans = _spans(text)
    return _part(text.text, spans, (0, _cut(text.text, spans, 0, (limit, entities))), entities)


def split(text: Text, limit: int = MESSAGE_UNITS, entities: int = MESSAGE_ENTITIES) -> tuple[Text, ...]:
    """Split a text into messages of at most `limit` units (16 or more) and so many entities.

    No character is lost but white space at the ends of a message, which Telegram would not show. An entity over a cut
    goes on in the next message. Nothing becomes no message.
    """
    if units(text.text) <= limit and len(text.entities) <= entities:
        return (text,) if text.text.strip() else ()
    spans, parts, start = _spans(text), [], 0
    while start < len(text.text):
        end = _cut(text.text, spans, start, (limit, entities))
        part = _part(text.text, spans, (start, end), entities)
        parts += [part] if part.text else []
        start = end
    return tuple(parts)


def _made(text: str, spans: list[Span], entities: int) -> Text:
    """Strip, neutralise and set in order what was written; set names as code, the first ones where room is scarce."""
    body = text.strip("\n")
    body = body if _indented(body, len(text) - len(text.lstrip("\n")), spans) else body.lstrip()
    body = body.rstrip()
    lead = text.index(body) if body else 0
    moved = [
        Span(kind=span.kind, start=max(span.start - lead, 0), end=span.end - lead, url=span.url, language=span.language)
        for span in spans
        if span.end > lead
    ]
    return _stopped(body, _with_names(body, moved, entities))


def _with_names(text: str, spans: list[Span], entities: int) -> tuple[Span, ...]:
    """Bring spans into order, with code over as many names as there is room for."""
    kept = normal(text, spans)
    solid = [span for span in kept if span.kind in SOLID]
    ends = [span.end for span in solid]
    found = names(text) if len(kept) < entities else []
    free = [place for place in found if not _meets(place, solid, ends)][:entities]
    while free:
        with_names = normal(text, [*kept, *(Span(kind=Kind.CODE, start=start, end=end) for start, end in free)])
        over = len(with_names) - entities
        if over <= 0:
            return with_names
        free = free[: -max(1, over // 3)]  # a name in bold words is three entities in place of one
    return kept


def _meets(place: tuple[int, int], solid: list[Span], ends: list[int]) -> bool:
    number = bisect_right(ends, place[0])
    return number < len(solid) and solid[number].start < place[1]


def _indented(body: str, lead: int, spans: list[Span]) -> bool:
    """Whether a text begins with code, whose indentation is kept."""
    return body[:1] == " " and any(span.kind in LITERAL and span.start <= lead < span.end for span in spans)


def _stopped(text: str, spans: tuple[Span, ...]) -> Text:
    """Keep what stands outside code from calling anybody, and count entities in UTF-16 units."""
    literal = [span for span in spans if span.kind in LITERAL]
    ends = [span.end for span in literal]
    at = [place for place in stops(text) if not _in_code(place - 1, literal, ends)]
    before = [0, *accumulate(len(char.encode("utf-16-le", "surrogatepass")) // 2 for char in text)]

    def place(index: int, *, end: bool) -> int:
        """Count the units before a character; a stop at the end of an entity belongs to what follows."""
        return before[index] + (bisect_right(at, index - 1) if end else bisect_right(at, index))

    pieces = [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]
    made = [
        Entity(
            kind=span.kind.value,
            offset=place(span.start, end=False),
            length=place(span.end, end=True) - place(span.start, end=False),
            url=span.url,
            language=span.language,
        )
        for span in spans
    ]
    return Text(text=STOP.join(pieces), entities=tuple(made))


def _in_code(place: int, literal: list[Span], ends: list[int]) -> bool:
    number = bisect_right(ends, place)
    return number < len(literal) and literal[number].start <= place


def _spans(text: Text) -> list[Span]:
    """Read entities back as places of characters."""
    before = [0, *accumulate(len(char.encode("utf-16-le", "surrogatepass")) // 2 for char in text.text)]
    return [
        Span(
            kind=Kind(entity.kind),
            start=bisect_right(before, entity.offset) - 1,
            end=bisect_right(before, entity.offset + entity.length) - 1,
            url=entity.url,
            language=entity.language,
        )
        for entity in text.entities
    ]


def _part(text: str, spans: list[Span], place: tuple[int, int], entities: int) -> Text:
    start, end = place
    moved = [
        Span(
            kind=span.kind,
            start=max(span.start, start) - start,
            end=min(span.end, end) - start,
            url=span.url,
            language=span.language,
        )
        for span in spans
        if span.start < end and span.end > start
    ]
    return _made(text[start:end], moved, entities)


def _cut(text: str, spans: list[Span], start: int, room: tuple[int, int]) -> int:
    """Return the place behind the last character of a part that begins at `start`: always behind it."""
    limit, entities = room
    end = len(text)
    if units(text[start:]) > limit:
        end = start + _fitting(text, start, max(limit - _STOPS_OF_A_CUT, 2))
    inside = [span.start for span in spans if span.start < end and span.end > start]
    if len(inside) > entities:
        end = min(end, max(sorted(inside)[max(entities, 0)], start + 1))
    return end if end == len(text) else _pleasant(text, start, end)


def _fitting(text: str, start: int, limit: int) -> int:
    """Count the characters from `start` that have at most `limit` units."""
    few = text[start : start + limit]
    counted = accumulate(2 if char > "\uffff" else 1 for char in few)
    return max(1, sum(1 for count in counted if count <= limit))


def _pleasant(text: str, start: int, end: int) -> int:
    """Move a cut back to the end of a line or a word, if there is one in the last half; else out of an emoji."""
    least = start + (end - start) // 2
    for sign in ("\n", " "):
        at = text.rfind(sign, least, end)
        if at > start:
            return at + 1
    for place in range(end, max(least, end - _STILL, start), -1):
        if not (_CLINGING.match(text[place]) or text[place - 1] == "\u200d"):
            return place
    return end


def join(parts: Sequence[Text], gap: str = "\n\n") -> Text:
    """Put texts one behind the other. `gap` is of Signoff, and ends in a line feed, so that nothing grows together."""
    kept = [part for part in parts if part.text]
    entities: list[Entity] = []
    at = 0
    for part in kept:
        entities += [
            Entity(
                kind=entity.kind,
                offset=at + entity.offset,
                length=entity.length,
                url=entity.url,
                language=entity.language,
            )
            for entity in part.entities
        ]
        at += units(part.text) + units(gap)
    return Text(text=gap.join(part.text for part in kept), entities=tuple(entities))
