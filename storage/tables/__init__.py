"""The one schema, for SQLite and PostgreSQL alike.

Columns are named like the fields of the values they hold. What the store adds of its own:

- `tail`: the last eight characters of an id, reversed. People type the end of an id; reversed it is the beginning of
  an index key, so that a handle of any length is found by a range.
- `name_key`: a name folded for comparison without regard to case.
- `words`: the searchable words of a text, see `storage.search`.
- `seq`: numbers given in order of commit or insertion.

The words of a partial index are written into the statements (`storage.columns.literals`), because SQLite matches a
partial index only by its text.
"""

from __future__ import annotations

from storage.tables.base import ACTIVE_SQL, IN_USE_SQL, OPEN_SQL, PENDING_SQL, metadata
from storage.tables.defined import delegations, identities, invitations, people, projects, rules, schedules, tasks
from storage.tables.logbook import (
    arrivals,
    audit,
    audit_head,
    cursors,
    deliveries,
    drafts,
    feed,
    freezes,
    stats_daily,
    workers,
)
from storage.tables.runs import approvals, attachments, attempts, executions, messages, reports, search, steps

__all__ = [
    "ACTIVE_SQL",
    "IN_USE_SQL",
    "OPEN_SQL",
    "PENDING_SQL",
    "approvals",
    "arrivals",
    "attachments",
    "attempts",
    "audit",
    "audit_head",
    "cursors",
    "delegations",
    "deliveries",
    "drafts",
    "executions",
    "feed",
    "freezes",
    "identities",
    "invitations",
    "messages",
    "metadata",
    "people",
    "projects",
    "reports",
    "rules",
    "schedules",
    "search",
    "stats_daily",
    "steps",
    "tasks",
    "workers",
]
