"""Many executions at once on one repository, with the real CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.demo import Conversation, ScriptedModel, Turn
from runner.model import Execution, Priority, State
from runner.ports import ExecutionQuery
from tests.core.stage import KEY, stage, with_model


def writing(conversation: Conversation) -> Turn:
    """Write a file that is named after the prompt."""
    if conversation.results:
        return Turn(text="Written.")
    return Turn(tools=(("Bash", {"command": f"echo mine > {conversation.prompt}.txt"}),))


def _over(execution: Execution) -> bool:
    return execution.state.final


@pytest.mark.parametrize("count", [6, pytest.param(200, marks=[pytest.mark.proof, pytest.mark.timeout(900)])])
async def test_a_full_queue_is_worked_off_by_priority_without_mixing_anything_up(tmp_path: Path, count: int) -> None:
    """RUN-1, RUN-2, TREE-8: all finish, begun in order of priority, each with its own file and no other."""
    async with ScriptedModel(writing, api_key=KEY) as model:
        settings = with_model(tmp_path, model.url, worker={"slots": 4, "keep_most": 0}, policy={"allow": ("Bash",)})
        async with stage(tmp_path, settings, work=False) as scene:
            await scene.project()
            for number in range(count):
                await scene.do(f"file-{number}", priority=list(Priority)[number % 3])
        async with stage(tmp_path, settings) as scene:
            runs = (await scene.core.runs.list(ExecutionQuery(limit=count))).items
            ended = [await scene.until(run, _over, seconds=600) for run in runs]
            assert [e.state for e in ended] == [State.COMPLETED] * count, [e.error for e in ended]
            begun = sorted(ended, key=lambda e: e.started_at or e.created_at)
            assert [e.priority.rank for e in begun] == sorted(e.priority.rank for e in ended)
            for run in ended:
                _, diff = await scene.core.review.diff(run.id)
                assert [f.path for f in diff.files] == [f"{run.prompt}.txt"]
        assert model.violations == []
