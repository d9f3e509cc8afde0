"""The store under test, once on SQLite and once on PostgreSQL, and what rang after its commits."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from runner.model import Change
from storage.store import SqlStore, open_store
from tests.storage import postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file that has the schema and nothing else, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "signoff.db"
    asyncio.run(postgres.migrate(path))
    return path


@pytest.fixture
def sqlite_path(tmp_path: Path, migrated_file: Path) -> Path:
    return Path(shutil.copy(migrated_file, tmp_path))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both databases: every test that asks for this runs twice."""
    if request.param == "sqlite":
        yield str(request.getfixturevalue("sqlite_path"))
        return
    server = request.getfixturevalue("postgres_url")
    yield server
    postgres.empty(server)


@pytest.fixture
def rung() -> list[Change]:
    """What `on_change` was called with."""
    return []


@pytest.fixture
async def store(url: str, rung: list[Change]) -> AsyncIterator[SqlStore]:
    async with open_store(url, on_change=rung.extend) as opened:
        yield opened
