"""A chat that has to be left alone, is closed to us or has moved gets everything in the end, and holds up no other."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.servers.telegram.world import Chat
from tests.telegram.quick import JSON, QuickChats, quick, world

FLOOD = 222


def calls_to(t: QuickChats, chat: Chat, since: datetime) -> list[str]:
    """Return what was asked of Telegram about a chat from then on."""
    return [f"{each.method} {each.at}" for each in t.tg.calls if each.chat == chat.id and each.at > since]


def limited_at(t: QuickChats) -> datetime:
    """Return when Telegram has asked to be left alone."""
    (limited,) = [each for each in t.tg.called("sendMessage") if each.error]
    return limited.at


def texts(t: QuickChats, chat: Chat) -> list[str]:
    """Return the first lines of what we said in a chat."""
    return [message.text.split("\n")[0] for message in t.ours(chat) if message.text]


async def test_a_flood_wait_in_one_chat_keeps_that_chat_still_and_no_other(tmp_path: Path) -> None:
    """TG-13: for 222 seconds nothing is asked about that chat, not even a reaction; then all comes once, in order."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        t.tg.fail("sendMessage", chat=t.room.id, status=429, retry_after=FLOOD)
        await t.tg.say(t.ada, t.room, "/do ask please")
        await t.reaches(lambda: any(each.error for each in t.tg.called("sendMessage")))
        began = limited_at(t)
        for number in (1, 2, 3):
            await t.tg.say(t.bob, t.room, f"/do done {number}")
        await t.tg.say(t.ada, t.home, "/do done elsewhere")
        await t.reaches(lambda: t.ours(t.home, "elsewhere: completed"))
        assert t.clock.now() - began < timedelta(seconds=FLOOD - 2)
        await t.passes((began + timedelta(seconds=FLOOD - 1) - t.clock.now()).total_seconds())
        assert calls_to(t, t.room, began) == []
        await t.settled()
        assert len(t.ours(t.room, "Needs you")) == 1
        said = texts(t, t.room)
        assert [line for line in said if line.endswith(": completed")] == [f"✓ done {n}: completed" for n in (1, 2, 3)]
        assert len(said) == len(set(said)), said


async def test_a_flood_wait_is_kept_over_a_restart(tmp_path: Path) -> None:
    """TG-13: what Telegram has asked for is not forgotten; only a reaction may come earlier, which floods nobody."""
    async with world(tmp_path, reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            t.tg.fail("sendMessage", chat=t.room.id, status=429, retry_after=FLOOD)
            await t.tg.say(t.ada, t.room, "/do ask please")
            await t.reaches(lambda: any(each.error for each in t.tg.called("sendMessage")))
            async with t.patience():
                while not await _noted(t, t.room):
                    await t.moment()  # the answer is on its way, and is written down
            began = limited_at(t)
        async with there.serving(ActingAgent(act)) as t:
            await t.tg.say(t.bob, t.room, "/do done")
            await t.passes((began + timedelta(seconds=FLOOD - 1) - t.clock.now()).total_seconds())
            assert [each for each in calls_to(t, t.room, began) if "Reaction" not in each] == []
            await t.settled()
            assert len(t.ours(t.room, "Needs you")) == 1
            assert len(t.ours(t.room, "✓ done: completed")) == 1


async def _noted(t: QuickChats, chat: Chat) -> bool:
    """Whether it is written down that a chat is to be left alone; its reactions have a note of their own."""
    backlog = await t.scene.core.store.deliveries.backlog("telegram")
    return any(each.error for each in backlog if each.channel == str(chat.id))


async def _asked(t: QuickChats, chat: Chat) -> None:
    await t.tg.say(t.ada, chat, "/do ask please")
    await t.settled()
    t.one(chat, "Needs you")


async def _goes_on(t: QuickChats, chat: Chat) -> None:
    """Answer what was asked in a chat that is closed to us, from another, where work goes on."""
    other = t.room if chat is t.home else t.home
    (run,) = await t.runs()
    (approval,) = await t.scene.core.store.approvals.of(run.id)
    who = t.bob if other is t.room else t.ada
    await t.tg.say(who, other, f"/approve {approval.id}")
    await t.tg.say(who, other, "/do done elsewhere")
    await t.reaches(lambda: t.ours(other, "elsewhere: completed"))
    await t.passes(600)
    refused = [each for each in t.tg.calls if each.chat == chat.id and each.error]
    assert len(refused) <= 2, refused


async def _whole(t: QuickChats, chat: Chat) -> None:
    """See that a chat gets everything now, not after the hour for which it would be left alone, and nothing twice."""
    began = t.clock.now()
    await t.reaches(lambda: t.ours(chat, "ask please: completed") and t.ours(chat, "Approved"))
    assert t.clock.now() - began < timedelta(minutes=10)
    await t.settled()
    said = texts(t, chat)
    assert len(said) == len(set(said)), said
    assert [m.labels for m in t.ours(chat, "Approved")] == [[]]


async def test_a_person_who_blocks_us_and_comes_back_has_missed_nothing(tmp_path: Path) -> None:
    """TG-14: with a question open; meanwhile others are served."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        await _asked(t, t.home)
        await t.tg.block(t.ada)
        await _goes_on(t, t.home)
        await t.tg.unblock(t.ada)
        await _whole(t, t.home)


async def test_a_group_that_throws_us_out_and_takes_us_back_has_missed_nothing(tmp_path: Path) -> None:
    """TG-14: with a question open; meanwhile others are served."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        await _asked(t, t.room)
        await t.tg.kick(t.room, t.ada)
        await _goes_on(t, t.room)
        await t.tg.add_to(t.room, t.ada)
        await _whole(t, t.room)


async def test_who_comes_back_while_we_are_being_refused_is_not_left_waiting(tmp_path: Path) -> None:
    """TG-14: the refusal may arrive after the news that we may write again."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        await _asked(t, t.home)
        bot, send = t.front._bot, t.front._bot.edit_message_text  # a race has to be made

        async def slowly(*args: Any, **kwargs: Any) -> Any:
            try:
                return await send(*args, **kwargs)
            finally:
                if t.tg.private(t.ada).blocked:
                    await t.tg.unblock(t.ada)
                    while t.tg.updates.pending() or await t.scene.core.store.arrivals.waiting("telegram"):
                        await t.moment()

        with bot._unfrozen():
            bot.edit_message_text = slowly  # type: ignore[method-assign]
        await t.tg.block(t.ada)
        (run,) = await t.runs()
        (approval,) = await t.scene.core.store.approvals.of(run.id)
        await t.tg.say(t.bob, t.room, f"/approve {approval.id}")
        await t.reaches(lambda: not t.tg.private(t.ada).blocked)
        await _whole(t, t.home)


async def test_a_group_that_becomes_a_supergroup_keeps_its_runs(tmp_path: Path) -> None:
    """TG-15: cards come there, and presses and answers there count, also after a restart."""
    async with world(tmp_path, kind="group", reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            await _asked(t, t.room)
            new = await t.tg.migrate(t.room, t.ada)
            await t.tg.say(t.bob, new, "/do ask again")
            await t.settled()
            fresh = t.one(new, "Needs you")
            await t.presses(t.bob, fresh, "Approve")
            await t.settled()
            (old_run,) = await t.scene.core.store.executions.live()
            (approval,) = await t.scene.core.store.approvals.of(old_run.id)
            await t.tg.say(t.bob, t.tg.private(t.bob), f"/approve {approval.id}")
            await t.settled()
            result = t.one(new, "ask please: completed")
            assert len(t.ours(new, "Approved")) == 2
        async with there.serving(ActingAgent(act)) as t:
            await t.tg.say(t.ada, new, "and more", reply_to=result)
            await t.settled()
            assert len(t.ours(new, "and more: completed")) == 1
            last = await t.scene.core.runs.find((await t.runs())[0].id)
            assert last.conversation_id == old_run.conversation_id
            said = texts(t, new)
            assert len(said) == len(set(said)), said
