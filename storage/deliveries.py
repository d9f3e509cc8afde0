"""Deliveries to chat products: one row a slot, written only by whoever has read its newest revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runner.model import Backlog, Delivery, DeliveryState, Lane, Slot, State
from storage.batches import plain
from storage.columns import literals
from storage.database import Database, upsert
from storage.rows import read
from storage.tables import deliveries, executions

_COLUMNS = deliveries.c
_SLOT = ("messenger", "channel", "thread", "key")
_UNDONE = literals(_COLUMNS.state, DeliveryState.WAITING, DeliveryState.SENDING)
_MINE = _COLUMNS.messenger == sa.bindparam("messenger")
_IN_SLOT = sa.select(deliveries).where(*(_COLUMNS[name] == sa.bindparam(name) for name in _SLOT))
_PLACES = sa.select(deliveries).where(_MINE, _COLUMNS.key == sa.bindparam("key")).order_by(_COLUMNS.id)
_SHOWN_AS = (
    sa.select(deliveries)
    .where(_MINE, _COLUMNS.channel == sa.bindparam("channel"), _COLUMNS.message_ref == sa.bindparam("message_ref"))
    .order_by(_COLUMNS.id.desc())
    .limit(1)
)
_CHANNELS = sa.select(_COLUMNS.channel).where(_MINE, _UNDONE).distinct()
_REPLACE = sa.update(deliveries).where(
    _COLUMNS.id == sa.bindparam("as_read_id"), _COLUMNS.revision == sa.bindparam("as_read_revision")
)
_LIVE = (State.PENDING, State.RUNNING, State.WAITING, State.STOPPED)


def _head(lane: Lane, *, edit: bool) -> sa.Select[Any]:
    """Ask for the first post, or edit, of a lane. What is on its way comes first: it is seen to hold up the others."""
    kind = _COLUMNS.message_ref.is_not(None) if edit else _COLUMNS.message_ref.is_(None)
    own = (_MINE, _COLUMNS.channel == sa.bindparam("channel"), _UNDONE, literals(_COLUMNS.lane, lane), kind)
    order = [_COLUMNS.next_at, _COLUMNS.turn] if lane is Lane.PROGRESS else [_COLUMNS.turn]
    on_its_way = sa.case((_COLUMNS.state == DeliveryState.SENDING, 0), else_=1)
    return sa.select(deliveries).where(*own).order_by(on_its_way, *order).limit(1)


def _heads() -> sa.CompoundSelect[Any]:
    parts = [_head(lane, edit=edit).subquery() for lane in Lane for edit in (False, True)]
    return sa.union_all(*(sa.select(part) for part in parts))


_HEADS = _heads()


class Deliveries:
    """The store of deliveries, see `runner.ports.DeliveryStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, slot: Slot) -> Delivery | None:
        """Return what is in a slot."""
        row = await self._database.row(_IN_SLOT, **{name: getattr(slot, name) for name in _SLOT})
        return read(Delivery, row) if row else None

    async def save(self, before: Delivery | None, after: Delivery) -> Delivery | None:
        """Replace `before` (None: insert) by `after`; None if the slot is not as `before` any more."""
        saved = replace(after, revision=before.revision + 1 if before else 0)
        row = plain(deliveries, saved)
        async with self._database.writing(urgent=after.lane is Lane.INTERACTIVE) as unit:
            if before is None:
                insert = upsert(deliveries, unit.dialect).values(row).on_conflict_do_nothing(index_elements=_SLOT)
                written = await unit.row(insert.returning(_COLUMNS.id)) is not None
            else:
                as_read = {"as_read_id": before.id, "as_read_revision": before.revision}
                written = await unit.changed(_REPLACE, row | as_read)
        return saved if written else None

    async def places(self, messenger: str, key: str) -> Sequence[Slot]:
        """Return where something stands under this key."""
        rows = await self._database.rows(_PLACES, messenger=messenger, key=key)
        return [read(Delivery, row).slot for row in rows]

    async def shown_as(self, messenger: str, channel: str, message_ref: str) -> Delivery | None:
        """Return what the message of this name shows; the newest, should the product have used the name twice."""
        row = await self._database.row(_SHOWN_AS, messenger=messenger, channel=channel, message_ref=message_ref)
        return read(Delivery, row) if row else None

    async def channels(self, messenger: str) -> Sequence[str]:
        """Return the channels in which something waits or is on its way."""
        return [row["channel"] for row in await self._database.rows(_CHANNELS, messenger=messenger)]

    async def heads(self, messenger: str, channel: str) -> Sequence[Delivery]:
        """Return the first post and the first edit of each lane of a channel: the one on its way, or next in turn."""
        rows = await self._database.rows(_HEADS, messenger=messenger, channel=channel)
        return [read(Delivery, row) for row in rows]

    async def stranded(self, messenger: str, owner: str, at: datetime, *, limit: int = 100) -> Sequence[Delivery]:
        """Return deliveries on their way whose lease belongs to `owner` or is over."""
        sending = (_COLUMNS.messenger == messenger, literals(_COLUMNS.state, DeliveryState.SENDING))
        free = sa.or_(_COLUMNS.lease_owner == owner, _COLUMNS.lease_until <= at)
        statement = sa.select(deliveries).where(*sending, free).order_by(_COLUMNS.turn).limit(limit)
        return [read(Delivery, row) for row in await self._database.rows(statement)]

    async def prune(self, before: datetime, *, limit: int = 500) -> int:
        """Forget deliveries that nothing happened to since `before`, and return how many."""
        live = sa.exists().where(executions.c.id == _COLUMNS.execution_id, literals(executions.c.state, *_LIVE))
        old = sa.select(_COLUMNS.id).where(_COLUMNS.changed_at < before, ~_UNDONE, ~live).limit(limit)
        async with self._database.writing() as unit:
            ids = list((await unit.execute(old)).scalars())
            await unit.execute(sa.delete(deliveries).where(_COLUMNS.id.in_(ids)))
        return len(ids)

    async def backlog(self, messenger: str | None = None) -> Sequence[Backlog]:
        """Return the channels in which something waits or is dead, by name; of all messengers unless one is given."""
        dead = literals(_COLUMNS.state, DeliveryState.DEAD)
        mine = (sa.true() if messenger is None else _COLUMNS.messenger == messenger, sa.or_(_UNDONE, dead))
        place = (_COLUMNS.messenger, _COLUMNS.channel)
        counted = sa.select(
            *place,
            sa.func.count().filter(_UNDONE).label("waiting"),
            sa.func.count().filter(dead).label("dead"),
            sa.func.min(_COLUMNS.waiting_since).filter(_UNDONE).label("oldest"),
        )
        rows = await self._database.rows(counted.where(*mine).group_by(*place).order_by(*place))
        errors = await self._errors(*mine)
        return [read(Backlog, row, error=errors.get((row["messenger"], row["channel"]), "")) for row in rows]

    async def _errors(self, *conditions: sa.ColumnElement[bool]) -> dict[tuple[str, str], str]:
        """Return the newest error of each channel."""
        place = (_COLUMNS.messenger, _COLUMNS.channel)
        latest = sa.func.row_number().over(partition_by=place, order_by=_COLUMNS.changed_at.desc())
        told = sa.select(*place, _COLUMNS.error, latest.label("place")).where(*conditions)
        part = told.where(_COLUMNS.error != "").subquery()
        rows = await self._database.rows(sa.select(part).where(part.c.place == 1))
        return {(row["messenger"], row["channel"]): row["error"] for row in rows}
