"""What people define: themselves, projects, tasks, schedules, rules."""

from __future__ import annotations

import sqlalchemy as sa

from runner import model
from storage.columns import Key, Moment, OneOf, Shape, Text, column, partial_index, reference
from storage.tables.base import IN_USE_SQL, metadata

people = sa.Table(
    "people",
    metadata,
    column("id", Key, key=True),
    column("name", Text),
    column("role", OneOf(model.Role)),
    column("created_at", Moment),
    column("preferred", Key),  # the messenger on which questions reach them; empty: where a run was begun
)

identities = sa.Table(
    "identities",
    metadata,
    column("messenger", Key, key=True),
    column("identity", Key, key=True),
    reference("person_id", "people.id", index=True),
)

# Rights to add an identity to a person; the secret itself is nowhere.
invitations = sa.Table(
    "invitations",
    metadata,
    column("digest", Key, key=True),
    reference("person_id", "people.id"),
    column("messenger", Key),
    column("created_at", Moment),
    column("expires_at", Moment),
    column("used_by", Key),  # the identity; empty: nobody has
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
