"""The store as a whole: open it, use its parts, and everything is closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

from runner.errors import StorageError
from storage.approvals import Approvals
from storage.arrivals import Arrivals
from storage.database import Database, OnChange, open_database
from storage.deliveries import Deliveries
from storage.drafts import Drafts
from storage.executions import Executions
from storage.feed import Feed
from storage.people import People
from storage.tasks import Tasks


class SqlStore:
    """Everything that is remembered, in SQLite or PostgreSQL; implements `runner.ports.Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.tasks = Tasks(database)
        self.executions = Executions(database)
        self.approvals = Approvals(database)
        self.people = People(database)
        self.feed = Feed(database)
        self.arrivals = Arrivals(database)
        self.deliveries = Deliveries(database)
        self.drafts = Drafts(database)

    @property
    def url(self) -> str:
        """Where it is, without any password."""
        return self._database.url

    async def check(self) -> None:
        """Look whether the database is whole. Raises StorageError if it is not, or does not answer."""
        if self._database.dialect != "sqlite":
            await self._database.scalar(sa.select(sa.literal(1)))
            return
        row = await self._database.row(sa.text("PRAGMA quick_check(1)"))
        found = row["quick_check"] if row else "no answer"
        if found != "ok":
            raise StorageError(f"The database {self.url} is damaged: {found}.", hint="Restore a backup.")


@asynccontextmanager
async def open_store(
    url_or_path: str | Path, *, on_change: OnChange | None = None, lock: bool = False, read_only: bool = False
) -> AsyncIterator[SqlStore]:
    """Open the store in a SQLite file (a path) or on a PostgreSQL server (postgresql://…), creating what is missing.

    `on_change` is called after each commit with the feed entries it brought. `lock` claims a file for one daemon and
    raises DatabaseInUse if there is one already. `read_only` opens what is there and current, beside
    a daemon or without one, and can neither create, upgrade nor write anything. Raises StorageError if the database
    cannot be used.
    """
    async with open_database(url_or_path, on_change=on_change, lock=lock, read_only=read_only) as database:
        yield SqlStore(database)
