"""What is sent next, and when to look again. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Iterable

from bot.delivery.pace import Gauge
from runner.model import Lane, value

PATIENCE = 60.0  # seconds after which a result no longer gives way to edits


@value
class Candidate:
    """The first post, or the first `edit`, of a lane of a channel. `due` is in seconds of the gauge's clock.

    Neither waits for the other: what is new for people must not stand behind changes of what they have seen. A `busy`
    one is on its way and holds up those after it.
    """

    id: str
    channel: str
    lane: Lane
    turn: str
    due: float
    busy: bool = False
    edit: bool = False


@value
class Plan:
    """What to send now, the gauge after that, and the time to look again if nothing else happens (None: no need)."""

    send: tuple[Candidate, ...]
    gauge: Gauge
    again: float | None


def plan(now: float, candidates: Iterable[Candidate], gauge: Gauge) -> Plan:
    """Choose, most urgent lane first and within it posts first and the longest waiting first, what the pace allows now.

    A result that has waited for PATIENCE is as urgent as the rewriting of what was answered, which has no end where
    much is asked: of both, the longest waiting goes first.

    At most one post and one edit a lane and channel are expected, besides those that are on their way.
    """
    chosen: list[Candidate] = []
    again: float | None = None
    gauge = gauge.rested(now)
    ordered = sorted(candidates, key=lambda candidate: _order(candidate, now))
    held = {_line(candidate) for candidate in ordered if candidate.busy}
    for candidate in ordered:
        if _line(candidate) in held:
            continue
        at = max(candidate.due, gauge.free_at(candidate.channel, candidate.lane, now, edit=candidate.edit))
        if at <= now:
            chosen.append(candidate)
            gauge = gauge.taken(candidate.channel, candidate.lane, now, edit=candidate.edit)
        else:
            again = at if again is None else min(again, at)
    return Plan(send=tuple(chosen), gauge=gauge, again=again)


def _order(candidate: Candidate, now: float) -> tuple[int, bool, float, str]:
    """Sort by lane, posts before edits; progress and what has waited for long by when it was due, the rest by turn."""
    lane, due = candidate.lane, candidate.due
    if lane is Lane.PROGRESS:
        return lane.rank, candidate.edit, due, candidate.turn
    if now - due > PATIENCE and (candidate.edit or lane is Lane.FINAL):
        return Lane.INTERACTIVE.rank, True, due - now, candidate.turn
    return lane.rank, candidate.edit, 0.0, candidate.turn


def _line(candidate: Candidate) -> tuple[str, Lane, bool]:
    """Return in which line it stands: one is sent after the other there."""
    return candidate.channel, candidate.lane, candidate.edit
