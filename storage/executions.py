"""Executions, their steps and messages. The heart of it is `transition`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runner.model import (
    ApprovalState,
    Author,
    Change,
    ChangeKind,
    Execution,
    Freeze,
    Image,
    Message,
    Phase,
    State,
    Step,
)
from runner.ports import Batch, ExecutionQuery, Page
from storage import batches, listing, rollups, search
from storage.claims import ACTIVE, attempt_row, claim, end_attempt
from storage.columns import literals
from storage.database import Database, Stale, Unit
from storage.failures import collided
from storage.rows import execution_row, page, read, read_execution
from storage.tables import approvals, attachments, attempts, executions, freezes, messages, steps

# One claimer can lose the same race again only if others won in between, so a few tries are plenty.
_CLAIM_TRIES = 3
_THE_FREEZE = 1  # the key of the only row there can be
_BY_ID = sa.select(executions).where(executions.c.id == sa.bindparam("id"))
_OURS = (
    sa.select(executions.c.state)
    .where(executions.c.id == sa.bindparam("id"), executions.c.epoch == sa.bindparam("epoch"))
    .with_for_update(read=True)
)
_LISTENING = (
    sa.select(executions.c.id)
    .where(
        executions.c.id == sa.bindparam("id"),
        executions.c.state.not_in([state for state in State if state.final]),
        sa.or_(executions.c.phase.is_(None), executions.c.phase.in_([phase for phase in Phase if phase.listens])),
    )
    .with_for_update(read=True)
)
_FREEZE = sa.select(freezes)
_SAID = sa.select(messages).where(messages.c.execution_id == sa.bindparam("execution_id")).order_by(messages.c.id)
_UNDELIVERED = _SAID.where(messages.c.author == Author.PERSON, messages.c.delivered_at.is_(None))
_ASKED = (
    sa.select(approvals.c.id)
    .where(approvals.c.execution_id == sa.bindparam("execution_id"), literals(approvals.c.state, ApprovalState.OPEN))
    .limit(1)
)
_TEXTS = frozenset({"title", "task_name", "summary", "prompt"})  # what search looks through


class Executions:
    """The store of executions, see `runner.ports.ExecutionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, execution: Execution, batch: Batch) -> None:
        """Insert an execution with what belongs to it."""
        async with self._database.writing() as unit:
            await unit.insert(executions, [execution_row(execution)])
            await search.index_execution(unit, execution)
            await batches.write(unit, batch, at=execution.created_at)

    async def frozen(self) -> Freeze | None:
        """Return the freeze in force."""
        row = await self._database.row(_FREEZE)
        return read(Freeze, row) if row else None

    async def freeze(self, freeze: Freeze | None, batch: Batch) -> bool:
        """Freeze everything, or release it (None); False if it was so already, and nothing is written then."""
        try:
            async with self._database.writing() as unit:
                frozen = await unit.row(sa.select(freezes.c.id)) is not None
                unit.require(frozen is (freeze is None))
                if freeze is None:
                    await unit.execute(sa.delete(freezes))
                else:
                    await unit.insert(freezes, [batches.plain(freezes, freeze, id=_THE_FREEZE)])
                await batches.write(unit, batch)
        except Stale:
            return False
        except IntegrityError as error:  # two people froze at once
            if not collided(error):
                raise
            return False
        return True

    async def claim(self, worker: str, at: datetime) -> Execution | None:
        """Take the first claimable execution for this worker; None if there is none."""
        for _ in range(_CLAIM_TRIES):
            try:
                return await self._claim(worker, at)
            except IntegrityError as error:  # another claimer began an execution of the same conversation
                if not collided(error):
                    raise
        return None

    async def _claim(self, worker: str, at: datetime) -> Execution | None:
        async with self._database.writing() as unit:
            row = await unit.row(claim(worker, at))
            if row is None:
                return None
            await unit.insert(attempts, [attempt_row(row, at)])
            execution = read_execution(row)
            unit.announce([_started(execution, at)])
        return execution

    async def transition(self, before: Execution, after: Execution, batch: Batch) -> bool:
        """Write `after` and the batch if nothing moved since `before`; otherwise nothing, and return False.

        Conditions: the state and epoch are those of `before`; a final state stays; what is settled was open, what is
        delivered was not delivered; at the end an approval is open exactly if the execution waits; and no two
        executions of a conversation are active, nor two approvals open for one step.
        """
        if before.state.final and after.state is not before.state:
            return False
        at = batches.newest(batch, after.finished_at, after.started_at, after.created_at)
        try:
            async with self._database.writing(urgent=bool(batch.open or batch.settle)) as unit:
                await _replace(unit, before, after)
                await batches.write(unit, batch, at=at)
                await _require_question_iff_waiting(unit, after.id, after.state)
                await _close(unit, before, after, at)
        except Stale:
            return False
        except IntegrityError as error:
            if not collided(error):
                raise
            return False
        return True

    async def record(self, execution: Execution, batch: Batch, *, urgent: bool = False) -> bool:
        """Write what a run left behind; False, and nothing written, if another claim has taken over.

        Answers are delivered to a live execution only, and to none while everything is frozen.
        """
        try:
            async with self._database.writing(urgent=urgent or bool(batch.deliver)) as unit:
                row = await unit.row(_OURS, {"id": execution.id, "epoch": execution.epoch}) or {}
                unit.require(bool(row))
                if batch.deliver:
                    unit.require(row["state"] in ACTIVE)
                    unit.require(await unit.row(_FREEZE) is None)
                await batches.write(unit, batch, at=batches.newest(batch, execution.created_at))
                if batch.open or batch.settle:
                    await _require_question_iff_waiting(unit, execution.id, row["state"])
        except Stale:
            return False
        return True

    async def say(self, message: Message, batch: Batch) -> bool:
        """Store a message of a person; False, and nothing written, if the execution does not listen any more."""
        try:
            async with self._database.writing() as unit:
                unit.require(await unit.row(_LISTENING, {"id": message.execution_id}) is not None)
                await batches.write_messages(unit, [message])
                await batches.write(unit, batch, at=message.created_at)
        except Stale:
            return False
        return True

    async def said(self, source: str) -> Message | None:
        """Return the newest message that was said in this message of a chat product, without its pictures."""
        found = sa.select(messages).where(messages.c.source == source).order_by(messages.c.id.desc()).limit(1)
        row = await self._database.row(found)
        return read(Message, row) if row else None

    async def reword(self, message: Message, text: str | None, batch: Batch) -> bool:
        """Give a message another text, or withdraw it (None); False if the agent's program has it already."""
        columns = messages.c
        own = sa.update(messages).where(columns.id == message.id, columns.handed_at.is_(None))
        try:
            async with self._database.writing() as unit:
                unit.require(await unit.changed(own.values(text=message.text if text is None else text)))
                if text is None:
                    await unit.execute(sa.delete(attachments).where(attachments.c.message_id == message.id))
                    await unit.execute(sa.delete(messages).where(columns.id == message.id))
                await batches.write(unit, batch)
        except Stale:
            return False
        return True

    async def hand(self, message: Message, at: datetime) -> Message | None:
        """Note that a message goes to the agent's program now, and return it as it reads; None if it is withdrawn."""
        columns = messages.c
        handed = sa.func.coalesce(columns.handed_at, sa.bindparam("at", at, columns.handed_at.type))
        own = sa.update(messages).where(columns.id == message.id).values(handed_at=handed)
        async with self._database.writing() as unit:
            row = await unit.row(own.returning(columns.text, columns.handed_at))
        return replace(message, text=row["text"], handed_at=row["handed_at"]) if row else None

    async def get(self, execution_id: str) -> Execution | None:
        """Return an execution by its whole id."""
        row = await self._database.row(_BY_ID, id=execution_id)
        return read_execution(row) if row else None

    async def find(self, handle: str) -> Sequence[Execution]:
        """Return up to five executions whose id ends in this handle, newest first."""
        statement = listing.by_handle(executions, handle)
        return [] if statement is None else await self._read(statement)

    async def list(self, query: ExecutionQuery) -> Page[Execution]:
        """List executions, newest first."""
        return page(await self._read(listing.listed(query, self._database.dialect)), query.limit)

    async def live(self, worker: str | None = None) -> Sequence[Execution]:
        """Return all executions that are running or waiting, oldest first."""
        statement = sa.select(executions).where(literals(executions.c.state, *ACTIVE)).order_by(executions.c.id)
        if worker is not None:
            statement = statement.where(executions.c.worker == worker)
        return await self._read(statement)

    async def steps(self, execution_id: str, *, last: int | None = None) -> Sequence[Step]:
        """Return the steps in order; only the newest `last` of them if given."""
        statement = sa.select(steps).where(steps.c.execution_id == execution_id).order_by(steps.c.id.desc())
        rows = await self._database.rows(statement if last is None else statement.limit(last))
        return [read(Step, row) for row in reversed(rows)]

    async def messages(self, execution_id: str, *, undelivered: bool = False) -> Sequence[Message]:
        """Return the messages in order; with `undelivered` only those of people the agent has not got."""
        rows = await self._database.rows(_UNDELIVERED if undelivered else _SAID, execution_id=execution_id)
        pictures = defaultdict(list)
        for row in await self._database.rows(_images(execution_id)) if rows else ():
            pictures[row["message_id"]].append(read(Image, row))
        return [read(Message, row, images=tuple(pictures[row["id"]])) for row in rows]

    async def count(self, states: Sequence[State]) -> int:
        """Count executions in these states; quick for live ones, whatever has ended."""
        statement = sa.select(sa.func.count()).select_from(executions).where(executions.c.state.in_(states))
        return int(await self._database.scalar(statement) or 0)

    async def _read(self, statement: sa.Select[Any]) -> Sequence[Execution]:
        return [read_execution(row) for row in await self._database.rows(statement)]


def _images(execution_id: str) -> sa.Select[Any]:
    return (
        sa.select(attachments)
        .join(messages, messages.c.id == attachments.c.message_id)
        .where(messages.c.execution_id == execution_id)
        .order_by(attachments.c.message_id, attachments.c.number)
    )


def _started(execution: Execution, at: datetime) -> Change:
    return Change(
        kind=ChangeKind.EXECUTION,
        event="execution.started",
        execution_id=execution.id,
        subject_id=execution.id,
        body={"worker": execution.worker, "attempt": execution.attempt},
        at=at,
    )


async def _replace(unit: Unit, before: Execution, after: Execution) -> None:
    """Write the fields that differ, so that a write of other fields in between is not undone. Raises Stale."""
    old, new = execution_row(before), execution_row(after)
    changed = {name: item for name, item in new.items() if item != old[name]}
    columns = executions.c
    unmoved = (columns.id == before.id, columns.state == before.state, columns.epoch == before.epoch)
    unit.require(await unit.changed(sa.update(executions).where(*unmoved).values(changed or {"epoch": before.epoch})))
    if _TEXTS & changed.keys():
        await search.index_execution(unit, after)


async def _require_question_iff_waiting(unit: Unit, execution_id: str, state: State) -> None:
    """Hold that an approval is open exactly while its execution waits. Raises Stale.

    The state alone does not tell: while one person answers the only question there was, the agent may ask another.
    """
    asked = await unit.row(_ASKED, {"execution_id": execution_id})
    unit.require((asked is not None) is (state is State.WAITING))


async def _close(unit: Unit, before: Execution, after: Execution, at: datetime) -> None:
    """Write how an attempt ended, and count an execution that has just become final."""
    if before.worker is not None and (after.worker is None or after.state not in ACTIVE):
        ended = {"ended_at": at, "session": after.session, "state": after.state, "reason": after.reason}
        await unit.execute(end_attempt(after.id, before.attempt).values(ended))
    if after.state.final and not before.state.final:
        await rollups.count_finished(unit, after, at)
