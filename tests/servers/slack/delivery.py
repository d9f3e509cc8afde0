"""How what happened reaches the app: one try for what people wait for, up to four for events."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from runner.model import new_id
from tests.servers.background import Background
from tests.servers.slack import payloads
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import World

EVENT, COMMAND, INTERACTION = "events_api", "slash_commands", "interactive"
RETRIES_AFTER = (0.0, 60.0, 300.0)  # seconds, from one try to the next


@dataclass(frozen=True)
class Parcel:
    """One delivery: what, and the how-manieth try with the reason of the last failure."""

    kind: str
    payload: Payload
    envelope_id: str
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Ack:
    """What came of a delivery.

    `body` is what the app answered with. `failure` is empty when it did in time, else Slack's word for why not;
    `delivered` is false when nobody was there to hear it, which is not the app's fault.
    """

    body: Any = None
    seconds: float = 0.0
    failure: str = ""
    delivered: bool = True
    retry: bool = True

    @property
    def ok(self) -> bool:
        """Whether the app acknowledged in time."""
        return not self.failure


class Courier(Protocol):
    """A way to the app: sockets or HTTP."""

    async def deliver(self, parcel: Parcel) -> Ack:
        """Bring a parcel, and wait for the answer no longer than Slack does."""
        ...


class Deliveries:
    """Sends parcels, repeats events, and writes down what was not acknowledged."""

    def __init__(self, world: World, background: Background, courier: Courier) -> None:
        self._world = world
        self._background = background
        self.courier = courier
        self.sent: list[Parcel] = []

    async def interaction(self, kind: str, payload: Payload) -> Ack:
        """Deliver what a person waits for; Slack never repeats it."""
        return await self._try(Parcel(kind, payload, new_id()))

    async def event(self, inner: Payload, team: str | None = None) -> Ack:
        """Deliver an event; without an acknowledgement it comes again, in the background."""
        return await self._first(
            Parcel(EVENT, payloads.event(self._world, inner, team or self._world.team_id), new_id())
        )

    def announce(self, inner: Payload) -> None:
        """Deliver an event that nobody waits for."""
        _ = self._background.start(self.event(inner))

    def again(self, parcel: Parcel | None = None) -> Awaitable[Ack]:
        """Deliver the same once more, the last parcel unless told otherwise: Slack promises at least once."""
        repeated = parcel or self.sent[-1]
        return self._try(replace(repeated, envelope_id=new_id(), attempt=repeated.attempt + 1, reason="timeout"))

    async def _first(self, parcel: Parcel) -> Ack:
        ack = await self._try(parcel)
        if not ack.ok and ack.retry:
            _ = self._background.start(self._retry(parcel, ack))
        return ack

    async def _retry(self, parcel: Parcel, ack: Ack) -> None:
        for attempt, seconds in enumerate(RETRIES_AFTER, 1):
            if seconds:
                await self._world.clock.sleep(seconds)
            ack = await self._try(replace(parcel, envelope_id=new_id(), attempt=attempt, reason=ack.failure))
            if ack.ok or not ack.retry:
                return

    async def _try(self, parcel: Parcel) -> Ack:
        self.sent.append(parcel)
        ack = await self.courier.deliver(parcel)
        if not ack.ok and ack.delivered:
            self._world.violate(f"not acknowledged ({ack.failure}, {ack.seconds:.1f} s): {_name(parcel)}")
        return ack


def _name(parcel: Parcel) -> str:
    payload = parcel.payload
    event = payload.get("event")
    inner = event if isinstance(event, dict) else payload
    return f"{parcel.kind} {inner.get('command') or inner.get('type')} {inner.get('text') or ''}".strip()[:120]
