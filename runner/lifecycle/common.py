"""What all decisions share: conditions on the state, and entries for the feed."""

from __future__ import annotations

from datetime import datetime

from runner.errors import WrongState
from runner.model import Approval, Change, ChangeKind, Execution, State, handle

LIVE = frozenset({State.RUNNING, State.WAITING})


def require(execution: Execution, states: set[State] | frozenset[State], what: str) -> None:
    """Raise WrongState, with the way on from there, unless the execution is in one of these states."""
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


def change(execution: Execution, event: str, at: datetime, **body: str) -> Change:
    """Make the feed entry about an execution."""
    return Change(
        kind=ChangeKind.EXECUTION,
        event=event,
        execution_id=execution.id,
        subject_id=execution.id,
        body={"state": execution.state.value, **body},
        at=at,
    )


def approval_change(approval: Approval, event: str, at: datetime, **body: str) -> Change:
    """Make the feed entry about an approval."""
    return Change(
        kind=ChangeKind.APPROVAL,
        event=event,
        execution_id=approval.execution_id,
        subject_id=approval.id,
        body={"state": approval.state.value, **body},
        at=at,
    )
