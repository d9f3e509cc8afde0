"""The contract of approvals under random interleavings of everything that people, workers and the clock do.

Hypothesis plays histories on the real store, gate, lifecycle, timekeeper and kill switch; whoever acts may hesitate
between reading and writing (`tests.core.hesitation`) while others go on. After each move the whole state is compared
with what was promised (`tests.core.histories`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from runner.lifecycle import CancelRequested, ResumeRequested, StopRequested
from runner.model import ApprovalState, Delegation, Person, State, new_id
from runner.ports import Batch
from storage.database import open_database
from tests.core.clock import MONDAY
from tests.core.hesitation import Before, Cast, hesitant_store
from tests.core.histories import ANSWERS, COMMANDS, LIVE, ROLES, Attempt, World

QUICK = 12  # histories where others take up to EVERYDAY examples: a few seconds
EVERYDAY = 100

P = ParamSpec("P")

hesitations = st.lists(st.sampled_from(Before), max_size=2)
commands = st.sampled_from(COMMANDS)
people = st.sampled_from(("bob", "cyd", "dan", "ada", "eve"))


Move = Callable[Concatenate["Histories", P], None]


def _if(condition: Callable[[Histories], object]) -> Callable[[Move[P]], Move[P]]:
    """Let a move be none where it makes no sense.

    Not a precondition: which moves are drawn must not depend on how those who act at once came through, which no replay
    repeats for certain.
    """

    def sensible(move: Move[P]) -> Move[P]:
        @wraps(move)
        def moved(self: Histories, /, *args: P.args, **kwargs: P.kwargs) -> None:
            if condition(self):
                move(self, *args, **kwargs)

        return moved

    return sensible


class Histories(RuleBasedStateMachine):
    """Everything that can be tried, sensible or not."""

    def __init__(self, runner: asyncio.Runner, world: Callable[[], World]) -> None:
        super().__init__()
        self._do = runner.run
        self.world = world()
        self._do(self.world.begin())
        self._do(self.world.claim())

    def _act(self, part: Coroutine[Any, Any, None], hesitates: Sequence[Before] = ()) -> None:
        self._do(self.world.play(part, hesitates))

    @property
    def _attempt(self) -> Attempt:
        return self.world.attempts[-1]

    def _stands(self, *states: State) -> bool:
        return self.world.before[self.world.runs[-1]].state in states

    @rule(command=commands, again=st.booleans(), hesitates=hesitations)
    @_if(lambda self: self._stands(*LIVE))
    def step(self, command: str, again: bool, hesitates: Sequence[Before]) -> None:
        self._step(self._attempt, command, hesitates, again=again)

    @rule(again=st.booleans(), hesitates=hesitations)
    @_if(lambda self: self._stands(*LIVE) and self.world.asked)
    def step_again(self, again: bool, hesitates: Sequence[Before]) -> None:
        self._step(self._attempt, self.world.asked[-1], hesitates, again=again)

    @rule(hesitates=hesitations)
    @_if(lambda self: len(self.world.attempts) > 1 and self.world.asked)
    def step_of_one_overtaken(self, hesitates: Sequence[Before]) -> None:
        self._step(self.world.attempts[-2], self.world.asked[-1], hesitates, again=False)

    def _step(self, attempt: Attempt, command: str, hesitates: Sequence[Before], *, again: bool) -> None:
        """Let an agent take a step; `again` under the name that it had before."""
        if attempt.busy >= 3:
            return
        ids = [i for i in self.world.ids[command] if i not in attempt.asking]
        use_id = ids[-1] if again and ids else new_id()
        self.world.ids[command].append(use_id)
        self.world.asked.append(command)
        self._do(self._steps(attempt, command, use_id, hesitates))

    async def _steps(self, attempt: Attempt, command: str, use_id: str, hesitates: Sequence[Before]) -> None:
        answered = await self.world.answered(attempt, command) and not self.world.cast.hesitant
        before = len(await self.world.questions())
        attempt.asking[use_id] = self.world.act(self.world.step(attempt, command, use_id), hesitates)
        await self.world.cast.rest()
        assert not answered or len(await self.world.questions()) == before, "asked again what was answered"

    @rule(who=st.sampled_from(("bob", "cyd")), which=st.integers(0, 2), hesitates=hesitations)
    @_if(lambda self: self._stands(State.WAITING))
    def approve(self, who: str, which: int, hesitates: Sequence[Before]) -> None:
        waiting = [asked for asked, _ in self.world.known.values() if asked.state is ApprovalState.OPEN]
        self._act(self.world.answer(who, waiting[which % len(waiting)], "yes"), hesitates)

    @rule(who=people, which=st.integers(0, 4), kind=st.sampled_from(tuple(ANSWERS)), hesitates=hesitations)
    @_if(lambda self: self.world.known)
    def answer(self, who: str, which: int, kind: str, hesitates: Sequence[Before]) -> None:
        known = [asked for asked, _ in reversed(self.world.known.values())]
        known.sort(key=lambda asked: asked.state is not ApprovalState.OPEN)
        self._act(self.world.answer(who, known[which % len(known)], kind), hesitates)

    @rule(minutes=st.sampled_from((61, 29, 30)), ticks=st.booleans(), hesitates=hesitations)
    @_if(lambda self: self._stands(State.WAITING))
    def time_passes(self, minutes: int, ticks: bool, hesitates: Sequence[Before]) -> None:
        if all(place is not Before.FREEZING for place, _ in self.world.cast.hesitant):  # its moment is read already
            self._do(self.world.clock.move(minutes=minutes))
        if ticks:
            self._act(self.world.tick(), hesitates)

    @rule(how=st.sampled_from(("park", "lose", "crash", "stop", "finish", "cancel")), hesitates=hesitations)
    @_if(lambda self: self._stands(*LIVE))
    def disturb(self, how: str, hesitates: Sequence[Before]) -> None:
        world, attempt = self.world, self._attempt
        match how:
            case "park":
                part = world.park(attempt)
            case "lose" | "crash":
                part = world.crash(attempt, at_once=how == "crash")
            case "finish" if not attempt.busy:
                part = world.finish(attempt)
            case "cancel":
                part = world.person(CancelRequested(by=""))
            case _:
                part = world.person(StopRequested(by=""))
        self._act(part, hesitates)

    @rule(one=st.sampled_from(("edit", "no")), again=st.booleans(), hesitates=hesitations)
    @_if(lambda self: self._stands(*LIVE) and not self._attempt.busy)
    def come_back_to_two_answers(self, one: str, again: bool, hesitates: Sequence[Before]) -> None:
        """Ask for two steps, be parked, and come back to an answer to one and a rule that covers both."""
        answers = dict(zip(COMMANDS, (one, "always"), strict=False))
        for command in answers:
            self._step(self._attempt, command, (), again=False)
        self._act(self.world.park(self._attempt))
        for asked in self._do(self.world.questions()):
            if asked.state is ApprovalState.OPEN and (kind := answers.get(asked.input["command"])):
                self._act(self.world.answer("bob", asked, kind))
        self._act(self.world.claim())
        self._step(self._attempt, COMMANDS[0], hesitates, again=again)

    @rule(hesitates=hesitations)
    @_if(lambda self: not self._stands(*LIVE))
    def go_on(self, hesitates: Sequence[Before]) -> None:
        if self._stands(State.PENDING):
            self._act(self.world.claim(), hesitates)
        elif self._stands(State.STOPPED):
            self._act(self.world.person(ResumeRequested(by="")), hesitates)
        else:
            self._do(self.world.begin())

    @rule(hesitates=hesitations)
    @_if(lambda self: self.world.asked and self.world.thawed)
    def freeze(self, hesitates: Sequence[Before]) -> None:
        self._act(self.world.freeze(), hesitates)

    @rule(hesitates=hesitations)
    @_if(lambda self: not self.world.thawed)
    def release(self, hesitates: Sequence[Before]) -> None:
        self._act(self.world.release(), hesitates)

    @rule(which=st.integers(0, 4))
    @_if(lambda self: self.world.cast.hesitant)
    def let_go(self, which: int) -> None:
        self._do(self._lets_go(which))

    async def _lets_go(self, which: int) -> None:
        self.world.cast.let_go(which % len(self.world.cast.hesitant))
        await self.world.cast.rest()

    @invariant()
    def holds(self) -> None:
        self._do(self.world.observe())

    def teardown(self) -> None:
        try:
            self._do(self.world.end())
        finally:
            self._do(self.world.leave())


@asynccontextmanager
async def _worlds(path: Path) -> AsyncIterator[Callable[[], World]]:
    """Open one database for all histories: each has people of its own time, and leaves nothing that lives."""
    cast = Cast()
    async with open_database(path, on_change=cast.ring) as database:
        store = hesitant_store(database, cast)
        people = {}
        for name, role in ROLES.items():
            fresh = Person(id=new_id(), name=name, role=role, created_at=MONDAY)
            people[name] = await store.people.enrol(fresh, "terminal", name)
        lent = Delegation(
            id=new_id(),
            from_id=people["cyd"].id,
            to_id=people["dan"].id,
            starts_at=MONDAY,
            ends_at=MONDAY + timedelta(days=999),
        )
        await store.people.delegate(lent, Batch())
        yield lambda: World(database, cast, people)


def test_the_contract_holds_whatever_happens_in_between(tmp_path: Path) -> None:
    """APPR-3, APPR-4, APPR-6, APPR-9, APPR-11, APPR-14, APPR-15: no interleaving breaks what was promised."""
    most = settings().max_examples
    with asyncio.Runner() as runner:
        opened = _worlds(tmp_path / "signoff.db")
        make = runner.run(opened.__aenter__())
        try:
            run_state_machine_as_test(
                cast("type[Histories]", partial(Histories, runner, make)),
                settings=settings(
                    stateful_step_count=40,
                    max_examples=most if most > EVERYDAY else QUICK,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
