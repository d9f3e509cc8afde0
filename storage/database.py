"""Engines and transactions: SQLite in a file by default, PostgreSQL when many machines share one store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from runner.errors import StorageError
from runner.model import AuditEntry, Change
from storage import audit, migrations, sqlite_driver, sqlite_file, tables
from storage.failures import explained

OnChange = Callable[[Sequence[Change]], None]
Values = Mapping[str, Any]  # a row by the names of its columns
T = TypeVar("T")

_READERS = 4  # facts: 1,000 concurrent writes left readers at 1.6 ms median with four of them
_SERVER_CONNECTIONS = 10
_TOLD = tuple(column.name for column in tables.feed.c if column.name != "seq")
_TELL = sa.insert(tables.feed).returning(tables.feed.c.seq, sort_by_parameter_order=True)
_FEED_LOCK = 0x51607F  # any number nobody else uses as an advisory lock of this database


class Stale(Exception):
    """A condition of a write no longer holds: leave the transaction, nothing of it is kept."""


@dataclass(slots=True)
class Unit:
    """One write transaction. Entries given to `note` and `announce` are its last writes; the latter are shown after
    the commit.
    """

    connection: AsyncConnection
    noted: list[AuditEntry] = field(default_factory=list)
    announced: list[Change] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        """Name of the database's dialect: sqlite or postgresql."""
        return self.connection.dialect.name

    async def execute(
        self, statement: sa.Executable, parameters: Values | Sequence[Values] | None = None
    ) -> CursorResult[Any]:
        """Run a statement, once for each of the parameters."""
        return await uninterrupted(self.connection.execute(statement, parameters))

    async def row(self, statement: sa.Executable, parameters: Values | None = None) -> Values | None:
        """Return the first row, or None."""
        return cast("Values | None", (await self.execute(statement, parameters)).mappings().first())

    async def insert(self, table: sa.Table, rows: Iterable[Values]) -> None:
        """Insert rows."""
        if listed := list(rows):
            await self.execute(_insert(table), listed)

    async def put(self, table: sa.Table, rows: Iterable[Values]) -> None:
        """Insert rows or replace those with the same primary key."""
        if not (listed := list(rows)):
            return
        await self.execute(_put(table, self.dialect, tuple(listed[0])), listed)

    async def changed(self, statement: sa.Update | sa.Delete, parameters: Values | None = None) -> bool:
        """Run an UPDATE or DELETE and tell whether it met any row.

        After an INSERT the drivers' counts cannot be relied on.
        """
        return (await self.execute(statement, parameters)).rowcount > 0

    def require(self, condition: bool) -> None:
        """Raise Stale, and so leave the transaction, unless a condition still holds."""
        if not condition:
            raise Stale

    def note(self, entries: Iterable[AuditEntry]) -> None:
        """Add entries to the audit log when the transaction commits."""
        self.noted.extend(entries)

    def announce(self, changes: Iterable[Change]) -> None:
        """Add entries to the feed when the transaction commits."""
        self.announced.extend(changes)

    async def publish(self) -> Sequence[Change]:
        """Write noted and announced entries as the last acts of the transaction; return the latter numbered.

        On PostgreSQL numbers are drawn before they are committed; a reader could see 6, go on, and never see the 5 of
        a slower transaction. A lock held until the commit makes both orders one. Being taken last it waits for
        nothing else, so it cannot be part of a deadlock. The audit log has a lock of its own, taken just before, so
        that only those who write to it wait for it.
        """
        await audit.append(self.connection, self.noted)
        if not self.announced:
            return ()
        if self.dialect == "postgresql":
            await self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_FEED_LOCK)))
        rows = [{name: getattr(change, name) for name in _TOLD} for change in self.announced]
        numbers = (await self.connection.execute(_TELL, rows)).scalars().all()
        return tuple(replace(change, seq=seq) for change, seq in zip(self.announced, numbers, strict=True))


class Database:
    """Transactions on one database. Raises StorageError for what a person can mend."""

    def __init__(self, url: sa.URL, writer: AsyncEngine, reader: AsyncEngine, on_change: OnChange | None) -> None:
        self.url = _shown(url)
        self.dialect = url.get_backend_name()
        self._writer = writer
        self._reader = reader
        self._on_change = on_change
        self._line = asyncio.Lock()

    @asynccontextmanager
    async def writing(self, *, urgent: bool = False) -> AsyncIterator[Unit]:
        """Write in one transaction: all of the block or, if it raises, nothing. Then `on_change` is called.

        Where one writes at a time, what is `urgent` (a person waits for it) waits for one other at most, not for all
        that agents have to write.
        """
        in_line = nullcontext() if urgent or self.dialect != "sqlite" else self._line
        with explained(self.url):
            async with in_line, self._transaction() as unit:
                yield unit

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Unit]:
        connection = self._writer.connect()
        try:
            connection = await uninterrupted(connection.start())
            unit = Unit(connection)
            yield unit
            await uninterrupted(self._commit(unit))
        finally:
            if connection.sync_connection is not None:
                await uninterrupted(connection.close())  # rolls back what is not committed

    async def _commit(self, unit: Unit) -> None:
        published = await unit.publish()
        await unit.connection.commit()
        if published and self._on_change:
            self._on_change(published)

    async def rows(self, statement: sa.Executable, **parameters: object) -> Sequence[Values]:
        """Read rows.

        What is asked often is a statement that is built once and takes parameters: to build one takes four times as
        long as to run it.
        """
        with explained(self.url):
            return await uninterrupted(self._read(statement, parameters))

    async def row(self, statement: sa.Executable, **parameters: object) -> Values | None:
        """Read the first row; None if there is none."""
        return next(iter(await self.rows(statement, **parameters)), None)

    async def scalar(self, statement: sa.Select[T]) -> T | None:
        """Read one value; None if there is no row."""
        row = await self.row(statement)
        return None if row is None else cast("T", next(iter(row.values())))

    async def _read(self, statement: sa.Executable, parameters: Values) -> Sequence[Values]:
        async with self._reader.connect() as connection:
            return cast("Sequence[Values]", (await connection.execute(statement, parameters)).mappings().all())


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


def upsert(table: sa.Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Begin an INSERT that may end in ON CONFLICT; the databases share the words but not the module."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _put(table: sa.Table, dialect: str, columns: tuple[str, ...]) -> sa.Insert:
    """Insert rows with these columns, or replace those with the same primary key."""
    insert = upsert(table, dialect)
    keys = {column.name for column in table.primary_key}
    changed = {name: insert.excluded[name] for name in columns if name not in keys}
    return insert.on_conflict_do_update(index_elements=sorted(keys), set_=changed)


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even if the caller is cancelled meanwhile; the cancellation goes on afterwards.

    Interrupting a driver between a statement and its answer leaves connections that nobody closes, one of them with
    the write lock of a SQLite file. Every statement of ours ends within milliseconds, so it is simply waited for.
    """
    running = asyncio.get_running_loop().create_task(work)
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled and not running.cancelled():
        if error := running.exception():
            raise asyncio.CancelledError from error
        raise asyncio.CancelledError
    return running.result()


@asynccontextmanager
async def open_database(
    url_or_path: str | Path, *, on_change: OnChange | None = None, lock: bool = False, read_only: bool = False
) -> AsyncIterator[Database]:
    """Open a database, bring its schema up to date, and close every connection at the end.

    `lock` claims a SQLite file for one daemon (raises DatabaseInUse); PostgreSQL is made to be shared and needs none.
    `read_only` opens what is there and current, and can change nothing.
    Raises StorageError if the database cannot be used; it is never emptied, replaced or repaired behind one's back.
    """
    url = parse_url(url_or_path)
    async with AsyncExitStack() as stack:
        if url.get_backend_name() == "sqlite":
            path = Path(url.database or "")
            if lock:
                stack.enter_context(sqlite_file.locked(path))
            current = await asyncio.to_thread(_look if read_only else _examine, path)
            writer = await stack.enter_async_context(_engine(url, query_only=read_only))
            reader = await stack.enter_async_context(_engine(url, query_only=True))
        else:
            current = False
            writer = reader = await stack.enter_async_context(_server(url, read_only=read_only))
        if not current:
            with explained(_shown(url)):
                async with writer.begin() as connection:
                    await connection.run_sync(migrations.look if read_only else migrations.upgrade)
        yield Database(url, writer, reader, on_change)


def parse_url(url_or_path: str | Path) -> sa.URL:
    """Read a path, a sqlite:// or a postgresql:// URL. Raises StorageError for anything else."""
    text = str(url_or_path)
    if "://" not in text:
        return sa.URL.create("sqlite+aiosqlite", database=str(Path(text).expanduser()))
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StorageError(
            "The database URL cannot be read.", hint="Write a path or postgresql://host/name."
        ) from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database:
        return url.set(drivername="sqlite+aiosqlite")
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    raise StorageError(f"There is no store for {backend} databases.", hint="Write a path or postgresql://host/name.")


def _shown(url: sa.URL) -> str:
    """Name a database to people: a file by its path, a server without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def _examine(path: Path) -> bool:
    """Whether the file is at the newest revision; if it is at an older one, keep a copy of it."""
    with explained(str(path)):
        revision = sqlite_file.revision(path)
        current = migrations.is_current(revision, str(path))
        if revision is not None and not current:
            sqlite_file.back_up(path, revision)
    return current


def _look(path: Path) -> bool:
    """Refuse a file that is missing or not at the newest revision."""
    with explained(str(path)):
        if not path.exists():
            raise StorageError(f"There is no database {path}.", hint="`signoff up` makes it.")
        migrations.require_current(sqlite_file.revision(path), str(path))
    return True


@asynccontextmanager
async def _engine(url: sa.URL, *, query_only: bool) -> AsyncIterator[AsyncEngine]:
    """Make a SQLite engine: one connection that writes, or a few that can only read.

    The pool of one is the queue of writers. BEGIN IMMEDIATE takes the write lock before anything is read, so that a
    transaction never fails half-way because another process wrote in between.
    """
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=_READERS if query_only else 1,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"isolation_level": None, "async_creator_fn": sqlite_driver.connect},
    )
    sa.event.listen(
        engine.sync_engine, "connect", sqlite_file.prepare_reader if query_only else sqlite_file.prepare_writer
    )
    if not query_only:
        sa.event.listen(engine.sync_engine, "begin", _begin_immediate)
    try:
        yield engine
    finally:
        await asyncio.shield(engine.dispose())  # the driver's threads keep the process alive until they are closed


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@asynccontextmanager
async def _server(url: sa.URL, *, read_only: bool) -> AsyncIterator[AsyncEngine]:
    """Make a PostgreSQL engine. Pre-ping finds connections that a restart of the server has cut."""
    try:
        engine = create_async_engine(
            url,
            pool_size=_SERVER_CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": "-c default_transaction_read_only=on"} if read_only else {},
        )
    except ModuleNotFoundError as error:
        raise StorageError("PostgreSQL needs a driver.", hint="Install `signoff[distributed]`.") from error
    try:
        yield engine
    finally:
        await asyncio.shield(engine.dispose())
