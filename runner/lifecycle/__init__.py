"""The state machine of an execution: pure. A case and an event in, a decision out.

```
             claim                ask                          answer
 pending ----------> running ----------> waiting_confirmation ----------> running
   ^  ^                |  |                     |     |
   |  |   worker lost  |  | stop           stop |     | answer or expiry, when no worker holds it: pending
   |  +----------------+  +------> stopped <----+
   +--------- resume --------------/
 running -- finish --> completed | failed         any but final -- cancel --> cancelled
```

An execution that waits may be without a worker, because the worker died or let go of it after the hot wait: then it is
*parked* (`worker` is None), holds no process and no slot, and its answer puts it back into the queue. Whoever calls
`decide` writes the decision with one conditional transaction; if that fails, somebody else was first, and the caller
looks again. Nobody tells a worker to end its agent: it follows the row of its execution and ends the agent when the row
says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from runner.lifecycle import questions, runs
from runner.lifecycle.events import (
    Answered,
    Asked,
    CancelRequested,
    Case,
    Claimed,
    Decision,
    Event,
    Finished,
    Nudged,
    Parked,
    PhaseReached,
    ResumeRequested,
    StopRequested,
    Withdrawn,
    WorkerLost,
)
from runner.lifecycle.questions import TIMED_OUT, check_open

__all__ = [
    "TIMED_OUT",
    "Answered",
    "Asked",
    "CancelRequested",
    "Case",
    "Claimed",
    "Decision",
    "Event",
    "Finished",
    "Nudged",
    "Parked",
    "PhaseReached",
    "ResumeRequested",
    "StopRequested",
    "Withdrawn",
    "WorkerLost",
    "check_open",
    "decide",
]


def decide(case: Case, event: Event, at: datetime) -> Decision:
    """Say what becomes of an execution.

    Raises WrongState if the event does not fit its state, AlreadyAnswered if an approval has its answer.
    """
    match event:
        case Claimed():
            return runs.claimed(case, event, at)
        case PhaseReached():
            return runs.phase_reached(case, event, at)
        case Asked():
            return questions.asked(case, event, at)
        case Answered() | Nudged() | Withdrawn():
            return questions.about(case, event, at)
        case Parked():
            return runs.parked(case, at)
        case Finished():
            return runs.finished(case, event, at)
        case WorkerLost():
            return runs.worker_lost(case, at)
        case StopRequested() | CancelRequested() | ResumeRequested():
            return runs.requested(case, event, at)
        case _:
            assert_never(event)
