"""Updates wait until they are confirmed, and one poller hears them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from telegram.error import Conflict

from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import client, keyboard


async def test_updates_stay_until_an_offset_above_them_is_asked_for(scene: Scene) -> None:
    for text in ("one", "two"):
        await scene.tg.say(scene.alice, scene.home, text)
    first = await scene.bot.get_updates()
    again = await scene.bot.get_updates()
    assert [each.update_id for each in first] == [each.update_id for each in again]
    rest = await scene.bot.get_updates(offset=first[0].update_id + 1)
    assert [each.message.text for each in rest if each.message] == ["two"]
    assert not await scene.bot.get_updates(offset=first[1].update_id + 1)
    assert not await scene.bot.get_updates()


async def test_an_offset_below_zero_keeps_only_the_last(scene: Scene) -> None:
    for text in ("one", "two", "three"):
        await scene.tg.say(scene.alice, scene.home, text)
    for _ in range(2):
        assert [each.message.text for each in await scene.bot.get_updates(offset=-1) if each.message] == ["three"]


async def test_no_more_come_at_once_than_asked_for(scene: Scene) -> None:
    for text in ("one", "two", "three"):
        await scene.tg.say(scene.alice, scene.home, text)
    assert len(await scene.bot.get_updates(limit=2)) == 2


async def test_a_long_poll_ends_as_soon_as_something_happens(scene: Scene) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(5):
        poll = group.create_task(scene.ears.hear(timeout=30))
        await scene.tg.polled()
        await scene.tg.say(scene.alice, scene.home, "hello")
    assert [each.message.text for each in poll.result() if each.message] == ["hello"]
    assert scene.tg.updates.pending()
    await scene.ears.hear()
    await scene.tg.settle()


async def test_a_long_poll_ends_empty_when_its_time_is_over(scene: Scene) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(5):
        poll = group.create_task(scene.ears.hear(timeout=30))
        await scene.tg.polled()
        await scene.clock.move(seconds=29)
        await scene.bot.get_me()  # a whole request later it would have ended
        assert not poll.done()
        await scene.clock.move(seconds=1)
        assert not await poll


async def test_a_second_poller_ends_the_first_and_is_a_violation(scene: Scene) -> None:
    async def poll() -> str:
        with pytest.raises(Conflict) as caught:
            await scene.bot.get_updates(timeout=30)
        return str(caught.value)

    async with asyncio.TaskGroup() as group:
        first = group.create_task(poll())
        await scene.tg.polled()
        async with client(scene.tg) as other:
            await other.get_updates()
    assert first.result() == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    assert len(scene.tg.forgive("another poll was under way")) == 1


async def test_a_poller_that_died_stands_in_nobodys_way(scene: Scene) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.get(
                f"{scene.tg.base_url}{scene.tg.token}/getUpdates?timeout=30", timeout=aiohttp.ClientTimeout(0.1)
            )
    await scene.tg.say(scene.alice, scene.home, "still there")
    assert await scene.ears.texts() == ["still there"]
    assert not scene.tg.violations


async def test_reactions_come_only_when_asked_for_and_the_wish_is_remembered(scene: Scene) -> None:
    said = await scene.tg.say(scene.alice, scene.home, "hello")
    assert await scene.tg.react(scene.alice, said, "👍") is None
    assert len(await scene.ears.hear(kinds=["message", "message_reaction"])) == 1
    await scene.ears.hear()
    await scene.tg.react(scene.alice, said, "👎")
    assert await scene.tg.edit(scene.alice, said, "hallo") is None
    (update,) = await scene.ears.hear()
    change = update.message_reaction
    assert change
    assert [each.to_dict()["emoji"] for each in (*change.old_reaction, *change.new_reaction)] == ["👍", "👎"]


async def test_after_a_day_nobody_tells_any_more(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, "old")
    await scene.clock.move(hours=23)
    await scene.tg.say(scene.alice, scene.home, "new")
    await scene.clock.move(hours=1)
    assert await scene.ears.texts() == ["new"]


async def test_the_same_update_can_come_twice_and_so_can_nonsense(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, "hello")
    (first,) = await scene.ears.hear()
    await scene.ears.hear()
    scene.tg.again()
    (second,) = await scene.ears.hear()
    assert second.update_id == first.update_id
    scene.tg.deliver_raw({"update_id": 5, "surprise": {"deep": [1, 2]}})
    third, *rest = await scene.bot.get_updates()
    assert (third.update_id, rest) == (5, [])
    assert not await scene.bot.get_updates()


async def test_a_press_that_came_twice_may_be_answered_twice_but_not_thrice(scene: Scene) -> None:
    await scene.bot.send_message(11, "?", reply_markup=keyboard("Yes"))
    pressed = await scene.tg.press(scene.alice, scene.tg.newest(scene.home), "Yes")
    for _ in range(2):
        await scene.bot.get_updates()
    await scene.bot.answer_callback_query(pressed.id, "done", show_alert=True)
    assert (await pressed.wait(), pressed.show_alert) == ("done", True)
    with pytest.raises(Exception, match="Query is too old"):
        await scene.bot.answer_callback_query(pressed.id, "again")
    assert len(scene.tg.violations) == 0
    pressed.answers = 2
    with pytest.raises(Exception, match="Query is too old"):
        await scene.bot.answer_callback_query(pressed.id, "again")
    assert len(scene.tg.forgive("answered before")) == 1
