"""What is said of a step whose answer was handed over to an attempt that was cut off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.model import Answer, StepStatus, ToolCall
from runner.ports import StepBegan
from tests.core.stage import settings_in, stage
from tests.fakes import MAKE, ActingAgent, Part, Turn, asks

_BEFORE = "d before"
NO = Answer(approve=False, note="not now")
YES = Answer(approve=True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (YES, "approved before, then cut off: it may have run already"),
        (NO, "answered before, then cut off: the agent may not have heard it"),
    ],
)
async def test_a_step_that_was_cut_off_is_asked_about_again_and_the_card_says_so(
    tmp_path: Path, answer: Answer, told: str
) -> None:
    """APPR-11: an answer that was handed over never counts again; nobody knows whether the step has run."""
    began = asyncio.Event()

    settings = settings_in(tmp_path, worker={"drain_seconds": 0}, approvals={"hot_wait_minutes": 60})
    first = ActingAgent(_stuck_at_work(began))
    async with stage(tmp_path, settings, first) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        assert _BEFORE not in question.reason
        await scene.core.approvals.answer(scene.actor, question.id, answer)
        await began.wait()
    second = ActingAgent(asks)
    second.sessions = first.sessions
    async with stage(tmp_path, settings, second) as scene:
        again = await scene.question(run, 2)
        assert again.reason.endswith(told)
        await scene.core.approvals.answer(scene.actor, again.id, YES)
        assert (await scene.end(run)).summary == "ran make all"


async def test_a_step_that_ended_and_is_asked_about_in_a_later_attempt_is_said_to_have_run(tmp_path: Path) -> None:
    """APPR-11: where the record says that the step ended, its card says so."""

    async def part(turn: Turn) -> str:
        await turn.step("Bash", MAKE)
        await asyncio.Event().wait()
        return ""

    first = ActingAgent(part)
    async with stage(tmp_path, settings_in(tmp_path, worker={"drain_seconds": 0}), first) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        await scene.core.approvals.answer(scene.actor, (await scene.question(run)).id, YES)
        async for _ in scene.core.changes.follow(run.id):
            if [step.status for step in await scene.core.store.executions.steps(run.id)] == [StepStatus.OK]:
                break
    second = ActingAgent(asks)
    second.sessions = first.sessions
    async with stage(tmp_path, settings_in(tmp_path), second) as scene:
        assert (await scene.question(run, 2)).reason.endswith("; approved before, and has run already")


async def test_a_step_that_is_repeated_by_the_same_attempt_is_asked_about_like_any_other(tmp_path: Path) -> None:
    """APPR-11: who repeats a step knows what came of it before."""

    async def twice(turn: Turn) -> str:
        await turn.step("Bash", MAKE)
        return await asks(turn)

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(twice)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        for number in (1, 2):
            question = await scene.question(run, number)
            assert _BEFORE not in question.reason
            await scene.core.approvals.answer(scene.actor, question.id, YES)
        await scene.end(run)


def _stuck_at_work(began: asyncio.Event) -> Part:
    """Play an agent that is still at its step when the daemon goes."""

    async def part(turn: Turn) -> str:
        call = ToolCall(tool="Bash", input=MAKE, tool_use_id="toolu_stuck")
        await turn.host.saw(StepBegan(call=call))
        await turn.host.judge(call)
        await turn.host.ask(call)
        began.set()
        await asyncio.Event().wait()
        return ""

    return part
