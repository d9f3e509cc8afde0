"""Values for tests of the store, complete unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runner.model import (
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Author,
    Change,
    ChangeKind,
    Execution,
    Message,
    Phase,
    State,
    Step,
    StepKind,
    Task,
    digest,
    new_id,
)
from runner.ports import Batch
from storage.store import SqlStore

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
NOTHING = Batch()


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def execution(**fields: Any) -> Execution:
    whole_id = fields.pop("id", None) or new_id()
    known: dict[str, Any] = {
        "conversation_id": whole_id,
        "person_id": "ada",
        "prompt": "Make the tests pass.",
        "created_at": NOON,
    }
    return Execution(id=whole_id, **known | fields)


def task(**fields: Any) -> Task:
    whole_id = new_id()
    known: dict[str, Any] = {
        "name": f"task {whole_id}",
        "owner_id": "ada",
        "prompt": "p",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Task(id=whole_id, **known | fields)


def change(event: str = "execution.changed", **fields: Any) -> Change:
    known: dict[str, Any] = {"kind": ChangeKind.EXECUTION, "at": NOON}
    return Change(event=event, **known | fields)


def message(execution_id: str, text: str = "hello", **fields: Any) -> Message:
    known: dict[str, Any] = {"author": Author.PERSON, "person_id": "ada", "created_at": NOON}
    return Message(id=new_id(), execution_id=execution_id, text=text, **known | fields)


def step(execution_id: str, **fields: Any) -> Step:
    known: dict[str, Any] = {"attempt": 1, "kind": StepKind.COMMAND, "tool": "Bash", "started_at": NOON}
    return Step(id=new_id(), execution_id=execution_id, **known | fields)


def approval(execution_id: str, **fields: Any) -> Approval:
    known: dict[str, Any] = {"kind": AskKind.STEP, "tool": "Bash", "input": {"command": "ls"}, "asked_at": NOON}
    known |= {"tool_use_id": new_id()} | fields
    return Approval(id=new_id(), execution_id=execution_id, input_digest=digest(known["tool"], known["input"]), **known)


def answered(asked: Approval, **fields: Any) -> Approval:
    given: dict[str, Any] = {"state": ApprovalState.APPROVED, "answer": Answer(approve=True)}
    return replace(asked, **given | {"answered_by": "ada", "answered_at": later(5)} | fields)


def stored(settled: Approval) -> Approval:
    """Return what is read after an approval was written: one revision more."""
    return replace(settled, revision=settled.revision + 1)


async def running(store: SqlStore, **fields: Any) -> Execution:
    """Add an execution and claim it."""
    added = execution(**fields)
    await store.executions.add(added, NOTHING)
    claimed = await store.executions.claim("worker", NOON)
    assert claimed is not None
    assert claimed.id == added.id
    return claimed


async def asking(store: SqlStore, **fields: Any) -> tuple[Execution, Approval]:
    """Bring an execution to wait for one approval."""
    before = await running(store, **fields)
    asked = approval(before.id)
    waiting = replace(before, state=State.WAITING, phase=Phase.ANSWERING)
    assert await store.executions.transition(before, waiting, Batch(open=(asked,)))
    return waiting, asked


async def finish(store: SqlStore, before: Execution, **fields: Any) -> Execution:
    """Complete an execution."""
    after = replace(before, **{"state": State.COMPLETED, "phase": None, "finished_at": later(60)} | fields)
    assert await store.executions.transition(before, after, NOTHING)
    return after
