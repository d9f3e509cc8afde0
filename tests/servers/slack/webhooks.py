"""HTTP delivery: signed requests to the app's address."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import secrets
from typing import Any
from urllib.parse import urlencode

import aiohttp

from runner.ports import Clock
from tests.servers.slack.delivery import COMMAND, EVENT, Ack, Parcel
from tests.servers.slack.world import World


def sign(secret: str, timestamp: str, body: str) -> str:
    """Sign a request as docs.slack.dev/authentication/verifying-requests-from-slack says."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


class Webhooks:
    """Courier over HTTP.

    `wall` is the clock of the signature: the app compares it with its own time, whatever that of the workspace says.
    """

    def __init__(self, world: World, url: str, wall: Clock, ack_seconds: float) -> None:
        self._world = world
        self.url = url
        self._wall = wall
        self._ack_seconds = ack_seconds
        self.cut = False

    async def deliver(self, parcel: Parcel) -> Ack:
        """Post a parcel, and wait for status 200."""
        if self.cut:
            return Ack(failure="connection_failed", delivered=False)
        began = asyncio.get_running_loop().time()
        try:
            status, body, headers = await self.post(parcel)
        except TimeoutError:
            return Ack(seconds=asyncio.get_running_loop().time() - began, failure="http_timeout")
        except aiohttp.ClientError:
            return Ack(failure="connection_failed", delivered=False)
        seconds = asyncio.get_running_loop().time() - began
        if status != 200:
            return Ack(body, seconds, "http_error", retry=headers.get("X-Slack-No-Retry") != "1")
        return Ack(body, seconds)

    async def post(self, parcel: Parcel, *, secret: str | None = None, age: int = 0) -> tuple[int, Any, Any]:
        """Post a parcel, if need be with a forged or an old signature (`age` in seconds).

        Returns status, body and headers.
        """
        return await self.send(*self.written(parcel, secret=secret, age=age))

    async def verify(self) -> bool:
        """Ask whether the address is the app's, as Slack does when it is entered."""
        if self.cut:
            return False
        challenge = secrets.token_urlsafe(40)
        asked = Parcel(EVENT, {"token": "t", "type": "url_verification", "challenge": challenge}, "")
        try:
            status, answered, _ = await self.post(asked)
        except (TimeoutError, aiohttp.ClientError):
            return False
        return status == 200 and answered in (challenge, {"challenge": challenge})

    def written(self, parcel: Parcel, *, secret: str | None = None, age: int = 0) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of the request that brings a parcel."""
        body, kind = encoded(parcel)
        timestamp = str(int(self._wall.now().timestamp()) - age)
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(secret or self._world.signing_secret, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if parcel.attempt:
            headers |= {"X-Slack-Retry-Num": str(parcel.attempt), "X-Slack-Retry-Reason": parcel.reason}
        return body.encode(), headers

    async def send(self, body: bytes, headers: dict[str, str]) -> tuple[int, Any, Any]:
        """Post anything, and return status, body and headers."""
        timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self.url, data=io.BytesIO(body), headers=headers) as response,
        ):
            text = await response.text()
            answered = json.loads(text) if response.content_type == "application/json" and text else text or None
            return response.status, answered, response.headers


def encoded(parcel: Parcel) -> tuple[str, str]:
    """Return body and media type of a delivery."""
    if parcel.kind == EVENT:
        return json.dumps(parcel.payload), "application/json"
    form = parcel.payload if parcel.kind == COMMAND else {"payload": json.dumps(parcel.payload)}
    return urlencode(form), "application/x-www-form-urlencoded"
