"""aiosqlite as SQLAlchemy drives it, with one visit to the connection's thread for each statement.

Every connection of aiosqlite has a thread that does its work. SQLAlchemy sends it a visit to make a cursor, one to
execute, one to fetch, one to close, and one to roll back a transaction that there may not be. A visit takes longer
than the statement: what is asked must wait for the thread, and what comes back for the event loop.
`tests/bench/statements.py` compares the two.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, cast

import aiosqlite

_CHUNK = 64  # aiosqlite's own; only its iteration of a cursor uses it, which nothing here does

Parameters = Sequence[Any]
Visit = Callable[..., Awaitable[Any]]


class OneVisitCursor:
    """An asynchronous cursor whose rows are fetched by the visit that executes."""

    def __init__(self, visit: Visit, connection: sqlite3.Connection) -> None:
        self._visit = visit
        self._connection = connection
        self._rows: list[Any] = []
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        """Begin; there is nothing to open yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        await self.close()

    async def execute(self, statement: str, parameters: Parameters = ()) -> Self:
        """Run a statement and fetch what it returns."""
        await self._visit(self._run, "execute", statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Parameters]) -> Self:
        """Run a statement once for each of the parameters."""
        await self._visit(self._run, "executemany", statement, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Return the rows that the statement returned."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget the rows; the cursor was closed when they had been fetched."""
        self._rows = []

    def _run(self, method: str, statement: str, parameters: Parameters) -> None:
        """Do the whole work, in the connection's thread."""
        cursor = self._connection.cursor()
        try:
            getattr(cursor, method)(statement, parameters)
            self._rows = cursor.fetchall() if cursor.description else []
            self.description = cursor.description
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    """A connection that visits its thread only when there is something to do."""

    def cursor(self) -> OneVisitCursor:  # type: ignore[override]  # entered as aiosqlite's is, which waits for it
        """Return a cursor; it visits the thread when it executes."""
        return OneVisitCursor(self._execute, self._conn)

    async def rollback(self) -> None:
        """Roll back the transaction if there is one: a pool asks for this whenever a connection comes back."""
        if self.in_transaction:
            await super().rollback()


def connect(database: str, **options: object) -> Connection:
    """Make a connection as `aiosqlite.connect` does: to be awaited. For SQLAlchemy's `async_creator_fn`."""
    connector = cast("Callable[[], sqlite3.Connection]", partial(sqlite3.connect, database, **options))
    connection = Connection(connector, _CHUNK)
    connection._thread.daemon = True  # as SQLAlchemy does: a connection left open must not hold the process
    return connection
