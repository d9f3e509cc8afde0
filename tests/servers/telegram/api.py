"""The door of the Bot API: tokens, bodies, misfortunes and rates, before any method is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers import faults, ledger
from tests.servers.loopback import lose
from tests.servers.telegram.arguments import arguments
from tests.servers.telegram.limits import COUNTED, Limiter
from tests.servers.telegram.world import Call, Chat, Payload, Refused, World

Method = Callable[[Payload], Any]
Poll = Callable[[web.Request, Payload], Awaitable[Any]]

_REASONS = {400: "Bad Request", 403: "Forbidden", 500: "Internal Server Error"}
_UNLUCKY = _REASONS | {403: "Forbidden: bot was blocked by the user"}
_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx/1.18.0</body>\r\n</html>\r\n"


@dataclass
class Fault(faults.Fault):
    """A misfortune as Telegram has them. With `chat`, only for calls about this chat.

    `status` 502 comes with a page for people, others with `description`; `dropped` closes the connection without doing
    anything. `held` does what was asked, and answers when it is set.
    """

    chat: int | None = None
    description: str = ""
    dropped: bool = False
    held: asyncio.Event | None = None

    def meets(self, call: ledger.Call) -> bool:
        """Whether it befalls this call."""
        return super().meets(call) and self.chat in {None, call.args.get("chat_id")}


class FaultWords(faults.FaultWords, total=False):
    """How a Fault can be ordered."""

    chat: int | None
    description: str
    dropped: bool
    held: asyncio.Event | None


class BotApi:
    """Answers calls as Telegram does, and writes each into `world.calls`."""

    def __init__(self, world: World, limiter: Limiter, methods: Mapping[str, Method], poll: Poll) -> None:
        self._world = world
        self._limiter = limiter
        self._methods = dict(methods)
        self._poll = poll
        self._names = {name.lower(): name for name in (*methods, "getUpdates")}
        self.misfortunes = faults.Misfortunes[Fault]()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        if self.misfortunes.down:
            return lose(request)
        if request.match_info["token"] != self._world.token:
            self._world.violate("a call with a token that nobody has")
            return _answer(401, "Unauthorized")
        name = self._names.get(request.match_info["method"].lower(), "")
        if not name or name in self.misfortunes.off:
            if not name:
                self._world.violate(f"no such method: {request.match_info['method']}")
            return _answer(404, "Not Found")
        try:
            args = await arguments(request)
        except web.HTTPRequestEntityTooLarge:
            self._world.violate(f"{name}: the body is larger than any upload may be")
            return _answer(413, "Request Entity Too Large")
        except ValueError:
            self._world.violate(f"{name}: the body is no JSON object and no form")
            return _answer(400, "Bad Request: can't parse JSON object")
        call = Call(name, args, self._world.clock.now())
        self._world.calls.append(call)
        return await self._answered(request, call)

    async def _answered(self, request: web.Request, call: Call) -> web.StreamResponse:
        fault = self.misfortunes.befalling(call)
        if fault and not (fault.lost or fault.held):
            return self._unlucky(request, call, fault)
        answer = self._limited(call) or await self._do(request, call)
        if fault and fault.held:
            await fault.held.wait()
            return answer
        if fault:
            call.error = call.error or "the answer was lost"
        return lose(request) if fault or self.misfortunes.down else answer

    def _unlucky(self, request: web.Request, call: Call, fault: Fault) -> web.Response:
        if fault.dropped:
            call.error = "the connection was closed"
            return lose(request)
        if fault.status == 429:
            return self._slow_down(call, fault.retry_after)
        call.error = fault.description or _UNLUCKY.get(fault.status, "Bad Gateway")
        if fault.status == 502:
            return web.Response(status=502, text=_GATEWAY, content_type="text/html")
        return _answer(fault.status, call.error)

    def _limited(self, call: Call) -> web.Response | None:
        left, known = self._limiter.waiting(_key(call))
        if left:
            if known:
                self._world.violate(f"{call.method}: called again {left} s before retry_after was over")
            return self._slow_down(call, left, new=False)
        chat = self._counted(call)
        if chat is None:
            return None
        wait = self._limiter.count(chat, _messages(call))
        if wait:
            self._world.violate(f"{call.method}: too many messages to {chat.kind} {chat.id} ({chat.title})")
        return self._slow_down(call, wait) if wait else None

    def _counted(self, call: Call) -> Chat | None:
        known = call.method in COUNTED and isinstance(call.chat, int)
        return self._world.chats.get(call.chat) if known else None

    def _slow_down(self, call: Call, seconds: int, *, new: bool = True) -> web.Response:
        if new:
            self._limiter.block(_key(call), seconds)
        call.error = f"Too Many Requests: retry after {seconds}"
        return _answer(429, call.error, retry_after=seconds)

    async def _do(self, request: web.Request, call: Call) -> web.Response:
        try:
            if call.method == "getUpdates":
                result = await self._poll(request, call.args)
            else:
                result = self._methods[call.method](call.args)
        except Refused as no:
            reason = f"{_REASONS[no.status]}: " if no.status in _REASONS else ""
            call.error = reason + no.description
            if chat := self._counted(call):
                self._limiter.take_back(chat, _messages(call))
            if no.fault:
                self._world.violate(f"{call.method}: {no.description}: {no.fault}")
            return _answer(no.status, call.error, **no.parameters)
        return web.json_response({"ok": True, "result": result})


def _messages(call: Call) -> int:
    media = call.args.get("media")
    return max(1, len(media)) if isinstance(media, list) else 1


def _key(call: Call) -> object:
    return call.chat if call.method in COUNTED else call.method


def _answer(status: int, description: str, **parameters: int) -> web.Response:
    body: Payload = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return web.json_response(body, status=status)
