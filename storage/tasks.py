"""Saved tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runner.errors import NameTaken
from runner.model import Task
from runner.ports import Batch, Page, TaskQuery
from storage import batches, search
from storage.database import Database, Stale
from storage.rows import page, read
from storage.tables import tasks

# Written when executions end, never by an edit.
_COUNTERS = frozenset({"run_count", "completed_count", "failed_count", "last_run_at"})


class Tasks:
    """The store of tasks, see `runner.ports.TaskStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, task: Task, batch: Batch) -> None:
        """Insert a task. Raises NameTaken."""
        try:
            async with self._database.writing() as unit:
                await unit.insert(tasks, [task_row(task)])
                await batches.write(unit, batch, at=task.created_at)
        except IntegrityError as error:
            raise _taken(error, task.name) from error

    async def replace(self, before: Task, after: Task, batch: Batch) -> bool:
        """Replace a task if it is still as `before`. Raises NameTaken."""
        values = {name: item for name, item in task_row(after).items() if name not in _COUNTERS}
        statement = sa.update(tasks).where(tasks.c.id == before.id, tasks.c.updated_at == before.updated_at)
        try:
            async with self._database.writing() as unit:
                unit.require(await unit.changed(statement.values(values)))
                await batches.write(unit, batch, at=after.updated_at)
        except Stale:
            return False
        except IntegrityError as error:
            raise _taken(error, after.name) from error
        return True

    async def get(self, task_id: str) -> Task | None:
        """Return a task, deleted or not."""
        row = await self._database.row(sa.select(tasks).where(tasks.c.id == task_id))
        return read(Task, row) if row else None

    async def find(self, name: str) -> Task | None:
        """Return the task of this name that is not deleted."""
        in_use = tasks.c.deleted_at.is_(None)
        row = await self._database.row(sa.select(tasks).where(tasks.c.name_key == search.fold(name), in_use))
        return read(Task, row) if row else None

    async def list(self, query: TaskQuery) -> Page[Task]:
        """List tasks that are not deleted, newest first."""
        statement = sa.select(tasks).where(tasks.c.deleted_at.is_(None), *_conditions(query))
        rows = await self._database.rows(statement.order_by(tasks.c.id.desc()).limit(query.limit + 1))
        return page([read(Task, row) for row in rows], query.limit)

    async def names(self) -> Sequence[str]:
        """Return all names in use, in order."""
        in_use = tasks.c.deleted_at.is_(None)
        rows = await self._database.rows(sa.select(tasks.c.name).where(in_use).order_by(tasks.c.name_key))
        return [row["name"] for row in rows]


def task_row(task: Task) -> dict[str, Any]:
    """Return the columns of a task, those that only the store knows included."""
    return batches.plain(
        tasks,
        task,
        name_key=search.fold(task.name),
        words=search.task_words(task),
        tag_lines="".join(f"\n{search.fold(tag)}\n" for tag in task.tags),
    )


def _conditions(query: TaskQuery) -> list[sa.ColumnElement[bool]]:
    conditions = [tasks.c.tag_lines.contains(f"\n{search.fold(tag)}\n", autoescape=True) for tag in query.tags]
    if query.project is not None:
        conditions.append(tasks.c.project == query.project)
    if query.owner_id is not None:
        conditions.append(tasks.c.owner_id == query.owner_id)
    if query.after is not None:
        conditions.append(tasks.c.id < query.after)
    if query.text:
        conditions.extend(search.among_tasks(query.text))
    return conditions


def _taken(error: IntegrityError, name: str) -> Exception:
    """Tell a taken name from other broken constraints, which are faults of the caller."""
    if "name_key" not in str(error.orig):
        return error
    return NameTaken(f"There is a task named {name} already.", hint="Choose another name, or edit that task.")
