"""Every step passes policy and people, and nothing passes beside them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from runner.demo import Conversation, Turn, turns
from runner.model import AgentOptions, Answer, Ruling, ToolCall, Verdict
from runner.ports import AgentEvent, SessionBegan, StepBegan, StepEnded, TextSaid
from tests.agents.stage import Host, bash, by_tool, result_texts, said, stage


async def test_a_run_tells_what_happens_and_what_it_cost(tmp_path: Path) -> None:
    script = turns(Turn(text="I write it.", tools=(bash("echo made > made.txt && cat made.txt"),)), "All done.")
    host = Host()
    async with stage(tmp_path, script) as on:
        result = await on.run("make it", host)
    assert (result.status, result.text) == ("ok", "All done.")
    assert (on.work / "made.txt").read_text() == "made\n"
    assert [event.text for event in host.seen(TextSaid)] == ["I write it.", "All done."]
    [began], [ended] = host.seen(StepBegan), host.seen(StepEnded)
    assert began.call.tool == "Bash"
    assert (ended.tool_use_id, ended.ok, ended.output) == (began.call.tool_use_id, True, "made")
    usage = host.usage
    assert (usage.turns, usage.input_tokens, usage.output_tokens) == (2, 200, 40)
    assert usage.cost_usd > 0
    assert len(host.seen(SessionBegan)) == 1


async def test_every_tool_is_judged_even_those_the_cli_would_allow_by_itself(tmp_path: Path) -> None:
    """AGENT-5: reading, listing and searching included."""
    script = turns(
        Turn(tools=(("Read", {"file_path": str(tmp_path / "work" / "seen.txt")}), bash("ls"), bash("cat seen.txt"))),
        "done",
    )
    host = Host(policy=by_tool(Read=Verdict.REFUSE, Bash=Verdict.ASK))
    async with stage(tmp_path, script) as on:
        (on.work / "seen.txt").write_text("secret of the file")
        await on.run("read", host)
    assert sorted({call.tool for call in host.judged}) == ["Bash", "Read"]
    assert [call.input["command"] for call in host.asked] == ["ls", "cat seen.txt"]
    told = result_texts(on.last)
    assert any("Refused by policy: rule for Read" in text for text in told)
    assert sum("secret of the file" in text for text in told) == 1


@pytest.mark.parametrize(
    "step",
    [
        bash("touch touched.txt"),
        pytest.param(("Write", {"file_path": "touched.txt", "content": "x"}), marks=pytest.mark.proof),
        bash("mkdir -p .git/hooks .claude && touch .git/hooks/x .claude/y touched.txt"),
        ("Write", {"file_path": ".claude/settings.json", "content": "{}"}),
    ],
)
async def test_what_policy_allows_runs_without_a_person(tmp_path: Path, step: tuple[str, dict[str, str]]) -> None:
    tool, tool_input = step
    if "file_path" in tool_input:
        tool_input = {**tool_input, "file_path": str(tmp_path / "work" / tool_input["file_path"])}
    host = Host(policy=by_tool(Bash=Verdict.ALLOW, Write=Verdict.ALLOW))
    async with stage(tmp_path, turns(Turn(tools=((tool, tool_input),)), "done")) as on:
        await on.run("touch", host)
    assert host.asked == []
    assert [ended.ok for ended in host.seen(StepEnded)] == [True]


async def test_every_command_begins_in_the_worktree_wherever_the_last_one_went(tmp_path: Path) -> None:
    """AGENT-16: policy reads relative paths, and people approve commands, as they stand in the worktree."""
    script = turns(Turn(tools=(bash("mkdir sub && cd sub"),)), Turn(tools=(bash("touch made.txt"),)), "done")
    host = Host(policy=by_tool(Bash=Verdict.ALLOW))
    async with stage(tmp_path, script) as on:
        await on.run("make it", host)
        assert (on.work / "sub").is_dir()
        assert [path.name for path in on.work.glob("**/made.txt")] == ["made.txt"]
        assert (on.work / "made.txt").exists(), "not in sub"


async def test_a_denial_with_a_reason_reaches_the_model_and_the_step_does_not_run(tmp_path: Path) -> None:
    """APPR-5: the reason is in the tool's result."""
    script = turns(Turn(tools=(bash("touch touched.txt"),)), "I see.")
    host = Host(Answer(approve=False, note="Denied by Ada: use a branch instead"))
    async with stage(tmp_path, script) as on:
        result = await on.run("touch", host)
    assert result.status == "ok"
    assert "Denied by Ada: use a branch instead" in result_texts(on.last)[0]
    assert not (on.work / "touched.txt").exists()


async def test_an_edited_input_is_what_runs(tmp_path: Path) -> None:
    script = turns(Turn(tools=(bash("echo theirs > made.txt"),)), "done")
    host = Host(Answer(approve=True, input={"command": "echo ours > made.txt"}))
    async with stage(tmp_path, script) as on:
        await on.run("make", host)
    assert (on.work / "made.txt").read_text() == "ours\n"


async def test_an_edited_input_does_not_pass_what_policy_refuses(tmp_path: Path) -> None:
    def policy(call: ToolCall) -> Ruling:
        forbidden = "forbidden" in call.input["command"]
        return Ruling(verdict=Verdict.REFUSE if forbidden else Verdict.ASK, reason="a floor")

    host = Host(Answer(approve=True, input={"command": "touch forbidden.txt"}), policy)
    async with stage(tmp_path, turns(Turn(tools=(bash("touch fine.txt"),)), "done")) as on:
        await on.run("touch", host)
    assert list(on.work.glob("*.txt")) == []
    assert "a floor" in result_texts(on.last)[0]


async def test_a_policy_that_fails_blocks_the_step(tmp_path: Path) -> None:
    def broken(call: ToolCall) -> Ruling:
        raise LookupError(call.tool)

    host = Host(policy=broken)
    async with stage(tmp_path, turns(Turn(tools=(bash("touch made.txt"), bash("ls"))), "done")) as on:
        result = await on.run("touch", host)
        assert [outcome.failed for outcome in on.last.results] == [True, True]
    assert (result.status, host.asked) == ("ok", [])
    assert list(on.work.iterdir()) == []


async def test_a_person_who_cannot_be_asked_blocks_the_step(tmp_path: Path) -> None:
    async def unreachable(call: ToolCall) -> Answer:
        raise LookupError(call.tool)

    async with stage(tmp_path, turns(Turn(tools=(bash("touch made.txt"),)), "done")) as on:
        await on.run("touch", Host(unreachable))
        assert on.last.results[0].failed
    assert list(on.work.iterdir()) == []


async def test_a_host_that_fails_ends_the_run_and_the_process(tmp_path: Path) -> None:
    class Forgetful(Host):
        async def saw(self, event: AgentEvent) -> None:
            raise LookupError

    async with stage(tmp_path, turns(Turn(tools=(bash("touch made.txt"),)), "never")) as on, on.session() as session:
        with pytest.raises(LookupError):
            await session.run(said("touch"), Forgetful())
        assert (await session.run(said("more"), Host())).status == "failed"
    assert list(on.work.iterdir()) == []


async def test_conversations_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    def script(conversation: Conversation) -> Turn:
        name = conversation.prompt
        return (Turn(tools=(bash(f"echo {name} > {name}.txt"),)), Turn(text=f"wrote {name}"))[conversation.answered]

    hosts = {name: Host() for name in ("one", "two", "three")}
    async with stage(tmp_path, script) as on, asyncio.TaskGroup() as group:
        runs = {name: group.create_task(on.run(name, host)) for name, host in hosts.items()}
        for name, running in runs.items():
            assert (await running).text == f"wrote {name}"
    for name, host in hosts.items():
        assert [call.input["command"] for call in host.asked] == [f"echo {name} > {name}.txt"]
        assert (on.work / f"{name}.txt").read_text() == f"{name}\n"


async def test_parallel_steps_are_each_asked_about(tmp_path: Path) -> None:
    async def second_only(call: ToolCall) -> Answer:
        return Answer(approve="two" in call.input["command"], note="not this one")

    script = turns(Turn(tools=(bash("touch one"), bash("touch two"), bash("touch three"))), "done")
    host = Host(second_only)
    async with stage(tmp_path, script) as on:
        await on.run("touch", host)
    assert len(host.asked) == len({call.tool_use_id for call in host.asked}) == 3
    assert [path.name for path in on.work.iterdir()] == ["two"]


async def test_a_question_is_answered_with_choices_and_free_text(tmp_path: Path) -> None:
    options = [{"label": label, "description": f"the {label}"} for label in ("red", "blue", "green")]
    questions = [
        {"question": "Which colour?", "header": "Colour", "options": options, "multiSelect": False},
        {"question": "Which others?", "header": "Others", "options": options, "multiSelect": True},
        {"question": "Anything else?", "header": "Else", "options": options, "multiSelect": False},
    ]
    answer = Answer(
        approve=True,
        choices={"Which colour?": ("blue",), "Which others?": ("red", "green"), "Anything else?": ("my own words",)},
    )
    script = turns(Turn(tools=(("AskUserQuestion", {"questions": questions}),)), "done")
    host = Host(answer, by_tool(AskUserQuestion=Verdict.ALLOW))
    async with stage(tmp_path, script) as on:
        await on.run("ask me", host)
    [told] = result_texts(on.last)
    assert '"Which colour?"="blue"' in told
    assert '"Which others?"="red, green"' in told
    assert '"Anything else?"="my own words"' in told


async def test_a_plan_is_shown_first_sent_back_with_feedback_and_then_carried_out(tmp_path: Path) -> None:
    """APPR-5: nothing is changed before the approval, not even by what policy allows."""
    answers = iter([Answer(approve=False, note="add tests"), Answer(approve=True)])

    async def person(call: ToolCall) -> Answer:
        return next(answers)

    def write(path: str | Path) -> tuple[str, dict[str, str]]:
        return "Write", {"file_path": str(path), "content": "the plan"}

    def script(conversation: Conversation) -> Turn:
        named = re.search(r"/[^ ]+/plans/[a-z-]+[.]md", str(conversation.messages))
        assert named, "the CLI tells the model where to write its plan"
        return (
            Turn(tools=(write(tmp_path / "work/early.txt"), write(f"{named[0]}/../../settings.json"), bash("ls"))),
            Turn(tools=(write(named[0]),)),
            Turn(tools=(("ExitPlanMode", {}),)),
            Turn(tools=(("ExitPlanMode", {}),)),
            Turn(tools=(bash("touch done.txt"),)),
            Turn(text="done"),
        )[conversation.answered]

    host = Host(person, by_tool(Bash=Verdict.ALLOW, Write=Verdict.ALLOW, ExitPlanMode=Verdict.ALLOW))
    async with stage(tmp_path, script) as on:
        result = await on.run("plan it", host, on.spec_with(AgentOptions(plan=True)))
    told = [result.text for conversation in on.model.conversations for result in conversation.results]
    assert ["plan mode" in text for text in told[:3]] == [True, True, False]
    assert host.asked[0].input["plan"] == "the plan"
    assert [call.tool for call in host.asked] == ["ExitPlanMode", "ExitPlanMode"]
    assert "add tests" in told[4]
    assert sorted(path.name for path in on.work.iterdir()) == ["done.txt"]
    assert result.status == "ok"


async def test_an_ask_that_is_open_when_the_turn_is_interrupted_gets_no_answer(tmp_path: Path) -> None:
    """AGENT-13: neither yes nor no."""

    async def nobody(call: ToolCall) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    script = turns(Turn(tools=(bash("touch touched.txt"),)), "after")
    host = Host(nobody)
    async with stage(tmp_path, script) as on, on.session() as session, asyncio.TaskGroup() as group:
        running = group.create_task(session.run(said("touch"), host))
        await host.until(lambda: host.asked)
        await session.interrupt()
        assert (await running).status == "interrupted"
        assert host.withdrawn == 1
        assert len(on.model.requests) == 1
        after = Host()
        assert (await session.run(said("go on"), after)).text == "after"
    assert not (on.work / "touched.txt").exists()
