"""What comes again, and a connection that is lost while somebody answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.model import ApprovalState
from tests.fakes import ActingAgent, Turn
from tests.servers.telegram.world import Message
from tests.slack.acting import act
from tests.telegram.chats import Mode
from tests.telegram.day import Day
from tests.telegram.quick import MODES, QuickChats, faults, quick

KINDS = {"message", "edited_message", "callback_query", "my_chat_member"}


@pytest.mark.parametrize("mode", MODES)
async def test_whatever_is_delivered_again_changes_nothing(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-16: each kind of update is known when it comes again, at once and after a whole day."""
    async with quick(tmp_path, ActingAgent(act), mode=mode) as t:
        await Day(t).passes()
        await t.tg.block(t.bob)
        await t.tg.unblock(t.bob)
        await t.tg.start(t.bob)
        await _reported(t)
        sent = [*t.tg.updates.sent]
        assert {kind for each in sent for kind in each.body} >= KINDS
        before, began = t.seen(), await t.runs()
        for each in [*sent, *reversed(sent)]:
            t.tg.again(each)
        await _reported(t)
        assert t.seen() == before
        assert await t.runs() == began
    assert not faults(caplog)


@pytest.mark.parametrize("mode", MODES)
async def test_what_comes_twice_in_a_row_is_done_once(tmp_path: Path, mode: Mode) -> None:
    """TG-16: while the first is being dealt with, too."""
    async with quick(tmp_path, ActingAgent(act), mode=mode) as t:
        await t.tg.say(t.ada, t.room, "/do ask please")
        t.tg.again()
        await t.settled()
        question = t.one(t.room, "Needs you")
        pressed = await t.tg.press(t.bob, question, "Approve")
        t.tg.again()
        await t.settled()
        t.one(t.room, "done with it: True")
        t.one(t.room, "Approved")
        assert len(await t.runs()) == 1
        assert pressed.answers == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "when",
    [
        pytest.param("before the question", marks=pytest.mark.proof),
        pytest.param("before the press", marks=pytest.mark.proof),
        pytest.param("after the press", marks=pytest.mark.proof),
    ],
)
async def test_a_minute_without_a_connection_in_the_middle_of_an_approval(
    tmp_path: Path, mode: Mode, when: str
) -> None:
    """TG-17: the step runs once, and its card says so once, on whichever side of the press the minute lies."""
    go = asyncio.Event()

    async def part(turn: Turn) -> str:
        await go.wait()
        return await act(turn)

    async with quick(tmp_path, ActingAgent(part), mode=mode) as t:
        await t.tg.say(t.ada, t.room, "/do ask please")
        if when == "before the question":
            async with t.patience():
                while not await t.scene.core.store.executions.live():
                    await t.moment()
            await _away(t, go)
        go.set()
        question = await _question(t)
        if when == "before the press":
            await _away(t)
        pressed = await t.tg.press(t.bob, question, "Approve")
        if when == "after the press":
            await _away(t)
        await t.settled()
        if "the same already" in str(t.tg.violations):
            t.tg.forgive("the same already")  # an edit whose answer was lost is made again
        (run,) = await t.runs()
        (approval,) = await t.scene.core.store.approvals.of(run)
        assert approval.state is ApprovalState.APPROVED
        cards = [message.text for message in t.ours(t.room)]
        assert sum("Approved" in card for card in cards) == 1
        assert not any("Needs you" in card for card in cards)
        assert sum("done with it: True" in card for card in cards) == 1
        assert pressed.answered or when == "after the press"


async def _away(t: QuickChats, go: asyncio.Event | None = None) -> None:
    """Let a minute pass in which Telegram cannot be reached, neither way."""
    t.tg.cut()
    if go:
        go.set()
    await t.passes(60)
    t.tg.restore()


async def _reported(t: QuickChats) -> None:
    """Wait until all runs have ended, and their reports are shown."""
    await t.settled()
    async with t.patience():
        while not all([await t.scene.core.store.feed.reports(run) for run in await t.runs()]):
            await t.moment()
    await t.settled()


async def _question(t: QuickChats) -> Message:
    await t.reaches(lambda: t.ours(t.room, "Needs you"))
    await t.settled()
    return t.one(t.room, "Needs you")
