"""People who press at the same moment, and presses that must not count."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.errors import AlreadyAnswered, SignoffError
from runner.model import Actor, Answer, Approval, ApprovalState, Role, handle
from runner.ports import ExecutionQuery
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, asks

YES = Answer(approve=True)


@pytest.mark.parametrize("times", [10, pytest.param(1_000, marks=pytest.mark.proof)])
async def test_of_two_who_press_at_the_same_moment_one_wins(tmp_path: Path, times: int) -> None:
    """APPR-4: one winner each time, and the other hears who and when."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        bob, eve = await scene.person("bob"), await scene.person("eve")
        for _ in range(times):
            run = await scene.do("Build it.")
            question = await scene.question(run)
            outcomes = await _together(scene, question, (bob, YES), (eve, Answer(approve=False)))
            (won,) = [o for o in outcomes.values() if isinstance(o, Approval)]
            (lost,) = [o for o in outcomes.values() if isinstance(o, AlreadyAnswered)]
            winner = next(name for name, o in outcomes.items() if o is won)
            assert (lost.by, lost.at) == (winner, won.answered_at)
            await scene.end(run)


async def _together(scene: Stage, question: Approval, *presses: tuple[Actor, Answer]) -> dict[str, object]:
    outcomes: dict[str, object] = {}

    async def press(actor: Actor, answer: Answer) -> None:
        try:
            outcomes[actor.person.name] = await scene.core.approvals.answer(actor, question.id, answer)
        except AlreadyAnswered as late:
            outcomes[actor.person.name] = late

    async with asyncio.TaskGroup() as group:
        for actor, answer in presses:
            group.create_task(press(actor, answer))
    return outcomes


async def test_stale_doubled_and_forged_presses_change_nothing(tmp_path: Path) -> None:
    """APPR-4, APPR-8: what does not count leaves questions, rules, runs and the audit log as they were."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        viewer = await scene.person("viv", Role.VIEWER)
        answered, withdrawn = await scene.do("Build it."), await scene.do("Build it.")
        done, gone = await scene.question(answered), await scene.question(withdrawn)
        await scene.core.approvals.answer(scene.actor, done.id, YES)
        await scene.end(answered)
        await scene.core.runs.stop(scene.actor, handle(withdrawn.id))
        third = await scene.do("Build it.")
        still = await scene.question(third)
        forged = still.id[:-1] + ("0" if still.id[-1] != "0" else "1")
        before = await _everything(scene)
        for actor, approval_id in (
            (scene.actor, done.id),
            (scene.actor, gone.id),
            (scene.actor, forged),
            (scene.actor, answered.id),
            (scene.actor, ""),
            (viewer, still.id),
        ):
            for answer in (YES, Answer(approve=False), Answer(approve=True, input={"command": "rm x"})):
                with pytest.raises(SignoffError):
                    await scene.core.approvals.answer(actor, approval_id, answer)
        assert await _everything(scene) == before
        assert (await scene.core.approvals.find(still.id)).state is ApprovalState.OPEN


async def _everything(scene: Stage) -> object:
    runs = (await scene.core.runs.list(ExecutionQuery(limit=100))).items
    return (
        [(run.state, run.epoch, run.attempt) for run in runs],
        [await scene.core.store.approvals.of(run.id) for run in runs],
        await scene.core.store.feed.audit(limit=1_000),
    )
