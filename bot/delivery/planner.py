"""What is sent next, and when to look again. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Iterable

from bot.delivery.pace import Gauge
from runner.model import Lane, value


@value
class Candidate:
    """The first delivery of a lane of a channel. `due` is in seconds of the gauge's clock.

    A `busy` one is on its way and holds its lane.
    """

    id: str
    channel: str
    lane: Lane
    turn: str
    due: float
    busy: bool = False


@value
class Plan:
    """What to send now, the gauge after that, and the time to look again if nothing else happens (None: no need)."""

    send: tuple[Candidate, ...]
    gauge: Gauge
    again: float | None


def plan(now: float, candidates: Iterable[Candidate], gauge: Gauge) -> Plan:
    """Choose, most urgent lane first and within it the longest waiting first, what the pace allows now.

    At most one candidate a lane and channel is expected; a lane whose candidate is busy waits for it.
    """
    chosen: list[Candidate] = []
    again: float | None = None
    gauge = gauge.rested(now)
    for candidate in sorted(candidates, key=_order):
        if candidate.busy:
            continue
        at = max(candidate.due, gauge.free_at(candidate.channel, candidate.lane, now))
        if at <= now:
            chosen.append(candidate)
            gauge = gauge.taken(candidate.channel, candidate.lane, now)
        else:
            again = at if again is None else min(again, at)
    return Plan(send=tuple(chosen), gauge=gauge, again=again)


def _order(candidate: Candidate) -> tuple[int, float, str]:
    """Sort by lane; progress by when it was due, the rest by turn."""
    due = candidate.due if candidate.lane is Lane.PROGRESS else 0.0
    return candidate.lane.rank, due, candidate.turn
