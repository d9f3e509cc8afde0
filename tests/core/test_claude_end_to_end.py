"""The whole core with the real Claude Code CLI, the scripted model and a real repository."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.demo import ScriptedModel
from runner.demo.repository import TEST_COMMAND, git
from runner.demo.story import PROMPT, TASK, story
from runner.model import Answer, Reason, State
from runner.runs import RunOptions
from runner.tasks import TaskDraft
from tests.core.stage import KEY, Stage, stage, with_model

YES = Answer(approve=True)


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Stage]:
    """The demo's project and task, with the scripted model behind the real CLI."""
    async with (
        ScriptedModel(story, api_key=KEY) as model,
        stage(tmp_path, with_model(tmp_path, model.url)) as scene,
    ):
        await scene.project(test=TEST_COMMAND)
        await scene.core.tasks.define(scene.actor, TaskDraft(name=TASK, prompt=PROMPT))
        yield scene
        assert model.violations == []


async def test_a_task_is_run_approved_tested_reported_and_merged(demo: Stage) -> None:
    """The main job: task with a variable, two questions, tests, commit, report, diff, merge."""
    run = await demo.core.runs.run(demo.actor, TASK, {"module": "calc"}, RunOptions())
    edit = await demo.question(run, 1)
    assert (edit.tool, bool(edit.offers)) == ("Edit", True)
    await demo.core.approvals.answer(demo.actor, edit.id, YES)
    command = await demo.question(run, 2)
    assert command.input["command"] == TEST_COMMAND
    await demo.core.approvals.answer(demo.actor, command.id, YES)
    ended = await demo.end(run)
    assert (ended.state, ended.reason, ended.error) == (State.COMPLETED, Reason.GOAL_MET, "")
    assert ended.test_exit == 0
    assert "The tests pass" in ended.summary
    assert ended.usage.tokens > 0
    _, diff = await demo.core.review.diff(run.id)
    assert [(f.path, f.added, f.removed) for f in diff.files] == [("calc.py", 1, 1)]
    report = await demo.core.review.report(demo.actor, run.id, "json")
    assert json.loads(Path(report.path).read_text("utf-8"))
    merged = await demo.core.review.merge(demo.actor, run.id)
    assert git(demo.repository, "rev-parse", "main") == merged.merged_commit
    assert "len(values) - 1" not in (demo.repository / "calc.py").read_text("utf-8")
    assert not Path(ended.worktree).exists()


async def test_a_denial_reaches_the_agent_with_its_reason(demo: Stage) -> None:
    """APPR-5: deny with a reason, and the agent reads it."""
    run = await demo.core.runs.run(demo.actor, TASK, {"module": "calc"}, RunOptions())
    edit = await demo.question(run)
    await demo.core.approvals.answer(demo.actor, edit.id, Answer(approve=False, note="calc.py is frozen this week"))
    ended = await demo.end(run)
    assert "Denied by ada: calc.py is frozen this week" in ended.summary
    assert ended.diffstat == ""
