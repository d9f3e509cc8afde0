"""Daily sums over finished executions, kept up to date in the transaction that finishes one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from runner.model import Execution, State
from storage.database import Unit, upsert
from storage.tables import stats_daily, tasks

_SUMS = ("completed", "failed", "cancelled", "turns", "tokens", "cost_usd", "duration_ms")


async def count_finished(unit: Unit, execution: Execution, at: datetime) -> None:
    """Add an execution that has just become final to the counters of its task and to the rollups.

    Duration runs from the first start to the end. `at` stands in for an end that the execution does not tell.
    """
    ended = (execution.finished_at or at).astimezone(UTC)
    if execution.task_id is not None:
        await unit.execute(_count_task(execution, ended))
    insert = upsert(stats_daily, unit.dialect)
    grown = {name: stats_daily.c[name] + insert.excluded[name] for name in _SUMS}
    sums = _sums(execution, ended)
    rows = [
        {"day": ended.date().isoformat(), "dimension": dimension, "key": key, **sums}
        for dimension, key in _dimensions(execution)
    ]
    await unit.execute(insert.on_conflict_do_update(index_elements=["day", "dimension", "key"], set_=grown), rows)


def _count_task(execution: Execution, ended: datetime) -> sa.Update:
    columns = tasks.c
    return (
        sa.update(tasks)
        .where(columns.id == execution.task_id)
        .values(
            run_count=columns.run_count + 1,
            completed_count=columns.completed_count + int(execution.state is State.COMPLETED),
            failed_count=columns.failed_count + int(execution.state is State.FAILED),
            last_run_at=execution.started_at or ended,
        )
    )


def _dimensions(execution: Execution) -> list[tuple[str, str]]:
    """Name the sums an execution counts in; always in this order, so that two transactions cannot deadlock."""
    dimensions = [("agent", execution.options.agent), ("all", ""), ("person", execution.person_id)]
    if execution.project is not None:
        dimensions.append(("project", execution.project))
    if execution.task_id is not None:
        dimensions.append(("task", execution.task_id))
    return dimensions


def _sums(execution: Execution, ended: datetime) -> dict[str, Any]:
    seconds = (ended - execution.started_at).total_seconds() if execution.started_at else 0.0
    return {
        "completed": int(execution.state is State.COMPLETED),
        "failed": int(execution.state is State.FAILED),
        "cancelled": int(execution.state is State.CANCELLED),
        "turns": execution.usage.turns,
        "tokens": execution.usage.tokens,
        "cost_usd": execution.usage.cost_usd,
        "duration_ms": max(0, round(seconds * 1000)),
    }
