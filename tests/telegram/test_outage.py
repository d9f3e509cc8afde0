"""An hour without Telegram, on a clock that a test moves."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.outage import AGAIN, FINISH, Hour
from tests.servers.telegram.world import Chat, Message
from tests.telegram.chats import Mode
from tests.telegram.quick import JSON, QuickChats, quick


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_an_hour_of_outage_ends_with_each_card_and_each_file_delivered_once(tmp_path: Path, mode: Mode) -> None:
    """TG-20: questions, results and files, in order, and of progress the latest; presses afterwards count."""
    hour = Hour()
    async with quick(tmp_path, ActingAgent(hour.part), mode=mode, reports=JSON) as t:
        there: dict[str, Chat] = {FINISH: t.room, "ask here": t.room, "ask there": t.home}
        for prompt, chat in there.items():
            await t.tg.say(t.ada, chat, f"/do {prompt}")
            await _approved(t, chat, prompt)
        await hour.passes(t)
        await t.reaches(lambda: t.ours(t.room, "finished meanwhile"))
        for prompt in ("ask here", "ask there"):
            question = await _approved(t, there[prompt], prompt)
            assert AGAIN["command"] in question.versions[0].text
            await t.reaches(partial(t.ours, there[prompt], f"{prompt}: completed"))
        assert [*t.ours(t.room, "Needs you"), *t.ours(t.home, "Needs you")] == []
        await t.settled()
        _whole(t, there)
        if "the same already" in str(t.tg.violations):
            t.tg.forgive("the same already")  # an edit whose answer was lost is made again


async def _approved(t: QuickChats, chat: Chat, prompt: str) -> Message:
    """Wait for the question of a run, approve it, and return what has become of it."""

    def asked() -> list[Message]:
        return [m for m in t.ours(chat, "Needs you") if f"Run: {prompt}" in m.text and m.labels]

    await t.reaches(asked)
    (question,) = asked()
    pressed = await t.tg.press(t.ada, question, "Approve")
    await t.reaches(lambda: pressed.answered and not asked())
    return question


def _whole(t: QuickChats, there: dict[str, Chat]) -> None:
    """Hold what people see against what there is: each card and each file once, and nothing that is over."""
    for prompt, chat in there.items():
        results = t.ours(chat, f"✓ {prompt}: completed")
        assert len(results) == 1
        mine = [m for m in t.ours(chat) if m.reply_to == results[0].reply_to]
        cards = Counter(m.text.split("\n")[0] for m in mine if m.text)
        assert set(cards.values()) == {1}, cards
        files = Counter(m.file.name for m in mine if m.file)
        assert set(files.values()) == {1}, files
        (progress,) = [m for m in mine if m.text.startswith(f"✓ {prompt}\n")]
        assert "State: completed" in progress.text
        assert progress.id < results[0].id
