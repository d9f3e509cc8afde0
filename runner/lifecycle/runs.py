"""Decisions about a run as a whole: claimed, let go, finished, stopped, cancelled, resumed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from runner.lifecycle.common import LIVE, approval_change, change, require
from runner.lifecycle.events import (
    CancelRequested,
    Case,
    Claimed,
    Decision,
    Finished,
    PhaseReached,
    ResumeRequested,
    StopRequested,
)
from runner.model import ApprovalState, Execution, Phase, Reason, State


def claimed(case: Case, event: Claimed, at: datetime) -> Decision:
    """Begin an attempt. Raises WrongState."""
    before = case.execution
    require(before, {State.PENDING}, "be claimed")
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
    return Decision(execution=after, changes=(change(after, "execution.started", at),))


def phase_reached(case: Case, event: PhaseReached, at: datetime) -> Decision:
    """Go on to another phase. Raises WrongState."""
    require(case.execution, {State.RUNNING}, "go on")
    after = replace(case.execution, phase=event.phase)
    return Decision(execution=after, changes=(change(after, "execution.phase", at),))


def parked(case: Case, at: datetime) -> Decision:
    """Let go of an execution that waits. The new epoch keeps whoever held it from writing anything more."""
    before = case.execution
    require(before, {State.WAITING}, "be parked")
    after = replace(before, worker=None, interrupted=True, epoch=before.epoch + 1)
    return Decision(execution=after, changes=(change(after, "execution.parked", at),), wake=True)


def finished(case: Case, event: Finished, at: datetime) -> Decision:
    """End a run with its outcome. Raises WrongState."""
    require(case.execution, {State.RUNNING}, "finish")
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
    changes = (change(after, f"execution.{event.state.value}", at),)
    return Decision(execution=after, changes=changes, wake=True)


def requested(case: Case, event: StopRequested | CancelRequested | ResumeRequested, at: datetime) -> Decision:
    """Do what a person wants. Raises WrongState."""
    match event:
        case StopRequested():
            return stopped(case, event, at)
        case CancelRequested():
            return _cancelled(case, event, at)
        case ResumeRequested():
            return _resumed(case, event, at)
        case _:
            assert_never(event)


def stopped(case: Case, event: StopRequested, at: datetime) -> Decision:
    """Stop a run so that it can be resumed. Raises WrongState."""
    before = case.execution
    require(before, {State.PENDING, *LIVE}, "be stopped")
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
        require(case.execution, set(State) - {s for s in State if s.final}, "be cancelled")
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
    outcome = f"The run was {after.state.value}."
    settled = tuple(replace(a, state=ApprovalState.WITHDRAWN, answered_at=at, outcome=outcome) for a in case.open)
    changes = (change(after, name, at, by=by), *(approval_change(a, "approval.withdrawn", at) for a in settled))
    return Decision(execution=after, settle=settled, changes=changes, wake=True)


def _resumed(case: Case, event: ResumeRequested, at: datetime) -> Decision:
    require(case.execution, {State.STOPPED}, "be resumed")
    after = replace(case.execution, state=State.PENDING, reason=None)
    changes = (change(after, "execution.resumed", at, by=event.by),)
    return Decision(execution=after, changes=changes, wake=True)


def worker_lost(case: Case, at: datetime) -> Decision:
    """Put a run back into the queue, or park it where it waits. Raises WrongState."""
    before = case.execution
    require(before, LIVE, "lose its worker")
    if before.state is State.WAITING:
        return parked(case, at)
    after = replace(before, state=State.PENDING, phase=None, worker=None, interrupted=before.session is not None)
    changes = (change(after, "execution.requeued", at),)
    return Decision(execution=after, changes=changes, wake=True)
