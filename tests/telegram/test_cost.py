"""What a run costs a chat in messages: no more than people need."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.telegram.sending.carrier import GROUP
from runner.clock import SystemClock
from tests.fakes import ActingAgent, Turn, asks
from tests.servers.telegram.limits import COUNTED
from tests.telegram.chats import Chats, chats


def spent(t: Chats) -> list[str]:
    """List what the group was sent, in order; its limits count these."""
    return [call.method for call in t.tg.calls if call.chat == t.room.id and call.method in COUNTED]


@pytest.mark.proof
async def test_a_quick_run_in_a_group_is_a_question_its_rewriting_a_result_and_a_report(tmp_path: Path) -> None:
    """TG-33: no card for how it stands, and of three reports the one for people; the command brings the others."""
    async with chats(tmp_path, ActingAgent(asks), reports={"formats": ("json", "html", "markdown")}) as t:
        await t.tg.say(t.ada, t.room, "/do Build it")
        question = await t.shows(t.room, "Needs you")
        await t.press(t.ada, question, "Approve")
        result = await t.shows(t.room, ": completed")
        file = await t.until(t.room, lambda message: message.file)
        await t.until(t.room, lambda message: "Approved" in message.text)
        assert file.file
        assert file.file.name.endswith(".html")
        assert sorted(spent(t)) == ["editMessageText", "sendDocument", "sendMessage", "sendMessage"]
        name = result.text.partition("Run: ")[2][:6]
        await t.tg.say(t.ada, t.room, f"/report {name} json")
        await t.until(t.room, lambda message: message.file and message.file.name.endswith(".json"))


@pytest.mark.proof
async def test_a_run_that_goes_on_has_a_card_that_ends_with_it(tmp_path: Path) -> None:
    """TG-33: in a private chat at once, in a group after some seconds."""
    go = asyncio.Event()

    async def work(turn: Turn) -> str:
        await turn.step("Read", {"file_path": f"{turn.spec.cwd}/calc.py"})
        await go.wait()
        return "it is done"

    clock = SystemClock()
    async with chats(tmp_path, ActingAgent(work)) as t:
        said = {chat.id: await t.tg.say(t.ada, chat, "/do Go on") for chat in (t.home, t.room)}
        began = clock.monotonic()
        cards = [await t.until(chat, lambda message: "Stop" in message.labels) for chat in (t.home, t.room)]
        assert clock.monotonic() - began > GROUP.settle - 1
        assert [card.reply_to for card in cards] == [said[card.chat.id].id for card in cards]
        go.set()
        for card in cards:
            await t.shows(card.chat, ": completed")
            await t.until(card.chat, lambda message: "Details" in message.labels and "Stop" not in message.labels)
