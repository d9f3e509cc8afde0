"""Runs as people meet them: order, steering, stop and resume, retry, follow-ups, restarts. The agent plays a part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner import worktree
from runner.demo.repository import git
from runner.errors import NotAllowed, ProjectError, WrongState
from runner.model import (
    Answer,
    Author,
    Enclosed,
    Execution,
    Phase,
    Priority,
    Reason,
    Role,
    State,
    Upload,
)
from runner.ports import Batch, ExecutionQuery
from runner.runs import RunOptions
from runner.tasks import TaskDraft
from tests.core.stage import settings_in, stage
from tests.fakes import ActingAgent, Turn, asks

YES = Answer(approve=True)


async def test_executions_begin_in_order_of_priority(tmp_path: Path) -> None:
    """RUN-1: high before normal before low, and within a priority the older first."""
    begun: list[str] = []

    async def part(turn: Turn) -> str:
        begun.append(turn.text)
        return "done"

    settings = settings_in(tmp_path, worker={"slots": 1})
    async with stage(tmp_path, settings, ActingAgent(part), work=False) as scene:
        await scene.project()
        for number, priority in enumerate([Priority.LOW, Priority.NORMAL, Priority.HIGH] * 2):
            await scene.do(f"{priority.value} {number}", priority=priority)
    async with stage(tmp_path, settings, ActingAgent(part)) as scene:
        for run in (await scene.core.runs.list(ExecutionQuery())).items:
            await scene.end(run)
    assert begun == ["high 2", "high 5", "normal 1", "normal 4", "low 0", "low 3"]


async def test_slots_bound_what_runs_and_waiting_holds_none(tmp_path: Path) -> None:
    """RUN-2: never more running than slots; whoever waits for a person lets the next one begin."""
    running = 0
    most = 0

    async def part(turn: Turn) -> str:
        nonlocal running, most
        if turn.text == "ask":
            return await asks(turn)
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return "done"

    async with stage(tmp_path, settings_in(tmp_path, worker={"slots": 2}), ActingAgent(part)) as scene:
        await scene.project()
        waiting = [await scene.do("ask") for _ in range(3)]
        for run in waiting:
            await scene.question(run)
        for run in [await scene.do(f"work {n}") for n in range(6)]:
            assert (await scene.end(run)).state is State.COMPLETED
    assert most <= 2


async def test_stop_keeps_the_session_and_resume_goes_on_in_it(tmp_path: Path) -> None:
    """RUN-4: a stopped run is resumed in the same session and worktree."""
    told: list[str] = []

    async def part(turn: Turn) -> str:
        told.append(turn.text)
        if len(told) == 1:
            await turn.write("half.txt", "half")
            await turn.say("half way")
            await asyncio.Event().wait()
        return "finished"

    agent = ActingAgent(part)
    async with stage(tmp_path, settings_in(tmp_path), agent) as scene:
        await scene.project()
        run = await scene.do("Work long.")
        await scene.until(run, lambda e: e.session)
        await scene.core.runs.stop(scene.actor, run.id)
        stopped = await scene.until(run, lambda e: e.state is State.STOPPED)
        with pytest.raises(WrongState, match="resume"):
            await scene.core.runs.stop(scene.actor, run.id)
        await scene.core.runs.resume(scene.actor, run.id, "and finish it")
        ended = await scene.end(run)
        assert (ended.summary, told) == ("finished", ["Work long.", "and finish it"])
        assert agent.opened[1].session == stopped.session
        assert agent.opened[1].cwd == agent.opened[0].cwd
        assert "half.txt" in (await scene.core.review.diff(run.id))[1].patch


async def test_retry_begins_anew_and_is_linked(tmp_path: Path) -> None:
    """RUN-5: a retry is a new execution with its own worktree, linked to the old one."""

    async def part(turn: Turn) -> str:
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        first = await scene.end(await scene.do("Go."))
        again = await scene.end(await scene.core.runs.retry(scene.actor, first.id))
        assert (again.retry_of, again.prompt, again.state) == (first.id, "Go.", State.COMPLETED)
        assert again.worktree != first.worktree


async def test_a_follow_up_continues_session_worktree_and_branch(tmp_path: Path) -> None:
    """RUN-6: what is said after the end is a new execution in the same conversation."""

    async def part(turn: Turn) -> str:
        await turn.write(f"{turn.text}.txt", turn.text)
        return f"wrote {turn.text}"

    agent = ActingAgent(part)
    async with stage(tmp_path, settings_in(tmp_path), agent) as scene:
        await scene.project()
        first = await scene.end(await scene.do("one"))
        second = await scene.end(await scene.core.runs.say(scene.actor, first.id, "two"))
        assert second.conversation_id == first.conversation_id
        assert (second.session, second.worktree, second.branch) == (first.session, first.worktree, first.branch)
        assert len(agent.opened) == 1, "the idle process was kept and used"
        _, diff = await scene.core.review.diff(second.id)
        assert [f.path for f in diff.files] == ["one.txt", "two.txt"]
        await scene.core.review.merge(scene.actor, second.id)
        assert (scene.repository / "one.txt").exists()
        assert (scene.repository / "two.txt").exists()


@pytest.mark.parametrize("ends", ["completed", "failed"])
async def test_what_is_said_while_a_run_is_checked_is_for_the_next_one(tmp_path: Path, ends: str) -> None:
    """RUN-10: nobody would read it in this one; the next begins when this one is over."""
    script = f"touch {tmp_path}/checking; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; test {ends} = completed"

    async def part(turn: Turn) -> str:
        return f"heard {turn.text}"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project(test=script)
        first = await scene.do("one")
        async with asyncio.timeout(30):
            while not (tmp_path / "checking").exists():
                await asyncio.sleep(0.01)
        second = await scene.core.runs.say(scene.actor, first.id, "two", Enclosed(files=(Upload(name="a", data=b"x"),)))
        assert second.id != first.id
        assert (second.conversation_id, second.state) == (first.conversation_id, State.PENDING)
        (tmp_path / "go").touch()
        assert (await scene.end(first)).state == ends
        ended = await scene.end(second)
        assert ended.summary.startswith("heard two")
        for run, files in ((first, 0), (second, 1)):
            messages = (await scene.core.runs.view(run.id)).messages
            (said,) = [m for m in messages if m.author is Author.PERSON]
            assert (said.delivered_at is not None, len(said.files)) == (True, files)


async def test_what_is_said_as_a_turn_ends_is_read_in_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RUN-10: the agent takes another turn for it."""

    async def part(turn: Turn) -> str:
        return f"heard {turn.text}"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        executions = scene.core.store.executions
        write, late = executions.transition, ["two", "three"]

        async def say_before(before: Execution, after: Execution, batch: Batch) -> bool:
            if after.phase is Phase.CHECKING and late:
                assert (await scene.core.runs.say(scene.actor, after.id, late.pop(0))).id == after.id
            return await write(before, after, batch)

        monkeypatch.setattr(executions, "transition", say_before)
        ended = await scene.end(await scene.do("one"))
        assert (ended.summary, ended.usage.turns) == ("heard three", 3)
        said = (await scene.core.runs.view(ended.id)).messages
        assert [m.text for m in said if m.delivered_at] == ["one", "two", "three"]


async def test_what_was_on_its_way_to_the_agent_when_its_turn_ended_is_said_again(tmp_path: Path) -> None:
    """RUN-10: it was taken in hand and has not been read."""
    handed = asyncio.Event()

    async def part(turn: Turn) -> str:
        if turn.text == "one":
            await scene.core.runs.say(scene.actor, run.id, "two")
            while turn.remarks.empty():
                await asyncio.sleep(0.01)
            handed.set()
        return f"heard {turn.text}"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.do("one")
        assert (await scene.end(run)).summary == "heard two"
        assert handed.is_set()


async def test_queued_prompts_of_a_conversation_run_in_order(tmp_path: Path) -> None:
    """RUN-3: executions of one conversation run one after another, in the order they were said."""
    heard: list[str] = []

    async def part(turn: Turn) -> str:
        heard.append(turn.text)
        return turn.text

    async with stage(tmp_path, settings_in(tmp_path, worker={"slots": 4}), ActingAgent(part), work=False) as scene:
        await scene.project()
        first = await scene.do("0")
        for number in range(1, 6):
            await scene.core.runs.say(scene.actor, first.id, str(number), queued=True)
    async with stage(tmp_path, settings_in(tmp_path, worker={"slots": 4}), ActingAgent(part)) as scene:
        for run in (await scene.core.runs.list(ExecutionQuery())).items:
            await scene.end(run)
    assert heard == ["0", "1", "2", "3", "4", "5"]


async def test_a_lost_session_begins_anew_with_the_prompt(tmp_path: Path) -> None:
    """AGENT-9: when the conversation is gone the run begins again instead of failing."""
    told: list[str] = []
    begun = asyncio.Event()

    async def part(turn: Turn) -> str:
        told.append(turn.text)
        begun.set()
        if len(told) == 1:
            await asyncio.Event().wait()
        return "done"

    settings = settings_in(tmp_path, worker={"slots": 2, "drain_seconds": 0})
    async with stage(tmp_path, settings, ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.do("Work.")
        await begun.wait()
    async with stage(tmp_path, settings, ActingAgent(part)) as scene:
        ended = await scene.end(run)
        assert (ended.summary, told) == ("done", ["Work.", "Work."])
        said = await scene.core.store.executions.messages(run.id)
        assert any(m.author is Author.SIGNOFF and "anew" in m.text for m in said)


async def test_limits_end_a_run_and_say_which(tmp_path: Path) -> None:
    """RUN-7: tokens used up end a run as failed(limit_reached)."""

    async def part(turn: Turn) -> str:
        if turn.text == "again":
            await asyncio.Event().wait()
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        await scene.core.tasks.define(scene.actor, TaskDraft(name="dear", prompt="Go.", tokens=50))
        run = await scene.core.runs.run(scene.actor, "dear", {}, RunOptions())
        ended = await scene.end(run)
        assert (ended.state, ended.reason) == (State.FAILED, Reason.LIMIT_REACHED)
        assert "50 tokens" in ended.error


async def test_a_broken_run_ends_with_a_code_and_the_daemon_goes_on(tmp_path: Path) -> None:
    """RUN-8: an unexpected error fails one run, says where to look, and nothing else."""

    async def part(turn: Turn) -> str:
        if turn.text == "break":
            raise ZeroDivisionError
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        broken = await scene.end(await scene.do("break"))
        assert (broken.state, broken.reason) == (State.FAILED, Reason.INTERNAL)
        assert "log" in broken.hint
        assert (await scene.end(await scene.do("work"))).state is State.COMPLETED


async def test_a_vanished_project_fails_the_run_with_what_to_do(tmp_path: Path) -> None:
    async def part(turn: Turn) -> str:
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        scene.repository.rename(tmp_path / "moved")
        ended = await scene.end(await scene.do("Go."))
        assert (ended.state, ended.reason) == (State.FAILED, Reason.SETUP_FAILED)
        assert ended.error
        assert ended.hint


async def test_roles_are_checked_at_every_use_case(tmp_path: Path) -> None:
    """APPR-8: a viewer may look and nothing else."""

    async def part(turn: Turn) -> str:
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part), work=False) as scene:
        await scene.project()
        run = await scene.do("Go.")
    async with stage(
        tmp_path / "other", settings_in(tmp_path / "other"), ActingAgent(part), role=Role.VIEWER
    ) as viewer:
        with pytest.raises(NotAllowed):
            await viewer.do("Go.")
        with pytest.raises(NotAllowed):
            await viewer.core.tasks.define(viewer.actor, TaskDraft(name="x", prompt="y"))
        for refused in (
            viewer.core.runs.stop,
            viewer.core.runs.cancel,
            viewer.core.runs.retry,
            viewer.core.review.merge,
        ):
            with pytest.raises(NotAllowed):
                await refused(viewer.actor, run.id)


async def test_discard_keeps_a_backup_and_says_where(tmp_path: Path) -> None:
    """TREE-6: discarded work stays under its backup ref."""

    async def part(turn: Turn) -> str:
        await turn.write("new.txt", "new")
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.end(await scene.do("Go."))
        _, backup = await scene.core.review.discard(scene.actor, run.id)
        assert backup.startswith("refs/signoff/backup/")
        assert not Path(run.worktree).exists()
        with pytest.raises(WrongState, match="discarded"):
            await scene.core.review.merge(scene.actor, run.id)
        with pytest.raises((WrongState, ProjectError)):
            await scene.core.review.discard(scene.actor, run.id)


async def test_a_start_prunes_what_nobody_needs_and_keeps_its_state(tmp_path: Path) -> None:
    """TREE-7: a worktree that a crash left behind is removed at the next start; work that waits for review stays."""

    async def part(turn: Turn) -> str:
        await turn.write("new.txt", "new")
        return "done"

    settings = settings_in(tmp_path)
    async with stage(tmp_path, settings, ActingAgent(part)) as scene:
        await scene.project()
        kept = await scene.end(await scene.do("Keep."))
        project = await scene.core.projects.get("calculator")
        stray = await worktree.make(project, "0" * 20 + "stray9", settings.worktrees)
        await asyncio.to_thread((stray.path / "half.txt").write_text, "half")
    async with stage(tmp_path, settings, ActingAgent(part)) as scene:
        await scene.core.upkeep.run()
        assert Path(kept.worktree).exists()
        assert not stray.path.exists()
        backup = git(scene.repository, "show", f"refs/signoff/backup/{stray.handle}:half.txt")
        assert backup == "half"
