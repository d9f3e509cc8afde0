"""Approvals and rules as they are read; approvals are written by `storage.batches`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runner.model import Approval, ApprovalState, Rule, Scope
from runner.ports import Batch
from storage import batches, listing
from storage.columns import literals
from storage.database import Database, Stale
from storage.rows import read
from storage.tables import approvals, rules


class Approvals:
    """The store of approvals and rules, see `runner.ports.ApprovalStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, approval_id: str) -> Approval | None:
        """Return an approval by its whole id."""
        row = await self._database.row(sa.select(approvals).where(approvals.c.id == approval_id))
        return read(Approval, row) if row else None

    async def find(self, handle: str) -> Sequence[Approval]:
        """Return up to five approvals whose id ends in this handle, newest first."""
        statement = listing.by_handle(approvals, handle)
        return [] if statement is None else await self._read(statement)

    async def of(self, execution_id: str) -> Sequence[Approval]:
        """Return all approvals of an execution in order of asking."""
        own = approvals.c.execution_id == execution_id
        return await self._read(sa.select(approvals).where(own).order_by(approvals.c.id))

    async def open(self, *, limit: int = 100) -> Sequence[Approval]:
        """Return open approvals, oldest first."""
        is_open = literals(approvals.c.state, ApprovalState.OPEN)
        return await self._read(sa.select(approvals).where(is_open).order_by(approvals.c.id).limit(limit))

    async def rules(self, scope: Scope, scope_id: str) -> Sequence[Rule]:
        """Return rules of one run, task or project that are not revoked, in order of their making."""
        statement = sa.select(rules).where(
            rules.c.scope == scope, rules.c.scope_id == scope_id, rules.c.revoked_at.is_(None)
        )
        return [read(Rule, row) for row in await self._database.rows(statement.order_by(rules.c.id))]

    async def revoke(self, rule_id: str, at: datetime, batch: Batch) -> bool:
        """Revoke a rule; False if it was not in force."""
        statement = sa.update(rules).where(rules.c.id == rule_id, rules.c.revoked_at.is_(None)).values(revoked_at=at)
        try:
            async with self._database.writing() as unit:
                unit.require(await unit.changed(statement))
                await batches.write(unit, batch, at=at)
        except Stale:
            return False
        return True

    async def _read(self, statement: sa.Select[Any]) -> Sequence[Approval]:
        return [read(Approval, row) for row in await self._database.rows(statement)]
