"""By whom an invitation was used: its code may come again from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column; those that are there are unused, for the others were removed."""
    op.add_column("invitations", sa.Column("used_by", KEY, nullable=False, server_default=""))
