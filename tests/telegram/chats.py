"""A real core with the front end for Telegram, with chats that refuse what Telegram refuses; the agent plays a part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from bot.fronts import Fronts
from bot.telegram.front import TelegramFront
from bot.telegram.front import telegram as telegram_front
from bot.telegram.listening.door import PATH
from runner.clock import SystemClock
from runner.ports import Agent, Clock
from runner.settings import Settings
from tests.core.stage import Stage, settings_in, stage
from tests.products.serving import at_work, free_port
from tests.products.venue import Venue
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.presses import Pressed
from tests.servers.telegram.world import Chat, Message, User

Mode = Literal["polling", "webhook"]

ADA, BOB = 11, 12
ROOM = -1001
USERS = {"ada": {"role": "admin", "telegram": str(ADA)}, "bob": {"role": "approver", "telegram": str(BOB)}}
_SECRET = "a-secret_of-the-webhook"


@dataclass
class Chats(Venue):
    """Telegram with its people, and the core behind it."""

    tg: StrictTelegram
    scene: Stage
    ada: User
    bob: User
    home: Chat  # Ada's private chat
    room: Chat  # a group of both

    async def press(self, user: User, message: Message, label: str) -> Pressed:
        """Press a button, and wait until it was answered."""
        pressed = await self.tg.press(user, message, label)
        async with self.patience():
            await pressed.wait()
        return pressed

    async def until(self, chat: Chat, condition: Callable[[Message], object], topic: int | None = None) -> Message:
        """Wait until a message of ours in a chat is as wanted, and return the newest such."""
        try:
            async with self.patience():
                while True:
                    ours = [each for each in self.tg.messages(chat, topic) if each.sender is self.tg.bot]
                    if found := [each for each in ours if condition(each)]:
                        return found[-1]
                    await self.moment()
        except TimeoutError:
            raise AssertionError(f"nothing came that is as wanted:\n{drawn(self.tg.messages(chat))}") from None

    async def shows(self, chat: Chat, words: str, topic: int | None = None) -> Message:
        """Wait until a message of ours says this, and return the newest such."""
        return await self.until(chat, lambda message: words in message.text, topic)


class HastyClock(SystemClock):
    """A clock that goes faster than others, for tests that wait for a program and for nothing else."""

    def __init__(self, times: float = 8.0) -> None:
        self._times = times
        self._began, self._at = super().now(), super().monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.monotonic() - self._at)

    def monotonic(self) -> float:
        return self._at + (super().monotonic() - self._at) * self._times

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / self._times)


def configured(folder: Path, tg: StrictTelegram, *, mode: Mode = "polling", **sections: Any) -> Settings:
    """Make settings with the token of a bot; Ada is its admin, Bob an approver."""
    (folder / "token").write_text(tg.token, "utf-8")
    (folder / "secret").write_text(_SECRET, "utf-8")
    own: dict[str, Any] = {
        "token": f"file:{folder}/token",
        "base_url": tg.base_url,
        "base_file_url": tg.base_file_url,
        **sections.pop("telegram", {}),
    }
    if mode == "webhook":
        listen = f"127.0.0.1:{free_port()}"
        sections["http"] = {"listen": listen}
        own |= {"webhook_url": f"http://{listen}{PATH}", "webhook_secret": f"file:{folder}/secret"}
    return settings_in(folder, telegram=own, **{"users": USERS, **sections})


@asynccontextmanager
async def chats(
    folder: Path,
    *agents: Agent,
    mode: Mode = "polling",
    topics: bool = False,
    clock: Clock | None = None,
    **sections: Any,
) -> AsyncIterator[Chats]:
    """Open chats with one project. Nothing that Telegram refuses may have been sent in the end.

    `topics`: whether private chats with the bot have them.
    """
    async with StrictTelegram(clock) as tg:
        ada, bob, room = peopled(tg, topics=topics)
        settings = configured(folder, tg, mode=mode, **sections)
        async with serving(folder, settings, *agents, clock=clock) as (scene, _):
            yield Chats(tg=tg, scene=scene, ada=ada, bob=bob, home=tg.private(ada), room=room)
        assert tg.violations == []


def peopled(tg: StrictTelegram, *, topics: bool = False, kind: str = "supergroup") -> tuple[User, User, Chat]:
    """Make Ada, Bob and a group of theirs. `topics`: whether private chats with the bot have them."""
    tg.world.has_topics = topics
    ada, bob = tg.user(ADA, "Ada"), tg.user(BOB, "Bob")
    return ada, bob, tg.group(ROOM, "Ops", ada, bob, kind=kind)


@asynccontextmanager
async def serving(
    folder: Path, settings: Settings, *agents: Agent, clock: Clock | None = None, fronts: Fronts | None = None
) -> AsyncIterator[tuple[Stage, TelegramFront]]:
    """Run core, with one project, watch and front end; doing so again is a restart. `fronts`: which are on besides."""
    fronts = fronts or Fronts()
    async with stage(folder, settings, *agents, clock=clock) as scene:
        await scene.furnish()
        async with (
            telegram_front(settings.telegram, scene.core.store, scene.core.clock, fronts) as front,
            at_work(scene.core, settings, front, fronts),
        ):
            yield scene, front


def drawn(messages: list[Message]) -> str:
    """Write messages down as people see them, for reading."""
    lines: list[str] = []
    for each in messages:
        about = f"#{each.id}" + (f" -> #{each.reply_to}" if each.reply_to else "")
        about += f" topic {each.topic}" if each.topic else ""
        about += f" {list(each.reactions.values())}" if each.reactions else ""
        about += f" [{each.file.kind} {each.file.name}]" if each.file else ""
        markup = each.markup or {}
        keys = [" | ".join(b["text"] for b in row) for row in markup.get("inline_keyboard", [])]
        about += " (ForceReply)" if markup.get("force_reply") else ""
        lines += [
            f"── {each.sender.name} {about}",
            each.text or str(each.service),
            *(f"   [ {row} ]" for row in keys),
            "",
        ]
    return "\n".join(lines)
