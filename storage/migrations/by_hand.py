"""What the first schema has beyond plain tables: the fence around the audit log, and the index of the search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

# A query finds few executions by words: FTS5 keeps an index beside the table, fed by triggers. The words come folded
# and split (storage.search), so the plainest tokenizer does; "detail=none" keeps only which row has which word.
# Beginnings of words have indexes of their own: without one, SQLite merges the rows of all words that begin so before
# it returns the first (70 ms among a million executions).
SQLITE_SEARCH = (
    """CREATE VIRTUAL TABLE search_fts USING fts5(
        words, content='search', content_rowid='seq', detail=none, tokenize='ascii', prefix='1 2 3 4 5 6 7 8')""",
    """CREATE TRIGGER search_added AFTER INSERT ON search BEGIN
        INSERT INTO search_fts (rowid, words) VALUES (new.seq, new.words); END""",
    """CREATE TRIGGER search_changed AFTER UPDATE OF words ON search BEGIN
        INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.seq, old.words);
        INSERT INTO search_fts (rowid, words) VALUES (new.seq, new.words); END""",
    """CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN
        INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.seq, old.words); END""",
)
POSTGRES_SEARCH = "CREATE INDEX search_lexemes ON search USING gin (array_to_tsvector(string_to_array(words, ' ')))"

# The audit log: an entry must follow the newest one, and none is ever changed.
GENESIS = "INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '" + "0" * 64 + "')"
SQLITE_AUDIT = (
    """CREATE TRIGGER audit_follows AFTER INSERT ON audit BEGIN
        UPDATE audit_head SET seq = new.seq, hash = new.hash WHERE seq = new.seq - 1 AND hash = new.prev_hash;
        SELECT RAISE(ABORT, 'an audit entry must follow the newest one') WHERE changes() = 0; END""",
    """CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN
        SELECT RAISE(ABORT, 'the audit log only grows'); END""",
    """CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN
        SELECT RAISE(ABORT, 'the audit log only grows'); END""",
    """CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head BEGIN
        SELECT RAISE(ABORT, 'the audit log only grows'); END""",
)
POSTGRES_AUDIT = (
    """CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE audit_head SET seq = new.seq, hash = new.hash WHERE seq = new.seq - 1 AND hash = new.prev_hash;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'an audit entry must follow the newest one'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL; END $$""",
    """CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    "CREATE TRIGGER audit_follows AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_follows()",
    """CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()""",
    """CREATE TRIGGER audit_head_kept BEFORE DELETE OR TRUNCATE ON audit_head
        FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()""",
)


def make_audit() -> None:
    """Create the audit log, empty, and its fence."""
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, key, nullable=False) for name in ("person_id", "action", "subject", "prev_hash", "hash")),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="audit_pkey"),
    )
    op.create_index("audit_subject_ix", "audit", ["subject", "seq"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", key, nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_head_pkey"),
        sa.CheckConstraint("id = 1", name="audit_head_one_row"),
    )
    for statement in (GENESIS, *(SQLITE_AUDIT if _on_sqlite() else POSTGRES_AUDIT)):
        op.execute(statement)


def make_search_index() -> None:
    """Create the index of the words in the table `search`, and what keeps it."""
    for statement in SQLITE_SEARCH if _on_sqlite() else (POSTGRES_SEARCH,):
        op.execute(statement)


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
