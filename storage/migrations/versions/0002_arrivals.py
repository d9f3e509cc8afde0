"""What came in from chat products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table of arrivals."""
    op.create_table(
        "arrivals",
        sa.Column("seq", SEQ, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("messenger", KEY, nullable=False),
        sa.Column("channel", KEY, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="arrivals_pkey"),
        sa.UniqueConstraint("messenger", "key", name="arrivals_messenger_key_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("arrivals_waiting_ix", "arrivals", ["messenger", "done_at", "seq"])
