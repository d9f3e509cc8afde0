"""Approvals and rules as they are read; approvals are written by `storage.batches`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from runner.model import Approval, ApprovalState, AskKind, History, Rule, Scope
from runner.ports import Batch
from storage import batches, listing
from storage.columns import literals
from storage.database import Database, Stale
from storage.rows import read
from storage.tables import approvals, rules

_OPEN = literals(approvals.c.state, ApprovalState.OPEN)
_BY_ID = sa.select(approvals).where(approvals.c.id == sa.bindparam("id"))
_OF = sa.select(approvals).where(approvals.c.execution_id == sa.bindparam("execution_id")).order_by(approvals.c.id)
_SCOPE = ("scope", "scope_id")
_DECISIONS = (ApprovalState.APPROVED, ApprovalState.DENIED)
_REPLAYED = 1_000  # decided steps that a replay looks at: a month of a busy project


class Approvals:
    """The store of approvals and rules, see `runner.ports.ApprovalStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, approval_id: str) -> Approval | None:
        """Return an approval by its whole id."""
        row = await self._database.row(_BY_ID, id=approval_id)
        return read(Approval, row) if row else None

    async def find(self, handle: str) -> Sequence[Approval]:
        """Return up to five approvals whose id ends in this handle, newest first."""
        statement = listing.by_handle(approvals, handle)
        return [] if statement is None else await self._read(statement)

    async def of(self, execution_id: str) -> Sequence[Approval]:
        """Return all approvals of an execution in order of asking."""
        return [read(Approval, row) for row in await self._database.rows(_OF, execution_id=execution_id)]

    async def open(self, *, after: str = "", limit: int = 100) -> Sequence[Approval]:
        """Return open approvals asked after the one with this id, oldest first."""
        statement = sa.select(approvals).where(_OPEN, approvals.c.id > after)
        return await self._read(statement.order_by(approvals.c.id).limit(limit))

    async def due(self, at: datetime, *, limit: int = 100) -> Sequence[Approval]:
        """Return open approvals for which something happens at or before `at`, the longest due first."""
        statement = sa.select(approvals).where(_OPEN, approvals.c.next_at <= at)
        return await self._read(statement.order_by(approvals.c.next_at).limit(limit))

    async def history(self, project: str, signature: str) -> History:
        """Count how people decided on steps of one signature in a project."""
        columns = approvals.c
        rows = await self._database.rows(
            sa.select(columns.state, sa.func.count().label("times"), sa.func.max(columns.answered_at).label("last"))
            .where(columns.project == project, columns.signature == signature, columns.state.in_(_DECISIONS))
            .group_by(columns.state)
        )
        times = {row["state"]: row["times"] for row in rows}
        return History(
            approved=times.get(ApprovalState.APPROVED, 0),
            denied=times.get(ApprovalState.DENIED, 0),
            last_at=max((row["last"] for row in rows), default=None),
        )

    async def decided(self, *, since: datetime, project: str = "", task_id: str = "") -> Sequence[Approval]:
        """Return the steps of a project or a task that people decided since then, newest first."""
        columns = approvals.c
        own = columns.task_id == task_id if task_id else columns.project == project
        fitting = (own, columns.kind == AskKind.STEP, columns.state.in_(_DECISIONS), columns.asked_at >= since)
        return await self._read(sa.select(approvals).where(*fitting).order_by(columns.id.desc()).limit(_REPLAYED))

    async def rule(self, rule_id: str) -> Rule | None:
        """Return a rule by its whole id, in force or not."""
        row = await self._database.row(sa.select(rules).where(rules.c.id == rule_id))
        return read(Rule, row) if row else None

    async def find_rules(self, handle: str) -> Sequence[Rule]:
        """Return up to five rules in force whose id ends in this handle. There are few rules, so all are looked at."""
        ending = rules.c.id.like("%" + "".join(letter for letter in handle.lower() if letter.isalnum()))
        statement = sa.select(rules).where(ending, rules.c.revoked_at.is_(None)).order_by(rules.c.id.desc()).limit(5)
        return [read(Rule, row) for row in await self._database.rows(statement)]

    async def write(self, batch: Batch) -> None:
        """Write what belongs to no execution's state: rules, previews, outcomes, with feed and audit entries."""
        async with self._database.writing() as unit:
            await batches.write(unit, batch)

    async def rules(self, *scopes: tuple[Scope, str]) -> Sequence[Rule]:
        """Return rules that are not revoked of these runs, tasks and projects, in order of the scopes given."""
        wanted = {f"{part}_{n}": item for n, pair in enumerate(scopes) for part, item in zip(_SCOPE, pair, strict=True)}
        found = [read(Rule, row) for row in await self._database.rows(_rules(len(scopes)), **wanted)]
        return sorted(found, key=lambda rule: scopes.index((rule.scope, rule.scope_id)))

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


@cache
def _rules(scopes: int) -> sa.Select[Any]:
    """Ask for the rules in force of so many scopes, each given by the parameters `scope_0`, `scope_id_0` and so on."""
    columns = rules.c
    own = (
        sa.and_(*(columns[part] == sa.bindparam(f"{part}_{number}", type_=columns[part].type) for part in _SCOPE))
        for number in range(scopes)
    )
    return sa.select(rules).where(sa.or_(sa.false(), *own), columns.revoked_at.is_(None)).order_by(columns.id)
