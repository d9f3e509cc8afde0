"""The server: everything put together on one port of 127.0.0.1."""

from __future__ import annotations

import asyncio
from typing import Unpack

from aiohttp import web

from runner.clock import SystemClock
from runner.ports import Clock
from tests.servers.background import Background
from tests.servers.ledger import Call
from tests.servers.slack.api import Fault, FaultWords, WebApi
from tests.servers.slack.chat import Chat
from tests.servers.slack.delivery import Ack, Deliveries, Parcel
from tests.servers.slack.directory import Directory
from tests.servers.slack.files import Files
from tests.servers.slack.limits import Limiter
from tests.servers.slack.modals import PeopleWithViews
from tests.servers.slack.parts import Payload
from tests.servers.slack.responses import Responses
from tests.servers.slack.sockets import Sockets
from tests.servers.slack.surfaces import Surfaces
from tests.servers.slack.webhooks import Webhooks
from tests.servers.slack.world import Channel, File, Message, Session, View, World
from tests.servers.strict import StrictServer

_LARGEST_BODY = 64 << 20


class StrictSlack(StrictServer[Call, Fault], PeopleWithViews):
    """A workspace that refuses what Slack refuses.

    Delivers over Socket Mode until `http` names an address. `ack_seconds` are real seconds; everything else that takes
    time (triggers, response addresses, rates, repeated events) goes by `clock`. `echo` tells the app of its own
    messages, as Slack does. `burst` and `in_flight`: see Limiter.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        ack_seconds: float = 3.0,
        burst: int = 5,
        in_flight: float = 0.25,
        echo: bool = True,
    ) -> None:
        self.world = World(clock or SystemClock())
        self._ack_seconds = ack_seconds
        self.sockets = Sockets(self.world, ack_seconds)
        self._background = Background(self.world.violate)
        self.deliveries = Deliveries(self.world, self._background, self.sockets)
        announce = self.deliveries.announce if echo else _ignore
        chat = Chat(self.world, announce)
        self.surfaces = Surfaces(self.world)
        self._uploads = Files(self.world, announce)
        self.responses = Responses(self.world, chat)
        directory = Directory(self.world, self._socket_url)
        methods = chat.methods | self.surfaces.methods | self._uploads.methods | directory.methods
        self._api = WebApi(self.world, Limiter(self.world.clock, burst=burst, in_flight=in_flight), methods)
        super().__init__(self.world, self._api.misfortunes, _LARGEST_BODY)

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/{method}", self._api.handle),
            web.get("/link", self.sockets.handle),
            web.post("/upload/v1/{secret}", self._uploads.upload),
            web.get("/files-pri/{place}/{name}", self._uploads.download),
            web.get("/files-pri/{place}/download/{name}", self._uploads.download),
            web.post("/actions/{rest:.*}", self.responses.handle),
        ]

    async def _close(self) -> None:
        await self._background.close()
        self.sockets.cut()

    def _reachable(self, *, down: bool) -> None:
        self._uploads.down = self.responses.down = self.sockets.down = down
        if isinstance(self.deliveries.courier, Webhooks):
            self.deliveries.courier.cut = down

    def _hang_up(self) -> None:
        self.sockets.cut()

    def _socket_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/link?ticket={self.sockets.ticket()}&app_id={self.world.app_id}"

    # What an app is configured with.

    @property
    def base_url(self) -> str:
        """Where the Web API is, for `AsyncWebClient(base_url=...)`."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """The token of the bot."""
        return self.world.bot_token

    @property
    def app_token(self) -> str:
        """The token for Socket Mode."""
        return self.world.app_token

    @property
    def signing_secret(self) -> str:
        """The secret behind the signatures of HTTP deliveries."""
        return self.world.signing_secret

    @property
    def team_id(self) -> str:
        """The workspace."""
        return self.world.team_id

    def http(self, url: str, *, wall: Clock | None = None) -> None:
        """Deliver to this address from now on; `wall` is the clock by which the app looks at signatures."""
        self.deliveries.courier = Webhooks(self.world, url, wall or SystemClock(), self._ack_seconds)

    async def connected(self, sockets: int = 1, seconds: float = 10) -> None:
        """Wait until so many sockets are open, or the address answers as the app's; TimeoutError if not in time."""
        async with asyncio.timeout(seconds):
            while not await self._hears(sockets):
                await asyncio.sleep(0.005)

    async def _hears(self, sockets: int) -> bool:
        courier = self.deliveries.courier
        return await courier.verify() if isinstance(courier, Webhooks) else self.sockets.connections >= sockets

    async def settle(self) -> None:
        """Wait until the app has heard of everything that nobody waits for; repeats wait for the clock."""
        await self._background.settle()

    # What is there.

    def messages(self, channel: Channel, thread_ts: str | None = None) -> list[Message]:
        """List the messages as people see them now: those of the channel itself, or those of one thread."""
        there = [each for each in self.world.posted.values() if each.channel == channel.id and not each.deleted]
        if thread_ts:
            return [each for each in there if thread_ts in {each.ts, each.thread_ts}]
        return [each for each in there if each.thread_ts in {None, each.ts}]

    @property
    def ephemerals(self) -> list[Message]:
        """What single people were shown and still see."""
        return [each for each in self.world.ephemerals if not each.deleted]

    @property
    def views(self) -> dict[str, View]:
        """All views there ever were, by id."""
        return self.world.views

    @property
    def files(self) -> dict[str, File]:
        """All files, by id."""
        return self.world.files

    @property
    def sessions(self) -> dict[tuple[str, str | None], Session]:
        """Agent sessions, by channel and thread."""
        return self.world.sessions

    # Misfortunes.

    def fail(self, method: str = "*", **how: Unpack[FaultWords]) -> None:
        """Let the next calls of a method fail: see Fault."""
        self._api.misfortunes.faults.append(Fault(method, **how))

    async def refresh(self) -> None:
        """Ask all sockets to connect anew, as Slack does every few hours."""
        await self.sockets.refresh()

    async def redeliver(self, parcel: Parcel | None = None) -> Ack:
        """Deliver the last parcel, or this one of `deliveries.sent`, once more."""
        return await self.deliveries.again(parcel)

    async def forge(self, *, secret: str | None = None, age: int = 0) -> int:
        """Post the last parcel with a wrong or an old signature, and return the status; only over HTTP."""
        status, _, _ = await self.webhooks.post(self.deliveries.sent[-1], secret=secret, age=age)
        return status

    @property
    def webhooks(self) -> Webhooks:
        """The way over HTTP. Raises TypeError in Socket Mode."""
        if not isinstance(self.deliveries.courier, Webhooks):
            raise TypeError("only HTTP deliveries are signed")
        return self.deliveries.courier


def _ignore(_event: Payload) -> None:
    return
