"""One person in Slack and Telegram: linked, asked where they prefer, reached where they can be heard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.both.town import Town, town
from tests.core.clock import HandClock
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.servers.slack.world import Message as Posted

T = TypeVar("T")

ONLY_SLACK = {"ada": {"role": "admin", "slack": "UADA"}, "bob": {"role": "approver", "slack": "UBOB"}}
_LINK = re.compile(r"start=([0-9a-f]{32})")


async def linked(t: Town) -> None:
    """Have Ada follow the link that Slack tells her."""
    await t.ws.slack.command(t.ws.ada, t.ws.ops, "/task", "link telegram")
    told = await t.ws.told(t.ws.ada, "start=")
    found = _LINK.search(t.ws.said(told))
    assert found is not None
    await t.chats.tg.start(t.chats.ada, found[1])
    await t.chats.shows(t.chats.home, "ada")


async def asked_in_slack(t: Town) -> Posted:
    """Begin a run in Slack that asks, and return the question there."""
    await t.ws.slack.command(t.ws.ada, t.ws.ops, "/task", "do --project calculator ask for it")
    head = await t.ws.until(t.ws.ops, lambda m: "ask for it" in t.ws.said(m))
    return await t.ws.until(t.ws.ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)


async def test_what_was_begun_in_slack_is_approved_in_telegram_and_both_cards_tell_it(tmp_path: Path) -> None:
    """PERSON-1, PERSON-6, HEAR-5: by a linked person who prefers Telegram; Slack's copy loses its buttons too."""
    async with town(tmp_path, ActingAgent(act), users=ONLY_SLACK) as t:
        await linked(t)
        await t.ws.slack.command(t.ws.ada, t.ws.ops, "/task", "prefer telegram")
        await t.ws.told(t.ws.ada, "Telegram")
        question = await asked_in_slack(t)
        here = await t.chats.shows(t.chats.home, "Needs you")
        assert "pytest" in here.text
        await t.chats.press(t.chats.ada, here, "Approve")
        await t.ws.until(t.ws.ops, lambda m: "done with it: True" in t.ws.said(m), thread=question.thread_ts)
        await _rewritten(t, question)
        await t.comes(lambda: "Approved" in here.text and not here.labels)
        assert "ada" in here.text


async def test_with_slack_cut_off_the_card_arrives_in_telegram_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HEAR-3, HEAR-5: and when Slack is back, its copy tells the answer that was given elsewhere."""
    monkeypatch.setattr("bot.slack.listening.listen.PING_SECONDS", 0.5)
    clock = HandClock()
    both = {"ada": {"role": "admin", "slack": "UADA", "telegram": "11"}}
    async with town(tmp_path, ActingAgent(act), clock=clock, users=both) as t:
        question = await _ticking(t, clock, asked_in_slack(t))
        assert not [m for m in t.chats.tg.messages(t.chats.home) if m.sender is t.chats.tg.bot]
        t.ws.slack.cut()
        why = await _ticking(t, clock, t.chats.shows(t.chats.home, "Slack has not been heard since"))
        here = await _ticking(t, clock, t.chats.shows(t.chats.home, "Needs you"))
        assert why.silent is False
        await t.chats.press(t.chats.ada, here, "Approve")
        await _ticking(t, clock, t.chats.shows(t.chats.home, "Approved"))
        t.ws.slack.restore()
        ended = t.ws.until(t.ws.ops, lambda m: "done with it" in t.ws.said(m), thread=question.thread_ts)
        await _ticking(t, clock, ended)
        await _ticking(t, clock, _rewritten(t, question))


async def _rewritten(t: Town, question: Posted) -> None:
    await t.comes(lambda: "Approved" in t.ws.said(t.ws.slack.world.posted[question.channel, question.ts]))


async def _ticking(t: Town, clock: HandClock, waiting: Coroutine[Any, Any, T]) -> T:
    """Wait for something while time passes."""
    async with asyncio.TaskGroup() as group:
        wait = group.create_task(waiting)
        while not wait.done():
            await clock.move(seconds=1)
            await t.moment()
    return wait.result()
