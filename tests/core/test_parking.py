"""What may happen while a question waits without a process, each with its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from runner.demo.repository import git
from runner.errors import WrongState
from runner.model import (
    Answer,
    Approval,
    ApprovalState,
    Execution,
    Json,
    Rule,
    Scope,
    State,
    ToolCall,
    Verdict,
    handle,
    uuid_of,
)
from runner.ports import Batch, StepBegan, StepEnded
from runner.runs import RunOptions
from runner.tasks import TaskDraft
from tests.core.clock import HandClock
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import MAKE, ActingAgent, Turn, asks

YES = Answer(approve=True)
ALL_OF_MAKE = Rule(pattern="Bash(make *)", verdict=Verdict.ALLOW, scope=Scope.RUN)


async def test_after_the_hot_wait_nothing_is_held_and_the_answer_brings_it_back(tmp_path: Path) -> None:
    """APPR-12: neither process nor slot is held after the hot wait; one answer runs the step in the same session."""
    clock, agent = HandClock(), ActingAgent(asks)
    settings = settings_in(tmp_path, worker={"slots": 1, "drain_seconds": 5})
    async with stage(tmp_path, settings, agent, clock=clock) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        await clock.move(minutes=9)
        assert (await scene.core.runs.find(run.id)).worker is not None
        await clock.move(minutes=2)
        waiting = await scene.parked(run)
        await _until(lambda: agent.ended == ["parked"])
        assert waiting.interrupted
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        ended = await scene.end(run)
        assert (ended.summary, ended.session, ended.attempt) == ("ran make all", waiting.session, 2)
        assert [spec.interrupted for spec in agent.opened] == [False, True]


async def test_a_week_and_two_restarts_later_one_tap_runs_the_step(tmp_path: Path) -> None:
    """APPR-12: a question may wait for a week, over restarts."""
    clock, agent = HandClock(), ActingAgent(asks)
    settings = settings_in(tmp_path, approvals={"hot_wait_minutes": 0})
    async with stage(tmp_path, settings, agent, clock=clock) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        await scene.parked(run)
    for days in (3, 4):
        await clock.move(days=days)
        async with stage(tmp_path, settings, agent, clock=clock) as scene:
            assert (await scene.core.runs.find(run.id)).state is State.WAITING
    async with stage(tmp_path, settings, agent, clock=clock) as scene:
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        assert (await scene.end(run)).summary == "ran make all"
        (asked,) = await scene.core.store.approvals.of(run.id)
        assert asked.delivered_at is not None


async def test_an_edited_answer_to_a_parked_question_runs_as_edited(tmp_path: Path) -> None:
    """APPR-5: the edited input is what runs, also after parking."""
    async with _parked(tmp_path, ActingAgent(asks)) as (scene, run, question):
        await scene.core.approvals.answer(scene.actor, question.id, Answer(approve=True, input={"command": "make one"}))
        assert (await scene.end(run)).summary == "ran make one"


async def test_a_parked_run_can_be_stopped_and_resumed(tmp_path: Path) -> None:
    """APPR-13: stop withdraws the question and says so; resume asks it again."""
    async with _parked(tmp_path, ActingAgent(asks)) as (scene, run, question):
        await scene.core.runs.stop(scene.actor, handle(run.id))
        withdrawn = await scene.core.approvals.find(question.id)
        assert (withdrawn.state, withdrawn.outcome) == (ApprovalState.WITHDRAWN, "The run was stopped.")
        with pytest.raises(WrongState):
            await scene.core.approvals.answer(scene.actor, question.id, YES)
        await scene.core.runs.resume(scene.actor, handle(run.id))
        again = await scene.question(run, 2)
        await scene.core.approvals.answer(scene.actor, again.id, YES)
        assert (await scene.end(run)).summary == "ran make all"


async def test_an_agent_that_asks_something_else_afterwards_gets_no_answer_for_it(tmp_path: Path) -> None:
    """APPR-3, APPR-13: an answer never passes over to another step, and both cards say what happened."""

    async def part(turn: Turn) -> str:
        command: Json = MAKE if turn.prompt else {"command": "make other"}
        answer = await turn.step("Bash", command)
        return "ran" if answer and answer.approve else "left"

    async with _parked(tmp_path, ActingAgent(part)) as (scene, run, question):
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        other = await scene.question(run, 2)
        assert "asked instead of: $ make all" in other.reason
        await scene.parked(run)
        await scene.core.approvals.answer(scene.actor, other.id, Answer(approve=False))
        assert (await scene.end(run)).summary == "left"
        first = await scene.core.approvals.find(question.id)
        assert (first.state, first.delivered_at) == (ApprovalState.APPROVED, None)
        assert first.outcome == "The agent did not come back to this step: it did not run."


async def test_changes_made_while_it_waited_are_told(tmp_path: Path) -> None:
    """APPR-13: a touched worktree and a base branch that moved on are said on the card; the answer counts."""
    async with _parked(tmp_path, ActingAgent(asks)) as (scene, run, question):
        worktree = Path((await scene.core.runs.find(run.id)).worktree)
        (worktree / "calc.py").write_text("broken", "utf-8")
        git(scene.repository, "commit", "--allow-empty", "--message", "meanwhile")
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        assert (await scene.end(run)).summary == "ran make all"
        outcome = (await scene.core.approvals.find(question.id)).outcome
        assert outcome == "While it waited, somebody changed files in the worktree. While it waited, main moved on."


async def test_nothing_is_told_where_nothing_changed(tmp_path: Path) -> None:
    """APPR-13: the remark about changes is not a matter of course."""
    async with _parked(tmp_path, ActingAgent(asks)) as (scene, run, question):
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        await scene.end(run)
        assert (await scene.core.approvals.find(question.id)).outcome == ""


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_lost_conversation_begins_anew_and_the_same_step_has_its_answer(tmp_path: Path, at_once: bool) -> None:
    """APPR-13: without its session the agent begins anew; the answer counts if it asks for the same step."""

    async def part(turn: Turn) -> str:
        assert turn.text == "Build it.", "it begins anew with the prompt"
        return await asks(turn)

    agent = ActingAgent(part)
    async with _parked(tmp_path, agent) as (scene, run, question):
        agent.sessions.clear()
        agent.lost_at_once = at_once
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        assert (await scene.end(run)).summary == "ran make all"
        said = [m.text for m in await scene.core.store.executions.messages(run.id)]
        assert "The agent's conversation was lost: it begins anew with the prompt." in said


async def test_what_a_dead_agent_did_not_write_down_is_said_again(tmp_path: Path) -> None:
    """AGENT-17: the newest of what it was told is not in the conversation that is resumed."""
    heard: list[str] = []

    async def part(turn: Turn) -> str:
        heard.append(turn.text)
        return await asks(turn)

    agent = ActingAgent(part)
    async with _parked(tmp_path, agent) as (scene, run, question):
        (told,) = [m for m in await scene.core.store.executions.messages(run.id) if m.delivered_at]
        agent.forgotten.add(uuid_of(told.id))
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        assert (await scene.end(run)).summary == "ran make all"
    assert heard == ["Build it.", "Build it."]


@pytest.mark.parametrize("last", [YES, replace(YES, rule=ALL_OF_MAKE)], ids=["once", "for the run"])
async def test_of_several_questions_the_last_answer_brings_the_agent_back(tmp_path: Path, last: Answer) -> None:
    """APPR-1, APPR-13: several steps at once are all kept; each answer goes to its own step, before any rule does."""

    async def part(turn: Turn) -> str:
        async with asyncio.TaskGroup() as group:
            steps = [group.create_task(turn.step("Bash", {"command": f"make {n}"})) for n in "ab"]
        answers = [step.result() for step in steps]
        return ",".join("unasked" if answer is None else "yes" if answer.approve else "no" for answer in answers)

    settings = settings_in(tmp_path, approvals={"hot_wait_minutes": 1})
    clock, agent = HandClock(), ActingAgent(part)
    async with stage(tmp_path, settings, agent, clock=clock) as scene:
        await scene.project()
        run = await scene.do("Build both.")
        await scene.question(run, 2)  # they are asked at once: either may come first
        first, second = sorted(await scene.core.store.approvals.of(run.id), key=lambda a: str(a.input["command"]))
        await clock.move(minutes=2)
        await scene.parked(run)
        await scene.core.approvals.answer(scene.actor, second.id, Answer(approve=False))
        assert (await scene.core.runs.find(run.id)).state is State.WAITING
        assert len(agent.opened) == 1
        await scene.core.approvals.answer(scene.actor, first.id, last)
        assert (await scene.end(run)).summary == "yes,no"
        assert len(await scene.core.store.approvals.of(run.id)) == 2


async def test_while_anything_else_is_done_nothing_is_parked(tmp_path: Path) -> None:
    """APPR-12: a step that goes on beside the question keeps the process alive."""
    over, heard = asyncio.Event(), asyncio.Event()

    async def part(turn: Turn) -> str:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(turn.step("Bash", MAKE))
            call = ToolCall(tool="Bash", input={"command": "ls"}, tool_use_id="toolu_beside")
            await turn.host.saw(StepBegan(call=call))
            await turn.host.judge(call)
            await turn.remark()
            heard.set()
            await over.wait()
            await turn.host.saw(StepEnded(tool_use_id=call.tool_use_id, ok=True, output=""))
        answer = asking.result()
        return "ran" if answer and answer.approve else "left"

    clock, agent = HandClock(), ActingAgent(part)
    async with stage(tmp_path, settings_in(tmp_path), agent, clock=clock) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        await scene.question(run)
        await clock.move(minutes=30)
        await scene.core.runs.say(scene.actor, handle(run.id), "Still there?")  # makes the worker look at its row
        await _until(heard.is_set)
        assert (await scene.core.runs.find(run.id)).worker is not None
        over.set()
        async with asyncio.timeout(10):
            while (await scene.core.runs.find(run.id)).worker is not None:
                await clock.move(minutes=30)


async def test_an_answer_at_the_moment_of_parking_is_not_lost(tmp_path: Path) -> None:
    """APPR-6: whichever of the two is written first, the step runs once."""
    settings = settings_in(tmp_path, approvals={"hot_wait_minutes": 0})
    agent = ActingAgent(asks)
    async with stage(tmp_path, settings, agent) as scene:
        await scene.project()
        for _ in range(10):
            run = await scene.do("Build it.")
            asked: Sequence[Approval] = ()
            async for _ in scene.core.changes.follow(run.id):
                if asked := await scene.core.store.approvals.of(run.id):
                    break
            await scene.core.approvals.answer(scene.actor, asked[0].id, YES)
            assert (await scene.end(run)).summary == "ran make all"
            (only,) = await scene.core.store.approvals.of(run.id)
            assert only.delivered_at is not None


async def test_days_of_waiting_are_no_minutes_of_work(tmp_path: Path) -> None:
    """APPR-12: a limit in minutes counts work; a question that waited for days does not use it up."""
    clock, agent = HandClock(), ActingAgent(asks)
    async with stage(tmp_path, settings_in(tmp_path), agent, clock=clock) as scene:
        await scene.project()
        draft = TaskDraft(name="short", prompt="Build it.", project="calculator", minutes=5)
        await scene.core.tasks.define(scene.actor, draft)
        run = await scene.core.runs.run(scene.actor, "short", {}, RunOptions())
        question = await scene.question(run)
        await clock.move(days=3)
        await scene.parked(run)
        await clock.move(days=3)
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        ended = await scene.end(run)
        assert (ended.state, ended.summary, ended.worked) == (State.COMPLETED, "ran make all", 0.0)


async def test_a_restart_parks_what_was_held_once(tmp_path: Path) -> None:
    """APPR-12: a daemon that starts lets go of what an earlier one held, and leaves alone what is parked."""
    settings = settings_in(tmp_path)
    async with stage(tmp_path, settings, ActingAgent(asks)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        await scene.question(run)
    async with stage(tmp_path, settings, ActingAgent(asks), work=False) as scene:
        parked = await scene.core.runs.find(run.id)
        assert parked.worker is None
    async with stage(tmp_path, settings, ActingAgent(asks)) as scene:
        assert (await scene.core.runs.find(run.id)).epoch == parked.epoch


async def test_a_worker_that_was_overtaken_delivers_nothing(tmp_path: Path) -> None:
    """APPR-11: an answer is not handed to a process that has lost its execution."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        held = await scene.core.runs.find(run.id)
        lost = replace(held, worker=None, interrupted=True, epoch=held.epoch + 1)
        assert await scene.core.store.executions.transition(held, lost, Batch())
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        ended = await scene.end(run)
        assert (ended.summary, ended.attempt) == ("ran make all", 2)


@asynccontextmanager
async def _parked(folder: Path, agent: ActingAgent) -> AsyncIterator[tuple[Stage, Execution, Approval]]:
    """Run something that asks, and wait until it is parked."""
    async with stage(folder, settings_in(folder, approvals={"hot_wait_minutes": 0}), agent) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        await scene.parked(run)
        yield scene, run, question


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
