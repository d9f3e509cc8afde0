"""What is followed, counted and proven: feed, deliveries, audit log, sums, and who works."""

from __future__ import annotations

import sqlalchemy as sa

from runner import model
from storage.columns import Key, Moment, OneOf, Shape, Text, column, partial_index, reference
from storage.tables.base import SEQ, SHOWN_SQL, UNDONE_SQL, metadata

feed = sa.Table(
    "feed",
    metadata,
    column("seq", SEQ, key=True),
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
    column("thread", Key),  # empty: none; NULL would let two rows share a slot
    column("key", Key),  # the slot: what is delivered under the same key replaces what was there
    reference("execution_id", "executions.id", index=True, optional=True),
    column("lane", OneOf(model.Lane)),
    column("form", OneOf(model.Form)),
    column("payload", Shape(model.Json)),
    column("digest", Key),
    column("trying", Key),
    column("shown", Key),
    column("message_ref", Text, optional=True),  # the chat product's name of the message, once it is sent
    column("nonce", Key),
    column("doubt", sa.Boolean),
    column("state", OneOf(model.DeliveryState)),
    column("attempts", sa.Integer),
    column("error", Text),
    column("turn", Key),
    column("next_at", Moment),
    column("lease_owner", Key, optional=True),
    column("lease_until", Moment, optional=True),
    column("created_at", Moment),
    column("waiting_since", Moment),
    column("sent_at", Moment, optional=True),
    column("changed_at", Moment),
    column("revision", sa.Integer),
    sa.UniqueConstraint("messenger", "channel", "thread", "key"),
    partial_index("deliveries_message_ix", "messenger", "channel", "message_ref", where=SHOWN_SQL),
    partial_index("deliveries_undone", "messenger", "channel", "lane", "turn", where=UNDONE_SQL),
    sa.Index("deliveries_changed_ix", "changed_at"),
    sa.Index("deliveries_key_ix", "key", "messenger"),
)

arrivals = sa.Table(
    "arrivals",
    metadata,
    column("seq", SEQ, key=True),
    column("key", Key),  # the chat product's own name of it
    column("messenger", Key),
    column("channel", Key),
    column("payload", Shape(model.Json)),
    column("at", Moment),
    column("done_at", Moment, optional=True),
    sa.UniqueConstraint("messenger", "key"),
    sa.Index("arrivals_waiting_ix", "messenger", "done_at", "seq"),
    sqlite_autoincrement=True,
)

drafts = sa.Table(
    "drafts",
    metadata,
    column("id", Key, key=True),
    column("messenger", Key),
    column("channel", Key),
    column("identity", Key),  # the chat product's word for who writes it
    column("kind", Key),
    column("content", Shape(model.Json)),
    column("created_at", Moment),
    column("changed_at", Moment),
    sa.Index("drafts_newest_ix", "messenger", "channel", "identity", "changed_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", SEQ, primary_key=True, autoincrement=False),  # counted without a gap by `storage.audit`
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

freezes = sa.Table(
    "freezes",
    metadata,
    column("id", sa.SmallInteger, key=True),  # always 1: there is one freeze or none
    column("by", Key),
    column("at", Moment),
    column("why", Text),
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
