"""What all tables share."""

from __future__ import annotations

import sqlalchemy as sa

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
SHOWN_SQL = "message_ref IS NOT NULL"
UNDONE_SQL = "state IN ('waiting', 'sending')"
IN_USE_SQL = "deleted_at IS NULL"

SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts only an INTEGER PRIMARY KEY
