"""What a strict server does while nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Background:
    """Coroutines of the server that nobody waits for; `violate` hears of their errors.

    Not a TaskGroup: fixtures open and close the server from different coroutines, which a TaskGroup does not survive.
    """

    def __init__(self, violate: Callable[[str], None]) -> None:
        self._violate = violate
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let it run until it ends or the server closes; an error becomes a violation."""
        started = asyncio.get_running_loop().create_task(work)
        self._running.add(started)
        started.add_done_callback(self._ended)
        return started

    def _ended(self, ended: asyncio.Task[Any]) -> None:
        self._running.discard(ended)
        if not ended.cancelled() and (error := ended.exception()):
            self._violate(f"the server itself failed: {error!r}")

    async def settle(self) -> None:
        """Wait for everything that runs now."""
        while self._running:
            await asyncio.wait(self._running)

    async def close(self) -> None:
        """Stop everything."""
        for each in self._running:
            each.cancel()
        await self.settle()
