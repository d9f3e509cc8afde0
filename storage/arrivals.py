"""What came in from chat products: stored before it is acknowledged, kept until it is dealt with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from runner.model import Arrival
from storage import batches
from storage.database import Database, Values, upsert
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
_NEWEST_SEQ = sa.select(sa.func.max(arrivals.c.seq))

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Taking:
    """Somebody who waits until an arrival is stored; None: it could not be stored with the others."""

    arrival: Arrival
    is_new: asyncio.Future[bool | None]


class Arrivals:
    """The store of arrivals, see `runner.ports.ArrivalStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._door = asyncio.Lock()
        self._coming: list[_Taking] = []

    async def take_in(self, arrival: Arrival) -> bool:
        """Store an arrival; False if it had come before, dealt with or not.

        What comes at once is stored at once, by whoever is first: nobody's acknowledgement waits for as many
        transactions as there are others.
        """
        taking = _Taking(arrival, asyncio.get_running_loop().create_future())
        self._coming.append(taking)
        async with self._door:
            if not taking.is_new.done():
                await self._take_all_in()
            is_new = taking.is_new.result()
            return (await self._store([arrival]))[0] if is_new is None else is_new

    async def _take_all_in(self) -> None:
        coming, self._coming = self._coming, []
        found: Sequence[bool | None] = [None] * len(coming)
        try:
            found = await self._store([each.arrival for each in coming])
        except asyncio.CancelledError:
            self._coming = coming + self._coming  # nothing is stored: the next in line takes them along
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, each tries alone then, and hears of its own error
            log.warning("arrivals.apart: %s", error)
        for each, is_new in zip(coming, found, strict=True):
            each.is_new.set_result(is_new)

    async def _store(self, coming: Sequence[Arrival]) -> list[bool]:
        async with self._database.writing(urgent=True) as unit:
            return [await unit.row(_take_in(unit.dialect), _row(each)) is not None for each in coming]

    async def waiting(self, messenger: str, *, after: int = 0, limit: int = 100) -> Sequence[Arrival]:
        """Return what is not dealt with yet, in order of coming."""
        rows = await self._database.rows(_WAITING, messenger=messenger, seq=after, limit=limit)
        return [read(Arrival, row) for row in rows]

    async def newest_seq(self) -> int:
        """Return the place of the newest arrival in the order of coming, whosever it is; 0 if there was none."""
        return await self._database.scalar(_NEWEST_SEQ) or 0

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


@cache
def _take_in(dialect: str) -> sa.Executable:
    insert = upsert(arrivals, dialect)
    return insert.on_conflict_do_nothing(index_elements=["messenger", "key"]).returning(arrivals.c.seq)


def _row(arrival: Arrival) -> Values:
    return {name: item for name, item in batches.plain(arrivals, arrival).items() if name != "seq"}
