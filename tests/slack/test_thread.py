"""Life in the thread of a run: reactions, edits, deletions, files in and out; over the real libraries."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fakes import ActingAgent, Turn
from tests.servers.slack.world import Message
from tests.slack.workspace import Workspace, workspace


async def _hears(turn: Turn) -> str:
    return f"heard: {await turn.remark()}"


def _reacted(message: Message) -> set[str]:
    """Return the reactions that are on a message by now."""
    return {name for name, who in message.reactions.items() if who}


async def _marked(ws: Workspace, message: Message, *names: str) -> None:
    async with ws.patience():
        while _reacted(message) != set(names):
            await ws.moment()


async def test_a_message_is_marked_when_it_is_taken_and_again_when_it_is_read(tmp_path: Path) -> None:
    """SLACK-13: the eyes at once, the check mark instead once the agent has read it; no message says the same."""
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
