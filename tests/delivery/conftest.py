"""A store in a file of its own for each test of the outbox."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.store import SqlStore, open_store


async def _migrate(path: Path) -> None:
    async with open_store(path):
        pass


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file that has the schema and nothing else, to be copied."""
    path = tmp_path_factory.mktemp("template") / "signoff.db"
    asyncio.run(_migrate(path))
    return path


@pytest.fixture
async def store(tmp_path: Path, migrated: Path) -> AsyncIterator[SqlStore]:
    async with open_store(shutil.copy(migrated, tmp_path)) as opened:
        yield opened
