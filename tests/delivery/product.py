"""A chat product that can be down, slow, strict and forgetful, and a stage with an outbox that writes to it."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.delivery import Gone, Limited, Options, Outbox, Pace, Rejected, Unknown, Unreachable
from runner.beside import beside
from runner.model import Delivery, Json, Lane, Origin, Slot
from runner.ports import DeliveryStore
from tests.core.clock import HandClock

FREE = Pace()


@dataclass
class Shown:
    """A message as people see it."""

    slot: Slot
    payload: Json
    nonce: str
    file: bool = False


@dataclass
class Product:
    """Implements `bot.delivery.Carrier`. What it took is in `shown`, every request in `requests`."""

    clock: HandClock
    shown: dict[str, Shown] = field(default_factory=dict)
    requests: list[tuple[float, str, Slot, Json | None]] = field(default_factory=list)
    down: bool = False
    blind: bool = False  # cannot look for messages
    lost: int = 0  # answers to the next sends that get lost after the deed
    unsent: int = 0  # next sends that get lost before the deed
    limits: dict[str, float] = field(default_factory=dict)  # channel or "": until when it answers 429
    limited_progress: bool = False
    refused: set[str] = field(default_factory=set)  # keys
    broken: Counter[str] = field(default_factory=Counter)  # keys: how often a request fails by a mistake of our own
    held: defaultdict[str, asyncio.Event | None] = field(default_factory=lambda: defaultdict(lambda: None))
    flying: Counter[Slot] = field(default_factory=Counter)
    doubled: list[Slot] = field(default_factory=list)  # slots that had two sends in flight

    async def post(self, slot: Slot, payload: Json, nonce: str) -> str:
        return await self._make(slot, Shown(slot, payload, nonce), "post")

    async def upload(self, slot: Slot, payload: Json, nonce: str) -> str:
        return await self._make(slot, Shown(slot, payload, nonce, file=True), "upload")

    async def edit(self, slot: Slot, message_ref: str, payload: Json) -> None:
        async with self._request("edit", slot, payload):
            if message_ref not in self.shown:
                raise Gone("message_not_found")
            self.shown[message_ref].payload = payload
            self._answer()

    async def find(self, slot: Slot, nonce: str) -> str | None:
        async with self._request("find", slot, None):
            if self.blind:
                raise Rejected("missing_scope")
            return next((ref for ref, message in self.shown.items() if message.nonce == nonce), None)

    def contents(self, channel: str) -> list[Any]:
        """Return what people see in a channel, in order."""
        return [message.payload["text"] for message in self.shown.values() if message.slot.channel == channel]

    def kinds(self) -> list[str]:
        return [kind for _, kind, _, _ in self.requests]

    async def _make(self, slot: Slot, message: Shown, kind: str) -> str:
        async with self._request(kind, slot, message.payload):
            if self.unsent:
                self.unsent -= 1
                raise Unknown("cut")
            message_ref = f"m{len(self.shown)}-{len(self.requests)}"
            self.shown[message_ref] = message
            self._answer()
            return message_ref

    def _answer(self) -> None:
        if self.lost:
            self.lost -= 1
            raise Unknown("answer lost")

    @asynccontextmanager
    async def _request(self, kind: str, slot: Slot, payload: Json | None) -> AsyncIterator[None]:
        self.requests.append((self.clock.monotonic(), kind, slot, payload))
        self.flying[slot] += 1
        if self.flying[slot] > 1:
            self.doubled.append(slot)
        try:
            if (gate := self.held[slot.channel]) is not None:
                await gate.wait()
            self._obstruct(slot)
            yield
        finally:
            self.flying[slot] -= 1

    def _obstruct(self, slot: Slot) -> None:
        if self.down:
            raise Unreachable("no route")
        for scope in ("", slot.channel):
            if (left := self.limits.get(scope, 0.0) - self.clock.monotonic()) > 0:
                raise Limited(left, everywhere=not scope, progress=self.limited_progress)
        if slot.key in self.refused:
            raise Rejected("invalid_blocks")
        if self.broken[slot.key]:
            self.broken[slot.key] -= 1
            raise KeyError("a mistake in the carrier")


def no_jitter() -> float:
    return 0.0


@dataclass
class Stage:
    """An outbox over a store, and what moves its time."""

    clock: HandClock
    product: Product
    outbox: Outbox
    dead: list[Delivery]

    async def put(self, key: str, text: str, lane: Lane = Lane.INTERACTIVE, channel: str = "c", **more: Any) -> None:
        origin = Origin(messenger="chat", channel=channel, thread=more.pop("thread", None))
        await self.outbox.put(origin, key, lane, {"text": text}, **more)

    async def settled(self) -> None:
        async with asyncio.timeout(20):
            await self.outbox.settled()

    async def wait(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass in steps, and the outbox do in each what is to be done."""
        for _ in range(round(seconds / step)):
            await self.clock.move(seconds=step)
            await self.settled()


def make(
    store: DeliveryStore, clock: HandClock, product: Product, *, pace: Callable[[str], Pace] | Pace = FREE, **more: Any
) -> Stage:
    """Build an outbox that does not run yet."""
    of = pace if callable(pace) else lambda _: pace
    dead: list[Delivery] = []
    options = Options(pace=of, jitter=no_jitter, told=dead.append, **more)
    return Stage(clock, product, Outbox("chat", product, store, clock, options), dead)


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[Stage]:
    """Run an outbox during a block; at its end it is cut off like by a crash."""
    async with beside(stage.outbox.run()):
        yield stage
