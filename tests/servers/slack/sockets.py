"""Socket Mode: up to ten WebSockets, each of which gets every n-th envelope."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.loopback import lose
from tests.servers.slack.delivery import EVENT, Ack, Parcel
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import World

MOST_SOCKETS = 10


@dataclass(eq=False)
class _Socket:
    frames: web.WebSocketResponse
    request: web.Request
    closed: bool = False

    def abort(self) -> None:
        self.closed = True
        if self.request.transport:
            self.request.transport.abort()


@dataclass
class _Waiting:
    answer: asyncio.Future[Any]
    socket: _Socket
    kind: str
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @property
    def seconds(self) -> float:
        return asyncio.get_running_loop().time() - self.began


class _LineCut(Exception):
    """Every socket went away at once."""


class Sockets:
    """Courier over WebSockets."""

    def __init__(self, world: World, ack_seconds: float) -> None:
        self._world = world
        self._ack_seconds = ack_seconds
        self._tickets: set[str] = set()
        self._open: list[_Socket] = []
        self._turn = 0
        self._waiting: dict[str, _Waiting] = {}
        self._late: set[str] = set()
        self._answered: set[str] = set()
        self.received: list[tuple[int, str]] = []
        self.down = False

    def ticket(self) -> str:
        """Make the secret of an address that one connection may use."""
        made = secrets.token_hex(8)
        self._tickets.add(made)
        return made

    @property
    def connections(self) -> int:
        """How many sockets would get envelopes now."""
        return len(self._open)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if self.down:
            return lose(request)
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            self._world.violate("a socket with an address that was used before or never given out")
            return web.Response(status=401)
        self._tickets.remove(ticket)
        frames = web.WebSocketResponse(heartbeat=30)
        await frames.prepare(request)
        if len(self._open) >= MOST_SOCKETS:
            self._world.violate(f"too_many_websockets: more than {MOST_SOCKETS}")
            await frames.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await frames.close()
            return frames
        socket = _Socket(frames, request)
        try:
            await self._serve(socket)
        finally:
            self._leave(socket)
        return frames

    async def _serve(self, socket: _Socket) -> None:
        self._open.append(socket)
        await socket.frames.send_json(
            {
                "type": "hello",
                "num_connections": len(self._open),
                "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": self._world.app_id},
            }
        )
        async for frame in socket.frames:
            if frame.type is WSMsgType.TEXT:
                self._hear(frame.data)

    def _leave(self, socket: _Socket) -> None:
        socket.closed = True
        if socket in self._open:
            self._open.remove(socket)

    def _hear(self, text: str) -> None:
        try:
            frame = json.loads(text)
            name = frame["envelope_id"]
        except (ValueError, TypeError, KeyError):
            self._world.violate(f"a frame that acknowledges nothing: {text[:80]}")
            return
        if name in self._answered:
            self._world.violate(f"acknowledged twice: {name}")
        elif waiting := self._waiting.pop(name, None):
            self._answered.add(name)
            body = frame.get("payload") or None
            if body and waiting.kind == EVENT:
                self._world.violate("an event was answered with a payload")
            if not waiting.answer.done():
                waiting.answer.set_result(body)
        elif name in self._late:
            self._answered.add(name)
        else:
            self._world.violate(f"acknowledged what was never sent: {name}")

    async def deliver(self, parcel: Parcel) -> Ack:
        """Send an envelope to the socket whose turn it is, and wait for its acknowledgement."""
        if not self._open:
            return Ack(failure="connection_failed", delivered=False)
        self._turn += 1
        place = self._turn % len(self._open)
        socket = self._open[place]
        self.received.append((place, parcel.kind))
        waiting = _Waiting(asyncio.get_running_loop().create_future(), socket, parcel.kind)
        self._waiting[parcel.envelope_id] = waiting
        try:
            async with asyncio.timeout(self._ack_seconds):
                await socket.frames.send_json(_envelope(parcel))
                return Ack(await waiting.answer, waiting.seconds)
        except TimeoutError:
            return Ack(seconds=waiting.seconds, failure="timeout", delivered=not socket.closed)
        except (_LineCut, ConnectionError):
            return Ack(seconds=waiting.seconds, failure="connection_failed", delivered=False)
        finally:
            if self._waiting.pop(parcel.envelope_id, None):
                self._late.add(parcel.envelope_id)

    async def refresh(self) -> None:
        """Ask every connection to make a new one, as Slack does every few hours."""
        leaving, self._open = self._open, []
        for socket in leaving:
            socket.closed = True
            await socket.frames.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})

    def cut(self) -> None:
        """Lose every connection without a word."""
        leaving, self._open = self._open, []
        for socket in leaving:
            socket.abort()
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(_LineCut())


def _envelope(parcel: Parcel) -> Payload:
    made: Payload = {
        "envelope_id": parcel.envelope_id,
        "type": parcel.kind,
        "payload": parcel.payload,
        "accepts_response_payload": parcel.kind != EVENT,
    }
    if parcel.kind == EVENT:
        made |= {"retry_attempt": parcel.attempt, "retry_reason": parcel.reason}
    return made
