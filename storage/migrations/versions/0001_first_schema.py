"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.by_hand import make_audit, make_search_index

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXT = sa.Text()
JSON = sa.JSON()
BIG = sa.BigInteger()
INTEGER = sa.Integer()
SMALL = sa.SmallInteger()
DOUBLE: sa.Double[float] = sa.Double()
BOOLEAN = sa.Boolean()
BINARY = sa.LargeBinary()
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    for create in (
        make_audit,
        _cursors,
        _feed,
        _freezes,
        _people,
        _projects,
        _rules,
        _stats_daily,
        _tasks,
        _workers,
        _delegations,
        _identities,
        _schedules,
        _executions,
        _approvals,
        _attempts,
        _deliveries,
        _messages,
        _reports,
        _search,
        make_search_index,
        _steps,
        _attachments,
    ):
        create()


def _columns(kind: sa.types.TypeEngine[Any], *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def _partial(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _cursors() -> None:
    op.create_table(
        "cursors",
        *_columns(KEY, "reader"),
        *_columns(BIG, "seq"),
        sa.PrimaryKeyConstraint("reader", name="cursors_pkey"),
    )


def _feed() -> None:
    op.create_table(
        "feed",
        *_columns(SEQ, "seq"),
        *_columns(TEXT, "kind", "event"),
        *_columns(KEY, "execution_id", nullable=True),
        *_columns(KEY, "subject_id"),
        *_columns(JSON, "body"),
        *_columns(BIG, "at"),
        sa.PrimaryKeyConstraint("seq", name="feed_pkey"),
        sqlite_autoincrement=True,
    )


def _people() -> None:
    op.create_table(
        "people",
        *_columns(KEY, "id"),
        *_columns(TEXT, "name", "role"),
        *_columns(BIG, "created_at"),
        sa.PrimaryKeyConstraint("id", name="people_pkey"),
    )


def _projects() -> None:
    op.create_table(
        "projects",
        *_columns(KEY, "name_key"),
        *_columns(TEXT, "name", "path", "base_branch", "access", "setup", "test_command", "dirty"),
        *_columns(JSON, "copy"),
        *_columns(BOOLEAN, "from_config"),
        sa.PrimaryKeyConstraint("name_key", name="projects_pkey"),
    )


def _rules() -> None:
    op.create_table(
        "rules",
        *_columns(KEY, "id", "scope_id", "created_by"),
        *_columns(TEXT, "pattern", "verdict", "scope"),
        *_columns(BIG, "created_at", "expires_at", "revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="rules_pkey"),
    )
    op.create_index("rules_scope_ix", "rules", ["scope", "scope_id"])


def _stats_daily() -> None:
    op.create_table(
        "stats_daily",
        *_columns(KEY, "day", "dimension", "key"),
        *_columns(INTEGER, "completed", "failed", "cancelled"),
        *_columns(BIG, "turns", "tokens", "duration_ms"),
        *_columns(DOUBLE, "cost_usd"),
        sa.PrimaryKeyConstraint("day", "dimension", "key", name="stats_daily_pkey"),
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        *_columns(KEY, "id", "owner_id", "name_key"),
        *_columns(TEXT, "name", "prompt", "description", "tag_lines", "words", "priority"),
        *_columns(TEXT, "project", nullable=True),
        *_columns(JSON, "variables", "read_projects", "options", "goal", "rules", "reports", "tags"),
        *_columns(BIG, "created_at", "updated_at"),
        *_columns(BIG, "deleted_at", "last_run_at", nullable=True),
        *_columns(INTEGER, "run_count", "completed_count", "failed_count"),
        sa.PrimaryKeyConstraint("id", name="tasks_pkey"),
    )
    _partial("tasks_name_key_in_use", "tasks", ["name_key"], where="deleted_at IS NULL", unique=True)


def _workers() -> None:
    op.create_table(
        "workers",
        *_columns(KEY, "id"),
        *_columns(TEXT, "host", "version"),
        *_columns(INTEGER, "slots"),
        *_columns(JSON, "labels"),
        *_columns(BIG, "started_at", "beat_at"),
        sa.PrimaryKeyConstraint("id", name="workers_pkey"),
    )


def _identities() -> None:
    op.create_table(
        "identities",
        *_columns(KEY, "messenger", "identity", "person_id"),
        sa.PrimaryKeyConstraint("messenger", "identity", name="identities_pkey"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="identities_person_id_fkey"),
    )
    op.create_index("identities_person_id_ix", "identities", ["person_id"])


def _schedules() -> None:
    op.create_table(
        "schedules",
        *_columns(KEY, "id", "task_id", "created_by"),
        *_columns(TEXT, "cron", "tz", "missed", "overlap"),
        *_columns(BOOLEAN, "enabled"),
        *_columns(JSON, "variables"),
        *_columns(TEXT, "messenger", "channel", "thread", nullable=True),
        *_columns(BIG, "next_fire_at", "last_fire_at", nullable=True),
        *_columns(BIG, "created_at"),
        sa.PrimaryKeyConstraint("id", name="schedules_pkey"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="schedules_task_id_fkey"),
    )
    op.create_index("schedules_due", "schedules", ["enabled", "next_fire_at"])
    op.create_index("schedules_task_id_ix", "schedules", ["task_id"])


def _executions() -> None:
    op.create_table(
        "executions",
        *_columns(KEY, "id", "tail", "conversation_id", "person_id"),
        *_columns(
            TEXT,
            "prompt",
            "task_name",
            "title",
            "trigger",
            "priority",
            "state",
            "error",
            "hint",
            "mark",
            "base_branch",
            "base_commit",
            "worktree",
            "branch",
            "commit",
            "merged_commit",
            "diffstat",
            "test_output",
            "summary",
        ),
        *_columns(KEY, "task_id", "retry_of", "schedule_id", "worker", nullable=True),
        *_columns(JSON, "variables", "read_projects", "options", "goal", "reports"),
        *_columns(TEXT, "project", "messenger", "channel", "thread", "phase", "reason", "session", nullable=True),
        *_columns(BIG, "fire_at", "beat_at", "discarded_at", "started_at", "finished_at", nullable=True),
        *_columns(SMALL, "rank"),
        *_columns(INTEGER, "epoch", "attempt", "turns"),
        *_columns(DOUBLE, "worked"),
        *_columns(BOOLEAN, "interrupted"),
        *_columns(INTEGER, "test_exit", nullable=True),
        *_columns(BIG, "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "created_at"),
        *_columns(DOUBLE, "cost_usd"),
        sa.PrimaryKeyConstraint("id", name="executions_pkey"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="executions_schedule_id_fkey"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="executions_task_id_fkey"),
        sa.UniqueConstraint("schedule_id", "fire_at", name="executions_schedule_id_fire_at_key"),
    )
    _partial(
        "executions_active_conversation",
        "executions",
        ["conversation_id"],
        where="state IN ('running', 'waiting_confirmation')",
        unique=True,
    )
    op.create_index("executions_channel_ix", "executions", ["channel", "messenger", "state", "id"])
    op.create_index("executions_conversation_ix", "executions", ["conversation_id", "state", "id"])
    _partial("executions_pending", "executions", ["state", "rank", "id"], where="state = 'pending'")
    op.create_index("executions_person_ix", "executions", ["person_id", "state", "id"])
    op.create_index("executions_project_ix", "executions", ["project", "state", "id"])
    op.create_index("executions_state_ix", "executions", ["state", "id"])
    op.create_index("executions_tail_ix", "executions", ["tail"])
    op.create_index("executions_task_ix", "executions", ["task_id", "state", "id"])


def _delegations() -> None:
    op.create_table(
        "delegations",
        *_columns(KEY, "id", "from_id", "to_id"),
        *_columns(BIG, "starts_at", "ends_at"),
        *_columns(BIG, "ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="delegations_pkey"),
        sa.ForeignKeyConstraint(["from_id"], ["people.id"], name="delegations_from_id_fkey"),
        sa.ForeignKeyConstraint(["to_id"], ["people.id"], name="delegations_to_id_fkey"),
    )
    op.create_index("delegations_to_id_ix", "delegations", ["to_id"])


def _freezes() -> None:
    op.create_table(
        "freezes",
        *_columns(SMALL, "id"),
        *_columns(KEY, "by"),
        *_columns(BIG, "at"),
        *_columns(TEXT, "why"),
        sa.PrimaryKeyConstraint("id", name="freezes_pkey"),
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        *_columns(KEY, "id", "tail", "execution_id", "tool_use_id", "input_digest", "signature", "project"),
        *_columns(TEXT, "kind", "tool", "title", "reason", "state", "outcome"),
        *_columns(JSON, "input", "labels", "questions", "offers", "history", "terms", "timetable", "votes"),
        *_columns(INTEGER, "done", "revision"),
        *_columns(BIG, "asked_at"),
        *_columns(BIG, "next_at", "answered_at", "delivered_at", nullable=True),
        *_columns(JSON, "answer", "preview", nullable=True),
        *_columns(KEY, "task_id", "answered_by", "on_behalf_of", nullable=True),
        sa.PrimaryKeyConstraint("id", name="approvals_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="approvals_execution_id_fkey"),
    )
    op.create_index("approvals_execution_ix", "approvals", ["execution_id", "id"])
    _partial("approvals_due", "approvals", ["next_at"], where="state = 'open'")
    _partial("approvals_open", "approvals", ["id"], where="state = 'open'")
    _partial("approvals_open_step", "approvals", ["execution_id", "tool_use_id"], where="state = 'open'", unique=True)
    op.create_index("approvals_signature_ix", "approvals", ["project", "signature", "id"])
    op.create_index("approvals_tail_ix", "approvals", ["tail"])
    op.create_index("approvals_task_ix", "approvals", ["task_id", "id"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        *_columns(KEY, "execution_id", "worker"),
        *_columns(INTEGER, "number", "epoch"),
        *_columns(BIG, "started_at"),
        *_columns(BIG, "ended_at", nullable=True),
        *_columns(TEXT, "session", "state", "reason", nullable=True),
        sa.PrimaryKeyConstraint("execution_id", "number", name="attempts_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="attempts_execution_id_fkey"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        *_columns(KEY, "id", "messenger", "channel", "thread", "key", "digest", "trying", "shown", "nonce", "turn"),
        *_columns(KEY, "execution_id", "lease_owner", nullable=True),
        *_columns(TEXT, "lane", "form", "state", "error"),
        *_columns(TEXT, "message_ref", nullable=True),
        *_columns(JSON, "payload"),
        *_columns(BOOLEAN, "doubt"),
        *_columns(INTEGER, "attempts", "revision"),
        *_columns(BIG, "next_at", "created_at", "waiting_since", "changed_at"),
        *_columns(BIG, "lease_until", "sent_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="deliveries_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="deliveries_execution_id_fkey"),
        sa.UniqueConstraint(
            "messenger", "channel", "thread", "key", name="deliveries_messenger_channel_thread_key_key"
        ),
    )
    undone = "state IN ('waiting', 'sending')"
    _partial("deliveries_undone", "deliveries", ["messenger", "channel", "lane", "turn"], where=undone)
    op.create_index("deliveries_changed_ix", "deliveries", ["changed_at"])
    op.create_index("deliveries_key_ix", "deliveries", ["key", "messenger"])
    op.create_index("deliveries_execution_id_ix", "deliveries", ["execution_id"])


def _messages() -> None:
    op.create_table(
        "messages",
        *_columns(KEY, "id", "execution_id"),
        *_columns(TEXT, "author", "text"),
        *_columns(KEY, "person_id", nullable=True),
        *_columns(BIG, "created_at"),
        *_columns(BIG, "delivered_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="messages_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="messages_execution_id_fkey"),
    )
    op.create_index("messages_execution_ix", "messages", ["execution_id", "id"])


def _reports() -> None:
    op.create_table(
        "reports",
        *_columns(KEY, "id", "execution_id", "format"),
        *_columns(TEXT, "path"),
        *_columns(BIG, "size", "created_at"),
        sa.PrimaryKeyConstraint("id", name="reports_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="reports_execution_id_fkey"),
    )
    op.create_index("reports_execution_ix", "reports", ["execution_id", "id"])


def _search() -> None:
    op.create_table(
        "search",
        *_columns(SEQ, "seq"),
        *_columns(KEY, "execution_id"),
        *_columns(TEXT, "words"),
        sa.PrimaryKeyConstraint("seq", name="search_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="search_execution_id_fkey"),
        sa.UniqueConstraint("execution_id", name="search_execution_id_key"),
        sqlite_autoincrement=True,
    )


def _steps() -> None:
    op.create_table(
        "steps",
        *_columns(KEY, "id", "execution_id"),
        *_columns(INTEGER, "attempt"),
        *_columns(TEXT, "kind", "tool", "title", "output", "status", "tool_use_id"),
        *_columns(JSON, "input"),
        *_columns(KEY, "approval_id", nullable=True),
        *_columns(BIG, "started_at"),
        *_columns(BIG, "finished_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="steps_pkey"),
        sa.ForeignKeyConstraint(["execution_id"], ["executions.id"], name="steps_execution_id_fkey"),
    )
    op.create_index("steps_execution_ix", "steps", ["execution_id", "id"])


def _attachments() -> None:
    op.create_table(
        "attachments",
        *_columns(KEY, "message_id"),
        *_columns(SMALL, "number"),
        *_columns(TEXT, "media_type"),
        *_columns(BINARY, "data"),
        sa.PrimaryKeyConstraint("message_id", "number", name="attachments_pkey"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="attachments_message_id_fkey"),
    )
