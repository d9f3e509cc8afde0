"""What can happen to an execution, what is decided on, and what a decision says."""

from __future__ import annotations

from datetime import datetime

from runner.model import Answer, Approval, Change, Execution, Phase, Reason, State, value


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
    on_behalf_of: str | None = None  # person id of whoever lent the right to answer


@value
class Nudged:
    """Nobody has answered for so long that the next entry of the question's timetable comes true.

    `seen` is the moment at which it was found due, and nothing was frozen: what is due later has to be found again.
    """

    approval_id: str
    seen: datetime


@value
class Parked:
    """The hot wait is over: the worker ends the agent's process and lets go of the execution."""


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
    | Nudged
    | Parked
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
    amend: tuple[Approval, ...] = ()  # approvals that stay open and change
    changes: tuple[Change, ...] = ()
    wake: bool = False
