"""The lifecycle: invariants over random histories, and the cases that random histories rarely meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import AlreadyAnswered, SignoffError, WrongState
from runner.lifecycle import (
    Answered,
    Asked,
    CancelRequested,
    Case,
    Claimed,
    Event,
    Finished,
    PhaseReached,
    ResumeRequested,
    StopRequested,
    Withdrawn,
    WorkerLost,
    check_open,
    decide,
)
from runner.model import (
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Execution,
    Phase,
    Reason,
    State,
    digest,
    new_id,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
YES = Answer(approve=True)
NO = Answer(approve=False, note="too risky")


def execution(**fields: object) -> Execution:
    fresh = new_id()
    blank = Execution(id=fresh, conversation_id=fresh, person_id="ada", prompt="Go.", created_at=START)
    return replace(blank, **fields)  # type: ignore[arg-type]


def approval(of: Execution, command: str = "make") -> Approval:
    tool_input = {"command": command}
    return Approval(
        id=new_id(),
        execution_id=of.id,
        kind=AskKind.STEP,
        tool="Bash",
        tool_use_id=new_id(),
        input=tool_input,
        input_digest=digest("Bash", tool_input),
        asked_at=START,
    )


class World:
    """An execution with its approvals, and the rules that must hold after every event."""

    def __init__(self) -> None:
        self.execution = execution()
        self.approvals: dict[str, Approval] = {}
        self.at = START
        self.ends = 0

    def stands(self) -> State:
        return self.execution.state

    def open(self) -> list[Approval]:
        return [a for a in self.approvals.values() if a.state is ApprovalState.OPEN]

    def happens(self, event: Event) -> bool:
        """Let an event happen; False if the lifecycle refuses it, and then nothing may have changed."""
        self.at += timedelta(seconds=1)
        before = self.execution
        try:
            decision = decide(Case(execution=before, open=tuple(self.open())), event, self.at)
        except WrongState:
            return False
        self.execution = decision.execution
        for new in decision.open:
            assert new.id not in self.approvals
            self.approvals[new.id] = new
        for settled in decision.settle:
            assert self.approvals[settled.id].state is ApprovalState.OPEN, "an answer was replaced"
            self.approvals[settled.id] = settled
        self.ends += self.execution.state.final and not before.state.final
        self.check(before)
        return True

    def check(self, before: Execution) -> None:
        now = self.execution
        assert not before.state.final or before == now, "a final state changed"
        assert bool(self.open()) == (now.state is State.WAITING), "an open approval exists exactly while it waits"
        assert now.epoch >= before.epoch, "the epoch fell"
        assert now.attempt >= before.attempt, "the attempt fell"
        assert (now.phase is not None) == (now.state is State.RUNNING), "a phase exists exactly while it runs"
        assert now.worker is not None or now.state is not State.RUNNING, "it runs without a worker"
        assert now.worker is None or now.state in {State.RUNNING, State.WAITING}, "a worker holds what is at rest"
        assert (now.finished_at is not None) == now.state.final
        assert self.ends <= 1


def moves(world: World) -> list[Callable[[], Event]]:
    """Everything that could be tried: sensible or not, with old and new approvals."""
    known = list(world.approvals)
    return [
        lambda: Claimed(worker="w"),
        lambda: PhaseReached(phase=Phase.CHECKING),
        lambda: Asked(approval=approval(world.execution)),
        lambda: Finished(state=State.COMPLETED, reason=Reason.DONE),
        lambda: Finished(state=State.FAILED, reason=Reason.AGENT_FAILED),
        lambda: StopRequested(by="ada"),
        lambda: CancelRequested(by="ada"),
        lambda: ResumeRequested(by="ada"),
        WorkerLost,
        *[lambda i=i: Answered(approval_id=i, answer=YES, by="ada", name="Ada") for i in known],
        *[lambda i=i: Answered(approval_id=i, answer=NO, by="bob", name="Bob") for i in known],
        *[lambda i=i: Withdrawn(approval_id=i) for i in known],
    ]


@given(st.data())
def test_invariants_hold_over_random_histories(data: st.DataObject) -> None:
    """LIFE-1, LIFE-2, LIFE-3, APPR-2: final states never change; what is asked is open exactly while it waits."""
    world = World()
    for _ in range(data.draw(st.integers(1, 20))):
        choices = moves(world)
        world.happens(choices[data.draw(st.integers(0, len(choices) - 1))]())


@given(st.data())
def test_every_history_can_be_brought_to_an_end(data: st.DataObject) -> None:
    """LIFE-5, LIFE-6: whatever happened, cancelling ends it, and withdraws what is still asked."""
    world = World()
    for _ in range(data.draw(st.integers(1, 20))):
        choices = moves(world)
        world.happens(choices[data.draw(st.integers(0, len(choices) - 1))]())
    assert world.execution.state.final or world.happens(CancelRequested(by="ada"))
    assert world.execution.state.final
    assert not world.open()


def running() -> World:
    world = World()
    assert world.happens(Claimed(worker="w"))
    assert world.happens(PhaseReached(phase=Phase.WORKING))
    return world


def asking() -> tuple[World, Approval]:
    world = running()
    question = approval(world.execution)
    assert world.happens(Asked(approval=question))
    return world, question


def test_an_answer_to_an_old_question_does_not_answer_the_new_one() -> None:
    """APPR-3: a button of an earlier question changes nothing while a new question is open."""
    world, old = asking()
    assert world.happens(Answered(approval_id=old.id, answer=YES, by="ada", name="Ada"))
    new = approval(world.execution, "rm -r build")
    assert world.happens(Asked(approval=new))
    assert not world.happens(Answered(approval_id=old.id, answer=YES, by="bob", name="Bob"))
    assert world.approvals[new.id].state is ApprovalState.OPEN
    assert world.execution.state is State.WAITING


def test_the_second_answer_hears_who_was_first() -> None:
    """APPR-4: whoever answers second hears the verdict, the name and the moment."""
    world, question = asking()
    assert world.happens(Answered(approval_id=question.id, answer=NO, by="ada", name="Ada"))
    with pytest.raises(AlreadyAnswered, match="denied by Ada at") as told:
        check_open(world.approvals[question.id], "Ada")
    assert told.value.at == world.approvals[question.id].answered_at


def test_a_stopped_question_is_not_answered_by_anybody() -> None:
    """LIFE-6: after a stop the question is withdrawn, and a late press says so instead of pretending."""
    world, question = asking()
    assert world.happens(StopRequested(by="ada"))
    with pytest.raises(WrongState, match="withdrawn"):
        check_open(world.approvals[question.id], "somebody")
    assert world.execution.interrupted, "the turn was cut off under a question and must be taken up, not begun anew"


def test_the_answer_to_a_parked_question_queues_the_execution() -> None:
    """APPR-6: a question outlives its worker; its answer puts the execution back into the queue."""
    world, question = asking()
    assert world.happens(WorkerLost())
    assert (world.execution.state, world.execution.worker) == (State.WAITING, None)
    assert world.happens(Answered(approval_id=question.id, answer=YES, by="ada", name="Ada"))
    assert (world.execution.state, world.execution.interrupted) == (State.PENDING, True)


def test_several_questions_are_all_answered_before_it_goes_on() -> None:
    world, first = asking()
    second = approval(world.execution, "make install")
    assert world.happens(Asked(approval=second))
    assert world.happens(Answered(approval_id=first.id, answer=YES, by="ada", name="Ada"))
    assert world.stands() is State.WAITING
    assert world.happens(Answered(approval_id=second.id, answer=NO, by="ada", name="Ada"))
    assert world.stands() is State.RUNNING


def test_a_worker_lost_while_working_leaves_a_turn_to_take_up() -> None:
    """LIFE-7: the next attempt goes on where this one was cut off."""
    world = running()
    world.execution = replace(world.execution, session="s")
    assert world.happens(WorkerLost())
    assert (world.execution.state, world.execution.interrupted) == (State.PENDING, True)
    assert world.happens(Claimed(worker="w2"))
    assert (world.execution.epoch, world.execution.attempt) == (2, 2)


@pytest.mark.parametrize("state", [s for s in State if s.final])
def test_refusals_name_a_way_on(state: State) -> None:
    """LIFE-4: whoever asks for something that cannot be done hears what can."""
    done = execution(state=state, finished_at=START)
    for event in (StopRequested(by="ada"), ResumeRequested(by="ada"), CancelRequested(by="ada")):
        with pytest.raises(SignoffError) as refusal:
            decide(Case(execution=done), event, START)
        assert "`retry" in refusal.value.hint
