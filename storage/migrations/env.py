"""Alembic's entry: run the migrations on the connection that `storage.migrations.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter tables in place
    transactional_ddl=True,
)
context.run_migrations()
