"""Coming to the bot for the first time, and linking an account: in both directions, for known people and strangers."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import NotAllowed
from runner.model import Actor, Origin
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.telegram.quick import QuickChats, quick

TERMINAL = Origin(messenger="terminal", channel="bob")


async def code_for_bob(t: QuickChats) -> str:
    """Let Bob ask, in the terminal, for a code that links Telegram."""
    bob = await t.scene.core.people.known("telegram", str(t.bob.id), "")
    return await t.scene.core.people.invite(Actor(person=bob, origin=TERMINAL), "telegram")


@pytest.mark.parametrize("way", ["/start {0}", pytest.param("/link {0}", marks=pytest.mark.proof), "link {0}"])
async def test_a_stranger_is_told_how_to_come_in_and_comes_in_with_a_code(tmp_path: Path, way: str) -> None:
    """TG-58: nothing that they say begins anything; a wrong code opens nothing; the right one greets them by name."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.bob, t.tg.private(t.bob), "hello")
        eve = t.tg.user(13, "Eve")
        home = t.tg.private(eve)
        for text in ("/start", "people", "/do done it"):
            before = len(t.ours(home))
            await t.says(eve, home, text)
            assert "does not know you" in t.ours(home)[before].text
            assert "13" in t.ours(home)[before].text
        await t.says(eve, home, way.format("0" * 32))
        t.newest(home, "This code links nothing")
        await t.says(eve, home, way.format(await code_for_bob(t)))
        t.newest(home, "You are bob in Telegram now")
        assert (await t.scene.core.people.known("telegram", "13", "")).name == "bob"
        await t.tg.start(eve)
        await t.settled()
        t.newest(home, "Hello bob")
        assert len([run for run in await t.runs() if run.prompt == "done it"]) == 0


async def test_a_known_person_asks_for_a_code_and_nobody_else_sees_it(tmp_path: Path) -> None:
    """TG-59: asked for in a group, what is for one person comes directly; in the group stands only that it does."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        t.fronts.register("slack")
        for chat, name in ((t.room, "@signoff_bot"), (t.home, "")):
            await t.says(t.ada, chat, f"/link{name} slack")
            invitation = t.ours(t.home)[-1]
            code = invitation.text.partition("/task link ")[2].split()[0]
            assert not any(code in each.text for each in t.ours(t.room))
            assert await t.scene.core.people.redeem("slack", f"U{chat.id}", code)
        assert ["directly" in each.text for each in t.ours(t.room)] == [True]
        await t.says(t.ada, t.room, "/prefer@signoff_bot telegram")
        t.newest(t.room, "Telegram")


async def test_who_has_never_written_to_us_is_answered_as_soon_as_they_do(tmp_path: Path) -> None:
    """TG-58, TG-59: a code in a group is taken, and repeated nowhere; what is for one person waits for their Start."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        eve = t.tg.user(13, "Eve", started=False)
        t.room.members.add(eve.id)
        code = await code_for_bob(t)
        await t.tg.say(eve, t.room, f"/link@signoff_bot {code}")
        async with t.patience():
            while not (t.tg.violations and t.ours(t.room, "directly")):
                await t.clock.move(seconds=0.5)
                await t.moment()
        t.tg.forgive("has never written to the bot")  # which nobody can know before they try
        assert (await t.scene.core.people.known("telegram", "13", "")).name == "bob"
        assert not any(code in each.text for each in t.ours(t.room))
        await t.tg.start(eve)
        await t.shows(t.tg.private(eve), "You are bob in Telegram now")  # and no second of the clock passes
        await t.settled()
        t.newest(t.tg.private(eve), "Hello bob")
        mallory = t.tg.user(14, "Mallory")
        await t.says(mallory, t.tg.private(mallory), f"link {code}")
        with pytest.raises(NotAllowed):
            await t.scene.core.people.known("telegram", "14", "")
