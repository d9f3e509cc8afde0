"""The stage of previews, with or without a sandbox that works on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.preview.stage import Stage, new_stage

# Read when tests are collected: while they run, the environment is an empty one.
REQUIRED = bool(os.environ.get("SIGNOFF_REQUIRE_BWRAP"))  # noqa: TID251 - a switch for tests alone

_obstacles: list[str] = []  # found out once for all tests of a process


@pytest.fixture
def bare(tmp_path: Path) -> Stage:
    """A stage for what needs no sandbox."""
    return new_stage(tmp_path / "machine")


@pytest.fixture
async def stage(bare: Stage) -> Stage:
    """A stage whose commands can be tried; skipped where the machine has no sandbox, unless one is required."""
    if not _obstacles:
        _obstacles.append(await bare.previewer().available())
    obstacle = _obstacles[0]
    if obstacle and REQUIRED:
        pytest.fail(obstacle)
    if obstacle:
        pytest.skip(obstacle)
    return bare
