"""Texts with their entities are what Telegram's own library makes of them; every surprise is a violation."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import MessageEntity, ReplyParameters, User
from telegram.constants import ParseMode

from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import png, refusal


def entity(kind: str, offset: int, length: int, **more: Any) -> MessageEntity:
    return MessageEntity(kind, offset, length, **more)


BOLD, ITALIC, LINK = "bold", "italic", "text_link"


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("plain *stars* _and_ `ticks` [links](here)", []),
        ("😀 bold after a face", [entity(BOLD, 3, 4)]),
        ("nested", [entity(BOLD, 0, 6), entity(ITALIC, 1, 3), entity("underline", 1, 3)]),
        ("link in bold", [entity(BOLD, 0, 12), entity(LINK, 0, 4, url="https://example.org")]),
        ("code in a quote", [entity("expandable_blockquote", 0, 15), entity("code", 0, 4)]),
        ("noon", [entity("date_time", 0, 4, unix_time=1, date_time_format="t")]),
        ("twoparts", [entity(BOLD, 0, 3), entity(BOLD, 3, 5)]),
        ("x\nprint()", [entity("pre", 2, 7, language="python")]),
        ("a\nb", [entity("blockquote", 0, 1), entity("expandable_blockquote", 2, 1)]),
        ("here", [entity(LINK, 0, 4, url="https://example.org/a?b=c")]),
        ("Alice", [entity("text_mention", 0, 5, user=User(11, "Alice", is_bot=False))]),
        ("x" * 100, [entity(BOLD if n % 2 else ITALIC, n, 1) for n in range(100)]),
        ("code at the end\n", [entity("pre", 0, 16)]),
        ("x" * 4096, []),
    ],
)
async def test_what_is_right_is_kept_as_it_is(scene: Scene, text: str, entities: list[MessageEntity]) -> None:
    said = await scene.bot.send_message(11, text, entities=entities)
    assert said.text == text.strip()
    assert {each.type for each in said.entities} == {each.type for each in entities}
    assert not scene.tg.violations


@pytest.mark.parametrize(
    ("text", "entities", "sentence"),
    [
        ("", [], "Message text is empty"),
        (" \n ", [], "Message text is empty"),
        ("x" * 4097, [], "Message is too long"),
        ("😀" * 2049, [], "Message is too long"),
        ("hello", [entity(BOLD, 3, 3)], "Entity beginning at UTF-16 offset 3 ends after the end of the text"),
        ("hello", [entity(BOLD, -1, 3)], "Receive an entity with incorrect offset -1"),
        ("a😀b", [entity(BOLD, 0, 2)], "Entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol"),
        ("a😀b", [entity(BOLD, 2, 2)], "in a middle of a UTF-16 symbol"),
        ("here", [entity(LINK, 0, 4, url="nonsense")], "Entity URL 'nonsense' is invalid"),
        ("here", [entity("sparkling", 0, 4)], "unsupported type"),
        ("noon", [entity("date_time", 0, 4, unix_time=1, date_time_format="xyz")], "Invalid date-time format"),
    ],
)
async def test_what_telegram_refuses(scene: Scene, text: str, entities: list[MessageEntity], sentence: str) -> None:
    assert sentence.lower() in (await refusal(scene.bot.send_message(11, text, entities=entities))).lower()
    assert len(scene.tg.forgive("sendMessage: ")) == 1
    assert not scene.tg.messages(scene.home)


@pytest.mark.parametrize(
    ("text", "entities", "violation"),
    [
        ("hello world", [entity(BOLD, 0, 5), entity(ITALIC, 3, 5)], "cross"),
        ("hello world", [entity("code", 0, 5), entity(BOLD, 1, 2)], "changes the entities"),
        ("hello world", [entity(BOLD, 0, 11), entity("code", 1, 2)], "changes the entities"),
        ("hello", [entity("blockquote", 0, 5), entity("blockquote", 1, 2)], "changes the entities"),
        ("hello", [entity(BOLD, 1, 0)], "an empty entity"),
        ("@alice", [entity("mention", 0, 6)], "of type mention is ignored"),
        ("x" * 102, [entity(BOLD if n % 2 else ITALIC, n, 1) for n in range(101)], "101 entities"),
        ("bad\u202etxt", [], "drops or replaces characters"),
        ("bad\x07bell", [], "drops or replaces characters"),
    ],
)
async def test_what_telegram_changes(scene: Scene, text: str, entities: list[MessageEntity], violation: str) -> None:
    await scene.bot.send_message(11, text, entities=entities)
    assert scene.tg.forgive(violation)


async def test_blanks_at_both_ends_are_taken_off_and_entities_move_along(scene: Scene) -> None:
    said = await scene.bot.send_message(11, "\n *x* \n", entities=[entity(BOLD, 2, 3)])
    assert (said.text, said.parse_entities()) == ("*x*", {entity(BOLD, 0, 3): "*x*"})
    assert not scene.tg.violations


async def test_a_parse_mode_is_a_violation(scene: Scene) -> None:
    await scene.bot.send_message(11, "<b>x</b>", parse_mode=ParseMode.HTML)
    assert len(scene.tg.forgive("parse_mode 'HTML'")) == 1


async def test_captions_are_shorter(scene: Scene) -> None:
    said = await scene.bot.send_photo(11, png(), caption="x" * 1024)
    assert "caption is too long" in await refusal(scene.bot.send_photo(11, png(), caption="x" * 1025))
    assert "caption is too long" in await refusal(said.edit_caption("y" * 1025))
    assert len(scene.tg.forgive("a caption of 1025 units")) == 2


async def test_a_quote_must_have_been_said(scene: Scene) -> None:
    said = await scene.tg.say(scene.alice, scene.home, "the whole sentence")
    await scene.bot.send_message(11, "ok", reply_parameters=ReplyParameters(said.id, quote="whole"))
    wrong = scene.bot.send_message(11, "ok", reply_parameters=ReplyParameters(said.id, quote="half"))
    assert "quote_text_invalid" in await refusal(wrong)
    scene.tg.forgive("nobody said")
