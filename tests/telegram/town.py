"""Chats whose time a test lets pass, so that a wait of Telegram's or ours costs nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.fronts import Fronts
from runner.model import Execution
from runner.ports import Agent, ExecutionQuery
from runner.settings import Settings
from tests.core.clock import HandClock
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.world import Chat, Message
from tests.telegram.chats import ADA, BOB, Mode, configured, serving
from tests.telegram.timed import TimedChats

MODES = ("polling", pytest.param("webhook", marks=pytest.mark.proof))  # where both in every run would take too long
ROOM = -1001
_TERMS: dict[str, Any] = {
    "approvals": {"remind_minutes": (), "expire_minutes": 6_000},
    "worker": {"slots": 99},
    "reports": {"formats": ()},
}


@dataclass
class QuickChats(TimedChats):
    """Chats that can be waited for as a whole."""

    fronts: Fronts = field(default_factory=Fronts)

    def one(self, chat: Chat, words: str, topic: int | None = None) -> Message:
        """Return the newest message of ours in a chat that says this; fails with all there are, if none does."""
        found = self.ours(chat, words, topic)
        assert found, f"{words!r} is in none of {[each.text for each in self.ours(chat)]}"
        return found[-1]

    async def in_time(self, chat: Chat, words: str) -> Message:
        """Let time pass until a message of ours says this."""
        async with self.patience():
            while not (found := self.ours(chat, words)):
                await self.clock.move(seconds=1)
                await self.moment()
        return found[-1]

    async def runs(self) -> tuple[Execution, ...]:
        """Return all runs, newest first."""
        return tuple((await self.scene.core.store.executions.list(ExecutionQuery(limit=99))).items)

    def seen(self) -> frozenset[str]:
        """Return all that people see of us, without what only tells that time has passed."""
        bot = self.tg.bot
        posted = self.tg.world.posted.values()
        mine = [each for each in posted if each.sender is bot and not each.deleted]
        texts = {f"{m.chat.id} {m.id} {re.sub('[0-9]', '', m.text)} {m.labels} {m.file}" for m in mine}
        marks = {f"{m.chat.id} {m.id} {m.reactions[bot.id]}" for m in posted if bot.id in m.reactions}
        told = {f"{p.id} {p.text}" for p in self.tg.presses.all.values() if p.answered and p.text}
        return frozenset(texts | marks | told)


@dataclass
class Town:
    """The strict Bot API with its people and rooms, whether or not Signoff runs."""

    tg: StrictTelegram
    folder: Path
    settings: Settings
    clock: HandClock

    @asynccontextmanager
    async def open(self, *agents: Agent) -> AsyncIterator[QuickChats]:
        """Run Signoff; doing so again is a restart."""
        tg = self.tg
        ada, bob = tg.world.users[ADA], tg.world.users[BOB]
        fronts = Fronts()
        async with serving(self.folder, self.settings, *agents, clock=self.clock, fronts=fronts) as scene:
            await scene.project()
            yield QuickChats(
                tg=tg,
                scene=scene,
                ada=ada,
                bob=bob,
                home=tg.private(ada),
                room=tg.world.chats[ROOM],
                settings=self.settings,
                clock=self.clock,
                fronts=fronts,
            )


@asynccontextmanager
async def town(folder: Path, *, mode: Mode = "polling", topics: bool = False, **sections: Any) -> AsyncIterator[Town]:
    """Make people and a room, on a clock that stands still by itself. Nothing may be refused in the end."""
    clock = HandClock()
    async with StrictTelegram(clock) as tg:
        tg.world.has_topics = topics
        tg.group(ROOM, "Ops", tg.user(ADA, "Ada"), tg.user(BOB, "Bob"), kind="supergroup")
        yield Town(tg, folder, configured(folder, tg, mode=mode, **{**_TERMS, **sections}), clock)
        assert tg.violations == [], tg.violations


@asynccontextmanager
async def quick(
    folder: Path, *agents: Agent, mode: Mode = "polling", topics: bool = False, **sections: Any
) -> AsyncIterator[QuickChats]:
    """Open chats like `tests.telegram.chats.chats`, on a clock that stands still by itself."""
    async with town(folder, mode=mode, topics=topics, **sections) as made, made.open(*agents) as t:
        yield t


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what stands in the log that nobody should have to read: errors and what was raised."""
    return [each.getMessage() for each in caplog.records if each.exc_info or each.levelname == "ERROR"]
