"""One Telegram with a few people, and a bot of the real library in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from tests.core.clock import HandClock
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.stage import Bot, Listener, client
from tests.servers.telegram.webhooks import Tries
from tests.servers.telegram.world import Chat, User


class Scene(NamedTuple):
    """Alice's private chat and a room in which she is, too."""

    tg: StrictTelegram
    clock: HandClock
    bot: Bot
    ears: Listener
    alice: User
    home: Chat
    room: Chat


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # or the library warns of its own future at every 429
    clock = HandClock()
    async with StrictTelegram(clock, burst=3, in_flight=0, tries=Tries(first_pause=0.01)) as tg:
        alice = tg.user(11, "Alice")
        room = tg.group(-1001, "Room", alice)
        async with client(tg) as bot:
            yield Scene(tg, clock, bot, Listener(bot), alice, tg.private(alice), room)
