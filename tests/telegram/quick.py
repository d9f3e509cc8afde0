"""Chats whose time a test lets pass, so that a wait of Telegram's or ours costs nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.fronts import Fronts
from bot.telegram.front import TelegramFront
from runner.ports import Agent
from runner.settings import Settings
from tests.core.clock import HandClock
from tests.products.venue import TERMS, TimedVenue
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.presses import Pressed
from tests.servers.telegram.webhooks import Tries
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import Chats, Mode, configured, peopled, serving

MODES = ("polling", pytest.param("webhook", marks=pytest.mark.proof))  # where both in every run would take too long
JSON = ("json",)  # the report that costs least


@dataclass
class QuickChats(Chats, TimedVenue):
    """Chats that can be waited for as a whole."""

    NAME = "telegram"

    settings: Settings
    clock: HandClock
    front: TelegramFront
    fronts: Fronts
    folder: Path

    @property
    def server(self) -> StrictTelegram:
        """Telegram itself."""
        return self.tg

    def arriving(self) -> object:
        """Whether there are updates that we have not fetched."""
        return self.tg.updates.pending()

    async def says(self, user: User, chat: Chat, text: str = "", **more: Any) -> Message:
        """Say something, and let everything come of it."""
        said = await self.tg.say(user, chat, text, **more)
        await self.settled()
        return said

    async def presses(self, user: User, message: Message, label: str, *, stale: bool = False) -> Pressed:
        """Press a button, and let everything come of it."""
        pressed = await self.tg.press(user, message, label, stale=stale)
        await self.settled()
        assert pressed.answered, f"{label!r} still spins"
        return pressed

    def ours(self, chat: Chat, words: str = "", topic: int | None = None) -> list[Message]:
        """Return our messages in a chat that say this, the oldest first."""
        mine = [m for m in self.tg.messages(chat, topic) if m.sender is self.tg.bot and not m.service]
        return [m for m in mine if words in m.text]

    def newest(self, chat: Chat, words: str = "", topic: int | None = None) -> Message:
        """Return the newest message of ours in a chat that says this; fails with all there are, if none does."""
        found = self.ours(chat, words, topic)
        assert found, f"{words!r} is in none of {[each.text for each in self.ours(chat)]}"
        return found[-1]

    def one(self, chat: Chat, words: str) -> Message:
        """Return the only message of ours in a chat that says this; fails with those that do, if there are others."""
        found = self.ours(chat, words)
        assert len(found) == 1, f"{words!r} is in {len(found)} of {[each.text for each in self.ours(chat)]}"
        return found[0]

    async def in_time(self, chat: Chat, words: str) -> Message:
        """Let time pass until a message of ours says this, and return the newest such; fails with all there are."""
        with suppress(TimeoutError):
            await self.reaches(lambda: self.ours(chat, words))
        return self.newest(chat, words)

    def seen(self) -> frozenset[str]:
        """Return all that people see of us, without what only tells that time has passed."""
        return self._seen(lambda text: re.sub("[0-9]", "", text))

    def standing(self) -> frozenset[str]:
        """Return what stands there of us while nothing happens: of a text its first line, and how topics are called."""
        chats = self.tg.world.chats.values()
        topics = {f"{chat.id} {topic.id} {topic.name}" for chat in chats for topic in chat.topics.values()}
        return self._seen(lambda text: text.split("\n", maxsplit=1)[0]) | topics

    def _seen(self, shortened: Callable[[str], str]) -> frozenset[str]:
        bot, posted = self.tg.bot, self.tg.world.posted.values()
        mine = [each for each in posted if each.sender is bot and not each.deleted]
        texts = {f"{m.chat.id} {m.id} {shortened(m.text)} {m.labels} {m.file and m.file.name}" for m in mine}
        marks = {f"{m.chat.id} {m.id} {m.reactions[bot.id]}" for m in posted if bot.id in m.reactions}
        told = {f"{p.id} {p.text}" for p in self.tg.presses.all.values() if p.answered and p.text}
        return frozenset(texts | marks | told)


@dataclass
class World:
    """Telegram with its people, in which a Signoff comes and goes."""

    tg: StrictTelegram
    clock: HandClock
    folder: Path
    settings: Settings
    ada: User
    bob: User
    room: Chat

    @asynccontextmanager
    async def serving(self, *agents: Agent) -> AsyncIterator[QuickChats]:
        """Run a Signoff; doing so again is a restart."""
        fronts = Fronts()
        async with serving(self.folder, self.settings, *agents, clock=self.clock, fronts=fronts) as (scene, front):
            yield QuickChats(
                tg=self.tg,
                scene=scene,
                ada=self.ada,
                bob=self.bob,
                home=self.tg.private(self.ada),
                room=self.room,
                settings=self.settings,
                clock=self.clock,
                front=front,
                fronts=fronts,
                folder=self.folder,
            )


@asynccontextmanager
async def world(
    folder: Path,
    *,
    mode: Mode = "polling",
    topics: bool = False,
    kind: str = "supergroup",
    reports: Sequence[str] = (),
    **sections: Any,
) -> AsyncIterator[World]:
    """Open a Telegram in which nothing may have been done in the end that Telegram refuses.

    `topics`: whether private chats with the bot have them. `kind`: of the room. `reports`: the formats of what runs
    leave; without, they leave none.
    """
    clock = HandClock()
    async with StrictTelegram(clock, tries=Tries(first_pause=0.01, longest_pause=0.05)) as tg:
        ada, bob, room = peopled(tg, topics=topics, kind=kind)
        terms = {**TERMS, "reports": {"formats": tuple(reports)}, **sections}
        yield World(tg, clock, folder, configured(folder, tg, mode=mode, **terms), ada, bob, room)
        assert tg.violations == [], tg.violations


@asynccontextmanager
async def quick(folder: Path, *agents: Agent, **options: Any) -> AsyncIterator[QuickChats]:
    """Open chats like `tests.telegram.chats.chats`, on a clock that stands still by itself, in a `world` like that."""
    async with world(folder, **options) as there, there.serving(*agents) as t:
        yield t
