"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class HandClock:
    """Clock port whose time a test sets; whoever sleeps wakes up when it has moved far enough."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self._began = at
        self._now = at
        self._moved = asyncio.Condition()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._began).total_seconds()

    async def sleep(self, seconds: float) -> None:
        target = self.monotonic() + seconds
        async with self._moved:
            await self._moved.wait_for(lambda: self.monotonic() >= target)

    async def move(self, span: timedelta = timedelta(), **parts: float) -> None:
        """Let time pass: `move(minutes=10)`."""
        async with self._moved:
            self._now += span + timedelta(**parts)
            self._moved.notify_all()
