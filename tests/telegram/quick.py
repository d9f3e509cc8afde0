"""Chats whose time a test lets pass, so that a wait of Telegram's or ours costs nothing."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.fronts import Fronts
from bot.handlers import Handlers
from bot.httpd import HttpServer, bound
from bot.telegram.front import TelegramFront
from bot.telegram.front import telegram as telegram_front
from bot.watch import Watch
from runner.beside import beside
from runner.model import Execution
from runner.ports import Agent, ExecutionQuery
from runner.settings import Settings
from tests.core.clock import HandClock
from tests.core.stage import Stage, stage
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.webhooks import Tries
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import ADA, BOB, Mode, configured
from tests.telegram.timed import TimedChats

MODES = ("polling", pytest.param("webhook", marks=pytest.mark.proof))  # where both in every run would take too long
_TERMS: dict[str, Any] = {"approvals": {"remind_minutes": (), "expire_minutes": 6_000}, "worker": {"slots": 99}}


@dataclass
class QuickChats(TimedChats):
    """Chats that can be waited for as a whole."""

    front: TelegramFront
    folder: Path

    async def passes(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass, whatever is going on."""
        while seconds > 0:
            await self.clock.move(seconds=min(step, seconds))
            await self.moment()
            seconds -= step

    async def reaches(self, condition: Callable[[], object]) -> None:
        """Let time pass until something is so."""
        async with self.patience():
            while not condition():
                await self.clock.move(seconds=1)
                await self.moment()

    def newest(self, chat: Chat, words: str, topic: int | None = None) -> Message:
        """Return the newest message of ours that says this; fails with all there are, if none does."""
        found = self.ours(chat, words, topic)
        assert found, f"{words!r} is in none of {[each.text for each in self.ours(chat)]}"
        return found[-1]

    def one(self, chat: Chat, words: str) -> Message:
        """Return the only message of ours in a chat that says this."""
        (found,) = self.ours(chat, words)
        return found

    def seen(self) -> frozenset[str]:
        """Return all that people see of us, without what only tells that time has passed."""
        return _seen(self.tg)

    async def runs(self) -> list[str]:
        """Return the ids of all runs."""
        return [run.id for run in await self.executions()]

    async def executions(self) -> tuple[Execution, ...]:
        """Return all runs, the newest first."""
        return (await self.scene.core.store.executions.list(ExecutionQuery(limit=99))).items


def _seen(tg: StrictTelegram) -> frozenset[str]:
    there = [each for each in tg.world.posted.values() if not each.deleted]
    mine = {
        f"{m.chat.id} {m.id} {_headline(m)} {m.labels} {m.file and m.file.name}" for m in there if m.sender is tg.bot
    }
    marks = {f"{m.chat.id} {m.id} {m.reactions.get(tg.bot.id)}" for m in there}
    told = {f"{each.id} {each.text}" for each in tg.presses.all.values()}
    topics = {
        f"{chat.id} {topic.id} {topic.name}" for chat in tg.world.chats.values() for topic in chat.topics.values()
    }
    return frozenset(mine | marks | told | topics)


def _headline(message: Message) -> str:
    return message.text.split("\n", maxsplit=1)[0]


@asynccontextmanager
async def served(
    folder: Path, settings: Settings, *agents: Agent, clock: HandClock
) -> AsyncIterator[tuple[Stage, TelegramFront]]:
    """Run core, watch and front end; doing so again is a restart."""
    async with (
        stage(folder, settings, *agents, clock=clock) as scene,
        telegram_front(settings.telegram, scene.core.store, clock, fronts := Fronts()) as front,
    ):
        watch = Watch(scene.core, [front.messenger])
        serve = front.run(Handlers(scene.core, fronts), scene.core)
        async with _http(settings, scene, front), beside(watch.run(), serve):
            yield scene, front


@asynccontextmanager
async def _http(settings: Settings, scene: Stage, front: TelegramFront) -> AsyncIterator[None]:
    if not settings.serves_http:
        yield
        return
    async with bound(settings.http.address) as taken:
        server = HttpServer(taken, front.receivers, scene.core.store.feed.newest)
        async with beside(server.run()):
            yield


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
        async with served(self.folder, self.settings, *agents, clock=self.clock) as (scene, front):
            if not (await scene.core.store.people.projects()):
                await scene.project()
            home = self.tg.private(self.ada)
            yield QuickChats(
                self.tg, scene, self.ada, self.bob, home, self.room, self.settings, self.clock, front, self.folder
            )


@asynccontextmanager
async def world(
    folder: Path, *, mode: Mode = "polling", topics: bool = False, kind: str = "supergroup", **sections: Any
) -> AsyncIterator[World]:
    """Open a Telegram in which nothing may have been done in the end that Telegram refuses."""
    clock = HandClock()
    async with StrictTelegram(clock, tries=Tries(first_pause=0.01, longest_pause=0.05)) as tg:
        tg.world.has_topics = topics
        ada, bob = tg.user(ADA, "Ada"), tg.user(BOB, "Bob")
        room = tg.group(-1001, "Ops", ada, bob, kind=kind)
        settings = configured(folder, tg, mode=mode, **{**_TERMS, **sections})
        yield World(tg, clock, folder, settings, ada, bob, room)
        assert tg.violations == []


@asynccontextmanager
async def quick(folder: Path, *agents: Agent, mode: Mode = "polling", **more: Any) -> AsyncIterator[QuickChats]:
    """Open chats like `tests.telegram.chats.chats`, on a clock that stands still by itself."""
    async with world(folder, mode=mode, **more) as there, there.serving(*agents) as t:
        yield t


def calm(folder: Path, *agents: Agent, **more: Any) -> AbstractAsyncContextManager[QuickChats]:
    """Open chats in which runs leave no reports."""
    return quick(folder, *agents, **{"reports": {"formats": ()}, **more})


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what stands in the log that nobody should have to read: errors and what was raised."""
    return [each.getMessage() for each in caplog.records if each.exc_info or each.levelname == "ERROR"]


def leaks(caplog: pytest.LogCaptureFixture, token: str) -> list[str]:
    """Return the lines of the log, INFO and up, that hold a token, and whatever was raised with it."""
    lines = [each for each in caplog.records if each.levelno >= logging.INFO]
    told = [logging.Formatter().format(each) for each in lines]
    return [line for line in told if token in line or token.partition(":")[2] in line]
