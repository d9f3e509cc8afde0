"""What is begun in chats, invitations to link accounts, and where questions reach somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables; a message is found by the product's name of it."""
    op.create_table(
        "drafts",
        *(sa.Column(name, KEY, nullable=False) for name in ("id", "messenger", "channel", "identity", "kind")),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="drafts_pkey"),
    )
    op.create_index("drafts_newest_ix", "drafts", ["messenger", "channel", "identity", "changed_at"])
    op.create_table(
        "invitations",
        sa.Column("digest", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("messenger", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="invitations_person_id_fkey"),
        sa.PrimaryKeyConstraint("digest", name="invitations_pkey"),
    )
    op.add_column("people", sa.Column("preferred", KEY, nullable=False, server_default=""))
    shown = sa.text("message_ref IS NOT NULL")
    op.create_index(
        "deliveries_message_ix",
        "deliveries",
        ["messenger", "channel", "message_ref"],
        sqlite_where=shown,
        postgresql_where=shown,
    )
