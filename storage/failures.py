"""Errors of the databases, told to people in the words of Signoff."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from runner.errors import StoreAway

_NOTHING_LOST = "Everything committed before is still there."

# Primary result codes, https://www.sqlite.org/rescode.html: (what failed, what to do).
_SQLITE = {
    sqlite3.SQLITE_FULL: ("the disk is full", f"Free some space and try again. {_NOTHING_LOST}"),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", f"Look at the disk's health and space. {_NOTHING_LOST}"),
    sqlite3.SQLITE_CORRUPT: (
        "the file is damaged",
        "It was left as it is. Restore a backup, or try `sqlite3 FILE .recover`.",
    ),
    sqlite3.SQLITE_NOTADB: ("the file is not a database", "It was left as it is. Name another file in `storage.url`."),
    sqlite3.SQLITE_READONLY: (
        "the file cannot be written",
        "Give Signoff's user the right to write the file and its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened",
        "Give Signoff's user the right to write the file and its folder.",
    ),
    sqlite3.SQLITE_BUSY: ("another program holds the database", f"End that program and try again. {_NOTHING_LOST}"),
}

# Classes and codes, https://www.postgresql.org/docs/current/errcodes-appendix.html.
_POSTGRES = {
    "53100": ("the server's disk is full", f"Free some space on the server. {_NOTHING_LOST}"),
    "53": ("the server is out of resources", f"Look at the server's log. {_NOTHING_LOST}"),
    "57": ("the server is shutting down", f"Signoff goes on when it is back. {_NOTHING_LOST}"),
    "08": ("the server cannot be reached", f"Is it running? {_NOTHING_LOST}"),
    "28": ("the server refuses this user", "Check user and password in `storage.url`."),
    "3D": ("there is no such database on the server", "Create it with `createdb`, or correct `storage.url`."),
    "42501": ("this user may not do that", "Let the user own the database."),
    "XX": ("the server reports damaged data", "Look at the server's log."),
}


def explain(error: BaseException, place: str) -> StoreAway | None:
    """Translate what a driver raised; None if it is none of the faults that a person can mend."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        found = None if code is None else _SQLITE.get(code & 0xFF)  # the low byte is the primary code
    else:
        found = _explain_postgres(error)
    if found is None:
        return None
    what, hint = found
    return StoreAway(f"The database {place} cannot be used: {what}.", hint=hint)


def _explain_postgres(error: BaseException) -> tuple[str, str] | None:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    if any(cls.__name__ == "OperationalError" for cls in type(error).__mro__):  # no code: there was no connection
        return _POSTGRES["08"]
    return None


def collided(error: IntegrityError) -> bool:
    """Whether a write met something unique that is there already, rather than pointing at nothing."""
    return "unique" in str(error.orig).lower()


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Raise StoreAway in place of the driver's error where a person can do something about it."""
    try:
        yield
    except DBAPIError as error:
        known = explain(error.orig, place) if error.orig else None
        if known is None:
            raise
        raise known from error
    except PoolTimeout as error:
        raise StoreAway(
            f"The database {place} is too busy: a write found no free connection for half a minute.",
            hint=f"Is the disk or the machine overloaded? {_NOTHING_LOST}",
        ) from error
    except sqlite3.Error as error:
        known = explain(error, place)
        if known is None:
            raise
        raise known from error
