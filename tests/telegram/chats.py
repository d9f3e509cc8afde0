"""A real core with the front end for Telegram, with chats that refuse what Telegram refuses; the agent plays a part."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.fronts import Fronts
from bot.handlers import Handlers
from bot.httpd import HttpServer, bound
from bot.telegram.door import PATH
from bot.telegram.front import TelegramFront
from bot.telegram.front import telegram as telegram_front
from bot.watch import Watch
from runner.beside import beside
from runner.ports import Agent, Clock
from runner.settings import Settings
from tests.core.stage import Stage, settings_in, stage
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.presses import Pressed
from tests.servers.telegram.world import Chat, Message, User

Mode = Literal["polling", "webhook"]

ADA, BOB = 11, 12
USERS = {"ada": {"role": "admin", "telegram": str(ADA)}, "bob": {"role": "approver", "telegram": str(BOB)}}
PATIENCE = 45.0  # seconds until something that should show counts as lost
_SECRET = "a-secret_of-the-webhook"


@dataclass
class Chats:
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
        async with asyncio.timeout(PATIENCE):
            await pressed.wait()
        return pressed

    def patience(self) -> asyncio.Timeout:
        """Limit how long something is waited for."""
        return asyncio.timeout(PATIENCE)

    async def moment(self) -> None:
        """Let others do something before the next look."""
        await asyncio.sleep(0.01)

    async def until(self, chat: Chat, condition: Callable[[Message], object], topic: int | None = None) -> Message:
        """Wait until a message of ours in a chat is as wanted, and return the newest such."""
        async with self.patience():
            while True:
                ours = [each for each in self.tg.messages(chat, topic) if each.sender is self.tg.bot]
                if found := [each for each in ours if condition(each)]:
                    return found[-1]
                await self.moment()

    async def shows(self, chat: Chat, words: str, topic: int | None = None) -> Message:
        """Wait until a message of ours says this, and return the newest such."""
        return await self.until(chat, lambda message: words in message.text, topic)


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


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@asynccontextmanager
async def chats(
    folder: Path, *agents: Agent, mode: Mode = "polling", topics: bool = False, **sections: Any
) -> AsyncIterator[Chats]:
    """Open chats with one project. Nothing that Telegram refuses may have been sent in the end.

    `topics`: whether private chats with the bot have them.
    """
    async with StrictTelegram() as tg:
        tg.world.has_topics = topics
        ada, bob = tg.user(ADA, "Ada"), tg.user(BOB, "Bob")
        room = tg.group(-1001, "Ops", ada, bob, kind="supergroup")
        settings = configured(folder, tg, mode=mode, **sections)
        async with serving(folder, settings, *agents) as scene:
            await scene.project()
            yield Chats(tg=tg, scene=scene, ada=ada, bob=bob, home=tg.private(ada), room=room)
        assert tg.violations == []


@asynccontextmanager
async def serving(folder: Path, settings: Settings, *agents: Agent, clock: Clock | None = None) -> AsyncIterator[Stage]:
    """Run core, watch and front end; doing so again is a restart."""
    async with (
        stage(folder, settings, *agents, clock=clock) as scene,
        telegram_front(settings.telegram, scene.core.store, scene.core.clock, fronts := Fronts()) as front,
    ):
        watch = Watch(scene.core, [front.messenger])
        serve = front.run(Handlers(scene.core, fronts), scene.core)
        async with _http(settings, scene, front), beside(watch.run(), serve):
            yield scene


@asynccontextmanager
async def _http(settings: Settings, scene: Stage, front: TelegramFront) -> AsyncIterator[None]:
    if not settings.serves_http:
        yield
        return
    async with bound(settings.http.address) as taken:
        server = HttpServer(taken, front.receivers, scene.core.store.feed.newest)
        async with beside(server.run()):
            yield
