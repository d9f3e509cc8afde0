"""What is special about a database that is one file: its lock, its settings, its backups."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.engine.interfaces import DBAPIConnection

from runner.errors import DatabaseInUse, StorageError

BUSY_TIMEOUT_MS = 10_000  # facts: with three writing processes the unluckiest waited 4 s

_DURABLE = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file for this process. Raises DatabaseInUse, with the holder's process id if it is known.

    The id is kept beside the lock, because taking a lock empties the lock file. The system frees the lock when the
    process ends, however it ends.
    """
    _require_folder(path)
    lock = FileLock(f"{path}.lock")
    note = Path(f"{path}.pid")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _in_use(path, note) from None
    try:
        with suppress(OSError):  # the id is a courtesy: a full disk may still be read
            note.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _in_use(path: Path, note: Path) -> DatabaseInUse:
    try:
        pid = note.read_text(encoding="ascii").strip()
    except OSError:
        pid = ""
    holder = f"process {pid}" if pid.isdigit() else "another process"
    return DatabaseInUse(
        f"The database {path} is in use by a Signoff daemon ({holder}).",
        hint="Stop that daemon, or name another file in `storage.url`.",
    )


def revision(path: Path) -> str | None:
    """Return the schema revision of a file and switch it to write-ahead logging; None for a new file.

    Raises StorageError for a missing folder and for a database that somebody else made, sqlite3.Error for a file that
    is damaged or no database at all.
    """
    _require_folder(path)
    if path.is_dir():
        raise StorageError(f"{path} is a folder, not a database.", hint="Name a file in `storage.url`.")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if names and "alembic_version" not in names:
            raise StorageError(
                f"{path} is a database of another program.",
                hint="It was left as it is. Name another file in `storage.url`.",
            )
        connection.execute("PRAGMA journal_mode = WAL")
        if not names:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])


def _require_folder(path: Path) -> None:
    folder = path.absolute().parent
    if not folder.is_dir():
        raise StorageError(f"The folder {folder} of the database does not exist.", hint=f"Create it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise StorageError(f"The folder {folder} of the database cannot be written.", hint="Correct its permissions.")


def back_up(path: Path, label: str) -> Path:
    """Copy a database, consistently, to a new file beside it and return that file."""
    number = 0
    while (target := path.with_name(f"{path.name}.before-upgrade-from-{label}.{number}")).exists():
        number += 1
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def prepare_writer(connection: DBAPIConnection, record: object) -> None:  # noqa: ARG001 - signature of the event
    """Set up the connection that writes: durable to a power failure, foreign keys held."""
    _run(connection, *_DURABLE)


def prepare_reader(connection: DBAPIConnection, record: object) -> None:  # noqa: ARG001 - signature of the event
    """Set up a connection that can only read."""
    _run(connection, f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", "PRAGMA query_only = ON")


def _run(connection: DBAPIConnection, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
