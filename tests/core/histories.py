"""One history of a core and everybody who uses it, with what it promised so far: the oracle of random interleavings.

`World` lets people, workers and the clock act on the real store, gate, lifecycle, timekeeper and kill switch, writes
down what each of them was told, and compares it with all that is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from runner.advance import Advance, Fenced
from runner.approvals import Approvals
from runner.asking import Asking
from runner.errors import AlreadyAnswered, BadInput, NotAllowed, WrongState
from runner.freeze import KillSwitch
from runner.gate import Bounds, Gate, Gates
from runner.lifecycle import (
    CancelRequested,
    Event,
    Finished,
    Parked,
    PhaseReached,
    WorkerLost,
)
from runner.model import (
    Actor,
    Answer,
    Approval,
    ApprovalState,
    Execution,
    OnExpiry,
    Origin,
    Person,
    Phase,
    Reason,
    Role,
    Rule,
    Scope,
    State,
    ToolCall,
    Verdict,
    digest,
    new_id,
)
from runner.ports import Batch
from runner.settings import load
from runner.timekeeper import Timekeeper
from storage.database import Database
from tests.core.clock import HandClock
from tests.core.hesitation import Before, Cast, hesitant_store

EXPIRE = 60.0  # minutes
CURL, REMOVE = "curl https://example.com", "rm -r build"  # two must approve the one; expiry of the other stops the run
COMMANDS = ("make a", "make b", CURL, REMOVE)
ROLES = {"ada": Role.ADMIN, "bob": Role.APPROVER, "cyd": Role.APPROVER, "dan": Role.OPERATOR, "eve": Role.VIEWER}
ANSWERS = {
    "yes": Answer(approve=True),
    "edit": Answer(approve=True, input={"command": "make edited"}),
    "no": Answer(approve=False, note="rather not"),
    "always": Answer(approve=True, rule=Rule(pattern="Bash(make *)", verdict=Verdict.ALLOW, scope=Scope.RUN)),
}
SETTINGS = {
    "approvals": {
        "expire_minutes": EXPIRE,
        "risk": {"network": {"quorum": 2, "requester_may": False}, "deletes": {"on_expiry": "stop"}},
    }
}
EXPECTED = (Fenced, WrongState, AlreadyAnswered, NotAllowed, BadInput)  # what people and workers may hear
LIVE = (State.RUNNING, State.WAITING)


@dataclass
class Attempt:
    """A worker's agent in one attempt: alive until it is cut, also after others have taken its execution."""

    execution: Execution
    gate: Gate
    asking: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # by tool-use id

    @property
    def busy(self) -> int:
        return sum(not step.done() for step in self.asking.values())

    async def cut(self) -> None:
        mine = asyncio.current_task()
        going = [step for step in self.asking.values() if not step.done() and step is not mine]
        for step in going:
            step.cancel()
        if going:
            await asyncio.wait(going)


@dataclass
class Given:
    """An answer that somebody was told is taken."""

    by: str
    answer: Answer

    @property
    def content(self) -> Any:
        return self.answer.input

    @property
    def right(self) -> str:
        return "cyd" if self.by == "dan" else self.by  # cyd has lent it


class World:
    """One core for one history, and what the history promised so far."""

    def __init__(self, database: Database, cast: Cast, people: dict[str, Person]) -> None:
        self.cast = cast
        self.clock = HandClock()
        self.people = people
        self.store = store = hesitant_store(database, cast)
        self.advance = Advance(store, self.clock)
        self.switch = KillSwitch(store, self.clock, cast)
        self.gates = Gates(store=store, clock=self.clock, changes=cast, advance=self.advance, switch=self.switch)
        self.approvals = Approvals(store, self.clock, self.advance)
        self.timekeeper = Timekeeper(store=store, clock=self.clock, advance=self.advance, switch=self.switch)
        self.asking = Asking.of(load(overrides=SETTINGS), "app")
        self.runs: list[str] = []
        self.acts: list[asyncio.Task[None]] = []
        self.attempts: list[Attempt] = []
        self.ids: dict[str, list[str]] = {command: [] for command in COMMANDS}
        self.asked: list[str] = []  # commands in order of asking
        self.given: dict[str, list[Given]] = {}
        self.ran: list[str] = []  # approval ids whose step ran
        self.granted: set[str] = set()  # runs for which somebody approved all of `make`
        self.freezes: list[tuple[datetime, datetime | None]] = []
        self.errors: list[BaseException] = []
        self.known: dict[str, tuple[Approval, datetime]] = {}  # approvals as last seen, and when first
        self.before: dict[str, Execution] = {}

    @property
    def thawed(self) -> bool:
        return all(end is not None for _, end in self.freezes)

    def act(self, part: Coroutine[Any, Any, None], hesitations: Sequence[Before] = ()) -> asyncio.Task[None]:
        return self.cast.act(self._heard(part), *hesitations)

    async def play(self, part: Coroutine[Any, Any, None], hesitations: Sequence[Before] = ()) -> None:
        """Let somebody act until nothing moves any more."""
        self.acts.append(self.act(part, hesitations))
        await self.cast.rest()

    async def _heard(self, part: Coroutine[Any, Any, None]) -> None:
        try:
            await part
        except EXPECTED:
            return
        except Exception as error:  # noqa: BLE001 - raised by `observe`, in the history's own flow
            self.errors.append(error)

    def actor(self, name: str) -> Actor:
        return Actor(person=self.people[name], origin=Origin(messenger="terminal", channel=name))

    async def begin(self) -> None:
        fresh = new_id()
        ada = self.people["ada"].id
        run = Execution(
            id=fresh, conversation_id=fresh, person_id=ada, prompt="Go.", project="app", created_at=self.clock.now()
        )
        await self.store.executions.add(run, Batch())
        self.runs.append(fresh)

    async def run(self) -> Execution:
        found = await self.store.executions.get(self.runs[-1])
        assert found is not None
        return found

    async def questions(self) -> Sequence[Approval]:
        """Return what was asked in the newest run."""
        return await self.store.approvals.of(self.runs[-1])

    async def answered(self, attempt: Attempt, command: str) -> bool:
        """Whether an attempt that holds the run will find an answer to a command that no agent has got yet."""
        run = await self.run()
        return attempt.execution.epoch == run.epoch and bool(await self._untaken(attempt, command))

    async def _untaken(self, attempt: Attempt, command: str) -> list[Approval]:
        """Return the answers to a command that wait for an agent which comes back to it."""
        return [
            asked
            for asked in await self.store.approvals.of(attempt.execution.id)
            if asked.input["command"] == command
            and asked.answer is not None
            and asked.delivered_at is None
            and asked.id not in attempt.gate.asking
        ]

    async def claim(self) -> None:
        frozen = await self.switch.frozen() is not None
        claimed = await self.store.executions.claim("w", self.clock.now())
        assert claimed is None or not frozen, "claimed in a freeze"
        if claimed is None:
            return
        bounds = Bounds(worktree=Path("/w"), home=Path("/h"), asking=self.asking)
        self.attempts.append(Attempt(claimed, self.gates.gate(claimed, bounds)))
        await self.advance(claimed.id, PhaseReached(phase=Phase.WORKING), epoch=claimed.epoch)

    async def step(self, attempt: Attempt, command: str, use_id: str) -> None:
        """Take a step as an agent does, and hold what comes of it against what was promised."""
        call = ToolCall(tool="Bash", input={"command": command}, tool_use_id=use_id)
        waiting = {a.id for a in await self._untaken(attempt, command)}
        ruling = await attempt.gate.judge(call)
        if ruling.verdict is Verdict.ALLOW:
            left = {a.id for a in await self._untaken(attempt, command)}
            alone = attempt.asking.keys() & self.ids[command] == {use_id}  # nobody else has the answer in hand
            assert not (alone and waiting & left), "a rule went before an answer to this very step"
            assert attempt.execution.id in self.granted, "a step was allowed that nobody granted"
            assert command.startswith("make"), "a rule reached too far"
            assert await self.switch.frozen() is None, "an allowed step began in a freeze"
            return
        approval, answer = await attempt.gate.ask(call)
        if answer.approve:
            await self._runs(attempt, call, approval, answer)
        elif approval.state is ApprovalState.EXPIRED:
            assert "denied by" not in answer.note.lower()
            assert answer.note.startswith("Timed out")
            assert approval.terms.on_expiry is OnExpiry.DENY, "after a stop nobody is to go on without the step"
        else:
            assert answer.note.startswith("Denied by ")

    async def _runs(self, attempt: Attempt, call: ToolCall, asked: Approval, answer: Answer) -> None:
        stored = await self.store.approvals.get(asked.id)
        now = await self.store.executions.get(attempt.execution.id)
        assert stored is not None
        assert now is not None
        assert stored.state is ApprovalState.APPROVED, "it runs though nobody approved it"
        assert stored.input_digest == digest(call.tool, call.input), "an answer went to another step"
        assert (stored.answer or Answer(approve=False)).input == answer.input, "not what was approved runs"
        assert asked.id not in self.ran, "an answer ran twice"
        assert stored.delivered_at is not None
        assert attempt.execution.epoch == now.epoch, "a worker that was overtaken ran a step"
        assert now.state in LIVE, f"a step began though the run was {now.state.value}"
        assert now.worker is not None, "a step ran in a run that nobody held"
        assert await self.switch.frozen() is None, "an approved step began in a freeze"
        self.ran.append(asked.id)

    async def answer(self, name: str, asked: Approval, kind: str) -> None:
        answer = ANSWERS[kind]
        after = await self.approvals.answer(self.actor(name), asked.id, answer)
        self.given.setdefault(asked.id, []).append(
            Given(name, after.answer if kind == "always" and after.answer else answer)
        )
        if kind == "always":
            self.granted.add(asked.execution_id)

    async def freeze(self) -> None:
        self.freezes.append(((await self.switch.freeze(self.actor("ada"), "look")).at, None))

    async def release(self) -> None:
        await self.switch.release(self.actor("ada"))
        self.freezes[-1] = (self.freezes[-1][0], self.clock.now())

    async def park(self, attempt: Attempt) -> None:
        await self.advance(attempt.execution.id, Parked(), epoch=attempt.execution.epoch)
        await attempt.cut()

    async def crash(self, attempt: Attempt, *, at_once: bool) -> None:
        if at_once:
            await attempt.cut()
        await self.advance(attempt.execution.id, WorkerLost(), epoch=attempt.execution.epoch)

    async def finish(self, attempt: Attempt) -> None:
        await attempt.gate.close()
        await self.switch.passed()
        done = Finished(state=State.COMPLETED, reason=Reason.DONE)
        await self.advance(attempt.execution.id, done, epoch=attempt.execution.epoch)

    async def person(self, event: Event) -> None:
        await self.advance(self.runs[-1], event)

    async def observe(self, *, whole: bool = False) -> None:
        """Compare everything stored with what was promised. Raises AssertionError."""
        if self.errors:
            raise self.errors[0]
        for run_id in self.runs if whole else self.runs[-1:]:
            run = await self.store.executions.get(run_id)
            assert run is not None
            asked = await self.store.approvals.of(run_id)
            self._observe_run(run, any(a.state is ApprovalState.OPEN for a in asked))
            for approval in asked:
                if whole or approval.id not in self.known or self.known[approval.id][0] != approval:
                    entries = len(await self.store.feed.audit(subject=approval.id))
                    self._observe_question(approval, entries)

    def _observe_run(self, now: Execution, has_open: bool) -> None:
        assert has_open is (now.state is State.WAITING), "a question is open exactly while its run waits"
        before = self.before.get(now.id, now)
        assert not before.state.final or before == now, "an end was changed"
        assert now.epoch >= before.epoch
        assert now.worker is None or now.state in LIVE, "what is at rest is held"
        self.before[now.id] = now

    def _observe_question(self, now: Approval, entries: int) -> None:
        before, seen = self.known.setdefault(now.id, (now, self.clock.now()))
        assert before.input == now.input
        if before.state is not ApprovalState.OPEN:
            assert _verdict(before) == _verdict(now), "a settled question was changed"
        assert before.delivered_at in {None, now.delivered_at}, "an answer was delivered again"
        assert now.delivered_at is None or now.answer is not None, "nothing was delivered"
        self.known[now.id] = (now, seen)
        given = self.given.get(now.id, [])
        expired = now.state is ApprovalState.EXPIRED
        assert entries == len(given) + expired, "every decision has its entry in the audit log, and nothing else"
        self._observe_verdict(now, given)
        self._observe_time(now, seen)

    def _observe_verdict(self, now: Approval, given: list[Given]) -> None:
        final = [g for g in given if now.terms.quorum == 1 or not g.answer.approve]
        assert len(final) <= 1, "two answers were taken"
        if not now.terms.requester_may:
            assert "ada" not in {g.by for g in given}, "the requester approved"
        assert "eve" not in {g.by for g in given}, "a viewer decided"
        newest = {g.right: g for g in given if g.answer.approve}.values()
        contents = [g.content for g in newest]
        most = max((contents.count(c) for c in contents), default=0)
        match now.state:
            case ApprovalState.APPROVED:
                last = given[-1]
                assert (now.answered_by, now.answer) == (self.people[last.by].id, last.answer)
                assert contents.count(last.content) == now.terms.quorum, "not so many people approved this content"
            case ApprovalState.DENIED:
                assert (now.answered_by, now.answer) == (self.people[given[-1].by].id, given[-1].answer)
                assert not given[-1].answer.approve
            case _:
                assert most < now.terms.quorum, "an answer was lost"
                assert all(g.answer.approve for g in given), "a denial was lost"

    def _observe_time(self, now: Approval, seen: datetime) -> None:
        """Hold the moment of the verdict against the time that passed outside of freezes."""
        turns = [moment for freeze in self.freezes for moment in freeze if moment is not None]
        if now.answered_at is None or any(now.asked_at < turn <= seen for turn in turns):
            return  # it was asked while a freeze began or ended: how much of that counts is nobody's promise
        age = now.answered_at - now.asked_at
        for begin, end in self.freezes:
            age -= max(timedelta(), min(end or now.answered_at, now.answered_at) - max(begin, now.asked_at))
        if now.state in {ApprovalState.APPROVED, ApprovalState.DENIED}:
            assert age < timedelta(minutes=EXPIRE), "answered after it expired"
        if now.state is ApprovalState.EXPIRED:
            assert age >= timedelta(minutes=EXPIRE), "expired before its time"

    async def end(self) -> None:
        """Let everybody go, and show that whatever waits can be answered; then leave nothing behind."""
        while self.cast.hesitant:
            self.cast.let_go(0)
            await self.cast.rest()
        if await self.switch.frozen() is not None:
            await self.release()
        await self.cast.rest()
        await self.observe()
        for asked in await self.store.approvals.of(self.runs[-1]):
            if asked.state is ApprovalState.OPEN:
                await self.play(self.answer("bob", asked, "no"))
        await self.play(self.tick())
        await self.observe(whole=True)
        assert (await self.run()).state is not State.WAITING, "it waits for nothing"

    async def tick(self) -> None:
        await self.timekeeper.tick()

    async def leave(self) -> None:
        for attempt in self.attempts:
            await attempt.cut()
        while self.cast.hesitant:
            self.cast.let_go(0)
            await self.cast.rest()
        if await self.switch.frozen() is not None:
            await self.switch.release(self.actor("ada"))
        await self.cast.rest()
        if not (await self.run()).state.final:
            await self.person(CancelRequested(by=""))


def _verdict(approval: Approval) -> object:
    """Everything about a settled question that may never change again: all but delivery and outcome."""
    return replace(approval, delivered_at=None, outcome="")
