"""The audit log: entries form a chain of hashes, so that a changed, removed or inserted one is found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.errors import StorageError
from runner.model import AuditEntry, AuditRecord
from storage.codec import encode
from storage.columns import Moment, clean
from storage.tables import audit, audit_head

HEAD = sa.select(audit_head.c.seq, audit_head.c.hash)

_LOCKED_HEAD = HEAD.with_for_update()
_TEXTS = tuple(column for column in audit.c if column.name not in {"seq", "at"})
_MOMENT = Moment()
_INSERT = sa.insert(audit)


async def append(connection: AsyncConnection, entries: Sequence[AuditEntry]) -> None:
    """Add entries to the end of the chain, inside the transaction of `connection`.

    The row of the head is the lock: on PostgreSQL the next writer waits for this commit and then reads the head anew,
    so the chain cannot fork; SQLite has one writer anyway. The head moves by a trigger. Raises StorageError if nothing
    can follow because somebody has changed the log: what cannot be logged is not done.
    """
    if not entries:
        return
    head = (await connection.execute(_LOCKED_HEAD)).one_or_none()
    if head is None:
        raise _tampered("its head is missing")
    rows = []
    seq, newest = head
    for entry in entries:
        record = _sealed(entry, seq + 1, newest, connection.dialect)
        rows.append(asdict(record) | {"at": entry.at})
        seq, newest = record.seq, record.hash
    try:
        await connection.execute(_INSERT, rows)
    except IntegrityError as error:
        raise _tampered("it does not end where its head says") from error


def records(dialect: str, after: int, limit: int) -> sa.Select[Any]:
    """Select entries newer than `after` in order, without translating a column: somebody may have changed any.

    SQLite is asked for bytes, because text that is not UTF-8 could not be fetched.
    """
    texts = [sa.cast(column, sa.LargeBinary).label(column.name) for column in _TEXTS] if dialect == "sqlite" else _TEXTS
    columns = (audit.c.seq, sa.type_coerce(audit.c.at, sa.BigInteger).label("at"), *texts)
    return sa.select(*columns).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)


def read_record(row: Mapping[str, Any]) -> AuditRecord:
    """Build an entry from what `records` selects."""
    at = row["at"] if isinstance(row["at"], int) else -1  # SQLite keeps any value in any column; no entry is that old
    return AuditRecord(**{**row, "at": at, **{column.name: _text(row[column.name]) for column in _TEXTS}})


def _text(stored: str | bytes) -> str:
    return stored.decode("utf-8", "surrogateescape") if isinstance(stored, bytes) else stored


def _sealed(entry: AuditEntry, seq: int, newest: str, dialect: sa.Dialect) -> AuditRecord:
    """Return an entry as it is stored after the one with the hash `newest`."""
    record = AuditRecord(
        seq=seq,
        at=cast("int", _MOMENT.process_bind_param(entry.at, dialect)),
        person_id=clean(entry.person_id),
        action=clean(entry.action),
        subject=clean(entry.subject),
        details=json.dumps(encode(entry.details), sort_keys=True, separators=(",", ":")),
        prev_hash=newest,
    )
    return replace(record, hash=record.proof)


def _tampered(what: str) -> StorageError:
    return StorageError(
        f"The audit log was changed from outside: {what}.",
        hint="Nothing was done. `signoff audit verify` tells more; a backup has the log as it was.",
    )
