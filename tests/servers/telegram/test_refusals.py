"""What Telegram refuses is refused in its words, and blamed on the app if it should have known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)
from telegram.error import ChatMigrated, EndPointNotFound, InvalidToken

from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import Bot, client, keyboard, refusal

Ask = Callable[[Bot], Awaitable[object]]
ALICE, ROOM = 11, -1001


def button(**what: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(**({"text": "Go"} | what))]])


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda bot: bot.send_message(999, "x"), "Chat not found"),
        (lambda bot: bot.send_message(12, "x"), "bot can't initiate conversation with a user"),
        (lambda bot: bot.send_message(ALICE, "x", message_thread_id=7), "Message thread not found"),
        (lambda bot: bot.send_message(ALICE, "x", reply_parameters=ReplyParameters(99)), "replied not found"),
        (lambda bot: bot.edit_message_text("x", ALICE, 99), "Message to edit not found"),
        (lambda bot: bot.edit_message_text("x", ALICE, 1), "Message can't be edited"),
        (lambda bot: bot.delete_message(ROOM, 2), "Message can't be deleted"),
        (lambda bot: bot.delete_message(ALICE, 99), "Message to delete not found"),
        (lambda bot: bot.pin_chat_message(ROOM, 2), "Not enough rights"),
        (lambda bot: bot.set_message_reaction(ALICE, 1, "✅"), "REACTION_INVALID"),
        (lambda bot: bot.set_message_reaction(ALICE, 99, "👀"), "Message to react not found"),
        (lambda bot: bot.answer_callback_query("17"), "Query is too old"),
        (lambda bot: bot.send_message_draft(ROOM, 1, "x"), "private chats"),
        (lambda bot: bot.send_chat_action(ALICE, "juggling"), "action"),
        (lambda bot: bot.create_forum_topic(ROOM, "x"), "The chat is not a forum"),
        (lambda bot: bot.set_my_commands([BotCommand("Big", "x")]), "BOT_COMMAND_INVALID"),
        (lambda bot: bot.set_my_commands([BotCommand("x", "")]), "BOT_COMMAND_DESCRIPTION_INVALID"),
        (lambda bot: bot.set_my_commands([BotCommand(f"c{n}", "x") for n in range(101)]), "BOT_COMMANDS_TOO_MUCH"),
        (lambda bot: bot.set_my_commands([("x", "y")], language_code="deu"), "language code"),
        (lambda bot: bot.set_my_short_description("x" * 121), "too long"),
        (lambda bot: bot.get_chat_member(ROOM, 404), "Invalid user_id"),
        (lambda bot: bot.get_file("BQACnowhere"), "Invalid file_id"),
    ],
)
async def test_refusals_are_violations(scene: Scene, ask: Ask, sentence: str) -> None:
    scene.tg.user(12, "Bob", started=False)
    await scene.tg.say(scene.alice, scene.home, "hello")
    await scene.tg.say(scene.alice, scene.room, "hello")
    assert sentence.lower() in (await refusal(ask(scene.bot))).lower()
    assert len(scene.tg.violations) == 1


@pytest.mark.parametrize(
    ("markup", "sentence"),
    [
        (button(callback_data="x" * 65), "BUTTON_DATA_INVALID"),
        (button(callback_data="ü" * 33), "BUTTON_DATA_INVALID"),
        (button(text=" ", callback_data="x"), "BUTTON_TEXT_INVALID"),
        (button(), "Text buttons are unallowed"),
        (button(url="nonsense"), "URL 'nonsense' is invalid"),
        (button(callback_data="x", style="rainbow"), "invalid button style"),
        (button(copy_text=CopyTextButton("x" * 257)), "COPY_TEXT"),
        (ForceReply(input_field_placeholder="x" * 65), "placeholder"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x")]] * 101), "Reply markup is too long"),
    ],
)
async def test_buttons_that_cannot_be(scene: Scene, markup: Any, sentence: str) -> None:
    said = await refusal(scene.bot.send_message(ALICE, "x", reply_markup=markup))
    assert sentence.lower() in said.lower()
    assert len(scene.tg.violations) == 1


async def test_buttons_that_can_be(scene: Scene) -> None:
    row = [
        InlineKeyboardButton("Go", callback_data="x" * 64, style="success"),
        InlineKeyboardButton("Look", url="https://example.org"),
        InlineKeyboardButton("Copy", copy_text=CopyTextButton("x" * 256)),
    ]
    await scene.bot.send_message(ALICE, "x", reply_markup=InlineKeyboardMarkup([row, []]))
    await scene.bot.send_message(ALICE, "x", reply_markup=ForceReply(input_field_placeholder="x" * 64))
    assert not scene.tg.violations
    wide = InlineKeyboardMarkup([[*row, *row, *row]])
    await scene.bot.send_message(ALICE, "x", reply_markup=wide)
    assert len(scene.tg.forgive("9 buttons in a row")) == 1


async def test_an_edit_that_changes_nothing_is_refused(scene: Scene) -> None:
    said = await scene.bot.send_message(ALICE, "same", reply_markup=keyboard("Go"))
    assert "is not modified" in await refusal(said.edit_text("same", reply_markup=keyboard("Go")))
    assert len(scene.tg.forgive("is the same already")) == 1
    await said.edit_text("same")
    assert scene.tg.newest(scene.home).labels == []
    assert [each["text"] for each in scene.tg.newest(scene.home).buttons(stale=True)] == ["Go"]
    assert not scene.tg.violations


async def test_an_answer_to_a_message_that_is_gone_is_nobodys_fault(scene: Scene) -> None:
    said = await scene.tg.say(scene.alice, scene.home, "hello")
    await scene.tg.delete(said)
    assert "replied not found" in await refusal(
        scene.bot.send_message(ALICE, "x", reply_parameters=ReplyParameters(said.id))
    )
    await scene.bot.send_message(
        ALICE, "x", reply_parameters=ReplyParameters(said.id, allow_sending_without_reply=True)
    )
    assert not scene.tg.violations


async def test_who_blocked_the_bot_is_not_written_to(scene: Scene) -> None:
    await scene.tg.block(scene.alice)
    assert await refusal(scene.bot.send_message(ALICE, "x")) == "Forbidden: bot was blocked by the user"
    (update,) = await scene.ears.hear()
    assert update.my_chat_member
    assert update.my_chat_member.new_chat_member.status == "kicked"
    await scene.tg.start(scene.alice)
    await scene.bot.send_message(ALICE, "welcome back")
    assert not scene.tg.violations


async def test_who_was_thrown_out_is_told_so(scene: Scene) -> None:
    await scene.tg.kick(scene.room, scene.alice)
    sentence = "Forbidden: bot was kicked from the supergroup chat"
    assert await refusal(scene.bot.send_message(ROOM, "x")) == sentence
    await scene.tg.add_to(scene.room, scene.alice)
    await scene.bot.send_message(ROOM, "x")
    assert not scene.tg.violations


async def test_a_group_that_became_a_supergroup_has_another_id(scene: Scene) -> None:
    group = scene.tg.group(-77, "Small", scene.alice, kind="group")
    await scene.bot.send_message(-77, "x")
    made = await scene.tg.migrate(group, scene.alice)
    for _ in range(2):
        with pytest.raises(ChatMigrated) as caught:
            await scene.bot.send_message(-77, "x")
        assert caught.value.new_chat_id == made.id
    assert len(scene.tg.forgive("was told before")) == 1
    assert (await scene.bot.send_message(made.id, "x")).message_id == 3


async def test_numbers_of_messages_are_shared_by_people_and_groups_but_not_by_supergroups(scene: Scene) -> None:
    scene.tg.group(-77, "Small", scene.alice, kind="group")
    numbers = [(await scene.bot.send_message(each, "x")).message_id for each in (ALICE, -77, ROOM, ALICE)]
    assert numbers == [1, 2, 2, 3]


async def test_a_press_is_answered_within_a_minute_and_in_two_hundred_characters(scene: Scene) -> None:
    await scene.bot.send_message(ALICE, "?", reply_markup=keyboard("Yes"))
    pressed = await scene.tg.press(scene.alice, scene.tg.newest(scene.home), "yes")
    assert "Message_too_long" in await refusal(scene.bot.answer_callback_query(pressed.id, "x" * 201))
    scene.tg.forgive("an answer of 201 characters")
    assert scene.tg.unanswered == [pressed]
    await scene.clock.move(seconds=61)
    assert "Query is too old" in await refusal(scene.bot.answer_callback_query(pressed.id))
    assert not scene.tg.violations


async def test_nobody_presses_what_is_not_there(scene: Scene) -> None:
    said = await scene.bot.send_message(ALICE, "?", reply_markup=keyboard("Yes"))
    message = scene.tg.newest(scene.home)
    await said.edit_text("Done.")
    with pytest.raises(LookupError, match="nobody can press"):
        await scene.tg.press(scene.alice, message, "Yes")
    pressed = await scene.tg.press(scene.alice, message, "Yes", stale=True)
    (update,) = await scene.ears.hear()
    assert update.callback_query
    assert (update.callback_query.data, update.callback_query.id) == ("yes", pressed.id)


async def test_old_messages_cannot_be_deleted(scene: Scene) -> None:
    said = await scene.bot.send_message(ALICE, "x")
    await scene.clock.move(hours=49)
    assert "can't be deleted for everyone" in await refusal(said.delete())
    assert len(scene.tg.messages(scene.home)) == 1


async def test_strangers_and_unknown_methods(scene: Scene) -> None:
    with pytest.raises(InvalidToken):
        async with client(scene.tg, "1:wrong"):
            raise AssertionError("let in")
    scene.tg.forgive("a token that nobody has")
    with pytest.raises(EndPointNotFound):
        await scene.bot.do_api_request("sendTelepathy")
    scene.tg.forgive("no such method")
    scene.tg.off("sendMessageDraft")
    assert await refusal(scene.bot.send_message_draft(ALICE, 1, "x")) == "Not Found"
    assert not scene.tg.violations


async def test_commands_are_kept_by_scope_and_language(scene: Scene) -> None:
    await scene.bot.set_my_commands([("run", "Run a task")])
    await scene.bot.set_my_commands([("run", "Aufgabe starten")], BotCommandScopeAllPrivateChats(), "de")
    assert [each.description for each in await scene.bot.get_my_commands()] == ["Run a task"]
    german = await scene.bot.get_my_commands(BotCommandScopeAllPrivateChats(), "de")
    assert [each.description for each in german] == ["Aufgabe starten"]
    await scene.bot.delete_my_commands()
    assert not await scene.bot.get_my_commands()
    assert not scene.tg.violations
