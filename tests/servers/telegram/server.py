"""The server: everything put together on one port of 127.0.0.1."""

from __future__ import annotations

import asyncio
from typing import Unpack

from aiohttp import web

from runner.clock import SystemClock
from runner.ports import Clock
from tests.servers.strict import StrictServer
from tests.servers.telegram.api import BotApi, Fault, FaultWords
from tests.servers.telegram.files import Files
from tests.servers.telegram.limits import Limiter, Rates
from tests.servers.telegram.people import People
from tests.servers.telegram.polling import Polling
from tests.servers.telegram.presses import Pressed, Presses
from tests.servers.telegram.profile import Profile
from tests.servers.telegram.rooms import Rooms
from tests.servers.telegram.sending import Sending
from tests.servers.telegram.updates import Update, Updates
from tests.servers.telegram.webhooks import Tries, Webhooks
from tests.servers.telegram.world import Call, Chat, File, Message, Payload, User, World

_LARGEST_BODY = 52 << 20


class StrictTelegram(StrictServer[Call, Fault], People):
    """Refuses what Telegram refuses.

    Only the tries of a webhook take real seconds; everything else that takes time goes by `clock`.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        burst: int = 5,
        group_per_minute: int = 20,
        per_second: int = 30,
        in_flight: float = 0.25,
        tries: Tries | None = None,
    ) -> None:
        self.world = World(clock or SystemClock())
        self.updates = Updates(self.world)
        self.sending = Sending(self.world)
        self.presses = Presses(self.world, self.updates)
        self.profile = Profile(self.world)
        self.polling = Polling(self.world, self.updates)
        self.rooms = Rooms(self.world)
        self.webhooks = Webhooks(self.world, self.updates, self.polling, tries or Tries())
        self._files = Files(self.world, self.sending)
        rates = Rates(burst, group_per_minute, per_second, in_flight)
        methods = self.sending.methods | self.presses.methods | self.profile.methods
        methods |= self.rooms.methods | self.webhooks.methods | self._files.methods
        self._api = BotApi(self.world, Limiter(self.world.clock, rates), methods, self.polling.get_updates)
        super().__init__(self.world, self._api.misfortunes, _LARGEST_BODY)

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token}/{method}", self._api.handle),
            web.get("/file/bot{token}/{path:.+}", self._files.download),
        ]

    async def _close(self) -> None:
        self.cut()
        await self.webhooks.close()

    def _reachable(self, *, down: bool) -> None:
        self._files.misfortunes.down = self.webhooks.down = down

    def _hang_up(self) -> None:
        self.polling.end()

    # What an app is configured with.

    @property
    def base_url(self) -> str:
        """Where the Bot API is, for `Bot(base_url=...)`."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """Where files are downloaded, for `Bot(base_file_url=...)`."""
        return f"{self.url}/file/bot"

    @property
    def token(self) -> str:
        """The token of the bot."""
        return self.world.token

    @property
    def bot(self) -> User:
        """The bot as a user."""
        return self.world.bot

    async def polled(self, seconds: float = 10) -> None:
        """Wait until the app polls; TimeoutError if not in time."""
        async with asyncio.timeout(seconds):
            while not self.polling.active:
                await asyncio.sleep(0.005)

    async def settle(self, seconds: float = 10) -> None:
        """Wait until the app has taken every update: confirmed it by the next poll, or accepted it over the webhook."""
        async with asyncio.timeout(seconds):
            while self.updates.pending():
                await self.updates.changed()

    # What is there.

    def messages(self, chat: Chat, topic: int | None = None) -> list[Message]:
        """List the messages of a chat as people see them now, from everybody; with `topic`, only those in it."""
        there = [each for each in self.world.posted.values() if each.chat.id == chat.id and not each.deleted]
        return [each for each in there if topic is None or each.topic == topic]

    def newest(self, chat: Chat, topic: int | None = None) -> Message:
        """Return the last message of the bot in a chat; LookupError if there is none."""
        for each in reversed(self.messages(chat, topic)):
            if each.sender is self.world.bot and not each.service:
                return each
        raise LookupError(f"the bot has said nothing in {chat.title}")

    @property
    def files(self) -> dict[str, File]:
        """All files, by id."""
        return self.world.files

    @property
    def unanswered(self) -> list[Pressed]:
        """Presses whose buttons still spin."""
        return [each for each in self.presses.all.values() if not each.answered]

    # Misfortunes.

    def fail(self, method: str = "*", **how: Unpack[FaultWords]) -> None:
        """Let the next calls of a method, or each `download`, fail: see Fault. The default meets getUpdates as well."""
        meeting = self._files if method == "download" else self._api
        meeting.misfortunes.faults.append(Fault(method, **how))

    def again(self, update: Update | None = None) -> Update:
        """Deliver the last update, or this one of `updates.sent`, once more with its number."""
        return self.updates.again((update or self.updates.sent[-1]).body)

    def deliver_raw(self, body: Payload) -> Update:
        """Deliver anything as an update, once."""
        return self.updates.again(body)
