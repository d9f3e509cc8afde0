"""What comes again, and a connection that is lost while somebody answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.again import AFTER_PRESS, BEFORE_PRESS, BEFORE_QUESTION, Late, Minute
from tests.products.logs import faults
from tests.servers.telegram.world import Message
from tests.telegram.chats import Mode
from tests.telegram.day import Day
from tests.telegram.quick import JSON, MODES, QuickChats, quick

KINDS = {"message", "edited_message", "callback_query", "my_chat_member"}


@pytest.mark.parametrize("mode", MODES)
async def test_whatever_is_delivered_again_changes_nothing(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-16: each kind of update is known when it comes again, at once and after a whole day."""
    async with quick(tmp_path, ActingAgent(act), mode=mode, reports=JSON) as t:
        await Day(t).passes()
        await t.tg.block(t.bob)
        await t.tg.unblock(t.bob)
        await t.tg.start(t.bob)
        await t.reported()
        sent = [*t.tg.updates.sent]
        assert {kind for each in sent for kind in each.body} >= KINDS
        before, began = t.standing(), await t.runs()
        for each in [*sent, *reversed(sent)]:
            t.tg.again(each)
        await t.reported()
        assert t.standing() == before
        assert await t.runs() == began
    assert not faults(caplog)


@pytest.mark.parametrize("mode", MODES)
async def test_what_comes_twice_in_a_row_is_done_once(tmp_path: Path, mode: Mode) -> None:
    """TG-16: while the first is being dealt with, too."""
    async with quick(tmp_path, ActingAgent(act), mode=mode, reports=JSON) as t:
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


@dataclass
class Asked(Minute[QuickChats, Message]):
    """A question in the room, and a minute without Telegram."""

    ASKING = "Needs you"

    async def begin(self) -> None:
        """Have Ada begin a run that asks."""
        await self.venue.tg.say(self.venue.ada, self.venue.room, "/do ask please")

    async def question(self) -> Message:
        """Wait for its question."""
        await self.venue.reaches(lambda: self.venue.ours(self.venue.room, self.ASKING))
        await self.venue.settled()
        return self.venue.one(self.venue.room, self.ASKING)

    async def press(self, question: Message) -> None:
        """Have Bob approve; the answer to that may be late."""
        self.pressed = await self.venue.tg.press(self.venue.bob, question, "Approve")

    def cards(self) -> list[str]:
        """Return what we said in the room."""
        return [message.text for message in self.venue.ours(self.venue.room)]


@pytest.mark.proof
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("when", [BEFORE_QUESTION, BEFORE_PRESS, AFTER_PRESS])
async def test_a_minute_without_a_connection_in_the_middle_of_an_approval(
    tmp_path: Path, mode: Mode, when: str
) -> None:
    """TG-17: the step runs once, and its card says so once, on whichever side of the press the minute lies."""
    agent = Late()
    async with quick(tmp_path, ActingAgent(agent.part), mode=mode, reports=JSON) as t:
        asked = Asked(t, agent)
        await asked.is_survived(when)
        assert asked.pressed.answered or when == AFTER_PRESS
        if "the same already" in str(t.tg.violations):
            t.tg.forgive("the same already")  # an edit whose answer was lost is made again
