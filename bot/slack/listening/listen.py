"""Take in what Slack delivers: it is stored, then acknowledged, and dealt with elsewhere.

A form is looked over first: what is wrong with it is the answer, and it stays open.

One middleware of Bolt does it, before any listener: Bolt's listeners are polled for their acknowledgement every 10 ms,
and one that fails right after it loses it. What cannot be stored is not acknowledged, so that Slack delivers an event
again and tells the person who pressed or typed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.heard import NAME, Dropped, Me, Submitted, Typed
from bot.slack.listening.ears import SocketEar
from bot.slack.listening.payloads import read
from runner.errors import SignoffError
from runner.model import Arrival, Json
from runner.ports import ArrivalStore, Clock

PING_SECONDS = 10.0  # between two pings on a socket; `bot.hearing.SOCKET_PATIENCE` is three of them

log = logging.getLogger(__name__)


class Forms(Protocol):
    """Looks after forms: `bot.slack.forms.clerk.Clerk`."""

    async def check(self, sent: Submitted) -> Mapping[str, str]:
        """Return what is wrong with a form, by field; soon, or nothing."""
        ...

    def changed(self, changed: Typed) -> None:
        """Take what was typed or pressed in an open form."""
        ...


class Reception:
    """Stores each delivery once and rings for it; deliveries that are not for us are dropped without a trace.

    What is typed in an open form is not stored: the form holds it, and nothing is done about it before it is sent.
    """

    def __init__(self, arrivals: ArrivalStore, clock: Clock, me: Me, ring: Callable[[], None], forms: Forms) -> None:
        self._arrivals = arrivals
        self._clock = clock
        self._me = me
        self._ring = ring
        self._forms = forms

    async def take_in(self, body: Mapping[str, object]) -> Json:
        """Store a delivery, and return what is to be answered with the acknowledgement. Raises StorageError."""
        heard = read(body, self._me)
        if isinstance(heard, Dropped):
            log.debug("slack.dropped: %s", heard.reason)
            return {}
        if isinstance(heard, Typed):
            self._forms.changed(heard)
            return {}
        if isinstance(heard, Submitted) and (faults := await self._forms.check(heard)):
            return {"response_action": "errors", "errors": dict(faults)}
        payload = {name: part for name, part in body.items() if name != "token"}  # it proves nothing and is a secret
        arrival = Arrival(
            key=heard.key,
            messenger=NAME,
            channel=heard.place.channel or heard.place.user,
            payload=payload,
            at=self._clock.now(),
        )
        if await self._arrivals.take_in(arrival):
            self._ring()
        else:
            log.debug("slack.dropped: it had come before")
        return {}


class _TakeIn(AsyncMiddleware):
    """Takes in whatever comes. There are no listeners, so nothing is handed on.

    A class, and no function: for a function Bolt looks through the payload for arguments, and fails on odd ones.
    """

    def __init__(self, reception: Reception, delivered: Callable[[], None]) -> None:
        self._reception = reception
        self._delivered = delivered

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - what Bolt hands over
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002, ARG002 - as above
    ) -> BoltResponse:
        self._delivered()
        try:
            answer = await self._reception.take_in(req.body)
        except SignoffError as error:
            log.error("slack.unstored: %s", error)  # noqa: TRY400 - the message says it all
            return BoltResponse(status=503, body="")
        return BoltResponse(status=200, body=dict(answer) or "")


def _nobody() -> None:
    return


def application(web: AsyncWebClient, reception: Reception, delivered: Callable[[], None] = _nobody) -> AsyncApp:
    """Make the Bolt app whose only duty is to take in what comes; `delivered` is called first, whatever it is."""
    # Before Bolt's own auth.test: while that fails, Bolt acknowledges what it never hands over.
    return AsyncApp(client=web, logger=logging.getLogger("slack_bolt"), before_authorize=_TakeIn(reception, delivered))


def request_of(body: Mapping[str, object]) -> AsyncBoltRequest | None:
    """Return a delivery as Bolt takes it: who it is from is known, and it has been read.

    None for one in which Bolt's own search for ids fails; the log says so.
    """
    try:
        return AsyncBoltRequest(body=dict(body), mode="socket_mode")
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        log.warning("slack.unreadable: %s", type(error).__name__)
        return None


class _Socket(AsyncSocketModeHandler):
    """One connection to Slack. What cannot be read is acknowledged: Slack would only bring it again."""

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        if request_of(req.payload) is None:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=req.envelope_id))
        else:
            await super().handle(client, req)  # type: ignore[arg-type]  # the library narrows its own type


async def serve_sockets(app: AsyncApp, app_token: str, connections: int, ear: SocketEar) -> None:
    """Hold so many connections to Slack until cancelled: while one is renewed, the others hear."""
    handlers = [_Socket(app, app_token, ping_interval=PING_SECONDS) for _ in range(connections)]
    try:
        for handler in handlers:
            ear.watch(handler.client)
        for handler in handlers:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # the library has no type here
        await asyncio.Event().wait()
    finally:
        for handler in handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]  # as above
