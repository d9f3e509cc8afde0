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

import sqlalchemy as sa

from runner import model
from storage.columns import Key, Moment, OneOf, Shape, Text, column, partial_index, reference

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)

ACTIVE_SQL = "state IN ('running', 'waiting_confirmation')"
PENDING_SQL = "state = 'pending'"
OPEN_SQL = "state = 'open'"
IN_USE_SQL = "deleted_at IS NULL"


people = sa.Table(
    "people",
    metadata,
    column("id", Key, key=True),
    column("name", Text),
    column("role", OneOf(model.Role)),
    column("created_at", Moment),
)

identities = sa.Table(
    "identities",
    metadata,
    column("messenger", Key, key=True),
    column("identity", Key, key=True),
    reference("person_id", "people.id", index=True),
)

delegations = sa.Table(
    "delegations",
    metadata,
    column("id", Key, key=True),
    reference("from_id", "people.id"),
    reference("to_id", "people.id", index=True),
    column("starts_at", Moment),
    column("ends_at", Moment),
    column("ended_at", Moment, optional=True),
)

freezes = sa.Table(
    "freezes",
    metadata,
    column("id", sa.SmallInteger, key=True),  # always 1: there is one freeze or none
    column("by", Key),
    column("at", Moment),
    column("why", Text),
)

projects = sa.Table(
    "projects",
    metadata,
    column("name_key", Key, key=True),
    column("name", Text),
    column("path", Text),
    column("base_branch", Text),
    column("access", OneOf(model.Access)),
    column("copy", Shape(tuple[str, ...])),
    column("setup", Text),
    column("test_command", Text),
    column("dirty", OneOf(model.Dirty)),
    column("from_config", sa.Boolean),
)

tasks = sa.Table(
    "tasks",
    metadata,
    column("id", Key, key=True),
    column("owner_id", Key),
    column("name", Text),
    column("name_key", Key),
    column("prompt", Text),
    column("project", Text, optional=True),
    column("description", Text),
    column("variables", Shape(model.Json)),
    column("read_projects", Shape(tuple[str, ...])),
    column("options", Shape(model.AgentOptions)),
    column("goal", Shape(model.Goal)),
    column("rules", Shape(tuple[model.Rule, ...])),
    column("reports", Shape(tuple[str, ...])),
    column("tags", Shape(tuple[str, ...])),
    column("tag_lines", Text),  # every tag on a line of its own, folded: what filters look through
    column("words", Text),
    column("priority", OneOf(model.Priority)),
    column("created_at", Moment),
    column("updated_at", Moment),
    column("deleted_at", Moment, optional=True),
    column("run_count", sa.Integer),
    column("completed_count", sa.Integer),
    column("failed_count", sa.Integer),
    column("last_run_at", Moment, optional=True),
    partial_index("tasks_name_key_in_use", "name_key", where=IN_USE_SQL, unique=True),
)

schedules = sa.Table(
    "schedules",
    metadata,
    column("id", Key, key=True),
    reference("task_id", "tasks.id", index=True),
    column("created_by", Key),
    column("cron", Text),
    column("tz", Text),
    column("enabled", sa.Boolean),
    column("missed", Text),  # what happens to fire times that passed while nobody was there
    column("overlap", Text),  # what happens when the run before has not ended
    column("variables", Shape(model.Json)),
    column("messenger", Text, optional=True),
    column("channel", Text, optional=True),
    column("thread", Text, optional=True),
    column("next_fire_at", Moment, optional=True),
    column("last_fire_at", Moment, optional=True),
    column("created_at", Moment),
    sa.Index("schedules_due", "enabled", "next_fire_at"),
)

executions = sa.Table(
    "executions",
    metadata,
    column("id", Key, key=True),
    sa.Column("tail", Key, nullable=False, index=True),
    column("conversation_id", Key),
    column("person_id", Key),
    column("prompt", Text),
    reference("task_id", "tasks.id", optional=True),
    column("task_name", Text),
    column("title", Text),
    column("variables", Shape(model.Json)),
    column("project", Text, optional=True),
    column("read_projects", Shape(tuple[str, ...])),
    column("options", Shape(model.AgentOptions)),
    column("goal", Shape(model.Goal)),
    column("reports", Shape(tuple[str, ...])),
    column("trigger", OneOf(model.Trigger)),
    column("retry_of", Key, optional=True),
    reference("schedule_id", "schedules.id", optional=True),
    column("fire_at", Moment, optional=True),
    column("messenger", Text, optional=True),
    column("channel", Text, optional=True),
    column("thread", Text, optional=True),
    column("priority", OneOf(model.Priority)),
    column("rank", sa.SmallInteger),  # of the priority; 0 is claimed first
    column("state", OneOf(model.State)),
    column("phase", OneOf(model.Phase), optional=True),
    column("reason", OneOf(model.Reason), optional=True),
    column("error", Text),
    column("hint", Text),
    column("epoch", sa.Integer),
    column("attempt", sa.Integer),
    column("worker", Key, optional=True),
    column("beat_at", Moment, optional=True),
    column("session", Text, optional=True),
    column("interrupted", sa.Boolean),
    column("mark", Text),
    column("base_branch", Text),
    column("base_commit", Text),
    column("worktree", Text),
    column("branch", Text),
    column("commit", Text),
    column("merged_commit", Text),
    column("discarded_at", Moment, optional=True),
    column("diffstat", Text),
    column("test_exit", sa.Integer, optional=True),
    column("test_output", Text),
    column("worked", sa.Double),
    column("turns", sa.Integer),
    column("input_tokens", sa.BigInteger),
    column("output_tokens", sa.BigInteger),
    column("cache_read_tokens", sa.BigInteger),
    column("cache_write_tokens", sa.BigInteger),
    column("cost_usd", sa.Double),
    column("summary", Text),
    column("created_at", Moment),
    column("started_at", Moment, optional=True),
    column("finished_at", Moment, optional=True),
    sa.UniqueConstraint("schedule_id", "fire_at"),
    # Lists: one filter, then the state, newest first.
    sa.Index("executions_state_ix", "state", "id"),
    sa.Index("executions_task_ix", "task_id", "state", "id"),
    sa.Index("executions_project_ix", "project", "state", "id"),
    sa.Index("executions_person_ix", "person_id", "state", "id"),
    sa.Index("executions_conversation_ix", "conversation_id", "state", "id"),
    sa.Index("executions_channel_ix", "channel", "messenger", "state", "id"),
    # The queue (`state` is in it only to win SQLite's planner over from the list by state), and the guard that a
    # conversation is worked on by one worker at a time. Both stay as small as the work that is going on.
    partial_index("executions_pending", "state", "rank", "id", where=PENDING_SQL),
    partial_index("executions_active_conversation", "conversation_id", where=ACTIVE_SQL, unique=True),
)

attempts = sa.Table(
    "attempts",
    metadata,
    reference("execution_id", "executions.id", key=True),
    column("number", sa.Integer, key=True),
    column("epoch", sa.Integer),
    column("worker", Key),
    column("started_at", Moment),
    column("ended_at", Moment, optional=True),
    column("session", Text, optional=True),
    column("state", OneOf(model.State), optional=True),  # what the attempt led to; null while it goes on
    column("reason", OneOf(model.Reason), optional=True),
)

steps = sa.Table(
    "steps",
    metadata,
    column("id", Key, key=True),
    reference("execution_id", "executions.id"),
    column("attempt", sa.Integer),
    column("kind", OneOf(model.StepKind)),
    column("tool", Text),
    column("title", Text),
    column("input", Shape(model.Json)),
    column("output", Text),
    column("status", OneOf(model.StepStatus)),
    column("tool_use_id", Text),
    column("approval_id", Key, optional=True),
    column("started_at", Moment),
    column("finished_at", Moment, optional=True),
    sa.Index("steps_execution_ix", "execution_id", "id"),
)

messages = sa.Table(
    "messages",
    metadata,
    column("id", Key, key=True),
    reference("execution_id", "executions.id"),
    column("author", OneOf(model.Author)),
    column("text", Text),
    column("person_id", Key, optional=True),
    column("created_at", Moment),
    column("delivered_at", Moment, optional=True),
    sa.Index("messages_execution_ix", "execution_id", "id"),
)

attachments = sa.Table(
    "attachments",
    metadata,
    reference("message_id", "messages.id", key=True),
    column("number", sa.SmallInteger, key=True),
    column("media_type", Text),
    column("data", sa.LargeBinary),
)

approvals = sa.Table(
    "approvals",
    metadata,
    column("id", Key, key=True),
    sa.Column("tail", Key, nullable=False, index=True),
    reference("execution_id", "executions.id"),
    column("kind", OneOf(model.AskKind)),
    column("tool", Text),
    column("tool_use_id", Key),
    column("input", Shape(model.Json)),
    column("input_digest", Key),
    column("title", Text),
    column("reason", Text),
    column("labels", Shape(tuple[str, ...])),
    column("questions", Shape(tuple[model.Question, ...])),
    column("offers", Shape(tuple[str, ...])),
    column("signature", Key),
    column("project", Key),
    column("task_id", Key, optional=True),
    column("history", Shape(model.History)),
    column("terms", Shape(model.Terms)),
    column("timetable", Shape(tuple[model.Due, ...])),
    column("preview", Shape(model.Preview), optional=True),
    column("done", sa.Integer),
    column("votes", Shape(tuple[model.Vote, ...])),
    column("revision", sa.Integer),
    column("state", OneOf(model.ApprovalState)),
    column("asked_at", Moment),
    column("next_at", Moment, optional=True),
    column("answer", Shape(model.Answer), optional=True),
    column("answered_by", Key, optional=True),
    column("on_behalf_of", Key, optional=True),
    column("answered_at", Moment, optional=True),
    column("delivered_at", Moment, optional=True),
    column("outcome", Text),
    sa.Index("approvals_execution_ix", "execution_id", "id"),
    sa.Index("approvals_signature_ix", "project", "signature", "id"),
    sa.Index("approvals_task_ix", "task_id", "id"),
    partial_index("approvals_open", "id", where=OPEN_SQL),
    partial_index("approvals_due", "next_at", where=OPEN_SQL),
    partial_index("approvals_open_step", "execution_id", "tool_use_id", where=OPEN_SQL, unique=True),
)

rules = sa.Table(
    "rules",
    metadata,
    column("id", Key, key=True),
    column("pattern", Text),
    column("verdict", OneOf(model.Verdict)),
    column("scope", OneOf(model.Scope)),
    column("scope_id", Key),
    column("created_by", Key),
    column("created_at", Moment, optional=True),
    column("expires_at", Moment, optional=True),
    column("revoked_at", Moment, optional=True),
    sa.Index("rules_scope_ix", "scope", "scope_id"),
)

reports = sa.Table(
    "reports",
    metadata,
    column("id", Key, key=True),
    reference("execution_id", "executions.id"),
    column("format", Key),
    column("path", Text),
    column("size", sa.BigInteger),  # bytes
    column("created_at", Moment),
    sa.Index("reports_execution_ix", "execution_id", "id"),
)

_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts only an INTEGER PRIMARY KEY

feed = sa.Table(
    "feed",
    metadata,
    column("seq", _SEQ, key=True),
    column("kind", OneOf(model.ChangeKind)),
    column("event", Text),
    column("execution_id", Key, optional=True),
    column("subject_id", Key),
    column("body", Shape(model.Json)),
    column("at", Moment),
    sqlite_autoincrement=True,
)

cursors = sa.Table("cursors", metadata, column("reader", Key, key=True), column("seq", sa.BigInteger))

deliveries = sa.Table(
    "deliveries",
    metadata,
    column("id", Key, key=True),
    column("messenger", Key),
    column("channel", Key),
    column("thread", Key, optional=True),
    column("key", Key),  # the slot: what is delivered under the same key replaces what was there
    reference("execution_id", "executions.id", index=True, optional=True),
    column("lane", Key),
    column("payload", Shape(model.Json)),
    column("message_ref", Text, optional=True),  # the chat product's name of the message, once it is sent
    column("state", Key),
    column("attempts", sa.Integer),
    column("next_at", Moment, optional=True),
    column("lease_owner", Key, optional=True),
    column("lease_until", Moment, optional=True),
    column("created_at", Moment),
    sa.UniqueConstraint("messenger", "channel", "key"),
    sa.Index("deliveries_due", "state", "next_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),  # counted without a gap by `storage.audit`
    column("at", Moment),
    column("person_id", Key),
    column("action", Key),
    column("subject", Key),
    column("details", Text),  # canonical JSON: the hash is over this very text
    column("prev_hash", Key),
    column("hash", Key),
    sa.Index("audit_subject_ix", "subject", "seq"),
)

# One row: the newest entry of the audit log. A trigger moves it with each entry, and lets no entry in that does not
# follow it.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    column("seq", sa.BigInteger),
    column("hash", Key),
    sa.CheckConstraint("id = 1", name="audit_head_one_row"),
)

stats_daily = sa.Table(
    "stats_daily",
    metadata,
    column("day", Key, key=True),  # UTC date, 2026-11-21
    column("dimension", Key, key=True),  # all, task, project, person, agent
    column("key", Key, key=True),
    column("completed", sa.Integer),
    column("failed", sa.Integer),
    column("cancelled", sa.Integer),
    column("turns", sa.BigInteger),
    column("tokens", sa.BigInteger),
    column("cost_usd", sa.Double),
    column("duration_ms", sa.BigInteger),
)

workers = sa.Table(
    "workers",
    metadata,
    column("id", Key, key=True),
    column("host", Text),
    column("version", Text),
    column("slots", sa.Integer),
    column("labels", Shape(tuple[str, ...])),
    column("started_at", Moment),
    column("beat_at", Moment),
)

search = sa.Table(
    "search",
    metadata,
    column("seq", _SEQ, key=True),
    reference("execution_id", "executions.id", unique=True),
    column("words", Text),
    sqlite_autoincrement=True,
)
