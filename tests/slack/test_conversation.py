"""From a word in Slack to the result, over the real libraries and a workspace that refuses what Slack refuses."""

from __future__ import annotations

from pathlib import Path

from runner.model import State
from tests.fakes import MAKE, ActingAgent, Turn, asks
from tests.slack.workspace import Mode, workspace


async def test_a_slash_command_begins_a_thread_and_a_press_lets_the_step_run(tmp_path: Path, mode: Mode) -> None:
    """SLACK-2: one thread a run; the question is a card of its own and loses its buttons once it is answered."""
    async with workspace(tmp_path, ActingAgent(asks), mode=mode) as ws:
        ack = await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator Build it")
        assert ack.ok
        head = await ws.until(ws.ops, lambda message: "do --project calculator Build it" in ws.said(message))
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
        assert MAKE["command"] in ws.said(question)
        assert (await ws.press(ws.bob, question, "Approve")).ok
        await ws.until(ws.ops, lambda m: m.ts == question.ts and "Approved" in ws.said(m), thread=head.ts)
        await ws.until(ws.ops, lambda m: "ran make all" in ws.said(m), thread=head.ts)
        (decided,) = [m for m in ws.slack.messages(ws.ops, head.ts) if m.ts == question.ts]
        assert all(block["type"] != "actions" for block in decided.blocks)


async def test_a_mention_is_a_prompt_and_a_reply_in_its_thread_reaches_the_agent(tmp_path: Path, mode: Mode) -> None:
    """SLACK-2: what is said in the thread of a run is said to its agent."""

    async def part(turn: Turn) -> str:
        return f"heard: {await turn.remark()}"

    async with workspace(tmp_path, ActingAgent(part), mode=mode) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "wait for me &amp; mine")
        await ws.until(
            ws.ops, lambda m: "wait for me & mine" in ws.said(m) and m.user != ws.ada.id, thread=begun.message.ts
        )
        await ws.slack.say(ws.ada, ws.ops, "not for you")
        await ws.slack.say(ws.ada, ws.ops, "use tabs", thread_ts=begun.message.ts)
        await ws.until(ws.ops, lambda m: "heard: use tabs" in ws.said(m), thread=begun.message.ts)


async def test_a_denial_with_a_reason_is_typed_into_a_form(tmp_path: Path, mode: Mode) -> None:
    """SLACK-3: a button that needs a text opens a form, and what was typed there is the answer."""

    async def part(turn: Turn) -> str:
        answer = await turn.step("Bash", MAKE)
        return answer.note if answer else ""

    async with workspace(tmp_path, ActingAgent(part), mode=mode) as ws:
        begun = await ws.slack.say(ws.ada, ws.slack.dm(ws.ada), "Build it")
        direct, thread = ws.slack.dm(ws.ada), begun.message.ts
        question = await ws.until(direct, lambda m: m.text.startswith("Approve?"), thread=thread)
        await ws.press(ws.ada, question, "Deny + why")
        form = await ws.form(ws.ada)
        assert (await ws.slack.submit(form, {"text": "use the staging key"})).ok
        await ws.until(direct, lambda m: "Denied by ada: use the staging key" in ws.said(m), thread=thread)


async def test_a_run_that_a_button_begins_has_a_thread_of_its_own(tmp_path: Path, mode: Mode) -> None:
    """SLACK-2: also where the button stands in no thread."""
    async with workspace(tmp_path, ActingAgent(asks), mode=mode) as ws:
        await ws.slack.command(ws.ada, ws.ops, "/task", "new build --project calculator Build it")
        async with ws.patience():
            while not ws.slack.ephemerals:
                await ws.moment()
        await ws.press(ws.ada, ws.slack.ephemerals[-1], "Run")
        head = await ws.until(ws.ops, lambda m: "ada: /task run build" in ws.said(m))
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
        assert ws.slack.messages(ws.ops) == [head]


async def test_a_prompt_that_looks_like_a_command_is_handed_over_with_two_presses(tmp_path: Path, mode: Mode) -> None:
    """SLACK-16: `run` is a word of the grammar, and nobody is to guess which was meant."""

    async def part(turn: Turn) -> str:
        return f"heard: {turn.text}"

    async with workspace(tmp_path, ActingAgent(part), mode=mode) as ws:
        said = await ws.slack.mention(ws.ada, ws.ops, "run the tests &amp; mend them")
        refused = await ws.until(ws.ops, lambda m: "neither" in ws.said(m), thread=said.message.ts)
        await ws.press(ws.ada, refused, "To the agent")
        form = await ws.form(ws.ada)
        assert (await ws.slack.submit(form)).ok
        heard = "heard: run the tests & mend them"
        await ws.until(ws.ops, lambda m: heard in ws.said(m), thread=said.message.ts)


async def test_strangers_are_told_so_and_nothing_else_happens(tmp_path: Path, mode: Mode) -> None:
    """SLACK-4: nobody is allowed by default, at the command and at the button."""
    async with workspace(tmp_path, ActingAgent(asks), mode=mode) as ws:
        eve = ws.slack.user("UEVE", "Eve")
        ws.ops.members.add(eve.id)
        await ws.slack.command(eve, ws.ops, "/task", "do --project calculator Mine")
        async with ws.patience():
            while not any("does not know you" in m.text for m in ws.slack.ephemerals):
                await ws.moment()
        assert ws.slack.messages(ws.ops) == []
        await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator Build it")
        head = await ws.until(ws.ops, lambda message: "Build it" in ws.said(message))
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
        await ws.press(eve, question, "Approve")
        async with ws.patience():
            while sum("does not know you" in m.text for m in ws.slack.ephemerals) < 2:
                await ws.moment()
        assert len(ws.slack.ephemerals) == 2, "each was told once"
        (run,) = await ws.scene.core.store.executions.live()
        assert run.state is State.WAITING
