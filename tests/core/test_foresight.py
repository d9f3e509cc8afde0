"""What the card shows of a step before it is decided."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runner.model import Answer, Approval
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, Turn


async def _writes(turn: Turn) -> str:
    path = str(turn.spec.cwd / "new.py")
    answer = await turn.step("Write", {"file_path": path, "content": "x = 1\n"})
    return "written" if answer and answer.approve else "left"


async def _previewed(scene: Stage, asked: Approval) -> Approval:
    async with asyncio.timeout(20):
        async for _ in scene.core.changes.follow(asked.execution_id):
            now = await scene.core.approvals.find(asked.id)
            if now.preview is not None:
                return now
    raise AssertionError


async def test_an_open_question_gets_a_preview_of_its_step(tmp_path: Path) -> None:
    """APPR-18: what the step would change stands on the question, and nothing has changed yet."""
    settings = settings_in(tmp_path, approvals={"preview": True})
    async with stage(tmp_path, settings, ActingAgent(_writes)) as scene:
        await scene.project()
        run = await scene.do("Write it.")
        asked = await _previewed(scene, await scene.question(run))
        assert asked.preview is not None
        assert [(file.path, file.status) for file in asked.preview.files] == [("new.py", "added")]
        assert "+x = 1" in asked.preview.patch
        assert not (Path((await scene.core.runs.find(run.id)).worktree) / "new.py").exists()
        await scene.core.approvals.answer(scene.actor, asked.id, Answer(approve=True))
        assert (await scene.end(run)).summary == "written"


async def test_a_question_from_before_a_restart_gets_its_preview_too(tmp_path: Path) -> None:
    """APPR-18: switched on after the question was asked, the preview is made up for."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(_writes)) as scene:
        await scene.project()
        asked = await scene.question(await scene.do("Write it."))
        assert asked.preview is None
    settings = settings_in(tmp_path, approvals={"preview": True})
    async with stage(tmp_path, settings, ActingAgent(_writes)) as scene:
        assert (await _previewed(scene, asked)).preview is not None
