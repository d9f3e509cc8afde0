"""The front end for Slack as a whole: its client, its outbox, and what listens and answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.attendant import Attendant
from bot.delivery import Options, Outbox
from bot.hearing import Listener
from bot.httpd import Receiver
from bot.inside import Desk
from bot.slack.forms.clerk import Clerk
from bot.slack.heard import NAME, Me
from bot.slack.hosting.host import Host
from bot.slack.hosting.inside import Inside
from bot.slack.listening.door import Door
from bot.slack.listening.ears import DoorEar, Probe, SocketEar
from bot.slack.listening.listen import Reception, application, serve_sockets
from bot.slack.listening.payloads import read
from bot.slack.manifest import PATH
from bot.slack.sending import marks
from bot.slack.sending.aside import Aside
from bot.slack.sending.carrier import OVERALL, PACE, SlackCarrier
from bot.slack.sending.home import KNOWN_FOR, Homes, Pages
from bot.slack.sending.messenger import SlackMessenger
from bot.slack.sending.sessions import Sessions
from runner.beside import beside
from runner.core import Core
from runner.model import Arrival
from runner.ports import Clock, Store
from runner.settings import Slack

_TIMEOUT = 20  # seconds for one request to Slack
_PATIENCE = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between attempts to reach Slack at the start; then the last again

log = logging.getLogger(__name__)


class FrontDesk(Desk, Pages, Protocol):
    """Takes what people say, and composes their own pages: `bot.handlers.Handlers`."""


class SlackFront:
    """Connects to Slack and serves its people until cancelled. Its `messenger` takes cards before that as well."""

    def __init__(
        self, settings: Slack, web: AsyncWebClient, http: aiohttp.ClientSession, store: Store, clock: Clock
    ) -> None:
        options = Options(pace=lambda channel: marks.PACE if channel == marks.QUEUE.channel else PACE, overall=OVERALL)
        self._settings = settings
        self._web = web
        self._http = http
        self._store = store
        self._clock = clock
        self._carrier = SlackCarrier(web)
        self._outbox = Outbox(NAME, self._carrier, store.deliveries, clock, options)
        self._door = Door(settings.signing_secret, clock) if settings.over_http else None
        self._door_ear = DoorEar(clock)
        self._socket_ear = SocketEar(settings.connections, clock)
        self.messenger = SlackMessenger(web, http, self._outbox, self._carrier)

    @property
    def ear(self) -> Listener:
        """What knows how well we hear Slack."""
        return self._door_ear if self._door else self._socket_ear

    @property
    def receivers(self) -> Mapping[str, Receiver]:
        """What the HTTP server has to bring here, by path; nothing in Socket Mode."""
        return {PATH: self._door.receive} if self._door else {}

    async def run(self, desk: FrontDesk, core: Core) -> None:
        """Serve until cancelled."""
        me = await self._introduced()
        clerk = Clerk(self._web, core)
        homes = Homes(self._web, desk, core.people, self._clock)
        sessions = Sessions(self._web, self._carrier, core.runs, self._clock)
        aside = Aside(homes, sessions, self._store, core.changes, self._clock)
        inside = Inside(desk, core.people, core.runs, clerk, aside)
        host = Host(inside, self.messenger)

        async def answer(arrival: Arrival, *, again: bool) -> None:
            await host.answer(read(arrival.payload, me), again=again)

        attendant = Attendant(NAME, answer, self._store.arrivals, self._clock, KNOWN_FOR)
        reception = Reception(self._store.arrivals, self._clock, me, attendant.ring, clerk)
        async with beside(self._outbox.run(), attendant.run(), clerk.run(), aside.run()):
            await self._listen(reception, core.settings.http.address)

    async def _listen(self, reception: Reception, address: str) -> None:
        """Take in what Slack delivers, and know how well we hear; `address` is where our HTTP server listens."""
        if self._door:
            app = application(self._web, reception, self._door_ear.delivered)
            probe = Probe(self._http, address, self._door.signed)
            async with beside(self._door_ear.probe(probe.ask, self._clock)):
                await self._door.serve(app)
        else:
            app = application(self._web, reception, self._socket_ear.delivered)
            await serve_sockets(app, self._settings.app_token.read(), self._settings.connections, self._socket_ear)

    async def _introduced(self) -> Me:
        """Ask Slack who we are, as often as it takes."""
        attempt = 0
        while True:
            try:
                answer = await self._web.auth_test()
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                log.warning("slack.unreachable: %s", error)
                await self._clock.sleep(_PATIENCE[min(attempt, len(_PATIENCE) - 1)])
                attempt += 1
            else:
                log.info("slack: connected to %s as %s", answer["team"], answer["user"])
                return Me(
                    team=str(answer["team_id"]),
                    user=str(answer["user_id"]),
                    channels=frozenset(self._settings.channels),
                )


@asynccontextmanager
async def slack(settings: Slack, store: Store, clock: Clock) -> AsyncIterator[SlackFront]:
    """Make the front end. Raises ConfigError if a token or the signing secret cannot be read."""
    token = settings.bot_token.read()
    settings.app_token.read()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT)) as http:
        web = AsyncWebClient(token=token, base_url=settings.base_url, timeout=_TIMEOUT, session=http, retry_handlers=[])
        yield SlackFront(settings, web, http, store, clock)
