"""How well we hear Slack: what the sockets prove by their pings, and over HTTP what a probe of our own proves."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMessage
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.hearing import PROBE_PATIENCE, PROBE_SECONDS, SOCKET_PATIENCE, Ear, Marks, Patience, Record, judged
from bot.httpd import Post
from bot.slack.heard import NAME
from bot.slack.manifest import PATH
from runner.clock import SystemClock
from runner.ports import Clock

_PROBE_TIMEOUT = 5.0  # seconds; the server is on this machine, and Slack itself waits for three
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}  # noqa: S104 - recognized, never bound

log = logging.getLogger(__name__)


class SocketEar:
    """Hears as long as one socket does.

    A socket hears that is open, on which Slack has spoken (it says hello first), and on which a ping was answered. The
    library keeps when it sent the ping that was answered last, by the machine's clock.
    """

    messenger = NAME

    def __init__(self, connections: int, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._marks = Marks(began=clock.now())
        self._sockets: list[_Watched] = []
        self._patience = Patience(span=SOCKET_PATIENCE, missing="no answer on any socket")

    def watch(self, client: SocketModeClient) -> None:
        """Look at this connection as well."""
        watched = _Watched(client, self._spoken)
        client.on_message_listeners.append(watched.spoken)
        self._sockets.append(watched)

    def delivered(self) -> None:
        """Note that Slack has just delivered something."""
        self._marks = self._marks.delivered(self._clock.now())

    def ear(self, now: datetime) -> Ear:
        """Say how well it hears."""
        ages = [age for socket in self._sockets if (age := socket.age()) is not None]
        for age in ages:
            self._marks = self._marks.proven(now - age)
        alive = sum(age <= SOCKET_PATIENCE for age in ages)
        ear = Ear(messenger=NAME, how=f"{alive} of {self._connections} sockets")
        return judged(ear, self._marks, self._patience, now)

    def _spoken(self) -> None:
        self._marks = self._marks.proven(self._clock.now())


class _Watched:
    """One connection as its client in the library sees it; the client makes a new socket whenever one is lost."""

    def __init__(self, client: SocketModeClient, told: Callable[[], None]) -> None:
        self._client = client
        self._told = told
        self._greeted: ClientWebSocketResponse | None = None  # the socket on which Slack has spoken

    async def spoken(self, _: WSMessage) -> None:
        """Note that Slack has said anything on the socket there is now."""
        self._greeted = self._client.current_session
        self._told()

    def age(self) -> timedelta | None:
        """Return how long ago the ping was sent that was answered last; None without a socket that Slack has used."""
        session, answered = self._client.current_session, self._client.last_ping_pong_time
        if session is None or session is not self._greeted or session.closed or answered is None:
            return None
        return timedelta(seconds=max(0.0, SystemClock().now().timestamp() - answered))


class DoorEar(Record):
    """Hears as long as our own address answers a request that is signed as Slack signs.

    That proves that server, secret and handler live. That Slack can reach the public address cannot be proved from
    inside: the age of the last message is all there is to see of that.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(NAME, "HTTP", Patience(span=PROBE_PATIENCE, missing="no answer at our own address"), clock)

    async def probe(self, ask: Callable[[], Awaitable[bool]], clock: Clock) -> None:
        """Ask again and again, until cancelled."""
        while True:
            if await ask():
                self.proven()
            await clock.sleep(PROBE_SECONDS)


class Probe:
    """Asks at our own listening address, as Slack does when the address is entered: is it ours?"""

    def __init__(self, http: aiohttp.ClientSession, listen: str, signed: Callable[[bytes], Post]) -> None:
        host, _, port = listen.rpartition(":")
        self._url = f"http://{_EVERYWHERE.get(host, host)}:{port}{PATH}"
        self._http = http
        self._signed = signed

    async def ask(self) -> bool:
        """Ask once; whether the right answer came."""
        challenge = secrets.token_urlsafe(16)
        post = self._signed(json.dumps({"type": "url_verification", "challenge": challenge}).encode())
        try:
            async with (
                asyncio.timeout(_PROBE_TIMEOUT),
                self._http.post(self._url, data=post.body, headers=dict(post.headers)) as response,
            ):
                answered = response.status == 200 and await response.text() == challenge
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError) as error:
            log.warning("slack.probe: our own address does not answer: %s", str(error) or type(error).__name__)
            return False
        if not answered:
            log.warning("slack.probe: our own address answered with status %d", response.status)
        return answered
