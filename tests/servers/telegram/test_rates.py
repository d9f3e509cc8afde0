"""Who writes too often waits; who does not wait breaks the rules. Misfortunes come when they are ordered."""

from __future__ import annotations

import pytest
from telegram import InputMediaPhoto
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import keyboard, png


async def post(scene: Scene, chat_id: int, text: str = "x") -> int:
    """Post, and return 0 or the retry_after of the refusal."""
    try:
        await scene.bot.send_message(chat_id, text)
    except RetryAfter as error:
        wait = error.retry_after
        return int(wait if isinstance(wait, int) else wait.total_seconds())
    return 0


async def test_a_person_takes_a_burst_and_then_one_message_a_second(scene: Scene) -> None:
    assert [await post(scene, 11) for _ in range(4)] == [0, 0, 0, 1]
    assert len(scene.tg.forgive("too many messages to private 11")) == 1
    assert await post(scene, -1001) == 0
    await scene.clock.move(seconds=1)
    assert await post(scene, 11) == 0
    assert not scene.tg.violations


async def test_a_group_takes_twenty_sends_and_edits_in_any_minute(scene: Scene) -> None:
    said = await scene.bot.send_message(-1001, "0")
    for number in range(1, 20):
        await said.edit_text(str(number))
    await scene.clock.move(seconds=20)
    assert await post(scene, -1001) == 40
    await scene.clock.move(seconds=40)
    assert await post(scene, -1001) == 0
    assert len(scene.tg.forgive("too many messages")) == 1
    assert not scene.tg.violations


async def test_the_pictures_of_an_album_count_one_by_one(scene: Scene) -> None:
    album = [InputMediaPhoto(png()) for _ in range(7)]
    for _ in range(2):
        await scene.bot.send_media_group(-1001, album)
    with pytest.raises(RetryAfter):
        await scene.bot.send_media_group(-1001, album)
    assert len(scene.tg.forgive("too many messages")) == 1


async def test_all_chats_together_take_thirty_a_second(scene: Scene) -> None:
    people = [scene.tg.user(100 + each, f"P{each}") for each in range(31)]
    assert [await post(scene, each.id) for each in people] == [0] * 30 + [1]
    scene.tg.forgive("too many messages")


async def test_answers_to_presses_and_chat_actions_are_free(scene: Scene) -> None:
    await scene.bot.send_message(11, "?", reply_markup=keyboard("Yes"))
    for _ in range(40):
        await scene.bot.send_chat_action(11, "typing")
        pressed = await scene.tg.press(scene.alice, scene.tg.newest(scene.home), "Yes")
        await scene.bot.answer_callback_query(pressed.id)
    assert not scene.tg.violations


async def test_writing_before_the_wait_is_over_is_a_violation_and_after_it_is_none(scene: Scene) -> None:
    scene.tg.fail("sendMessage", chat=11, retry_after=30)
    assert await post(scene, -1001) == 0
    assert await post(scene, 11) == 30
    assert not scene.tg.violations
    await scene.clock.move(seconds=29)
    assert await post(scene, 11) == 1
    assert len(scene.tg.forgive("before retry_after was over")) == 1
    await scene.clock.move(seconds=1)
    assert await post(scene, 11) == 0
    assert not scene.tg.violations


async def test_misfortunes_are_as_many_and_as_bad_as_ordered(scene: Scene) -> None:
    scene.tg.fail("sendMessage", status=500, times=2)
    scene.tg.fail("sendMessage", status=502)
    scene.tg.fail("sendMessage", status=403)
    scene.tg.fail("sendMessage", status=400, description="Bad Request: no")
    kinds: list[type[TelegramError]] = []
    for _ in range(5):
        with pytest.raises(TelegramError) as caught:
            await post(scene, 11)
        kinds.append(type(caught.value))
    assert kinds == [NetworkError, NetworkError, NetworkError, Forbidden, BadRequest]
    assert await post(scene, 11) == 0
    assert [bool(each.error) for each in scene.tg.called("sendMessage")] == [True] * 5 + [False]
    assert not scene.tg.violations


async def test_an_answer_can_be_lost_after_the_work_was_done_or_before(scene: Scene) -> None:
    scene.tg.fail("sendMessage", lost=True)
    scene.tg.fail("sendMessage", dropped=True)
    for _ in range(2):
        with pytest.raises(NetworkError):
            await post(scene, 11)
    assert len(scene.tg.messages(scene.home)) == 1


async def test_who_is_cut_off_reaches_nothing_until_it_is_over(scene: Scene) -> None:
    scene.tg.cut()
    with pytest.raises(NetworkError):
        await post(scene, 11)
    scene.tg.restore()
    assert await post(scene, 11) == 0
    assert len(scene.tg.messages(scene.home)) == 1
    assert not scene.tg.violations


async def test_what_is_refused_anyway_does_not_count(scene: Scene) -> None:
    for _ in range(5):
        with pytest.raises(BadRequest):
            await post(scene, 11, "")
        with pytest.raises(BadRequest):
            await post(scene, -1001, "")
    scene.tg.forgive("message text is empty")
    assert [await post(scene, 11) for _ in range(3)] == [0, 0, 0]
    assert [await post(scene, -1001) for _ in range(20)] == [0] * 20
    assert not scene.tg.violations
