"""How a strict server counts: refusals that were told, so many within a time, and a bucket that leaks one a second.

All times are of a clock, in seconds.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field

from runner.ports import Clock


class Refusals:
    """Who was told to wait, and until when.

    `in_flight` is for how many real seconds after a refusal a call may still arrive from somebody who cannot know
    about it.
    """

    def __init__(self, clock: Clock, in_flight: float) -> None:
        self._clock = clock
        self._in_flight = in_flight
        self._blocked: dict[object, tuple[float, float]] = {}

    def block(self, key: object, seconds: float) -> None:
        """Remember that somebody was told to wait."""
        self._blocked[key] = (self._clock.monotonic() + seconds, asyncio.get_running_loop().time())

    def waiting(self, key: object) -> tuple[int, bool]:
        """Say how many seconds are left of a refusal, and whether the caller must have known of it."""
        until, told = self._blocked.get(key, (0.0, 0.0))
        left = until - self._clock.monotonic()
        if left <= 0:
            return 0, False
        return math.ceil(left), asyncio.get_running_loop().time() - told > self._in_flight


@dataclass
class Window:
    """At most so many within so many seconds."""

    most: int
    seconds: float
    _times: deque[float] = field(default_factory=deque)

    def wait(self, now: float, count: int = 1) -> int:
        """Say for how many whole seconds this many more would be too early."""
        while self._times and now - self._times[0] >= self.seconds:
            self._times.popleft()
        if len(self._times) + count <= self.most:
            return 0
        return max(1, math.ceil(self._times[0] + self.seconds - now)) if self._times else 1

    def add(self, now: float, count: int = 1) -> None:
        """Count them."""
        self._times.extend([now] * count)

    def take_back(self, count: int = 1) -> None:
        """Do not count the last ones."""
        for _ in range(min(count, len(self._times))):
            self._times.pop()


@dataclass
class Bucket:
    """Takes `burst` at once, and leaks one a second; what is empty takes any number once."""

    burst: int
    _empty_at: float = -math.inf

    def wait(self, now: float, count: int = 1) -> int:
        """Say for how many whole seconds this many more would be too early."""
        left = self._empty_at - now
        return max(1, math.ceil(left + count - self.burst)) if left > 0 and left + count > self.burst else 0

    def add(self, now: float, count: int = 1) -> None:
        """Count them."""
        self._empty_at = max(self._empty_at, now) + count

    def take_back(self, count: int = 1) -> None:
        """Do not count the last ones."""
        self._empty_at -= count
