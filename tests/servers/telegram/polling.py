"""getUpdates: the long poll of one app at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from runner.beside import beside
from tests.servers.telegram.arguments import given
from tests.servers.telegram.updates import Updates
from tests.servers.telegram.world import Payload, Refused, World

LONGEST = 50
_PARTING = 0.01  # real seconds until the end of a connection must have been noticed
TERMINATED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"

CONFLICT = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass
class _Poll:
    request: web.Request
    ended: str = ""


class Polling:
    """Answers getUpdates; a second poll ends the first."""

    def __init__(self, world: World, updates: Updates) -> None:
        self._world = world
        self._updates = updates
        self._poll: _Poll | None = None
        self.webhook = False

    @property
    def active(self) -> bool:
        """Whether somebody is waiting for updates now."""
        return self._poll is not None and _there(self._poll.request)

    async def get_updates(self, request: web.Request, args: Payload) -> list[Payload]:
        """Wait no longer than was asked, and hand out what is there."""
        if self.webhook:
            raise Refused(CONFLICT, "a webhook is set", status=409)
        limit = min(max(given(args, "limit", int) or 100, 1), 100)
        seconds = min(max(given(args, "timeout", int) or 0, 0), LONGEST)
        if (given(args, "limit", int) or 1) > 100:
            self._world.violate("getUpdates: limit is more than 100")
        self._updates.allow(given(args, "allowed_updates", list))
        self._updates.confirm(given(args, "offset", int) or 0)
        return await self._waited(await self._begin(request), limit, seconds)

    async def _begin(self, request: web.Request) -> _Poll:
        if self._poll and _there(self._poll.request):
            await asyncio.sleep(_PARTING)
        if self._poll and _there(self._poll.request):
            self._world.violate("getUpdates: another poll was under way")
        self.end()
        self._poll = _Poll(request)
        return self._poll

    async def _waited(self, poll: _Poll, limit: int, seconds: int) -> list[Payload]:
        over = self._world.clock.monotonic() + seconds
        try:
            async with beside(self._rings(over)):
                while not (poll.ended or self._updates.pending() or self._world.clock.monotonic() >= over):
                    await self._updates.changed()
        finally:
            if self._poll is poll:
                self._poll = None
        if poll.ended:
            raise Refused(poll.ended, status=409)
        return self._updates.take(limit) if _there(poll.request) else []

    async def _rings(self, over: float) -> None:
        """Have whoever waits look, when the time is over. It may have passed before this begins."""
        await self._world.clock.sleep(over - self._world.clock.monotonic())
        self._updates.ring()

    def end(self, why: str = TERMINATED) -> None:
        """End the poll that is under way."""
        if self._poll:
            self._poll.ended = why
            self._poll = None
            self._updates.ring()


def _there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
