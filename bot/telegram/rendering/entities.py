"""Entities in the one form that Telegram leaves as it is: sorted, nested, trimmed, without crossings. Pure.

The rules are TDLib's (`fix_entities` in MessageEntity.cpp; the Bot API's server is made of it), found by asking it:

- Quotes stand in no other entity. Everything else may stand in a quote, also `pre`.
- `code`, `pre` and `text_link` do not contain each other. In `code` and `pre` there is nothing at all.
- Bold, italic and struck words may overlap, but where one begins, all that are open are split. A quote and a link split
  them at both ends. Neighbours of one kind are joined.
- Sorted by beginning, the longer first; of equal ones, in the order of Kind.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise

from runner.model import value


class Kind(StrEnum):
    """What an entity does to its text; the names of the Bot API, in TDLib's order."""

    QUOTE = "blockquote"
    LONG_QUOTE = "expandable_blockquote"  # shows three lines until it is pressed
    PRE = "pre"
    CODE = "code"
    LINK = "text_link"
    BOLD = "bold"
    ITALIC = "italic"
    STRIKE = "strikethrough"

    @property
    def rank(self) -> int:
        """Return its place among entities of one range."""
        return _ORDER[self]


QUOTES = frozenset({Kind.QUOTE, Kind.LONG_QUOTE})
LITERAL = frozenset({Kind.PRE, Kind.CODE})  # Telegram looks for nothing in them
SOLID = LITERAL | {Kind.LINK}
STYLES = (Kind.BOLD, Kind.ITALIC, Kind.STRIKE)
_ORDER = {kind: at for at, kind in enumerate(Kind)}


@value
class Span:
    """An entity over characters `start` to `end` of a text: indices of Python, not yet UTF-16 units."""

    kind: Kind
    start: int
    end: int
    url: str = ""
    language: str = ""

    def within(self, start: int, end: int) -> Span:
        """Return the part of it between two places."""
        return Span(
            kind=self.kind,
            start=max(self.start, start),
            end=min(self.end, end),
            url=self.url,
            language=self.language,
        )


def normal(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Bring spans into the form that Telegram leaves as it is. What cannot be kept is left out."""
    given = [span.within(0, len(text)) for span in spans]
    quotes = _apart(_trimmed(text, (span for span in given if span.kind in QUOTES)))
    borders = sorted({place for quote in quotes for place in (quote.start, quote.end)})
    solid = [part for span in given if span.kind in SOLID for part in _pieces(span, borders)]
    solid = _apart(_trimmed(text, solid))
    literal = [span for span in solid if span.kind in LITERAL]
    borders = sorted({*borders, *(at for span in solid if span.kind is Kind.LINK for at in (span.start, span.end))})
    joined = [each for kind in STYLES for each in _joined(kind, [span for span in given if span.kind is kind])]
    styles = [part for span in joined for free in _without(span, literal) for part in _pieces(free, borders)]
    styles = _trimmed(text, styles)
    begun = sorted({span.start for span in styles})
    return tuple(sorted([*quotes, *solid, *(part for span in styles for part in _pieces(span, begun))], key=_key))


def _key(span: Span) -> tuple[int, int, int]:
    return span.start, -span.end, span.kind.rank


def _trimmed(text: str, spans: Iterable[Span]) -> list[Span]:
    """Take white space off both ends, except that code keeps its indentation; leave out what is then empty."""
    kept = []
    for span in spans:
        said = text[span.start : span.end]
        ahead = said.lstrip("\n") if span.kind in LITERAL else said.lstrip()
        start = span.end - len(ahead)
        end = start + len(ahead.rstrip())
        if end > start:
            kept.append(span.within(start, end))
    return kept


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Keep those that overlap nothing before them."""
    kept: list[Span] = []
    for span in sorted(spans, key=_key):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return kept


def _pieces(span: Span, borders: Sequence[int]) -> list[Span]:
    """Split a span at the borders inside it."""
    inside = borders[bisect_right(borders, span.start) : bisect_left(borders, span.end)]
    places = [span.start, *inside, span.end]
    return [span.within(start, end) for start, end in pairwise(places)]


def _joined(kind: Kind, spans: Iterable[Span]) -> list[Span]:
    made: list[Span] = []
    for span in sorted(spans, key=_key):
        if made and span.start <= made[-1].end:
            made[-1] = Span(kind=kind, start=made[-1].start, end=max(made[-1].end, span.end))
        else:
            made.append(span)
    return made


def _without(span: Span, holes: Sequence[Span]) -> list[Span]:
    """Return what is left of a span between holes, which are in order."""
    left, at = [], span.start
    for hole in holes[bisect_right(holes, at, key=lambda hole: hole.end) :]:
        if hole.start >= span.end:
            break
        left.append(span.within(at, hole.start))
        at = hole.end
    return [part for part in (*left, span.within(at, span.end)) if part.start < part.end]
