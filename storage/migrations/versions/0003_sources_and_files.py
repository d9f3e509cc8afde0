"""Where a message was said, the files that go with it, and the pictures of reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; what is there already came from nowhere and has no files."""
    op.add_column("messages", sa.Column("files", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("messages", sa.Column("source", KEY, nullable=True))
    op.add_column("messages", sa.Column("handed_at", sa.BigInteger(), nullable=True))
    op.add_column("reports", sa.Column("picture", sa.Text(), nullable=False, server_default=""))
    known = sa.text("source IS NOT NULL")
    op.create_index("messages_source", "messages", ["source"], sqlite_where=known, postgresql_where=known)
