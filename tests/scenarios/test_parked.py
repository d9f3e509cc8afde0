"""Hundreds of parked questions cost next to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import parked

MOST = 5e6 / 2**20  # MiB by which the daemon may grow: 5 MB


@pytest.mark.proof
@pytest.mark.timeout(60 * 60)
async def test_parked_questions_hold_no_process_and_hardly_any_memory(tmp_path: Path) -> None:
    """APPR-12: five hundred parked, none has a process; the daemon has grown by at most 5 MB."""
    found = await parked.measure(tmp_path)
    assert found.agents == 0
    assert found.growth <= MOST
    assert found.carried <= MOST
    assert "done" in found.answered, "and each is as alive as on the first day"
