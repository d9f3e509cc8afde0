"""What came in from chat products: stored before it is acknowledged, kept until it is dealt with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from runner.model import Arrival
from storage import batches
from storage.database import Database
from storage.rows import read
from storage.tables import arrivals

_WAITING = (
    sa.select(arrivals)
    .where(
        arrivals.c.messenger == sa.bindparam("messenger"),
        arrivals.c.seq > sa.bindparam("seq"),
        arrivals.c.done_at.is_(None),
    )
    .order_by(arrivals.c.seq)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


class Arrivals:
    """The store of arrivals, see `runner.ports.ArrivalStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_in(self, arrival: Arrival) -> bool:
        """Store an arrival; False if it had come before, dealt with or not."""
        row = {name: item for name, item in batches.plain(arrivals, arrival).items() if name != "seq"}
        async with self._database.writing(urgent=True) as unit:
            insert = unit.upsert(arrivals).values(row).on_conflict_do_nothing(index_elements=["messenger", "key"])
            return await unit.row(insert.returning(arrivals.c.seq)) is not None

    async def waiting(self, messenger: str, *, after: int = 0, limit: int = 100) -> Sequence[Arrival]:
        """Return what is not dealt with yet, in order of coming."""
        rows = await self._database.rows(_WAITING, messenger=messenger, seq=after, limit=limit)
        return [read(Arrival, row) for row in rows]

    async def newest(self, messenger: str, prefix: str, since: datetime) -> Mapping[str, datetime]:
        """Return, by channel, when the newest arrival came whose key begins so; older ones count as none."""
        own = (arrivals.c.messenger == messenger, arrivals.c.key >= prefix, arrivals.c.key < _after(prefix))
        newest = sa.select(arrivals.c.channel, sa.func.max(arrivals.c.at).label("at"))
        rows = await self._database.rows(newest.where(*own, arrivals.c.at >= since).group_by(arrivals.c.channel))
        return {row["channel"]: row["at"] for row in rows}

    async def done(self, arrival: Arrival, at: datetime) -> None:
        """Note that an arrival is dealt with. Its key stays known, what it said is forgotten."""
        own = (arrivals.c.messenger == arrival.messenger, arrivals.c.key == arrival.key)
        async with self._database.writing() as unit:
            await unit.execute(sa.update(arrivals).where(*own).values(done_at=at, payload={}))

    async def forget(self, messenger: str, before: datetime) -> None:
        """Forget what was dealt with before this time: the product does not deliver it again."""
        own = (arrivals.c.messenger == messenger, arrivals.c.done_at < before)
        async with self._database.writing() as unit:
            await unit.execute(sa.delete(arrivals).where(*own))


def _after(prefix: str) -> str:
    """Return the first key that no longer begins so; the prefix ends in a plain letter or sign."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
