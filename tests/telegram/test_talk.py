"""Telegram from end to end: a person says something, an agent asks, a press answers, a result comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.telegram.chats import Mode, chats


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_run_is_begun_approved_and_ends_in_a_private_chat(tmp_path: Path, mode: Mode) -> None:
    """TG-1: all messages of a run are answers to the message that began it."""
    async with chats(tmp_path, ActingAgent(act), mode=mode) as t:
        said = await t.tg.say(t.ada, t.home, "/do ask for it")
        question = await t.shows(t.home, "Needs you")
        assert question.reply_to == said.id
        await t.press(t.ada, question, "Approve")
        result = await t.shows(t.home, "done with it: True")
        assert result.reply_to == said.id
        assert question.labels == []
        assert "Approved" in question.text
