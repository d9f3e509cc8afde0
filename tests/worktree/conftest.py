"""A repository, the project that names it, and a place for worktrees."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.model import Execution, Project, new_id
from tests.worktree.repo import Repo, new_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return new_repo(tmp_path / "shop")


@pytest.fixture
def project(repo: Repo) -> Project:
    return Project(name="shop", path=str(repo.path))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "worktrees"


@pytest.fixture
def an_execution() -> Execution:
    number = new_id()
    return Execution(
        id=number, conversation_id=number, person_id="ada", prompt="do it", created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
