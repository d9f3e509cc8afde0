"""The door of the Web API: tokens, bodies, faults and rates, before any method is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers import faults
from tests.servers.ledger import Call
from tests.servers.loopback import brought, lose
from tests.servers.slack.limits import Limiter
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Refused, World

Method = Callable[[Payload], Payload]

_STRUCTURED = ("attachments", "blocks", "channels", "files", "metadata", "prompts", "view")  # JSON inside a form
_POSTS = ("chat.postMessage", "chat.postEphemeral")
_SCOPES = (
    "app_mentions:read,assistant:write,channels:history,channels:read,chat:write,commands,files:read,files:write,"
    "reactions:write"
)


@dataclass
class Fault(faults.Fault):
    """A misfortune as Slack has them: `status` 200 answers with `error`."""

    error: str = ""


class FaultWords(faults.FaultWords, total=False):
    """How a Fault can be ordered."""

    error: str


class WebApi:
    """Answers calls as Slack does, and writes each into `world.calls`."""

    def __init__(self, world: World, limiter: Limiter, methods: Mapping[str, Method]) -> None:
        self._world = world
        self._limiter = limiter
        self._methods = dict(methods)
        self.misfortunes = faults.Misfortunes[Fault]()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        if self.misfortunes.down:
            return lose(request)
        name = request.match_info["method"]
        try:
            args = await _arguments(request)
        except ValueError:
            self._world.violate(f"{name}: the body is no JSON object and no form")
            return _answer({"ok": False, "error": "invalid_json"})
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or args.pop("token", "")
        call = Call(name, args, self._world.clock.now())
        self._world.calls.append(call)
        fault = self.misfortunes.befalling(call)
        if fault and not fault.lost:
            return self._unlucky(call, fault)
        answer = self._limited(call) or self._do(call, token)
        return lose(request) if fault else answer

    def _unlucky(self, call: Call, fault: Fault) -> web.Response:
        call.error = fault.error or ("ratelimited" if fault.status == 429 else "internal_error")
        if fault.status == 429:
            return self._slow_down(call, _key(call), fault.retry_after)
        if fault.status == 200:
            return _answer({"ok": False, "error": call.error})
        return web.Response(status=fault.status, text="upstream connect error", content_type="text/html")

    def _limited(self, call: Call) -> web.Response | None:
        key = _key(call)
        left, known = self._limiter.waiting(key)
        if left:
            if known:
                self._world.violate(f"{call.method}: called again {left} s before Retry-After was over")
            return self._slow_down(call, key, left, new=False)
        wait = self._limiter.method(call.method)
        if not wait and call.method in _POSTS:
            wait = self._limiter.post(str(call.args.get("channel")))
        return self._slow_down(call, key, wait) if wait else None

    def _slow_down(self, call: Call, key: str, seconds: int, *, new: bool = True) -> web.Response:
        call.error = "ratelimited"
        if new:
            self._limiter.block(key, seconds)
        headers = {"Retry-After": str(seconds)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)

    def _do(self, call: Call, token: str) -> web.Response:
        try:
            self._admit(call.method, token)
            return _answer({"ok": True} | self._methods[call.method](call.args))
        except Refused as no:
            call.error = no.error
            if no.fault:
                self._world.violate(f"{call.method}: {no.error}: {no.fault}")
            return _answer({"ok": False, "error": no.error} | no.more)

    def _admit(self, method: str, token: str) -> None:
        if method in self.misfortunes.off:
            raise Refused("unknown_method", req_method=method)
        if method not in self._methods:
            raise Refused("unknown_method", "no such method here", req_method=method)
        if not token:
            raise Refused("not_authed", "no token")
        if token not in {self._world.bot_token, self._world.app_token}:
            raise Refused("invalid_auth", "a token that nobody has")
        if (token == self._world.app_token) != method.startswith("apps.connections."):
            raise Refused("not_allowed_token_type", f"{token[:4]} is the wrong kind of token")


def needed(args: Payload, *names: str) -> list[Any]:
    """Return arguments that must be there; Slack's `invalid_arguments` otherwise."""
    for name in names:
        if args.get(name) in (None, ""):
            messages = [f"[ERROR] missing required field: {name}"]
            raise Refused("invalid_arguments", f"without {name}", response_metadata={"messages": messages})
    return [args[name] for name in names]


def _key(call: Call) -> str:
    return f"{call.method} {call.args.get('channel')}" if call.method in _POSTS else call.method


def _answer(body: Payload) -> web.Response:
    return web.json_response(body, headers={"x-oauth-scopes": _SCOPES})


async def _arguments(request: web.Request) -> Payload:
    args = await brought(request)
    if request.content_type == "application/json":
        return args
    args = {key: each for key, each in args.items() if isinstance(each, str)}
    for key in _STRUCTURED:
        if isinstance(args.get(key), str) and args[key][:1] in {"[", "{"}:
            args[key] = json.loads(args[key])
    return args
