"""Chats whose time a test lets pass, so that a wait of Telegram's or ours costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.fronts import Fronts
from runner.model import Execution, State
from runner.ports import Agent, ExecutionQuery
from runner.settings import Settings
from tests.core.clock import HandClock
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.presses import Pressed
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import ADA, BOB, Chats, Mode, configured, serving

MODES = ("polling", pytest.param("webhook", marks=pytest.mark.proof))  # where both in every run would take too long
ROOM = -1001
_STEP = 3.0  # seconds that pass at a time, while nothing else is left to do than to send
_STEADY = 3  # looks in a row that find nothing to do
_STARTING = (State.PENDING, State.RUNNING)
_TERMS: dict[str, Any] = {
    "approvals": {"remind_minutes": (), "expire_minutes": 6_000},
    "worker": {"slots": 99},
    "reports": {"formats": ()},
}


@dataclass
class QuickChats(Chats):
    """Chats that can be waited for as a whole."""

    settings: Settings
    clock: HandClock = field(default_factory=HandClock)
    fronts: Fronts = field(default_factory=Fronts)

    async def settled(self, *, hold: bool = False) -> None:
        """Wait until all that was said is dealt with and all that came of it is shown, and every agent waits or ends.

        A run that waits for the end of a freeze is at rest. With `hold`, no time passes.
        """
        calm = looks = 0
        async with self.patience():
            while calm < _STEADY:
                await self.moment()
                looks += 1
                busy = await self._busy()
                calm = 0 if busy else calm + 1
                if not hold and (busy == "outbox" or looks % 20 == 0):
                    await self.clock.move(seconds=_STEP)

    async def _busy(self) -> str:
        store = self.scene.core.store
        if self.tg.updates.pending() or await store.arrivals.waiting("telegram"):
            return "arrivals"
        if await self._working():
            return "runs"
        if (await store.feed.cursor("watch:telegram") or 0) < await store.feed.newest():
            return "feed"
        return "outbox" if await store.deliveries.channels("telegram") else ""

    async def _working(self) -> bool:
        if await self.scene.core.switch.frozen():
            return False
        found = await self.scene.core.store.executions.list(ExecutionQuery(states=_STARTING, limit=1))
        return bool(found.items)

    async def says(self, user: User, chat: Chat, text: str = "", **more: Any) -> Message:
        """Say something, and wait for all that comes of it."""
        said = await self.tg.say(user, chat, text, **more)
        await self.settled()
        return said

    async def presses(self, user: User, message: Message, label: str, *, stale: bool = False) -> Pressed:
        """Press a button, and wait for all that comes of it."""
        pressed = await self.tg.press(user, message, label, stale=stale)
        await self.settled()
        assert pressed.answered, f"{label!r} still spins"
        return pressed

    def ours(self, chat: Chat, words: str = "", topic: int | None = None) -> list[Message]:
        """Return our messages in a chat that say this, oldest first."""
        mine = [each for each in self.tg.messages(chat, topic) if each.sender is self.tg.bot and not each.service]
        return [each for each in mine if words in each.text]

    def one(self, chat: Chat, words: str, topic: int | None = None) -> Message:
        """Return the newest message of ours in a chat that says this; fails with all there are, if none does."""
        found = self.ours(chat, words, topic)
        assert found, f"{words!r} is in none of {[each.text for each in self.ours(chat)]}"
        return found[-1]

    async def runs(self) -> tuple[Execution, ...]:
        """Return all runs, newest first."""
        return tuple((await self.scene.core.store.executions.list(ExecutionQuery(limit=99))).items)

    def seen(self) -> frozenset[str]:
        """Return all that people see of us, without what only tells that time has passed."""
        bot = self.tg.bot
        posted = self.tg.world.posted.values()
        mine = [each for each in posted if each.sender is bot and not each.deleted]
        texts = {f"{m.chat.id} {m.id} {(m.text.splitlines() or [''])[0]} {m.labels} {m.file}" for m in mine}
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
