"""The schema that migrations make is the schema that the code means."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import migrations, tables
from storage.store import open_store


@pytest.fixture
def connection(url: str) -> Iterator[sa.Connection]:
    driver = f"sqlite:///{url}" if "://" not in url else url.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(driver)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def _ours(thing: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:
    """Leave out what search needs beyond tables: it differs between the databases and is made by hand."""
    return not (name or "").startswith(("search_fts", "search_lexemes"))


def test_tables_and_migrations_agree(connection: sa.Connection) -> None:
    """STORE-13: on both databases."""
    context = MigrationContext.configure(
        connection, opts={"include_object": _ours, "compare_type": True, "target_metadata": tables.metadata}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # indexes on expressions cannot be compared, and the library says so
        assert compare_metadata(context, tables.metadata) == []


def test_conditions_of_partial_indexes_agree(connection: sa.Connection) -> None:
    """Alembic does not compare them, and a wrong one would not fail but only be slow, or no guard."""
    meant = {
        (index.name, index.unique, str(index.dialect_options["sqlite"]["where"]))
        for table in tables.metadata.sorted_tables
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        rows = connection.execute(sa.text(query)).all()
        made = {(name, "UNIQUE" in sql, sql.partition(" WHERE ")[2]) for name, sql in rows}
        assert made == meant
    else:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '% WHERE %' AND schemaname = 'public'"
        rows = connection.execute(sa.text(query)).all()
        assert {(name, "UNIQUE" in sql) for name, sql in rows} == {(name, unique) for name, unique, _ in meant}


def test_the_newest_revision_is_the_one_the_code_expects() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_current_head() == migrations.HEAD
    assert {revision.revision for revision in script.walk_revisions()} == migrations.KNOWN


def test_a_current_database_opens_without_the_migration_tool(sqlite_path: Path) -> None:
    """A cold start pays for Alembic only when there is something to migrate."""
    code = (
        "import asyncio, sys\n"
        "from storage.store import open_store\n"
        "async def main():\n"
        f"    async with open_store({str(sqlite_path)!r}) as store:\n"
        "        assert await store.feed.newest() == 0\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules, 'psycopg' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout == "False False\n"


async def test_an_older_database_is_copied_before_it_is_upgraded(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-16: there is one revision so far: a made-up earlier one shows the way every later release will go."""
    monkeypatch.setattr(migrations, "KNOWN", frozenset({"0000", *migrations.KNOWN}))
    monkeypatch.setattr(migrations, "upgrade", _stamp)
    for number in range(2):
        with sqlite3.connect(sqlite_path) as raw:
            raw.execute("UPDATE alembic_version SET version_num = '0000'")
        raw.close()
        async with open_store(sqlite_path) as store:
            await store.check()
        copy = sqlite_path.with_name(f"signoff.db.before-upgrade-from-0000.{number}")
        with sqlite3.connect(copy) as raw:
            assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
        raw.close()


def _stamp(connection: sa.Connection) -> None:
    connection.execute(sa.text("UPDATE alembic_version SET version_num = :head"), {"head": migrations.HEAD})
