"""The menu of commands beside the field for typing."""

from __future__ import annotations

from pathlib import Path

from bot.commands import TABLE
from bot.telegram.menu import TEXTS
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.telegram.quick import quick


async def test_the_menu_has_words_of_the_grammar_only_for_each_kind_of_chat_and_language(tmp_path: Path) -> None:
    """TG-57: set at the start, for private chats, groups and their administrators; each word does what it says."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.settled()
        async with t.patience():
            while len(t.tg.called("setMyCommands")) < 3 * len(TEXTS):
                await t.moment()
        calls = [each.args for each in t.tg.called("setMyCommands")]
        assert {(call["scope"]["type"], call.get("language_code") or "") for call in calls} == {
            (scope, language)
            for scope in ("all_private_chats", "all_group_chats", "all_chat_administrators")
            for language in TEXTS
        }
        words = {each["command"] for call in calls for each in call["commands"]}
        assert words <= set(TABLE)
        assert all(0 < len(each["description"]) <= 40 for call in calls for each in call["commands"])
        for word in sorted(words - {"freeze"}):
            before = t.seen()
            await t.says(t.ada, t.home, f"/{word}")
            assert t.seen() - before, word
