"""Updates over HTTP: in order within a chat, several chats at once, again and again until the app accepts them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.servers.background import Background
from tests.servers.telegram.arguments import given
from tests.servers.telegram.polling import Polling
from tests.servers.telegram.updates import Update, Updates
from tests.servers.telegram.world import Payload, Refused, World

PORTS = (80, 88, 443, 8443)
SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True)
class Tries:
    """How an address is tried, in real seconds: how long an answer may take, and the pauses between tries.

    With `loopback` an address on this machine will do, without TLS and on any port.
    """

    answer: float = 10.0
    first_pause: float = 0.05
    longest_pause: float = 1.0
    loopback: bool = True


@dataclass
class _Webhook:
    url: str
    secret: str
    connections: int
    error: str = ""
    error_at: int = 0


class Webhooks:
    """setWebhook, deleteWebhook, getWebhookInfo, and the deliveries."""

    def __init__(self, world: World, updates: Updates, polling: Polling, tries: Tries) -> None:
        self._world = world
        self._updates = updates
        self._polling = polling
        self._tries = tries
        self._background = Background(world.violate)
        self._hook: _Webhook | None = None
        self._courier: asyncio.Task[Any] | None = None
        self.down = False
        self.methods: dict[str, Callable[[Payload], Any]] = {
            "deleteWebhook": self._delete,
            "getWebhookInfo": lambda _args: self._info(),
            "setWebhook": self._set,
        }

    @property
    def url(self) -> str:
        """The address that is set; empty without one."""
        return self._hook.url if self._hook else ""

    async def close(self) -> None:
        """Stop delivering."""
        await self._background.close()

    def _set(self, args: Payload) -> bool:
        url = given(args, "url", str) or ""
        if not url:
            return self._delete(args)
        self._check(url)
        secret = given(args, "secret_token", str) or ""
        if len(secret) > 256:
            raise Refused("secret token is too long", f"{len(secret)} characters")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise Refused("secret token contains unallowed characters", "A-Z, a-z, 0-9, _ and - are allowed")
        if not secret:
            self._world.violate("setWebhook: without a secret token anybody can pretend to be Telegram")
        connections = min(max(given(args, "max_connections", int) or 40, 1), 100)
        self._updates.allow(given(args, "allowed_updates", list))
        self._forget(args)
        self._polling.end("Conflict: terminated by setWebhook request")
        self._hook = _Webhook(url, secret, connections)
        self._polling.webhook = True
        self._courier = self._background.start(self._deliver(self._hook))
        return True

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port or 443
        except ValueError:
            raise Refused("invalid webhook URL specified", f"{url!r}") from None
        if self._tries.loopback and parts.hostname in {"127.0.0.1", "localhost"}:
            return
        if parts.scheme != "https":
            raise Refused("bad webhook: An HTTPS URL must be provided for webhook", f"{url!r}")
        if port not in PORTS:
            raise Refused("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443", f"{url!r}")

    def _delete(self, args: Payload) -> bool:
        self._forget(args)
        self._hook = None
        self._polling.webhook = False
        return True

    def _forget(self, args: Payload) -> None:
        if self._courier:
            self._courier.cancel()
            self._courier = None
        if args.get("drop_pending_updates"):
            self._updates.drop()

    def _info(self) -> Payload:
        hook = self._hook or _Webhook("", "", 0)
        made: Payload = {
            "url": hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.pending()),
        }
        if hook.error:
            made |= {"last_error_date": hook.error_at, "last_error_message": hook.error}
        if hook.url:
            made |= {"max_connections": hook.connections, "ip_address": "127.0.0.1"}
        if self._updates.allowed is not None:
            made["allowed_updates"] = self._updates.allowed
        return made

    async def _deliver(self, hook: _Webhook) -> None:
        """Start a delivery for every chat that has none, as long as the webhook is set."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            busy: set[object] = set()
            while True:
                for each in self._updates.pending():
                    if each.place not in busy and len(busy) < hook.connections:
                        busy.add(each.place)
                        group.create_task(self._bring(session, hook, each, busy))
                await self._updates.changed()

    async def _bring(self, session: aiohttp.ClientSession, hook: _Webhook, update: Update, busy: set[object]) -> None:
        pause = self._tries.first_pause
        while not update.done and (error := await self._post(session, hook, update)):
            hook.error, hook.error_at = error, int(self._world.clock.now().timestamp())
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._tries.longest_pause)
        busy.discard(update.place)
        self._updates.done(update)

    async def _post(self, session: aiohttp.ClientSession, hook: _Webhook, update: Update) -> str:
        """Try once, and say what went wrong; nothing if it was accepted."""
        if self.down:
            return "Connection timed out"
        update.handed += 1
        headers = {SECRET: hook.secret} if hook.secret else {}
        timeout = aiohttp.ClientTimeout(total=self._tries.answer)
        try:
            async with session.post(hook.url, json=update.body, headers=headers, timeout=timeout) as response:
                if response.status // 100 == 2:
                    return ""
                return f"Wrong response from the webhook: {response.status} {response.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientError:
            return "Connection refused"
