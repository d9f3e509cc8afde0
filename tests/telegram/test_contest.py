"""Another instance asks with the same token, or a webhook stands where long polling is wanted: told, and not fought."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from telegram.error import TelegramError

from runner.beside import beside
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import leaks
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.stage import Bot, client
from tests.telegram.quick import JSON, QuickChats, quick, world

_MINUTES = 5


@asynccontextmanager
async def rival(tg: StrictTelegram) -> AsyncIterator[Bot]:
    """Let another instance poll with our token, at once whenever it is thrown out."""
    async with client(tg) as bot, beside(_polls(bot)):
        yield bot


async def _polls(bot: Bot) -> None:
    while True:
        try:
            await bot.get_updates(timeout=20)
        except TelegramError:
            continue


@pytest.mark.proof
async def test_a_second_poller_is_told_of_and_left_alone_and_we_hear_again_when_it_has_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-11: in minutes we disturb it a few times, and what was said meanwhile is carried out once."""
    caplog.set_level(logging.INFO)
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        await t.tg.polled()
        began = len(t.tg.called("getUpdates"))
        async with rival(t.tg):
            async with t.patience():
                while "telegram.contested" not in caplog.text:
                    await t.moment()
            mine = await _disturbed(t)
            ear = t.front.pulse.ear(t.clock.now())
            assert ear.deaf
            assert "another instance asks with the same token" in ear.why
        assert began < mine <= _MINUTES + 5
        t.tg.forgive("another poll was under way")
        said = await t.tg.say(t.ada, t.home, "/do it once")
        await t.passes(61)
        await t.settled()
        assert not t.front.pulse.ear(t.clock.now()).deaf
        assert [m.reply_to for m in t.ours(t.home, "it once: completed")] == [said.id]
        assert len(await t.runs()) == 1
        assert leaks(caplog, t.tg.token) == []


async def _disturbed(t: QuickChats) -> int:
    """Let minutes pass, and return how often the two have met."""
    met = 0
    for _ in range(_MINUTES * 12):
        before = len(t.tg.violations)
        await t.clock.move(seconds=5)
        for _look in range(8):
            await t.moment()
        met += len(t.tg.violations) > before
    return met


async def test_a_webhook_of_other_days_is_taken_away_and_what_waited_behind_it_is_heard(tmp_path: Path) -> None:
    """TG-11: with long polling in the configuration; nothing that waits is dropped."""
    async with world(tmp_path, reports=JSON) as there:
        async with client(there.tg) as other:
            await other.set_webhook("http://127.0.0.1:9/elsewhere", secret_token="x")
        said = await there.tg.say(there.ada, there.tg.private(there.ada), "/do it once")
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert t.tg.webhooks.url == ""
            assert [m.reply_to for m in t.ours(t.home, "it once: completed")] == [said.id]


async def test_a_webhook_that_somebody_sets_meanwhile_is_taken_away(tmp_path: Path) -> None:
    """TG-11: the log says so, and what came in between is heard."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        await t.tg.polled()
        async with client(t.tg) as other:
            await other.set_webhook("http://127.0.0.1:9/elsewhere", secret_token="x")
        said = await t.tg.say(t.ada, t.home, "/do it once")
        await t.reaches(lambda: t.tg.webhooks.url == "")
        await t.settled()
        assert [m.reply_to for m in t.ours(t.home, "it once: completed")] == [said.id]
        t.tg.forgive("a webhook is set")


async def test_a_webhook_that_is_taken_away_from_us_is_set_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-11: or we would wait for ever for somebody who does not come."""
    async with quick(tmp_path, ActingAgent(act), mode="webhook", reports=JSON) as t:
        await t.reaches(lambda: t.tg.webhooks.url)
        async with client(t.tg) as other:
            await other.delete_webhook()
        said = await t.tg.say(t.ada, t.home, "/do it once")
        await t.reaches(lambda: t.tg.webhooks.url)
        assert "another instance has taken the webhook away" in caplog.text
        await t.settled()
        assert [m.reply_to for m in t.ours(t.home, "it once: completed")] == [said.id]
