"""Finding executions: by handle, by filters, by words. Every question stays quick among millions of rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from runner.model import ID_LENGTH, State
from runner.ports import ExecutionQuery
from storage import search
from storage.batches import tail
from storage.tables import executions
from storage.tables import search as search_words

_SHORTEST_HANDLE = 4
_MOST_FOUND = 5
_TAIL_LENGTH = 8


def by_handle(table: sa.Table, handle: str) -> sa.Select[Any] | None:
    """Ask for the newest rows whose id ends in `handle`; None if no id can."""
    typed = handle.strip().lower()
    if not (_SHORTEST_HANDLE <= len(typed) <= ID_LENGTH and typed.isascii() and typed.isalnum()):
        return None
    if len(typed) == ID_LENGTH:
        condition = table.c.id == typed
    else:
        start = tail(typed)
        # "~" sorts after every letter of an id, so this is the range of tails that begin with `start`.
        condition = sa.and_(table.c.tail >= start, table.c.tail < start + "~")
        if len(typed) > _TAIL_LENGTH:
            condition = sa.and_(condition, table.c.id.endswith(typed))
    return sa.select(table).where(condition).order_by(table.c.id.desc()).limit(_MOST_FOUND)


def listed(query: ExecutionQuery, dialect: str) -> sa.Select[Any]:
    """Ask for a page of executions and one more, newest first."""
    conditions = _conditions(query)
    if query.text:
        return _with_words(query, conditions, dialect)
    filtered = bool(conditions or query.states)
    if query.after is not None:
        conditions.append(executions.c.id < query.after)
    if filtered:
        return _merged(query, conditions)
    return _newest(sa.select(executions), conditions, query.limit)


def _with_words(query: ExecutionQuery, conditions: list[sa.ColumnElement[bool]], dialect: str) -> sa.Select[Any]:
    ways = search.among_executions(query.text, dialect)
    parts = [_hits(way, [*conditions, *_states(query)], query).subquery() for way in ways]
    found = sa.union_all(*(sa.select(part) for part in parts)).subquery()
    joined = sa.select(executions).join(found, found.c.id == executions.c.id)
    return joined.order_by(found.c.position.desc()).limit(query.limit + 1)


def _hits(way: search.Hits, conditions: list[sa.ColumnElement[bool]], query: ExecutionQuery) -> sa.Select[Any]:
    joined = way.source.join(executions, executions.c.id == search_words.c.execution_id)
    statement = sa.select(executions.c.id, way.position.label("position")).select_from(joined)
    if query.after is not None:
        statement = statement.where(way.position < search.position_of(query.after))
    return statement.where(*way.conditions, *conditions).order_by(way.position.desc()).limit(query.limit + 1)


def _merged(query: ExecutionQuery, conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """Take the newest of each state and merge them.

    With the state fixed, an index (filter, state, id) yields the newest first and the database stops after a page;
    with several states at once it would collect and sort all matching rows.
    """
    parts = [
        _newest(sa.select(executions.c.id), [executions.c.state == state, *conditions], query.limit).subquery()
        for state in query.states or State
    ]
    ids = sa.union_all(*(sa.select(part.c.id) for part in parts))
    return _newest(sa.select(executions), [executions.c.id.in_(ids)], query.limit)


def _newest(statement: sa.Select[Any], conditions: list[sa.ColumnElement[bool]], limit: int) -> sa.Select[Any]:
    return statement.where(*conditions).order_by(executions.c.id.desc()).limit(limit + 1)


def _states(query: ExecutionQuery) -> list[sa.ColumnElement[bool]]:
    return [executions.c.state.in_(query.states)] if query.states else []


def _conditions(query: ExecutionQuery) -> list[sa.ColumnElement[bool]]:
    wanted = {
        "task_id": query.task_id,
        "project": query.project,
        "person_id": query.person_id,
        "conversation_id": query.conversation_id,
        "messenger": query.origin and query.origin.messenger,
        "channel": query.origin and query.origin.channel,
        "thread": query.origin and query.origin.thread,
    }
    return [executions.c[name] == value for name, value in wanted.items() if value is not None]
