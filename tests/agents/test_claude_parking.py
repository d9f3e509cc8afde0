"""Parking: the process ends while a person is asked, and the same step is asked about when the session is resumed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.agents.claude import ClaudeAgent
from runner.demo import Conversation, Script, Turn, turns
from runner.errors import SessionLost
from runner.model import AgentOptions, Answer, Ruling, ToolCall, Verdict
from runner.ports import AgentEvent, AgentSession, AgentSpec, SessionBegan, StepBegan, StepEnded
from tests.agents.stage import Host, Stage, bash, by_tool, exists, result_texts, said, stage

QUESTIONS = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "options": [{"label": "red", "description": "r"}, {"label": "blue", "description": "b"}],
            "multiSelect": False,
        }
    ]
}


async def never(call: ToolCall) -> Answer:
    await asyncio.Event().wait()
    raise AssertionError


def approving(names: str) -> Callable[[ToolCall], Any]:
    """Make a person who approves commands that contain one of these words, and is away for the others."""

    async def person(call: ToolCall) -> Answer:
        if any(name in str(call.input) for name in names.split()):
            return Answer(approve=True)
        return await never(call)

    return person


def resumed(spec: AgentSpec, session: AgentSession) -> AgentSpec:
    return replace(spec, session=session.session, interrupted=True)


async def parked(on: Stage, host: Host, spec: AgentSpec | None = None, *, asked: int = 1) -> AgentSpec:
    """Run until so many questions were asked and nobody answers the last; park, and say how to resume."""
    session = await ClaudeAgent(on.config).open(spec or on.spec)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(session.run(said("do it"), host))
        await host.until(lambda: len(host.asked) == asked)
        await session.park()
        result = await running
    assert result.status == "interrupted"
    assert host.withdrawn >= 1
    return resumed(spec or on.spec, session)


@asynccontextmanager
async def parked_once(
    folder: Path, tool: tuple[str, dict[str, Any]]
) -> AsyncIterator[tuple[Stage, ToolCall, AgentSpec]]:
    """Park a session whose only step is this one."""
    async with stage(folder, turns(Turn(text="I do it.", tools=(tool,)), "done")) as on:
        host = Host(never)
        spec = await parked(on, host)
        assert len(on.model.requests) == 1
        yield on, host.asked[0], spec


async def go_on(on: Stage, spec: AgentSpec, host: Host) -> str:
    async with asyncio.timeout(20), on.session(spec) as session:
        result = await session.run(None, host)
    assert result.status == "ok"
    return result.text


async def test_an_approval_after_parking_runs_the_very_call_once(tmp_path: Path) -> None:
    """AGENT-15: same tool-use id, and the model is not heard again before the step has run."""
    async with parked_once(tmp_path, bash("echo ran >> ran.txt")) as (on, call, spec):
        host = Host()
        assert await go_on(on, spec, host) == "done"
        assert host.asked == [call]
        assert (on.work / "ran.txt").read_text() == "ran\n"
        assert len(on.model.requests) == 2
        assert [result.tool_use_id for result in on.last.results] == [call.tool_use_id]
    assert [event.call for event in host.seen(StepBegan)] == [call]
    assert [(event.tool_use_id, event.ok) for event in host.seen(StepEnded)] == [(call.tool_use_id, True)]


@pytest.mark.proof
async def test_an_edit_after_parking_is_what_runs(tmp_path: Path) -> None:
    async with parked_once(tmp_path, bash("echo theirs >> ran.txt")) as (on, call, spec):
        host = Host(Answer(approve=True, input={"command": "echo ours >> ran.txt"}))
        await go_on(on, spec, host)
        assert host.asked == [call]
        assert (on.work / "ran.txt").read_text() == "ours\n"


async def test_a_denial_after_parking_reaches_the_model_with_its_reason(tmp_path: Path) -> None:
    async with parked_once(tmp_path, bash("echo ran >> ran.txt")) as (on, call, spec):
        host = Host(Answer(approve=False, note="Denied by Ada: not on Friday"))
        assert await go_on(on, spec, host) == "done"
        assert host.asked == [call]
        assert "Denied by Ada: not on Friday" in result_texts(on.last)[0]
        assert list(on.work.iterdir()) == []


@pytest.mark.proof
async def test_a_question_is_answered_after_parking(tmp_path: Path) -> None:
    async with parked_once(tmp_path, ("AskUserQuestion", QUESTIONS)) as (on, call, spec):
        host = Host(Answer(approve=True, choices={"Which colour?": ("blue",)}))
        await go_on(on, spec, host)
        assert host.asked == [call]
        assert '"Which colour?"="blue"' in result_texts(on.last)[0]


async def test_a_plan_is_approved_after_parking_and_carried_out(tmp_path: Path) -> None:
    def script(conversation: Conversation) -> Turn:
        named = re.search(r"/[^ ]+/plans/[a-z-]+[.]md", str(conversation.messages))
        assert named
        return (
            Turn(tools=(("Write", {"file_path": named[0], "content": "the plan"}),)),
            Turn(tools=(("ExitPlanMode", {}),)),
            Turn(tools=(("Write", {"file_path": str(tmp_path / "work" / "made.txt"), "content": "made"}),)),
            Turn(text="done"),
        )[conversation.answered]

    policy = by_tool(Write=Verdict.ALLOW, ExitPlanMode=Verdict.ALLOW)
    async with stage(tmp_path, script) as on:
        spec = await parked(on, Host(never, policy), on.spec_with(AgentOptions(plan=True)))
        host = Host(policy=policy)
        assert await go_on(on, spec, host) == "done"
        assert [call.input["plan"] for call in host.asked] == ["the plan"]
        assert (on.work / "made.txt").read_text() == "made"


@pytest.mark.proof
async def test_a_session_that_is_parked_after_its_plan_was_approved_needs_no_other_plan(tmp_path: Path) -> None:
    """The CLI begins in the mode it is started with, whatever the mode was when it was parked."""

    def script(conversation: Conversation) -> Turn:
        made = {"file_path": str(tmp_path / "work" / "made.txt"), "content": "made"}
        return (
            Turn(tools=(("ExitPlanMode", {}),)),
            Turn(tools=(bash("echo ran >> ran.txt"),)),
            Turn(tools=(("Write", made),)),
            Turn(text="done"),
        )[conversation.answered]

    async def person(call: ToolCall) -> Answer:
        return Answer(approve=True) if call.tool == "ExitPlanMode" else await never(call)

    policy = by_tool(Write=Verdict.ALLOW)
    async with stage(tmp_path, script) as on:
        spec = await parked(on, Host(person, policy), on.spec_with(AgentOptions(plan=True)), asked=2)
        assert await go_on(on, spec, Host(policy=policy)) == "done"
        assert sorted(path.name for path in on.work.iterdir()) == ["made.txt", "ran.txt"]


@pytest.mark.parametrize(
    "tool", [bash("cat seen.txt"), pytest.param(("Read", {"file_path": "seen.txt"}), marks=pytest.mark.proof)]
)
async def test_a_parked_step_that_the_cli_would_allow_by_itself_does_not_run_unasked(
    tmp_path: Path, tool: tuple[str, dict[str, Any]]
) -> None:
    """AGENT-5: the CLI takes a kept call up before it knows our hook; most of these resumptions race past it."""
    async with stage(tmp_path, turns(Turn(tools=(tool,)), "done")) as on:
        (on.work / "seen.txt").write_text("secret of the file")
        host = Host(never)
        spec = await parked(on, host)
        for _ in range(2):  # asked anew each time, and killed with the question open
            again = Host(never)
            async with asyncio.timeout(20), on.session(spec) as session, asyncio.TaskGroup() as group:
                group.create_task(session.run(None, again))
                await again.until(lambda: again.asked)  # noqa: B023 - awaited at once
                await session.kill()
            assert again.asked == host.asked
        no = Host(Answer(approve=False, note="no"))
        await go_on(on, spec, no)
        assert no.asked == host.asked
        assert "secret of the file" not in str(on.last.messages)


@pytest.mark.proof
async def test_a_resumed_session_that_is_parked_again_keeps_the_call(tmp_path: Path) -> None:
    async with parked_once(tmp_path, bash("echo ran >> ran.txt")) as (on, call, spec):
        for wait in (0.0, 0.1):
            again = Host(never)
            async with asyncio.timeout(20), on.session(spec) as session, asyncio.TaskGroup() as group:
                running = group.create_task(session.run(None, again))
                await again.until(lambda: again.asked)  # noqa: B023 - awaited at once
                await asyncio.sleep(wait)
                await session.park()
                assert (await running).status == "interrupted"
            assert again.asked == [call]
        host = Host()
        await go_on(on, spec, host)
        assert host.asked == [call]
        assert (on.work / "ran.txt").read_text() == "ran\n"
        assert len(on.model.requests) == 2


async def test_of_parallel_steps_those_done_stay_done_and_those_not_yet_asked_are_called_again(tmp_path: Path) -> None:
    commands = [bash(f"echo {name} >> {name}") for name in ("one", "two", "three")]
    async with stage(tmp_path, turns(Turn(tools=tuple(commands)), Turn(tools=(commands[2],)), "done")) as on:
        host = Host(approving("one"))
        spec = await parked(on, host, asked=2)
        later = Host()
        assert await go_on(on, spec, later) == "done"
        assert [call.input["command"] for call in later.asked] == ["echo two >> two", "echo three >> three"]
        assert later.asked[0] == host.asked[1]
        for name in ("one", "two", "three"):
            assert (on.work / name).read_text() == f"{name}\n"
        told = {result.tool_use_id: result.text for result in on.model.conversations[1].results}
        assert len(told) == 3
        assert sum("Call it again" in text for text in told.values()) == 1
    ends = {event.tool_use_id: event for event in host.seen(StepEnded)}
    assert sorted((end.ok, end.interrupted) for end in ends.values()) == [(False, True), (True, False)]


async def test_nothing_overtakes_the_step_that_is_kept(tmp_path: Path) -> None:
    """A later step of the same message may rely on the earlier one, so it waits even if policy allows it."""
    made = ("Write", {"file_path": str(tmp_path / "work" / "made.txt"), "content": "made"})
    policy = by_tool(Write=Verdict.ALLOW)
    async with stage(
        tmp_path, turns(Turn(tools=(bash("echo ran >> ran.txt"), made)), Turn(tools=(made,)), "done")
    ) as on:
        spec = await parked(on, Host(never, policy))
        assert list(on.work.iterdir()) == []
        assert await go_on(on, spec, Host(policy=policy)) == "done"
        assert sorted(path.name for path in on.work.iterdir()) == ["made.txt", "ran.txt"]


@pytest.mark.proof
async def test_of_questions_that_are_open_at_once_the_first_is_kept_and_the_other_asked_again(tmp_path: Path) -> None:
    reads = [("Read", {"file_path": str(tmp_path / name)}) for name in ("one.txt", "two.txt")]
    async with stage(tmp_path, turns(Turn(tools=tuple(reads)), Turn(tools=(reads[1],)), "done")) as on:
        for _, wanted in reads:
            Path(wanted["file_path"]).write_text("text of the file")
        host = Host(never)
        spec = await parked(on, host, asked=2)
        assert host.withdrawn == 2
        later = Host()
        assert await go_on(on, spec, later) == "done"
        assert later.asked[0] == host.asked[0]
        assert [call.input for call in later.asked] == [wanted for _, wanted in reads]


@pytest.mark.proof
async def test_a_step_is_told_once_however_late_we_read_what_the_cli_says(tmp_path: Path) -> None:
    class Slow(Host):
        async def saw(self, event: AgentEvent) -> None:
            if isinstance(event, SessionBegan):
                await self.until(lambda: self.asked)  # the question overtakes the message that it belongs to
            await super().saw(event)

    async with stage(tmp_path, turns(Turn(tools=(bash("echo ran >> ran.txt"),)), "done")) as on:
        host = Host(never)
        async with on.session() as session, asyncio.TaskGroup() as group:
            group.create_task(session.run(said("do it"), host))
            await host.until(lambda: host.asked)
            await session.kill()
        again = Slow()
        await go_on(on, resumed(on.spec, session), again)
    assert [event.call for event in again.seen(StepBegan)] == again.asked


async def test_a_kill_during_the_wait_behind_the_hook_repeats_nothing_that_was_done(tmp_path: Path) -> None:
    """AGENT-8: the model is heard again, from the last step that was done."""
    first, second = bash("echo one >> one"), bash("echo two >> two")
    async with stage(tmp_path, turns(Turn(tools=(first, second)), Turn(tools=(second,)), "done")) as on:
        host = Host(approving("one"))
        async with on.session() as session, asyncio.TaskGroup() as group:
            running = group.create_task(session.run(said("do it"), host))
            await host.until(lambda: len(host.asked) == 2)
            await session.kill()
            assert (await running).status == "interrupted"
        again = Host()
        assert await go_on(on, resumed(on.spec, session), again) == "done"
        assert [call.input["command"] for call in again.asked] == ["echo two >> two"]
        assert [(on.work / name).read_text() for name in ("one", "two")] == ["one\n", "two\n"]


async def test_a_parked_session_whose_transcript_is_gone_is_lost(tmp_path: Path) -> None:
    """AGENT-9: also after parking."""
    async with parked_once(tmp_path, bash("echo ran >> ran.txt")) as (on, _, spec):
        for transcript in on.config.home.rglob("*.jsonl"):
            transcript.unlink()
        with pytest.raises(SessionLost):
            await go_on(on, spec, Host())
        assert list(on.work.iterdir()) == []


def delegating(*, background: bool) -> Script:
    """Make an agent that leaves the work to another one, and does so again when that was cut off."""
    order = {"description": "d", "prompt": "look around", "subagent_type": "general-purpose"}

    def script(conversation: Conversation) -> Turn:
        if conversation.prompt == "look around":
            return (Turn(tools=(bash("echo ran >> ran.txt"),)), Turn(text="looked"))[conversation.answered]
        delegated = str(conversation.messages).count("'name': 'Agent'")
        cut_off = background and "Continue from where you left off" in conversation.last_said
        if not delegated or (delegated == 1 and cut_off):
            return Turn(tools=(("Agent", {**order, "run_in_background": background}),))
        return Turn(text="done")

    return script


@pytest.mark.parametrize("background", [False, pytest.param(True, marks=pytest.mark.proof)])
async def test_a_question_of_a_subagent_is_asked_again_after_parking(tmp_path: Path, background: bool) -> None:
    """AGENT-13: the subagent begins anew, since the CLI keeps no call of a subagent."""
    async with stage(tmp_path, delegating(background=background)) as on:
        host = Host(never, by_tool(Agent=Verdict.ALLOW))
        spec = await parked(on, host)
        assert not any("task-notification" in str(heard.messages) for heard in on.model.conversations)
        again = Host(policy=by_tool(Agent=Verdict.ALLOW))
        assert await go_on(on, spec, again) == "done"
        assert [call.input for call in again.asked] == [host.asked[0].input]
        assert (on.work / "ran.txt").read_text() == "ran\n"


@pytest.mark.proof
async def test_a_turn_that_was_over_when_the_process_died_is_taken_up_with_a_word(tmp_path: Path) -> None:
    """AGENT-6: the CLI itself would do nothing, and the run would wait for ever."""
    async with stage(tmp_path, turns("done", "nothing is left to do")) as on:
        async with on.session() as session:
            await session.run(said("do it"), Host())
            (transcript,) = on.config.home.rglob("projects/**/*.jsonl")
            while '"text":"done"' not in transcript.read_text("utf-8").replace(" ", ""):
                await asyncio.sleep(0.01)
        assert await go_on(on, resumed(on.spec, session), Host()) == "nothing is left to do"


async def test_policy_is_heard_again_about_a_parked_step(tmp_path: Path) -> None:
    """AGENT-5: rules may have changed meanwhile."""

    def frozen(call: ToolCall) -> Ruling:
        return Ruling(verdict=Verdict.REFUSE, reason="frozen")

    async with parked_once(tmp_path, bash("echo ran >> ran.txt")) as (on, call, spec):
        host = Host(policy=frozen)
        await go_on(on, spec, host)
        assert host.asked == []
        assert "frozen" in result_texts(on.last)[0]
        assert list(on.work.iterdir()) == []
    assert [event.call for event in host.seen(StepBegan)] == [call]


async def test_parking_beside_a_step_that_runs_kills_it(tmp_path: Path) -> None:
    """AGENT-12: and nothing is kept of a message whose other step was cut off."""
    async with stage(tmp_path, turns(Turn(tools=(bash("touch begun; sleep 600"),)), "never")) as on:
        session = await ClaudeAgent(on.config).open(on.spec)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            running = group.create_task(session.run(said("do it"), Host()))
            await exists(on.work / "begun")
            await session.park()
            assert (await running).status == "interrupted"


async def test_a_step_that_a_stop_cuts_off_is_told_as_interrupted(tmp_path: Path) -> None:
    host = Host()
    script = turns(Turn(tools=(bash("touch begun; sleep 600"),)), "never")
    async with stage(tmp_path, script) as on, on.session() as session, asyncio.TaskGroup() as group:
        running = group.create_task(session.run(said("do it"), host))
        await exists(on.work / "begun")
        await session.interrupt()
        assert (await running).status == "interrupted"
    assert [(event.ok, event.interrupted) for event in host.seen(StepEnded)] == [(False, True)]
