"""Deal with what was taken in: in order for each channel, and no channel waits for another.

It stays stored until it is dealt with, so a death in between repeats the newest at most.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Protocol

from runner.model import Arrival
from runner.ports import ArrivalStore, Clock

_AT_ONCE = 16  # arrivals that are dealt with at a time; those of one channel never are
_READ_AT_ONCE = 100

log = logging.getLogger(__name__)


class Answerer(Protocol):
    """Deals with one arrival. `again` says that a death may have come between doing and noting it."""

    async def __call__(self, arrival: Arrival, *, again: bool) -> None:
        """Do what was asked for, and tell the person what is wrong with it."""
        ...


class Attendant:
    """Works off the arrivals of one chat product. Their keys stay known for `known_for`."""

    def __init__(
        self, messenger: str, answer: Answerer, arrivals: ArrivalStore, clock: Clock, known_for: timedelta
    ) -> None:
        self._messenger = messenger
        self._answer = answer
        self._arrivals = arrivals
        self._clock = clock
        self._known_for = known_for
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._last: dict[str, asyncio.Task[None]] = {}  # the newest in each channel
        self._left: frozenset[str] | None = None  # what an earlier life has left, perhaps carried out and not noted

    def ring(self) -> None:
        """Look for arrivals at once."""
        self._news.set()

    async def run(self) -> None:
        """Deal with what is there and what comes, until cancelled."""
        seen = 0
        await self._arrivals.forget(self._messenger, self._clock.now() - self._known_for)
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                waiting = await self._arrivals.waiting(self._messenger, after=seen, limit=_READ_AT_ONCE)
                if self._left is None:
                    self._left = frozenset(arrival.key for arrival in waiting)
                for arrival in waiting:
                    seen = arrival.seq
                    before = self._last.get(arrival.channel)
                    self._last[arrival.channel] = group.create_task(self._deal(arrival, before))
                if len(waiting) < _READ_AT_ONCE:
                    await self._news.wait()

    async def _deal(self, arrival: Arrival, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            async with self._slots:
                await self._answer(arrival, again=arrival.key in (self._left or ()))
        except Exception:  # one delivery that cannot be dealt with must not keep the others waiting
            log.exception("%s.broken %s", self._messenger, arrival.key)
        finally:
            if self._last.get(arrival.channel) is asyncio.current_task():
                del self._last[arrival.channel]
        await self._arrivals.done(arrival, self._clock.now())
