"""The feed of changes, reports and the audit log: what is followed and read."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from runner.model import AuditEntry, AuditRecord, Change, Report
from runner.ports import Batch
from storage import audit as audit_log
from storage import batches
from storage.database import Database, upsert
from storage.rows import read
from storage.tables import audit, cursors, feed, reports

_AFTER = (
    sa.select(feed)
    .where(feed.c.seq > sa.bindparam("seq"))
    .order_by(feed.c.seq)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_REPORTS = sa.select(reports).where(reports.c.execution_id == sa.bindparam("execution_id")).order_by(reports.c.id)


class Feed:
    """The store of what happened, see `runner.ports.FeedStore`. Entries are written by `storage.database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, seq: int, *, limit: int = 500) -> Sequence[Change]:
        """Return changes newer than `seq`, in order."""
        return [read(Change, row) for row in await self._database.rows(_AFTER, seq=seq, limit=limit)]

    async def newest(self) -> int:
        """Return the newest seq; 0 for an empty feed."""
        return int(await self._database.scalar(sa.select(sa.func.max(feed.c.seq))) or 0)

    async def cursor(self, reader: str) -> int | None:
        """Return how far this reader has come; None if it is new."""
        seq = await self._database.scalar(sa.select(cursors.c.seq).where(cursors.c.reader == reader))
        return None if seq is None else int(seq)

    async def advance(self, reader: str, seq: int) -> None:
        """Remember how far this reader has come; never moves backwards."""
        async with self._database.writing() as unit:
            insert = upsert(cursors, unit.dialect).values(reader=reader, seq=seq)
            further = insert.excluded.seq > cursors.c.seq
            await unit.execute(
                insert.on_conflict_do_update(
                    index_elements=["reader"], set_={"seq": insert.excluded.seq}, where=further
                )
            )

    async def reports(self, execution_id: str) -> Sequence[Report]:
        """Return the newest report of each format."""
        rows = await self._database.rows(_REPORTS, execution_id=execution_id)
        latest = {row["format"]: read(Report, row) for row in rows}
        return sorted(latest.values(), key=lambda report: report.id)

    async def add_report(self, report: Report, batch: Batch) -> None:
        """Insert a report made after the end of an execution."""
        async with self._database.writing() as unit:
            await unit.insert(reports, [batches.plain(reports, report)])
            await batches.write(unit, batch, at=report.created_at)

    async def audit(self, *, subject: str = "", limit: int = 100) -> Sequence[AuditEntry]:
        """Return the newest audit entries, newest first, of one subject if given."""
        statement = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if subject:
            statement = statement.where(audit.c.subject == subject)
        rows = await self._database.rows(statement)
        return [read(AuditEntry, {**row, "details": json.loads(row["details"])}) for row in rows]

    async def audit_chain(self, after: int, *, limit: int = 500) -> Sequence[AuditRecord]:
        """Return audit entries newer than `after`, in order, as they are stored."""
        statement = audit_log.records(self._database.dialect, after, limit)
        return [audit_log.read_record(row) for row in await self._database.rows(statement)]

    async def audit_head(self) -> tuple[int, str] | None:
        """Return seq and hash that the newest entry of the audit log must have; None if that was removed."""
        row = await self._database.row(audit_log.HEAD)
        return None if row is None else (row["seq"], row["hash"])
