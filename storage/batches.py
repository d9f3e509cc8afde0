"""The parts of a `Batch`: what is written together with an execution, and the conditions that must hold for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runner.model import Approval, ApprovalState, Message, Rule, new_id
from runner.ports import Batch
from storage import tables
from storage.database import Unit


async def write(unit: Unit, batch: Batch, *, at: datetime | None = None) -> None:
    """Write every part of a batch. Raises Stale if a condition fails.

    `at` is when answers count as delivered; without it, the time of the newest entry in the batch.
    """
    await _open(unit, batch.open)
    for approval in batch.settle:
        await _settle(unit, approval)
    for approval in batch.amend:
        await _amend(unit, approval)
    for approval_id, outcome in batch.outcomes.items():
        await unit.execute(_of(approval_id).values(outcome=outcome))
    for approval_id, preview in batch.previews.items():
        await unit.execute(_of(approval_id).values(preview=preview))
    for approval_id in batch.deliver:
        await _deliver(unit, approval_id, at or newest(batch))
    await unit.put(tables.steps, (plain(tables.steps, step) for step in batch.steps))
    await write_messages(unit, batch.messages)
    await unit.put(tables.rules, (plain(tables.rules, _named(rule)) for rule in batch.rules))
    await unit.put(tables.reports, (plain(tables.reports, report) for report in batch.reports))
    unit.note(batch.audit)
    unit.announce(batch.changes)


async def write_messages(unit: Unit, messages: Iterable[Message]) -> None:
    """Insert or replace messages. Their pictures never change, so those that are there stay."""
    listed = tuple(messages)
    await unit.put(tables.messages, (plain(tables.messages, message) for message in listed))
    await unit.put(
        tables.attachments,
        (
            {"message_id": message.id, "number": number, "media_type": image.media_type, "data": image.data}
            for message in listed
            for number, image in enumerate(message.images)
        ),
    )


def newest(batch: Batch, *times: datetime | None) -> datetime:
    """Return the latest of these times and of those in the batch: the moment of the write, as far as values tell it."""
    known = [change.at for change in batch.changes] + [entry.at for entry in batch.audit]
    return max([*known, *(time for time in times if time is not None)])


def plain(table: sa.Table, value: object, **more: object) -> dict[str, Any]:
    """Return the columns of a table that a value has fields for, and `more`."""
    row = {column.name: getattr(value, column.name) for column in table.c if hasattr(value, column.name)}
    return row | more


def tail(whole_id: str) -> str:
    """Return the end of an id, reversed, as `tables` explains."""
    return whole_id[:-9:-1]


def _named(rule: Rule) -> Rule:
    return rule if rule.id else replace(rule, id=new_id())


async def _open(unit: Unit, approvals: Iterable[Approval]) -> None:
    rows = [plain(tables.approvals, approval, tail=tail(approval.id)) for approval in approvals]
    await unit.insert(tables.approvals, rows)


def _of(approval_id: str) -> sa.Update:
    return sa.update(tables.approvals).where(tables.approvals.c.id == approval_id)


async def _settle(unit: Unit, approval: Approval) -> None:
    """Give an open approval its final state: the first answer wins."""
    await _change(unit, approval, "state answer answered_by on_behalf_of answered_at votes outcome")


async def _amend(unit: Unit, approval: Approval) -> None:
    """Write what changes while an approval stays open."""
    await _change(unit, approval, "votes timetable done next_at")


async def _change(unit: Unit, approval: Approval, listed: str) -> None:
    """Write fields of an approval that is open and as it was read; whatever it gets is one revision more."""
    columns = tables.approvals.c
    as_read = (columns.state == ApprovalState.OPEN, columns.revision == approval.revision)
    written = {name: getattr(approval, name) for name in listed.split()} | {"revision": approval.revision + 1}
    unit.require(await unit.changed(_of(approval.id).where(*as_read).values(written)))


async def _deliver(unit: Unit, approval_id: str, at: datetime) -> None:
    """Mark an answer as told to the agent: it is told once."""
    columns = tables.approvals.c
    fresh = _of(approval_id).where(columns.state != ApprovalState.OPEN, columns.delivered_at.is_(None))
    unit.require(await unit.changed(fresh.values(delivered_at=at)))
