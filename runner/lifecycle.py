"""The state machine of an execution: pure. A case and an event in, a decision out.

```
             claim                ask                          answer
 pending ----------> running ----------> waiting_confirmation ----------> running
   ^  ^                |  |                     |     |
   |  |   worker lost  |  | stop           stop |     | answer, when no worker holds it: pending
   |  +----------------+  +------> stopped <----+
   +--------- resume --------------/
 running -- finish --> completed | failed         any but final -- cancel --> cancelled
```

An execution that waits may have lost its worker: then it is *parked* (`worker` is None), holds no process and no slot,
and its answer puts it back into the queue. Whoever calls `decide` writes the decision with one conditional
transaction; if that fails, somebody else was first, and the caller looks again. Nobody tells a worker to end its agent:
it follows the row of its execution and ends the agent when the row says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from runner.errors import AlreadyAnswered, WrongState
from runner.model import (
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Change,
    ChangeKind,
    Execution,
    Phase,
    Reason,
    State,
    handle,
    value,
)


@value
class Claimed:
    """A worker begins an attempt."""

    worker: str


@value
class PhaseReached:
    """The worker goes on to another phase. Facts learnt on the way are in `execution`."""

    phase: Phase


@value
class Asked:
    """The agent wants a step that needs a person."""

    approval: Approval


@value
class Answered:
    """A person answered. `by` is the person's id, `name` what the other people read."""

    approval_id: str
    answer: Answer
    by: str
    name: str


@value
class Withdrawn:
    """The agent does not wait for this approval any more."""

    approval_id: str


@value
class Finished:
    """The work is over. The outcome's facts are in the case's execution already."""

    state: State  # completed or failed
    reason: Reason


@value
class StopRequested:
    """A person stops the run; it can be resumed."""

    by: str


@value
class CancelRequested:
    """A person ends the run for good."""

    by: str


@value
class ResumeRequested:
    """A person lets a stopped run go on."""

    by: str


@value
class WorkerLost:
    """The worker that held the execution is gone, or gives it back."""


Event = (
    Claimed
    | PhaseReached
    | Asked
    | Answered
    | Withdrawn
    | Finished
    | StopRequested
    | CancelRequested
    | ResumeRequested
    | WorkerLost
)


@value
class Case:
    """What a decision is made on: the execution and its open approvals."""

    execution: Execution
    open: tuple[Approval, ...] = ()


@value
class Decision:
    """The execution afterwards, and what is written with it. `wake`: there may be something to claim now."""

    execution: Execution
    open: tuple[Approval, ...] = ()  # new approvals
    settle: tuple[Approval, ...] = ()  # approvals that get their final state
    changes: tuple[Change, ...] = ()
    wake: bool = False


_LIVE = frozenset({State.RUNNING, State.WAITING})


def decide(case: Case, event: Event, at: datetime) -> Decision:
    """Say what becomes of an execution.

    Raises WrongState if the event does not fit its state, AlreadyAnswered if an approval has its answer.
    """
    match event:
        case Claimed():
            return _claimed(case, event, at)
        case PhaseReached():
            return _phase_reached(case, event, at)
        case Asked():
            return _asked(case, event, at)
        case Answered():
            return _answered(case, event, at)
        case Withdrawn():
            return _withdrawn(case, event, at)
        case Finished():
            return _finished(case, event, at)
        case WorkerLost():
            return _worker_lost(case, at)
        case StopRequested() | CancelRequested() | ResumeRequested():
            return _requested(case, event, at)
        case _:
            assert_never(event)


def _claimed(case: Case, event: Claimed, at: datetime) -> Decision:
    before = case.execution
    _require(before, {State.PENDING}, "be claimed")
    after = replace(
        before,
        state=State.RUNNING,
        phase=Phase.PREPARING,
        reason=None,
        epoch=before.epoch + 1,
        attempt=before.attempt + 1,
        worker=event.worker,
        started_at=before.started_at or at,
    )
    return Decision(execution=after, changes=(_change(after, "execution.started", at),))


def _phase_reached(case: Case, event: PhaseReached, at: datetime) -> Decision:
    _require(case.execution, {State.RUNNING}, "go on")
    after = replace(case.execution, phase=event.phase)
    return Decision(execution=after, changes=(_change(after, "execution.phase", at),))


def _asked(case: Case, event: Asked, at: datetime) -> Decision:
    _require(case.execution, _LIVE, "ask")
    after = replace(case.execution, state=State.WAITING, phase=None)
    return Decision(
        execution=after,
        open=(event.approval,),
        changes=(_approval_change(event.approval, "approval.asked", at),),
        wake=True,  # whoever waits holds no slot
    )


def _answered(case: Case, event: Answered, at: datetime) -> Decision:
    approval = _open_approval(case, event.approval_id)
    settled = replace(
        approval,
        state=_answer_state(approval, event.answer),
        answer=event.answer,
        answered_by=event.by,
        answered_at=at,
    )
    return _settled(case, settled, "approval.answered", at, name=event.name)


def _withdrawn(case: Case, event: Withdrawn, at: datetime) -> Decision:
    approval = _open_approval(case, event.approval_id)
    settled = replace(approval, state=ApprovalState.WITHDRAWN, answered_at=at)
    return _settled(case, settled, "approval.withdrawn", at)


def _settled(case: Case, settled: Approval, event: str, at: datetime, **body: str) -> Decision:
    """One approval less: the execution goes on when none is left."""
    _require(case.execution, {State.WAITING}, "take an answer")
    change = _approval_change(settled, event, at, **body)
    if len(case.open) > 1:
        return Decision(execution=case.execution, settle=(settled,), changes=(change,))
    if case.execution.worker is None:
        after = replace(case.execution, state=State.PENDING, interrupted=True)
        changes = (change, _change(after, "execution.requeued", at))
        return Decision(execution=after, settle=(settled,), changes=changes, wake=True)
    after = replace(case.execution, state=State.RUNNING, phase=Phase.WORKING)
    return Decision(execution=after, settle=(settled,), changes=(change,))


def _finished(case: Case, event: Finished, at: datetime) -> Decision:
    _require(case.execution, {State.RUNNING}, "finish")
    after = replace(
        case.execution,
        state=event.state,
        reason=event.reason,
        phase=None,
        worker=None,
        finished_at=at,
        interrupted=False,
    )
    # A finished execution frees its conversation: the next one of it may be waiting in the queue.
    changes = (_change(after, f"execution.{event.state.value}", at),)
    return Decision(execution=after, changes=changes, wake=True)


def _requested(case: Case, event: StopRequested | CancelRequested | ResumeRequested, at: datetime) -> Decision:
    match event:
        case StopRequested():
            return _stopped(case, event, at)
        case CancelRequested():
            return _cancelled(case, event, at)
        case ResumeRequested():
            return _resumed(case, event, at)
        case _:
            assert_never(event)


def _stopped(case: Case, event: StopRequested, at: datetime) -> Decision:
    before = case.execution
    _require(before, {State.PENDING, *_LIVE}, "be stopped")
    # With a question open the agent is killed in the middle of its turn; otherwise it is interrupted and ends it.
    after = replace(
        before,
        state=State.STOPPED,
        reason=Reason.PERSON,
        phase=None,
        worker=None,
        interrupted=before.interrupted or before.state is State.WAITING,
    )
    return _ended(case, after, "execution.stopped", event.by, at)


def _cancelled(case: Case, event: CancelRequested, at: datetime) -> Decision:
    if case.execution.state.final:
        _require(case.execution, set(State) - {s for s in State if s.final}, "be cancelled")
    after = replace(
        case.execution,
        state=State.CANCELLED,
        reason=Reason.PERSON,
        phase=None,
        worker=None,
        finished_at=at,
        interrupted=False,
    )
    return _ended(case, after, "execution.cancelled", event.by, at)


def _ended(case: Case, after: Execution, name: str, by: str, at: datetime) -> Decision:
    """Nobody waits for an answer any more: open approvals are withdrawn with the execution."""
    settled = tuple(replace(a, state=ApprovalState.WITHDRAWN, answered_at=at) for a in case.open)
    changes = (_change(after, name, at, by=by), *(_approval_change(a, "approval.withdrawn", at) for a in settled))
    return Decision(execution=after, settle=settled, changes=changes, wake=True)


def _resumed(case: Case, event: ResumeRequested, at: datetime) -> Decision:
    _require(case.execution, {State.STOPPED}, "be resumed")
    after = replace(case.execution, state=State.PENDING, reason=None)
    changes = (_change(after, "execution.resumed", at, by=event.by),)
    return Decision(execution=after, changes=changes, wake=True)


def _worker_lost(case: Case, at: datetime) -> Decision:
    before = case.execution
    _require(before, _LIVE, "lose its worker")
    if before.state is State.WAITING:
        after = replace(before, worker=None, interrupted=True)
        return Decision(execution=after, changes=(_change(after, "execution.parked", at),))
    after = replace(before, state=State.PENDING, phase=None, worker=None, interrupted=before.session is not None)
    changes = (_change(after, "execution.requeued", at),)
    return Decision(execution=after, changes=changes, wake=True)


def _require(execution: Execution, states: set[State] | frozenset[State], what: str) -> None:
    if execution.state not in states:
        name = execution.title or "Execution"
        raise WrongState(
            f"{name} ({handle(execution.id)}) is {execution.state.value}: it cannot {what} now.",
            hint=_WAY_ON.get(execution.state, "").format(short=handle(execution.id)),
        )


_WAY_ON = {
    State.STOPPED: "`resume {short}` lets it go on.",
    State.COMPLETED: "`say {short} …` continues the conversation, `retry {short}` runs it again.",
    State.FAILED: "`retry {short}` runs it again, `say {short} …` continues the conversation.",
    State.CANCELLED: "`retry {short}` runs it again.",
    State.PENDING: "It waits for a free slot; `cancel {short}` takes it out of the queue.",
}


def _open_approval(case: Case, approval_id: str) -> Approval:
    for approval in case.open:
        if approval.id == approval_id:
            return approval
    raise WrongState("This question is not open any more.", hint="`inbox` shows what waits for an answer.")


def check_open(approval: Approval, name: str) -> None:
    """Raise AlreadyAnswered (naming who was faster: `name`) or WrongState if an approval is not open any more."""
    if approval.state is ApprovalState.OPEN:
        return
    if approval.answered_by is not None and approval.answered_at is not None:
        raise AlreadyAnswered(approval.state.value, name, approval.answered_at)
    raise WrongState(
        f"This question was {approval.state.value}: nobody waits for its answer any more.",
        hint="`inbox` shows what waits for an answer.",
    )


def _answer_state(approval: Approval, answer: Answer) -> ApprovalState:
    if approval.kind is AskKind.QUESTION and answer.approve:
        return ApprovalState.ANSWERED
    return ApprovalState.APPROVED if answer.approve else ApprovalState.DENIED


def _change(execution: Execution, event: str, at: datetime, **body: str) -> Change:
    return Change(
        kind=ChangeKind.EXECUTION,
        event=event,
        execution_id=execution.id,
        subject_id=execution.id,
        body={"state": execution.state.value, **body},
        at=at,
    )


def _approval_change(approval: Approval, event: str, at: datetime, **body: str) -> Change:
    return Change(
        kind=ChangeKind.APPROVAL,
        event=event,
        execution_id=approval.execution_id,
        subject_id=approval.id,
        body={"state": approval.state.value, **body},
        at=at,
    )
