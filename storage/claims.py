"""Claiming: which pending execution is begun next, and by whom. One statement, safe among many claimers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from runner.model import Phase, State
from storage.columns import Moment, literals
from storage.database import Values
from storage.tables import attempts, executions, freezes

ACTIVE = (State.RUNNING, State.WAITING)


def _first() -> sa.ScalarSelect[str]:
    """Ask for the first pending execution whose conversation is free and has no older pending one; none in a freeze."""
    waiting, older, active = executions.alias("waiting"), executions.alias("older"), executions.alias("active")
    behind = sa.exists().where(
        older.c.conversation_id == waiting.c.conversation_id,
        literals(older.c.state, State.PENDING),
        older.c.id < waiting.c.id,
    )
    busy = sa.exists().where(
        active.c.conversation_id == waiting.c.conversation_id,
        literals(active.c.state, *ACTIVE),
    )
    frozen = sa.exists(sa.select(freezes.c.id))
    return (
        sa.select(waiting.c.id)
        .where(literals(waiting.c.state, State.PENDING), ~behind, ~busy, ~frozen)
        .order_by(waiting.c.rank, waiting.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=waiting)
        .scalar_subquery()
    )


_FIRST = _first()  # built once: making aliases of sixty columns takes longer than the statement


def claim(worker: str, at: datetime) -> sa.Update:
    """Take the first claimable execution and return its row; no row if there is none.

    Only pending executions and those of their conversations are looked at, so the cost does not grow with history.
    PostgreSQL passes over rows that another claimer is about to take. Two claimers that look at one conversation at
    the same moment can still both find it free there: the unique index on active conversations then fails one of them
    with IntegrityError.
    """
    columns = executions.c
    return (
        sa.update(executions)
        .where(columns.id == _FIRST, literals(columns.state, State.PENDING))
        .values(
            state=State.RUNNING,
            phase=Phase.PREPARING,
            epoch=columns.epoch + 1,
            attempt=columns.attempt + 1,
            worker=worker,
            started_at=sa.func.coalesce(columns.started_at, sa.literal(at, Moment())),
            beat_at=at,
        )
        .returning(executions)
    )


def attempt_row(row: Values, at: datetime) -> dict[str, object]:
    """Return the attempt that a claim begins."""
    return {
        "execution_id": row["id"],
        "number": row["attempt"],
        "epoch": row["epoch"],
        "worker": row["worker"],
        "started_at": at,
    }


def end_attempt(execution_id: str, number: int) -> sa.Update:
    """Address an attempt, to write how it ended."""
    return sa.update(attempts).where(attempts.c.execution_id == execution_id, attempts.c.number == number)
