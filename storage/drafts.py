"""What people have begun to say in chats and not said yet."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from runner.model import Draft
from storage import batches
from storage.database import Database
from storage.rows import read
from storage.tables import drafts

_COLUMNS = drafts.c
_BY_ID = sa.select(drafts).where(_COLUMNS.id == sa.bindparam("id"))
_THERE = (_COLUMNS.messenger == sa.bindparam("messenger"), _COLUMNS.channel == sa.bindparam("channel"))
_NEWEST = (
    sa.select(drafts)
    .where(*_THERE, _COLUMNS.identity == sa.bindparam("identity"))
    .where(_COLUMNS.kind.in_(sa.bindparam("kinds", expanding=True)))
    .order_by(_COLUMNS.changed_at.desc(), _COLUMNS.id.desc())
    .limit(1)
)


class Drafts:
    """The store of drafts, see `runner.ports.DraftStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, draft_id: str) -> Draft | None:
        """Return a draft by id."""
        row = await self._database.row(_BY_ID, id=draft_id)
        return read(Draft, row) if row else None

    async def newest(self, messenger: str, channel: str, identity: str, *kinds: str) -> Draft | None:
        """Return what of these kinds somebody has worked on last in a channel."""
        row = await self._database.row(_NEWEST, messenger=messenger, channel=channel, identity=identity, kinds=kinds)
        return read(Draft, row) if row else None

    async def save(self, draft: Draft) -> None:
        """Insert or replace a draft by id."""
        async with self._database.writing(urgent=True) as unit:
            await unit.put(drafts, [batches.plain(drafts, draft)])

    async def end(self, draft: Draft) -> bool:
        """Put this in the place of the draft with its id, whose kind was another; False if it was ended or is gone."""
        lasts = (_COLUMNS.id == draft.id, _COLUMNS.kind != draft.kind)
        async with self._database.writing(urgent=True) as unit:
            return await unit.changed(sa.update(drafts).where(*lasts).values(batches.plain(drafts, draft)))

    async def remove(self, draft_id: str) -> bool:
        """Forget a draft; False if it was gone: it is carried out by whoever removes it."""
        async with self._database.writing(urgent=True) as unit:
            return await unit.changed(sa.delete(drafts).where(_COLUMNS.id == draft_id))

    async def forget(self, before: datetime) -> None:
        """Forget the drafts that nobody has changed since."""
        async with self._database.writing() as unit:
            await unit.execute(sa.delete(drafts).where(_COLUMNS.changed_at < before))
