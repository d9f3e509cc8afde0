"""Deal with what was taken in: in order for each channel, and no channel waits for another.

It stays stored until it is dealt with, so a death in between repeats the newest at most. While the store is away
everything waits; only a fault of its own ends what was stored undone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Protocol, TypeVar

from runner.errors import StorageError
from runner.model import Arrival
from runner.ports import ArrivalStore, Clock

_AT_ONCE = 16  # arrivals that are dealt with at a time; those of one channel never are
_READ_AT_ONCE = 100
_DAY = 86_400.0  # seconds
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before the store is tried again; then the last one again

T = TypeVar("T")

log = logging.getLogger(__name__)


class Answerer(Protocol):
    """Deals with one arrival.

    `again` says that it may have been done, in part or whole: a death came between doing and noting it, or the store
    went away meanwhile.
    """

    async def __call__(self, arrival: Arrival, *, again: bool) -> None:
        """Do what was asked for, and tell the person what is wrong with it. Raises StorageError to be called again."""
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

    def ring(self) -> None:
        """Look for arrivals at once."""
        self._news.set()

    async def run(self) -> None:
        """Deal with what is there and what comes, until cancelled."""
        left = await self._insisted("start", self._arrivals.newest_seq)  # so far an earlier life may have come
        seen = 0
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forget())
            while True:
                self._news.clear()
                look = partial(self._arrivals.waiting, self._messenger, after=seen, limit=_READ_AT_ONCE)
                waiting = await self._insisted("look", look)
                for arrival in waiting:
                    seen = arrival.seq
                    before = self._last.get(arrival.channel)
                    again = arrival.seq <= left
                    self._last[arrival.channel] = group.create_task(self._deal(arrival, before, again=again))
                if len(waiting) < _READ_AT_ONCE:
                    await self._news.wait()

    async def _forget(self) -> None:
        """Forget every day what is known for long enough."""
        while True:
            long_ago = self._clock.now() - self._known_for
            await self._insisted("upkeep", partial(self._arrivals.forget, self._messenger, long_ago))
            await self._clock.sleep(_DAY)

    async def _deal(self, arrival: Arrival, before: asyncio.Task[None] | None, *, again: bool) -> None:
        """Deal with an arrival once that `before` it in its channel is done."""
        if before is not None and not before.done():
            await asyncio.wait([before])
        tries = count()
        try:
            await self._insisted(arrival.key, lambda: self._answered(arrival, again=again or next(tries) > 0))
            await self._insisted(arrival.key, lambda: self._arrivals.done(arrival, self._clock.now()))
        finally:
            if self._last.get(arrival.channel) is asyncio.current_task():
                del self._last[arrival.channel]

    async def _answered(self, arrival: Arrival, *, again: bool) -> None:
        """Have an arrival dealt with. Raises StorageError."""
        try:
            async with self._slots:
                await self._answer(arrival, again=again)
        except StorageError:
            raise
        except Exception:  # one delivery that cannot be dealt with must not keep the others waiting
            log.exception("%s.broken %s", self._messenger, arrival.key)

    async def _insisted(self, what: str, act: Callable[[], Awaitable[T]]) -> T:
        """Do something that needs the store, as often as it takes while that is away."""
        failures = 0
        while True:
            try:
                return await act()
            except StorageError as error:
                log.warning("%s.postponed %s: %s", self._messenger, what, error)
            await self._clock.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1
