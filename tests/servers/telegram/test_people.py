"""What people do, and what of it reaches the bot; chats, topics and files as both sides see them."""

from __future__ import annotations

import pytest
from telegram import InputMediaDocument, InputMediaPhoto, MenuButtonCommands, Message, MessageEntity
from telegram.error import BadRequest, TelegramError

from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import png, refusal

ALICE, ROOM = 11, -1001


async def test_commands_and_names_in_what_people_write_are_marked(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, "😀 /run@signoff_bot for @bobby see https://example.org/x")
    (update,) = await scene.ears.hear()
    assert update.message
    assert update.message.parse_entities() == {
        MessageEntity("bot_command", 3, 16): "/run@signoff_bot",
        MessageEntity("mention", 24, 6): "@bobby",
        MessageEntity("url", 35, 21): "https://example.org/x",
    }


async def test_in_privacy_mode_a_bot_hears_what_is_meant_for_it(scene: Scene) -> None:
    mine = await scene.bot.send_message(ROOM, "I am here")
    bob = scene.tg.user(12, "Bob")
    scene.room.members.add(12)
    posted = scene.tg.newest(scene.room)
    await scene.tg.say(bob, scene.room, "just talking")
    await scene.tg.say(bob, scene.room, "@signoff_bot hello")
    await scene.tg.say(bob, scene.room, "/run now")
    await scene.tg.say(bob, scene.room, "/run@other_bot now")
    await scene.tg.say(bob, scene.room, "/run@Signoff_Bot now")
    await scene.tg.say(bob, scene.room, "an answer", reply_to=posted)
    other = scene.tg.other_bot(13, "other_bot")
    scene.room.members.add(13)
    await scene.tg.say(other, scene.room, "I spoke last")
    await scene.tg.say(bob, scene.room, "/stop")
    found = await scene.ears.hear()
    texts = [each.message.text for each in found if each.message]
    assert texts == ["/run now", "/run@Signoff_Bot now", "an answer"]
    answer = found[-1].message
    assert answer
    assert answer.reply_to_message
    assert answer.reply_to_message.message_id == mine.message_id


@pytest.mark.parametrize("how", ["reads_all", "administrator", "mentions_reach"])
async def test_there_are_ways_to_hear_more(scene: Scene, how: str) -> None:
    if how == "administrator":
        await scene.tg.add_to(scene.room, scene.alice, rights=("can_pin_messages",))
        await scene.ears.hear()
    else:
        setattr(scene.tg.world, how, True)
    await scene.tg.say(scene.alice, scene.room, "@signoff_bot hello")
    assert await scene.ears.texts() == ["@signoff_bot hello"]
    await scene.tg.say(scene.alice, scene.room, "just talking")
    assert await scene.ears.texts() == ([] if how == "mentions_reach" else ["just talking"])


async def test_topics_hold_messages_apart(scene: Scene) -> None:
    forum = scene.tg.group(-1002, "Forum", scene.alice, forum=True, bot="administrator")
    topic = await scene.bot.create_forum_topic(-1002, "Run 7")
    thread = topic.message_thread_id
    said = await scene.bot.send_message(-1002, "in there", message_thread_id=thread)
    await scene.bot.send_message(-1002, "outside")
    assert [each.text for each in scene.tg.messages(forum, thread) if each.text] == ["in there"]
    await scene.tg.say(scene.alice, forum, "hello", topic=thread)
    (update,) = await scene.ears.hear()
    heard = update.message
    assert heard
    assert (heard.message_thread_id, heard.is_topic_message) == (said.message_thread_id, True)
    assert heard.reply_to_message
    assert heard.reply_to_message.forum_topic_created
    assert "thread not found" in await refusal(scene.bot.send_message(-1002, "x", message_thread_id=1))
    await scene.bot.send_chat_action(-1002, "typing", message_thread_id=1)
    scene.tg.forgive("no topic 1")
    await scene.bot.edit_forum_topic(-1002, thread, name="Run 7: done")
    await scene.bot.close_forum_topic(-1002, thread)
    assert (forum.topics[thread].name, forum.topics[thread].closed) == ("Run 7: done", True)
    assert "Topic_not_modified" in await refusal(scene.bot.close_forum_topic(-1002, thread))
    scene.tg.forgive("closed already")
    await scene.bot.reopen_forum_topic(-1002, thread)
    assert not scene.tg.violations


async def test_topics_are_for_those_who_may(scene: Scene) -> None:
    forum = scene.tg.group(-1002, "Forum", scene.alice, forum=True)
    assert "Not enough rights to create a topic" in await refusal(scene.bot.create_forum_topic(-1002, "x"))
    assert "is not a forum" in await refusal(scene.bot.create_forum_topic(ALICE, "x"))
    scene.tg.world.has_topics = True
    assert (await scene.bot.get_me()).has_topics_enabled
    await scene.bot.create_forum_topic(ALICE, "x" * 128)
    assert "too_long" in await refusal(scene.bot.create_forum_topic(ALICE, "x" * 129))
    assert len(scene.tg.violations) == 3
    topic = await scene.tg.create_topic(scene.alice, forum, "Mine")
    (update,) = await scene.ears.hear()
    assert update.message
    assert update.message.message_thread_id == topic.id
    await scene.tg.close_topic(scene.alice, forum, topic)
    assert "Topic_closed" in await refusal(scene.bot.send_message(-1002, "x", message_thread_id=topic.id))


async def test_what_people_send_can_be_downloaded_for_an_hour(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, document=("a.diff", b"+1\n-2\n", "text/x-diff"), caption="/look")
    await scene.tg.say(scene.alice, scene.home, voice=b"OggS")
    document, voice = [each.message for each in await scene.ears.hear()]
    assert document
    assert document.document
    assert voice
    assert voice.voice
    assert (document.caption, document.document.file_name) == ("/look", "a.diff")
    found = await document.document.get_file()
    assert bytes(await found.download_as_bytearray()) == b"+1\n-2\n"
    assert bytes(await (await voice.voice.get_file()).download_as_bytearray()) == b"OggS"
    await scene.clock.move(minutes=61)
    with pytest.raises(TelegramError, match="Not Found"):
        await found.download_as_bytearray()
    assert not scene.tg.violations


async def test_an_album_comes_picture_by_picture(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, album=[png(), png(3), png(4)], caption="look")
    heard = [each.message for each in await scene.ears.hear()]
    assert [each.caption for each in heard if each] == ["look", None, None]
    assert len({each.media_group_id for each in heard if each}) == 1


async def test_what_is_too_big_is_not_taken(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, document=("big", bytes((20 << 20) + 1), "x/y"))
    (update,) = await scene.ears.hear()
    assert update.message
    assert update.message.document
    assert "File is too big" in await refusal(update.message.document.get_file())
    assert "File is too big" in await refusal(scene.bot.send_photo(ALICE, png() + bytes(10 << 20)))
    assert "Image_process_failed" in await refusal(scene.bot.send_photo(ALICE, b"no picture"))
    assert "Photo_invalid_dimensions" in await refusal(scene.bot.send_photo(ALICE, png(2100, 100)))
    assert "non-empty" in await refusal(scene.bot.send_document(ALICE, b"", filename="empty"))
    assert len(scene.tg.violations) == 5


async def test_a_document_is_kept_with_its_bytes_and_can_be_sent_again(scene: Scene) -> None:
    said = await scene.bot.send_document(ALICE, b"%PDF", filename="report.pdf", caption="the report")
    assert said.document
    await scene.bot.send_document(ROOM, said.document.file_id)
    for chat in (scene.home, scene.room):
        found = scene.tg.newest(chat).file
        assert found
        assert (found.name, found.content) == ("report.pdf", b"%PDF")
    assert "wrong remote file" in (await refusal(scene.bot.send_photo(ALICE, said.document.file_id))).lower()
    scene.tg.forgive("no photo was ever")
    assert not scene.tg.violations


async def test_the_bot_sends_albums_too(scene: Scene) -> None:
    sent = await scene.bot.send_media_group(ALICE, [InputMediaPhoto(png()), InputMediaPhoto(png(), caption="two")])
    assert isinstance(sent[0], Message)
    assert len({each.media_group_id for each in sent}) == 1
    assert [each.text for each in scene.tg.messages(scene.home)] == ["", "two"]
    mixed: list[InputMediaPhoto | InputMediaDocument] = [InputMediaPhoto(png()), InputMediaDocument(b"x")]
    assert "in the album" in await refusal(scene.bot.send_media_group(ROOM, mixed))
    scene.tg.forgive("documents only go with documents")
    with pytest.raises(BadRequest, match="2-10 items"):
        await scene.bot.send_media_group(ROOM, [InputMediaPhoto(png())])


async def test_chats_members_pins_and_menus_can_be_looked_at(scene: Scene) -> None:
    await scene.tg.add_to(scene.room, scene.alice, rights=("can_pin_messages",))
    said = await scene.bot.send_message(ROOM, "pin me")
    await said.pin()
    chat = await scene.bot.get_chat(ROOM)
    assert chat.pinned_message
    assert (chat.title, chat.pinned_message.text) == ("Room", "pin me")
    assert (await scene.bot.get_chat_member(ROOM, scene.tg.bot.id)).status == "administrator"
    assert (await scene.bot.get_chat_member(ROOM, ALICE)).status == "member"
    await scene.bot.set_chat_menu_button(ALICE, MenuButtonCommands())
    assert (await scene.bot.get_chat_menu_button(ALICE)).type == "commands"
    copied = await scene.bot.copy_message(ALICE, ROOM, said.message_id)
    assert scene.tg.newest(scene.home).id == copied.message_id
    await scene.bot.set_message_reaction(ROOM, said.message_id, "👀")
    assert scene.tg.newest(scene.room).reactions == {scene.tg.bot.id: ["👀"]}
    assert not scene.tg.violations


async def test_a_link_starts_with_its_payload_and_drafts_are_seen(scene: Scene) -> None:
    bob = scene.tg.user(12, "Bob", language="de", started=False)
    await scene.tg.start(bob, "token_7")
    (update,) = await scene.ears.hear()
    assert update.effective_user
    assert update.message
    assert (update.effective_user.language_code, update.message.text) == ("de", "/start token_7")
    await scene.bot.send_message_draft(12, 1, "thinking aloud")
    assert [each["text"] for each in scene.tg.world.drafts] == ["thinking aloud"]
    assert not scene.tg.violations
