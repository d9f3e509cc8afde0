"""Somebody who presses every button and answers every form that there is, as anybody, and wants an answer each time."""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from runner.audit import Whole, verify
from runner.model import Execution, State
from runner.tasks import TaskDraft
from tests.bot.test_views import CARDS
from tests.products.venue import TimedVenue

LINES = (
    *("status", "inbox", "inbox --all", "list", "runs", "people", "rules", "log", "show t0", "new", "edit t1"),
    *("rules --task t0", "rule Bash(ls *) --task t0", "freeze", "run t0", "run the tests", "help", "diff", "report"),
)
SHOWN_BY = {  # what is rarely seen by accident, with the lines that it takes
    "Approve …": "inbox",
    "Release": "freeze",
    "To the agent": "run the tests",
    "✗ …": "rules --project calculator",
    "Make rule": "rule Bash(ls *) --project calculator",
}
SETTINGS: Mapping[str, Any] = {
    "approvals": {
        "remind_minutes": (),
        "expire_minutes": 60_000,
        "propose_after": 1,
        "risk": {"network": {"quorum": 2}},
    },
    "policy": {"ask": ("Edit", "Write")},
}
_PROMPTS = ("ask", "net", "long", "fetch", "tool", "edit", "write", "plan", "choose", "several", "open", "two", "done")
_MOST_OPEN = 8
_FORGETS = 60  # acts after which the same may be pressed again, once only some labels are missing
_NAMES = (
    (r"^(View|✗) .*", r"\1 …"),
    (r"^(Approve|Revoke) \d+$", r"\1 …"),
    (r"^As .*", "As …"),
)


def named(label: str, more: Sequence[tuple[str, str]] = ()) -> str:
    """Return a label without what is different on every card. `more`: patterns of a product, and what replaces them."""
    for pattern, replacement in (*_NAMES, *more):
        label = re.sub(pattern, replacement, label)
    return label


# All labels that cards have. Left out: choices of other questions than are asked here, and patterns for files, which
# nobody offers where a rule wants each edit to be asked about.
ON_CARDS = frozenset(named(button.label) for card in CARDS.values() for button in card.buttons)
ON_CARDS = (ON_CARDS - {"PostgreSQL …", "Allow file", "Allow folder"}) | {"PostgreSQL", "To the agent"}


@dataclass(frozen=True, kw_only=True)
class Press:
    """What somebody sees and can press. `kind` says where, what it does, for whom and whether it is old."""

    label: str
    kind: tuple[str, ...]
    stale: bool = False


V = TypeVar("V", bound=TimedVenue)
P = TypeVar("P", bound=Press)


@dataclass
class Monkey(ABC, Generic[V, P]):
    """Acts at random; `labels` are those of all that was pressed by anybody, `wanted` those that are missing."""

    SHOWN_BY: ClassVar[Mapping[str, str]] = SHOWN_BY
    LINES: ClassVar[Sequence[str]] = LINES

    venue: V
    dice: random.Random
    _: KW_ONLY
    done: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    wanted: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def plays(self, times: int, until: frozenset[str] = frozenset()) -> None:
        """Act for a while, as in `acts`, where tasks are saved; and see that nothing is out of joint afterwards."""
        core, actor = self.venue.scene.core, self.venue.scene.actor
        for number in range(25):
            draft = TaskDraft(name=f"t{number}", prompt="done {{it}}" if number else "ask {{it}}", project="calculator")
            await core.tasks.define(actor, draft)
        await self.acts(times, until)
        await _rests(self.venue)

    async def acts(self, times: int, until: frozenset[str]) -> None:
        """Do so many things, and more until all these labels were pressed, but no more than ten times as many."""
        await self.arrives()
        for count in range(times * 10):
            if count >= times and until <= self.labels:
                return
            self.wanted = sorted(until - self.labels)
            if count > times and count % _FORGETS == 0:
                self.done.clear()  # what is missing may stand in a form that has to be opened once more
            await self._acts()

    async def _acts(self) -> None:
        await self._tidies()
        found = [press for press in self.presses() if (press.label, press.kind) not in self.done]
        fresh = [press for press in found if press.label not in self.labels]
        if fresh and self.dice.random() < 0.5:
            await self._presses_one(self.dice.choice(fresh))
        elif found and self.dice.random() < 0.7:
            await self._presses_one(self.dice.choice(found))
        else:
            await self.speaks()

    async def _presses_one(self, press: P) -> None:
        self.done.add((press.label, press.kind))
        self.labels.add(press.label)
        await self.does(press)

    async def _tidies(self) -> None:
        """Leave few runs open, each costs time whenever time passes; and no freeze for long: nothing happens in it."""
        core, actor = self.venue.scene.core, self.venue.scene.actor
        if await core.switch.frozen() and self.dice.random() < 0.2:
            await core.switch.release(actor)
        for run in sorted(await core.store.executions.live(), key=lambda run: run.id)[:-_MOST_OPEN]:
            await core.runs.cancel(actor, run.id)

    def wish(self) -> str:
        """Make up a line that shows something wanted; often nothing."""
        wishes = [self.SHOWN_BY[label] for label in self.wanted if label in self.SHOWN_BY]
        return self.dice.choice(self.dice.choice(wishes).split(" | ")) if wishes and self.dice.random() < 0.4 else ""

    def line(self) -> str:
        """Make up a line: often one that begins a run."""
        if self.dice.random() < 0.6:
            return f"do --project calculator {self.dice.choice(_PROMPTS)} {self.dice.randrange(9)}"
        return self.dice.choice(self.LINES)

    async def noticed(self, act: Awaitable[object], what: str) -> None:
        """Do something, and see that it is answered and no surprise to us."""
        before, patience = self.venue.seen(), self.venue.clock.monotonic() + 60
        answers = self.answers()
        outcome = await act
        await self.venue.settled()
        async with self.venue.patience():
            while not (new := self.venue.seen() - before) and self.venue.clock.monotonic() < patience:
                await self.venue.clock.move(seconds=1)
                await self.venue.settled()
        if not new and self.answers() == answers:
            self.complaints.append(f"no answer: {what}")
        elif not new:
            self.complaints.append(f"nothing to be seen: {what}")
        if any("Unexpected error" in each for each in new):
            self.complaints.append(f"unexpected: {what}")
        self.complaints += [f"{fault}: {what}" for fault in self.faults(outcome)]

    def answers(self) -> int:
        """Count the answers that are given so that nobody sees them."""
        return 0

    def faults(self, outcome: Any) -> Iterator[str]:
        """Tell what is wrong with what an act gave back."""
        del outcome
        yield from ()

    @abstractmethod
    async def arrives(self) -> None:
        """Let everybody be known."""

    @abstractmethod
    async def speaks(self) -> None:
        """Say something that makes new buttons."""

    @abstractmethod
    async def does(self, press: P) -> None:
        """Press this, and answer the form that it opens."""

    @abstractmethod
    def presses(self) -> Iterator[P]:
        """Find all that can be pressed now."""


async def _rests(venue: TimedVenue) -> None:
    """See that each run has ended, is stopped or waits for an answer that is open, and that the audit log is whole."""
    core = venue.scene.core
    if await core.switch.frozen():
        await core.switch.release(venue.scene.actor)
    await venue.settled()
    for run in await core.store.executions.live():
        assert run.state is State.WAITING, run
        assert await _open(venue, run), run
    assert isinstance(await verify(core.store.feed), Whole)


async def _open(venue: TimedVenue, run: Execution) -> bool:
    return any(asked.execution_id == run.id for asked in await venue.scene.core.store.approvals.open())
