"""Life in the thread of a run: reactions, edits, deletions, files in and out; over the real libraries."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes import ActingAgent, Turn
from tests.servers.slack import StrictSlack
from tests.servers.slack.world import Message
from tests.slack.workspace import Workspace, configured, serving, workspace


async def _hears(turn: Turn) -> str:
    return f"heard: {await turn.remark()}"


def _reacted(message: Message) -> set[str]:
    """Return the reactions that are on a message by now."""
    return {name for name, who in message.reactions.items() if who}


async def _marked(ws: Workspace, message: Message, *names: str) -> None:
    async with ws.patience():
        while not set(names) <= _reacted(message):
            await ws.moment()


async def test_a_message_is_marked_when_it_is_taken_and_again_when_it_is_read(tmp_path: Path) -> None:
    """SLACK-13: the eyes at once, the check mark once the agent has read it; no message says the same."""
    reading = asyncio.Event()

    async def part(turn: Turn) -> str:
        await reading.wait()
        return await _hears(turn)

    async with workspace(tmp_path, ActingAgent(part)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "wait for me")
        await _marked(ws, begun.message, "white_check_mark")
        said = await ws.slack.say(ws.ada, ws.ops, "use tabs", thread_ts=begun.message.ts)
        await _marked(ws, said.message, "eyes")
        reading.set()
        await _marked(ws, said.message, "white_check_mark")
        await ws.until(ws.ops, lambda m: "heard: use tabs" in ws.said(m), thread=begun.message.ts)
        assert not any("Said to the agent" in ws.said(m) for m in ws.slack.messages(ws.ops, begun.message.ts))
        assert not any("Said to the agent" in ws.said(m) for m in ws.slack.ephemerals)


@pytest.mark.proof
async def test_a_mark_outlives_a_restart_and_what_slack_does_not_let_us_do_is_done_without(tmp_path: Path) -> None:
    """SLACK-13: reactions are best effort; a limit is kept, a missing scope only logged, a restart forgets none."""
    reading = asyncio.Event()

    async def part(turn: Turn) -> str:
        await reading.wait()
        return await _hears(turn)

    agent = ActingAgent(part)
    async with StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack)
        slack.fail("reactions.add", status=200, error="missing_scope")
        async with serving(tmp_path, settings, agent) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            begun = await slack.mention(ada, ops, "wait for me")
            await _marked(ws, begun.message, "white_check_mark")
            slack.fail("reactions.add", status=429)
            said = await slack.say(ada, ops, "use tabs", thread_ts=begun.message.ts)
            await _marked(ws, said.message, "eyes")
        reading.set()
        async with serving(tmp_path, settings, agent):
            await slack.connected(2)
            await _marked(ws, said.message, "white_check_mark")
            await ws.until(ops, lambda m: "heard: use tabs" in ws.said(m), thread=begun.message.ts)
        assert slack.violations == []


async def test_what_is_refused_gets_no_mark_but_an_answer_for_one(tmp_path: Path) -> None:
    """SLACK-13: a viewer may not speak to an agent."""
    go = asyncio.Event()

    async def part(turn: Turn) -> str:
        await go.wait()
        return "done"

    people = {"ada": {"role": "admin", "slack": "UADA"}, "eve": {"role": "viewer", "slack": "UEVE"}}
    async with workspace(tmp_path, ActingAgent(part), users=people) as ws:
        eve = ws.slack.user("UEVE", "Eve")
        ws.ops.members.add(eve.id)
        begun = await ws.slack.mention(ws.ada, ws.ops, "wait for me")
        await ws.until(ws.ops, lambda m: m.user != ws.ada.id, thread=begun.message.ts)
        said = await ws.slack.say(eve, ws.ops, "stop that", thread_ts=begun.message.ts)
        said = await ws.slack.say(eve, ws.ops, "use spaces", thread_ts=begun.message.ts)
        async with ws.patience():
            while not any(m.ephemeral_to == eve.id and "speak to an agent" in ws.said(m) for m in ws.slack.ephemerals):
                await ws.moment()
        assert _reacted(said.message) == set()
        go.set()


@pytest.mark.proof
async def test_edits_and_deletions_count_until_the_agent_has_the_message(tmp_path: Path) -> None:
    """SLACK-14: what waits is changed or taken back; what was handed over is not, and the person is told so once."""
    go, heard = asyncio.Event(), list[str]()

    async def part(turn: Turn) -> str:
        heard.append(turn.text)
        await go.wait()
        return "done"

    async with workspace(tmp_path, ActingAgent(part), worker={"slots": 1, "drain_seconds": 5}) as ws:
        first = await ws.slack.mention(ws.ada, ws.ops, "keep the slot")
        await _marked(ws, first.message, "white_check_mark")
        second = await ws.slack.mention(ws.ada, ws.ops, "work wrongly")
        await _marked(ws, second.message, "eyes")
        third = await ws.slack.mention(ws.ada, ws.ops, "never begin this")
        await _marked(ws, third.message, "eyes")
        thread = second.message.ts
        tabs = await ws.slack.say(ws.ada, ws.ops, "use tabs", thread_ts=thread)
        junk = await ws.slack.say(ws.ada, ws.ops, "forget all that", thread_ts=thread)
        await _marked(ws, junk.message, "eyes")

        await ws.slack.edit(ws.ada, second.message, f"<@{ws.slack.world.bot_user}> work rightly")
        await ws.slack.edit(ws.ada, tabs.message, "use spaces &amp; no tabs")
        await ws.slack.delete(ws.ada, junk.message)
        await ws.slack.delete(ws.ada, third.message)
        await ws.until(ws.ops, lambda m: "ancelled" in ws.said(m), thread=third.message.ts)
        await ws.until(ws.ops, lambda m: "work rightly" in ws.said(m) and m.user != ws.ada.id, thread=thread)

        await ws.slack.edit(ws.ada, first.message, f"<@{ws.slack.world.bot_user}> keep no slot")
        async with ws.patience():
            while not any("got this already" in ws.said(m) for m in ws.slack.ephemerals):
                await ws.moment()
        go.set()
        await _marked(ws, tabs.message, "white_check_mark")
        assert heard == ["keep the slot", "work rightly", "use spaces & no tabs"]
        assert sum("got this already" in ws.said(m) for m in ws.slack.ephemerals) == 1
