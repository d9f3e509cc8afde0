"""Which edges there are, and the journeys on which the daemon is killed at them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import count

from runner.model import value

REPETITIONS = 30  # journeys of up to three kills at random moments after an edge
LONGEST_DELAY = 0.25  # seconds after an edge; from one edge to the next it is a few milliseconds
_KILLS = 3  # in one journey


class Way(StrEnum):
    """How the person answers."""

    APPROVE = "approve"
    EDIT = "edit"
    DENY = "deny"
    CHOOSE = "choose"  # one of the options of a question


ANSWERS = tuple(Way)
RUNNING = (Way.APPROVE, Way.EDIT)  # a command runs


@value
class Edge:
    """One edge: where the fuse is laid, and what the table says.

    `late` edges are laid right before the answer is given, the others when the daemon starts. `parked` edges exist only
    where the question has outlived its process.
    """

    name: str
    place: str
    late: bool = False
    parked: bool = False
    ways: tuple[Way, ...] = ANSWERS

    def fits(self, way: Way, *, parked: bool) -> bool:
        """Whether the edge exists on such a journey."""
        return way in self.ways and (parked or not self.parked)


BEGUN = "step begun"  # seen from outside, by what the command has written
GONE = "process gone"  # seen from outside too: the question is parked, and no agent's process is left
_BEFORE, _WRITTEN, _AFTER = "before", "written", "after"
_WORDS = {_BEFORE: "before", _WRITTEN: "written, not committed", _AFTER: "after"}


def _edges(name: str, place: str, moments: Sequence[str], *, late: bool = False, parked: bool = False) -> list[Edge]:
    return [
        Edge(name=f"{name}: {_WORDS[moment]}", place=f"{place}, {moment}", late=late, parked=parked)
        for moment in moments
    ]


_ROW = (_BEFORE, _WRITTEN, _AFTER)
_CALL = (_BEFORE, _AFTER)
EDGES = (
    *_edges("first claim", "claim", (_WRITTEN, _AFTER)),
    *_edges("the question's row", "row", _ROW),
    *_edges("the question's card", "card", _CALL),
    *_edges("parking", "parking", _ROW, parked=True),
    Edge(name="the parked process gone", place=GONE, parked=True),
    *_edges("the answer's row", "tap", _ROW, late=True),
    *_edges("the card rewritten", "card rewritten", _CALL, late=True),
    *_edges("claim after the answer", "claim", (_WRITTEN, _AFTER), late=True, parked=True),
    *_edges("session opened again", "resume", _CALL, late=True, parked=True),
    *_edges("turn taken up", "turn", (_BEFORE,), late=True, parked=True),
    *_edges("answer handed to the agent", "delivery", _ROW, late=True),
    Edge(name="the step at work", place=BEGUN, late=True, ways=RUNNING),
    *_edges("the step's end", "step's end", _CALL, late=True),
    *_edges("the run's end", "end", _ROW, late=True),
)


@value
class Kill:
    """One kill: so many seconds after an edge; 0 is exactly there."""

    edge: Edge
    delay: float = 0.0


@value
class Journey:
    """One run from its beginning to its end, over some deaths of the daemon.

    With `parked` the agent's process ends as soon as a question is asked; without, it waits with the person.
    """

    number: int
    way: Way
    parked: bool
    kills: tuple[Kill, ...]

    @property
    def exact(self) -> bool:
        """Whether every kill must come about: after a random delay the next edge may have been passed."""
        return all(kill.delay == 0 for kill in self.kills)


def full(seed: int) -> tuple[Journey, ...]:
    """Return every edge in every way that exists, and random moments besides."""
    numbers = count(1)
    exact = [j for parked in (False, True) for way in Way for j in _exact(way, parked=parked, numbers=numbers)]
    return (*exact, *_random(random.Random(seed), numbers))


def sample(seed: int, size: int) -> tuple[Journey, ...]:
    """Return some journeys of the full plan: long ones, which hold the most kills."""
    longest = [journey for journey in full(seed) if journey.exact and len(journey.kills) == _KILLS]
    return tuple(random.Random(seed).sample(longest, size))


def _exact(way: Way, *, parked: bool, numbers: Iterator[int]) -> Iterator[Journey]:
    """Cover all edges. Only the first kill meets a process that waits: later ones find the question parked."""
    fitting = [edge for edge in EDGES if edge.fits(way, parked=parked)]
    stride = -(-len(fitting) // _KILLS) if parked else len(fitting)
    for first in range(stride):
        edges = fitting[first::stride]
        yield Journey(number=next(numbers), way=way, parked=parked, kills=tuple(Kill(edge=edge) for edge in edges))


def _random(dice: random.Random, numbers: Iterator[int]) -> Iterator[Journey]:
    for repetition in range(REPETITIONS):
        way, parked = ANSWERS[repetition % len(ANSWERS)], repetition % 3 > 0
        places = [place for place, edge in enumerate(EDGES) if edge.fits(way, parked=parked)]
        chosen = sorted(dice.sample(places, _KILLS if parked else 1))
        kills = tuple(Kill(edge=EDGES[place], delay=round(dice.uniform(0.001, LONGEST_DELAY), 3)) for place in chosen)
        yield Journey(number=next(numbers), way=way, parked=parked, kills=kills)
