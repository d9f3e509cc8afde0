"""What is promised, and whether what was found keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from runner.model import Approval, ApprovalState, State
from tests.scenarios.edges.aftermath import PROMISED, Left
from tests.scenarios.edges.person import CHOICES, Person
from tests.scenarios.edges.plan import RUNNING, Way

_BEFORE = ("approved before", "answered before")  # what the card of a step that is asked about once more says


class Promise(StrEnum):
    """One column of the table."""

    QUESTION = "question kept"
    ANSWER = "answer kept"
    STEP = "step ran exactly as approved"
    ORPHANS = "no orphan"
    DATABASE = "database whole"


Faults = dict[Promise, str]


def after_death(left: Left, before: Left | None, person: Person, gone: float) -> Faults:
    """Judge what one death has left. What holds at any moment must hold at this one."""
    found = {
        Promise.QUESTION: _question(left, before, person),
        Promise.ANSWER: _answer(left, person),
        Promise.STEP: _step(left, person),
        Promise.ORPHANS: "" if gone <= PROMISED else f"processes were left for {gone:.1f} s",
        Promise.DATABASE: left.damage,
    }
    return {promise: fault for promise, fault in found.items() if fault}


def at_end(left: Left, deaths: Sequence[Left], person: Person) -> Faults:
    """Judge a journey that has ended."""
    found = {
        Promise.QUESTION: _asked_again(left, deaths),
        Promise.ANSWER: _heard(left, person),
        Promise.STEP: _ran(left, person),
    }
    return {promise: fault for promise, fault in found.items() if fault}


def _question(left: Left, before: Left | None, person: Person) -> str:
    known = {approval.id for approval in left.approvals}
    earlier = {approval.id for approval in before.approvals} if before else set()
    pending = [a for a in left.approvals if a.delivered_at is None]
    if len(left.runs) > 1:
        return "the run was begun twice"
    if lost := (earlier | person.seen) - known:
        return f"lost: {lost}"
    if len(pending) > 1:
        return f"asked twice at once: {pending}"
    ended = [a for a in left.approvals if a.state in {ApprovalState.WITHDRAWN, ApprovalState.EXPIRED}]
    return f"taken back: {ended}" if ended else ""


def _answer(left: Left, person: Person) -> str:
    for approval in left.approvals:
        if approval.answer is not None and not person.gave(approval):
            return f"nobody gave the answer {approval.answer}"
        if not person.holds(approval):
            return f"told that it counts, and not stored: {approval}"
    return next((f"not taken: {tap.trouble}" for tap in person.taps if tap.trouble), "")


def _step(left: Left, person: Person) -> str:
    """A step runs at most as often as its approval was handed over, and with no other input."""
    allowed = Counter(_word(approval) for approval in left.approvals if approval.delivered_at is not None)
    begun = _lines(left, "begun")
    if person.way not in RUNNING:
        return f"ran although nobody let it: {begun}" if begun else ""
    return "" if begun <= allowed else f"began {dict(begun)}, approved {dict(allowed)}"


def _asked_again(left: Left, deaths: Sequence[Left]) -> str:
    """A step is asked about once more only if its answer was handed over before a death."""
    for earlier, later in zip(left.approvals, left.approvals[1:], strict=False):
        if not any(_handed_over(earlier, death) and not _holds(later, death) for death in deaths):
            return f"asked again without need: {later}"
        if not any(words in later.reason for words in _BEFORE):
            return f"asked again without saying why: {later.reason}"
    return "" if left.approvals else "never asked"


def _holds(approval: Approval, death: Left) -> bool:
    return any(other.id == approval.id for other in death.approvals)


def _handed_over(approval: Approval, death: Left) -> bool:
    return any(other.id == approval.id and other.delivered_at is not None for other in death.approvals)


def _heard(left: Left, person: Person) -> str:
    """The run has ended well, and the agent has heard the answer that was given last."""
    if left.run is None or left.run.state is not State.COMPLETED:
        return f"the run did not end well: {left.run}"
    if left.open or any(approval.delivered_at is None for approval in left.approvals):
        return f"an answer did not reach the agent: {left.approvals}"
    last = left.approvals[-1].answer
    says = next(tap.says for tap in reversed(person.taps) if person.gave(left.approvals[-1]))
    heard = left.run.summary
    others = [choice for choice in CHOICES if choice != says] if person.way is Way.CHOOSE else []
    ok = last is not None and says in heard and not any(other in heard for other in others)
    return "" if ok else f"said {says!r}, heard {heard!r}"


def _ran(left: Left, person: Person) -> str:
    """The step that was approved last has run to its end, once."""
    if person.way not in RUNNING:
        return ""
    word = _word(left.approvals[-1])
    begun, ended = _lines(left, "begun")[word], _lines(left, "ended")[word]
    approved = sum(_word(approval) == word for approval in left.approvals)
    return "" if 1 <= ended <= begun <= approved else f"{word}: approved {approved}, begun {begun}, ended {ended}"


def _word(approval: Approval) -> str:
    """Return the word that the command of an answer writes."""
    answer = approval.answer
    edited = answer.input if answer is not None else None
    return str((edited or approval.input).get("command", "")).partition("begun ")[2].partition(" ")[0]


def _lines(left: Left, kind: str) -> Counter[str]:
    """Count what commands have written of one kind, by their word."""
    return Counter({line.split()[1]: number for line, number in left.lines.items() if line.startswith(kind)})
