"""The schema's history. Alembic is imported only when there is something to upgrade: it costs a tenth of a second."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from runner.errors import StorageError

HEAD = "0005"
KNOWN = frozenset({"0001", "0002", "0003", "0004", "0005"})

_UPGRADE_LOCK = 0x51607E  # two daemons that start at once upgrade one after the other


def is_current(revision: str | None, place: str) -> bool:
    """Whether a database at `revision` needs no upgrade. Raises StorageError for one from a newer Signoff."""
    if revision is not None and revision not in KNOWN:
        raise StorageError(
            f"The database {place} was made by a newer Signoff (schema {revision}; this one knows up to {HEAD}).",
            hint="Install that version or a later one. The database was left as it is.",
        )
    return revision == HEAD


def require_current(revision: str | None, place: str) -> None:
    """Raise StorageError unless a database at `revision` can be read as it is."""
    if not is_current(revision, place):
        what = "is empty" if revision is None else f"needs an upgrade from schema {revision} to {HEAD}"
        raise StorageError(f"The database {place} {what}.", hint="Start `signoff up` once: it does that.")


def look(connection: sa.Connection) -> None:
    """Raise StorageError unless the schema is the newest; change nothing."""
    require_current(_revision(connection), connection.engine.url.render_as_string())


def upgrade(connection: sa.Connection) -> None:
    """Bring the schema to the newest revision, inside the transaction of `connection`. Raises StorageError."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
    if is_current(_revision(connection), connection.engine.url.render_as_string()):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])
