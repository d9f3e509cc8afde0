"""The life of a conversation: follow-ups, steering, interruption, death, resumption."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from runner.agents.claude import ClaudeAgent
from runner.demo import Conversation, Fault, Turn, turns
from runner.errors import AgentUnavailable, SessionLost
from runner.model import AgentOptions, Answer, Image, Limits, ToolCall, Verdict
from runner.ports import AgentEvent, Prompt, PromptTaken, Retrying, StepBegan, StepEnded, TextSaid, UsageGrew
from tests.agents.stage import Host, bash, by_tool, exists, result_texts, said, stage

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea735"
    "81e40000000049454e44ae426082"
)


async def never(call: ToolCall) -> Answer:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_follow_up_in_a_living_session_knows_what_was_said(tmp_path: Path) -> None:
    host = Host()
    async with stage(tmp_path, turns("one", "two")) as on, on.session() as session:
        first, second = said("the first"), said("the second")
        assert (await session.run(first, host)).text == "one"
        assert (await session.run(second, host)).text == "two"
        assert on.last.said == ("the first", "the second")
    assert [event.prompt_id for event in host.seen(PromptTaken)] == [first.id, second.id]
    assert [event.usage.input_tokens for event in host.seen(UsageGrew)] == [100, 100]


async def test_what_is_said_during_a_step_reaches_the_same_turn(tmp_path: Path) -> None:
    """AGENT-7: PromptTaken names the message."""
    steer = said("and mind the gap")

    async def steered(call: ToolCall) -> Answer:
        await session.say(steer)
        return Answer(approve=True)

    host = Host(steered)
    script = turns(Turn(tools=(bash("sleep 0.3"),)), "noted", "noted too")
    async with stage(tmp_path, script) as on, on.session() as session:
        result = await session.run(said("work"), host)
        assert "and mind the gap" in str(on.last.messages)
    assert result.status == "ok"
    assert steer.id in [event.prompt_id for event in host.seen(PromptTaken)]
    assert len(on.model.requests) == 2


async def test_what_is_said_at_the_very_end_is_still_answered_before_the_run_returns(tmp_path: Path) -> None:
    gate, reached = asyncio.Event(), asyncio.Event()

    def script(conversation: Conversation) -> Turn:
        reached.set()
        return (Turn(text="first answer", wait_for=gate), Turn(text="second answer"))[conversation.answered]

    host = Host()
    late = said("one more thing")
    async with stage(tmp_path, script) as on, on.session() as session, asyncio.TaskGroup() as group:
        running = group.create_task(session.run(said("work"), host))
        await reached.wait()
        await session.say(late)
        gate.set()
        assert (await running).text == "second answer"
    assert [event.text for event in host.seen(TextSaid)] == ["first answer", "second answer"]
    assert late.id in [event.prompt_id for event in host.seen(PromptTaken)]


async def test_what_is_said_between_the_result_and_the_end_is_answered_too(tmp_path: Path) -> None:
    late = said("one more thing")

    class Talker(Host):
        async def saw(self, event: AgentEvent) -> None:
            await super().saw(event)
            if isinstance(event, UsageGrew) and len(self.seen(UsageGrew)) == 1:
                await asyncio.sleep(0.05)  # by now the CLI has said that it is idle
                await session.say(late)

    host = Talker()
    async with stage(tmp_path, turns("first answer", "second answer")) as on, on.session() as session:
        assert (await session.run(said("work"), host)).text == "second answer"
    assert late.id in [event.prompt_id for event in host.seen(PromptTaken)]


async def test_an_interrupt_ends_a_running_step_and_the_session_goes_on(tmp_path: Path) -> None:
    """AGENT-8: after an interrupt."""
    script = turns(Turn(tools=(bash("touch begun; sleep 600"),)), "after")
    host = Host(policy=by_tool(Bash=Verdict.ALLOW))
    async with stage(tmp_path, script) as on, on.session() as session, asyncio.TaskGroup() as group:
        running = group.create_task(session.run(said("wait"), host))
        await exists(on.work / "begun")
        await session.interrupt()
        assert (await running).status == "interrupted"
        assert (await session.run(said("go on"), host)).text == "after"


async def test_a_session_that_was_killed_while_asking_asks_again_when_it_is_resumed(tmp_path: Path) -> None:
    """AGENT-8: after a kill, even one that follows the question at once."""
    script = turns(Turn(text="I do it.", tools=(bash("touch done.txt"),)), "done")
    host = Host(never)
    async with stage(tmp_path, script) as on:
        async with on.session() as session, asyncio.TaskGroup() as group:
            running = group.create_task(session.run(said("do it"), host))
            await host.until(lambda: host.asked)
            await session.kill()
            assert (await running).status == "interrupted"
            assert len(on.model.requests) == 1
            assert host.usage.tokens == 120  # though no turn ever ended
        again = Host()
        resumed = replace(on.spec, session=session.session, interrupted=True)
        async with on.session(resumed) as session:
            while len(on.model.requests) < 2:  # the CLI goes ahead before anybody is there to answer
                await asyncio.sleep(0.01)
            result = await session.run(None, again)
        assert (result.status, result.text) == ("ok", "done")
        assert [call.input for call in again.asked] == [{"command": "touch done.txt"}]
        assert (on.work / "done.txt").exists()
        assert on.last.said[0] == "do it"


@pytest.mark.proof
async def test_a_session_that_was_closed_is_resumed_and_counts_only_what_is_new(tmp_path: Path) -> None:
    """AGENT-11: the totals of the CLI go on across processes."""
    host, later = Host(), Host()
    async with stage(tmp_path, turns("one", "two", "three")) as on:
        session = await ClaudeAgent(on.config).open(on.spec)
        await session.run(said("the first"), host)
        await session.close()
        async with on.session(replace(on.spec, session=session.session)) as resumed:
            assert (await resumed.run(said("the second"), later)).text == "two"
            assert resumed.session == session.session
    assert later.usage.cost_usd == pytest.approx(host.usage.cost_usd)
    assert later.usage == replace(host.usage, cost_usd=later.usage.cost_usd)


async def test_a_run_that_is_cancelled_takes_its_process_with_it_and_keeps_the_question(tmp_path: Path) -> None:
    """AGENT-15: so a daemon that is stopped and started again asks about the very same step."""
    host = Host(never)
    async with stage(tmp_path, turns(Turn(tools=(bash("touch done.txt"),)), "done")) as on, on.session() as session:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(session.run(said("do it"), host))
            await host.until(lambda: host.asked)
            running.cancel()
        assert (await session.run(said("more"), Host())).status == "failed"
        again = Host()
        async with on.session(replace(on.spec, session=session.session, interrupted=True)) as resumed:
            assert (await resumed.run(None, again)).text == "done"
        assert again.asked == host.asked
        assert len(on.model.requests) == 2


@pytest.mark.proof
async def test_a_service_that_is_overloaded_is_tried_again(tmp_path: Path) -> None:
    faults = (Fault(status=529), Fault(status=0), Fault(status=500))
    host = Host()
    async with stage(tmp_path, turns(Turn(text="at last", faults=faults))) as on:
        patient = replace(on.config, max_retries=5)
        async with on.session(config=patient) as session:
            result = await session.run(said("hello"), host)
    assert (result.status, result.text) == ("ok", "at last")
    assert host.seen(Retrying)[0].text == "The model's service is overloaded (529); retry 1 of 5."


@pytest.mark.parametrize("interrupted", [False, True])
async def test_a_conversation_that_does_not_exist_is_lost(tmp_path: Path, interrupted: bool) -> None:
    """AGENT-9: whether or not its turn was cut off."""
    async with stage(tmp_path, turns("never")) as on:
        spec = replace(on.spec, session="11111111-1111-4111-8111-111111111111", interrupted=interrupted)
        with pytest.raises(SessionLost):
            async with on.session(spec) as session:
                await session.run(None if interrupted else said("hello"), Host())


async def test_a_conversation_that_is_resumed_tells_what_it_holds(tmp_path: Path) -> None:
    """AGENT-17: a process that is killed may not have written down the newest of what it was told."""
    first, remark, second = said("work"), said("and mind the gap"), said("go on")

    async def steered(call: ToolCall) -> Answer:
        await session.say(remark)
        return Answer(approve=True)

    async with stage(tmp_path, turns(Turn(tools=(bash("sleep 0.3"),)), "noted", "done")) as on:
        async with on.session() as session:
            host = Host(steered)
            await session.run(first, host)
            await session.run(second, host)
            assert await session.holds(said("never").id), "a living process has heard whatever it was told"
            await session.close()
        (transcript,) = on.config.home.rglob("*.jsonl")
        lines = transcript.read_text("utf-8").splitlines(keepends=True)
        lost = next(number for number, line in enumerate(lines) if second.id in line)
        transcript.write_text("".join(lines[:lost]), "utf-8")
        async with on.session(replace(on.spec, session=session.session, interrupted=True)) as session:
            assert [await session.holds(prompt.id) for prompt in (first, remark, second)] == [True, True, False]


async def test_a_wrong_key_is_refused_at_once(tmp_path: Path) -> None:
    """AGENT-10: a wrong key."""
    async with stage(tmp_path, turns("never")) as on:
        wrong = replace(on.config, api_key="wrong", max_retries=10)
        async with asyncio.timeout(8), on.session(config=wrong) as session:
            result = await session.run(said("hello"), Host())
    assert result.status == "refused"
    assert result.error == "The model's service does not accept the key (401)."


@pytest.mark.proof
async def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, turns("never")) as on:
        result = await on.run("hello", Host(), on.spec_with(AgentOptions(model="nonesuch-1")))
    assert result.status == "refused"
    assert "nonesuch-1" in result.error


async def test_a_service_that_cannot_be_reached_is_a_failure(tmp_path: Path) -> None:
    """AGENT-10: a dead service."""
    async with stage(tmp_path, turns("never")) as on:
        nowhere = replace(on.config, base_url="http://127.0.0.1:1", max_retries=1)
        async with on.session(config=nowhere) as session:
            result = await session.run(said("hello"), Host())
    assert result.status == "failed"
    assert result.error


async def test_a_process_that_dies_in_the_middle_is_a_failure(tmp_path: Path) -> None:
    script = turns(Turn(tools=(bash("kill -9 $PPID"),)), "never")
    async with stage(tmp_path, script) as on:
        result = await on.run("die", Host())
    assert result.status == "failed"
    assert "ended unexpectedly" in result.error


async def test_turns_are_limited(tmp_path: Path) -> None:
    script = turns(*(Turn(tools=(bash(f"echo {n}"),)) for n in range(5)))
    async with stage(tmp_path, script) as on:
        result = await on.run("loop", Host(), on.spec_with(AgentOptions(limits=Limits(turns=2))))
    assert result.status == "limit"
    assert len(on.model.requests) == 2


async def test_cost_is_limited(tmp_path: Path) -> None:
    script = turns(*(Turn(tools=(bash(f"echo {n}"),), output_tokens=100_000) for n in range(5)))
    async with stage(tmp_path, script) as on:
        result = await on.run("loop", Host(), on.spec_with(AgentOptions(limits=Limits(cost_usd=0.01))))
    assert result.status == "limit"
    assert len(on.model.requests) == 1


async def test_a_step_with_a_very_large_file_does_not_end_the_session(tmp_path: Path) -> None:
    large = tmp_path / "work" / "large.txt"
    edit = {"file_path": str(large), "old_string": "needle", "new_string": "pin"}
    script = turns(
        Turn(tools=(("Read", {"file_path": str(large), "limit": 1}),)), Turn(tools=(("Edit", edit),)), "done"
    )
    async with stage(tmp_path, script) as on:
        large.write_text("first\n" + "hay hay hay\n" * 130_000 + "needle\n")
        host = Host()
        result = await on.run("edit", host)
    assert (result.status, result.text) == ("ok", "done")
    assert large.read_text().endswith("pin\n")


async def test_an_image_reaches_the_model(tmp_path: Path) -> None:
    async with stage(tmp_path, turns("seen")) as on, on.session() as session:
        prompt = Prompt(id=said("").id, text="look", images=(Image(media_type="image/png", data=PIXEL),))
        assert (await session.run(prompt, Host())).text == "seen"
        assert "'media_type': 'image/png'" in str(on.last.messages)


@pytest.mark.proof
async def test_a_run_lasts_until_subagents_in_the_background_are_done(tmp_path: Path) -> None:
    """AGENT-6: subagents."""

    def script(conversation: Conversation) -> Turn:
        if conversation.prompt == "look around":
            return (Turn(tools=(bash("sleep 0.5; touch looked.txt"),)), Turn(text="looked"))[conversation.answered]
        order = {"description": "look", "prompt": "look around", "subagent_type": "general-purpose"}
        if conversation.answered == 0:
            return Turn(tools=(("Agent", {**order, "run_in_background": True}),))
        return Turn(text="begun" if conversation.answered == 1 else "all done")

    host = Host(policy=by_tool(Agent=Verdict.ALLOW))
    async with stage(tmp_path, script) as on:
        result = await on.run("delegate", host)
        assert (on.work / "looked.txt").exists()
    assert (result.status, result.text) == ("ok", "all done")
    [asked] = host.asked
    assert asked.tool == "Bash"
    assert asked.parent
    steps = [event.call for event in host.seen(StepBegan)]
    assert [step.tool for step in steps] == ["Agent", "Bash"]


async def test_a_run_lasts_until_a_shell_in_the_background_is_done(tmp_path: Path) -> None:
    """AGENT-6: background shells."""

    def script(conversation: Conversation) -> Turn:
        if conversation.answered == 0:
            order = {"command": "sleep 0.5; touch made.txt", "run_in_background": True}
            return Turn(tools=(("Bash", order),))
        return Turn(text="begun" if conversation.answered == 1 else "all done")

    async with stage(tmp_path, script) as on:
        result = await on.run("build", Host())
        assert (on.work / "made.txt").exists()
    assert (result.status, result.text) == ("ok", "all done")


async def test_tools_can_be_withheld(tmp_path: Path) -> None:
    script = turns(Turn(tools=(bash("touch x"),)), "done")
    host = Host()
    async with stage(tmp_path, script) as on:
        options = AgentOptions(tools=("Read", "Edit", "WebFetch"), disallowed_tools=("WebFetch",))
        await on.run("try", host, on.spec_with(options))
        assert set(on.last.tools) >= {"Read", "Edit"}
        assert not {"Bash", "Write", "WebFetch"} & set(on.last.tools)
        assert "No such tool" in result_texts(on.last)[0]
    assert host.asked == []
    assert [event.ok for event in host.seen(StepEnded)] == [False]


async def test_a_missing_program_is_said_plainly(tmp_path: Path) -> None:
    """AGENT-10: a missing program."""
    async with stage(tmp_path) as on:
        agent = ClaudeAgent(replace(on.config, cli_path=tmp_path / "nowhere"))
        with pytest.raises(AgentUnavailable, match="not found"):
            await agent.check()
        with pytest.raises(AgentUnavailable, match="not found"):
            await agent.open(on.spec)


async def test_a_program_that_is_too_old_or_no_program_is_said_plainly(tmp_path: Path) -> None:
    """AGENT-10: an old program."""
    program = tmp_path / "claude"
    async with stage(tmp_path) as on:
        agent = ClaudeAgent(replace(on.config, cli_path=program))
        program.write_text("#!/bin/sh\necho '1.0.2 (Claude Code)'\n")
        program.chmod(0o755)
        with pytest.raises(AgentUnavailable, match=r"1\.0\.2 is too old"):
            await agent.check()
        program.write_text("#!/bin/sh\necho broken; exit 3\n")
        with pytest.raises(AgentUnavailable, match="does not run"):
            await agent.check()
        assert await ClaudeAgent(on.config).check()
