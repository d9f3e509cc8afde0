"""The record of an attempt whose execution has been taken over."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.advance import Advance, Fenced
from runner.model import Execution
from runner.pen import Pen
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, asks


async def test_what_an_overtaken_attempt_writes_is_refused(tmp_path: Path) -> None:
    """STORE-2: whoever has a newer epoch owns the record."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks), work=False) as scene:
        run, pen = await _overtaken(scene)
        with pytest.raises(Fenced):
            await pen.flush()
        assert (await scene.core.runs.find(run.id)).session is None


async def test_who_is_cancelled_need_not_hear_that_the_attempt_was_overtaken(tmp_path: Path) -> None:
    """Nor does the log: cancelling is how an overtaken attempt ends."""
    unheard: list[dict[str, Any]] = []
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks), work=False) as scene:
        _, pen = await _overtaken(scene)
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(pen.flush())
            await asyncio.sleep(0)  # it has begun
            await asyncio.sleep(0)
            writing.cancel()
        assert writing.cancelled()
        del writing
        gc.collect()
    assert not unheard


async def _overtaken(scene: Stage) -> tuple[Execution, Pen]:
    """Return an execution, and the pen of an attempt at it that was overtaken, with something to write."""
    await scene.project()
    run = await scene.do("Go.")
    advance = Advance(scene.core.store, scene.core.clock)
    pen = Pen(execution=replace(run, epoch=run.epoch - 1), store=scene.core.store, advance=advance)
    pen.put(facts=lambda execution: replace(execution, session="s"))
    return run, pen
