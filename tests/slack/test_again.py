"""What comes again, and a connection that is lost while somebody answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.model import ApprovalState
from runner.ports import ExecutionQuery
from tests.fakes import ActingAgent, Turn
from tests.servers.slack.world import Message
from tests.slack.acting import act
from tests.slack.day import Day
from tests.slack.quick import MODES, QuickWorkspace, faults, quick
from tests.slack.workspace import Mode

KINDS = {
    "slash_commands",
    "block_actions",
    "view_submission",
    "message_action",
    "shortcut",
    "app_home_opened",
    "app_mention",
    "message",
    "message_changed",
    "file_shared",
}


def kinds(ws: QuickWorkspace) -> set[str]:
    """Return what has been delivered."""
    found = set()
    for parcel in ws.slack.deliveries.sent:
        event = parcel.payload.get("event", {})
        found.add(event.get("subtype") or event.get("type") or parcel.payload.get("type") or parcel.kind)
    return found


@pytest.mark.parametrize("mode", MODES)
async def test_whatever_is_delivered_again_changes_nothing(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-5: each kind of delivery is known when it comes again, also after everything is over."""
    async with quick(tmp_path, ActingAgent(act), mode=mode) as ws:
        await Day(ws).passes()
        said = await ws.slack.say(ws.ada, ws.slack.dm(ws.ada), "done with files", files=[("a.txt", b"text")])
        await ws.slack.edit(ws.ada, said.message, "done with other words")
        await ws.slack.shortcut(ws.ada, "run_this", said.message)
        await ws.slack.shortcut(ws.ada, "new_task")
        await _reported(ws)
        assert kinds(ws) >= KINDS
        before, began = ws.seen(), await _runs(ws)
        for parcel in list(ws.slack.deliveries.sent):
            assert (await ws.slack.redeliver(parcel)).ok, parcel
        await _reported(ws)
        assert ws.seen() == before
        assert await _runs(ws) == began
    assert not faults(caplog)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "when",
    [
        pytest.param("before the question", marks=pytest.mark.proof),
        pytest.param("before the press", marks=pytest.mark.proof),
        "after the press",
    ],
)
async def test_a_minute_without_a_connection_in_the_middle_of_an_approval(
    tmp_path: Path, mode: Mode, when: str
) -> None:
    """SLACK-5: the step runs once, and its card says so once, on whichever side of the press the minute lies."""
    go = asyncio.Event()

    async def part(turn: Turn) -> str:
        await go.wait()
        return await act(turn)

    async with quick(tmp_path, ActingAgent(part), mode=mode) as ws:
        said = await ws.slack.mention(ws.ada, ws.ops, "ask please")
        if when == "before the question":
            async with ws.patience():
                while not await ws.scene.core.store.executions.live():
                    await ws.moment()
            await _away(ws, go)
        go.set()
        question = await _question(ws, said.message.ts)
        if when == "before the press":
            await _away(ws)
        assert (await ws.press(ws.bob, question, "Approve")).ok
        if when == "after the press":
            await _away(ws)
        await ws.settled()
        (run,) = await _runs(ws)
        (approval,) = await ws.scene.core.store.approvals.of(run)
        assert approval.state is ApprovalState.APPROVED
        cards = [ws.said(message) for message in ws.slack.messages(ws.ops, said.message.ts)]
        assert sum("Approved" in card for card in cards) == 1
        assert not any("Approve?" in card for card in cards)
        assert sum("done with it: True" in card for card in cards) == 1


async def _away(ws: QuickWorkspace, go: asyncio.Event | None = None) -> None:
    """Let a minute pass in which Slack cannot be reached, neither way."""
    ws.slack.cut()
    if go:
        go.set()
    for _ in range(12):
        await ws.clock.move(seconds=5)
        await ws.moment()
    ws.slack.restore()
    await ws.slack.connected(seconds=30)


async def _reported(ws: QuickWorkspace) -> None:
    """Wait until all runs have ended, and their reports are shown."""
    await ws.settled()
    async with ws.patience():
        while not all([await ws.scene.core.store.feed.reports(run) for run in await _runs(ws)]):
            await ws.moment()
    await ws.settled()


async def _question(ws: QuickWorkspace, thread: str) -> Message:
    await ws.settled()
    (question,) = [m for m in ws.slack.messages(ws.ops, thread) if m.text.startswith("Approve?")]
    return question


async def _runs(ws: QuickWorkspace) -> list[str]:
    return [run.id for run in (await ws.scene.core.store.executions.list(ExecutionQuery(limit=99))).items]
