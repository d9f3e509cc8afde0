"""Wait for a bell, or for a while: the rest between two looks at what is to be done."""

from __future__ import annotations

import asyncio

from runner.beside import beside
from runner.ports import Clock

LONGEST = 60.0  # seconds between two attempts at what fails


async def lull(bell: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Wait until the bell rings, or so many seconds (None: for ever)."""
    if seconds is None:
        await bell.wait()
        return
    if seconds > 0:
        async with beside(_ring_after(bell, clock, seconds)):
            await bell.wait()


def backoff(failures: int) -> float:
    """Return the seconds after so many failures in a row: 1, 2, 4 … 60."""
    return float(min(LONGEST, 2.0 ** min(failures - 1, 10)))


async def _ring_after(bell: asyncio.Event, clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
    bell.set()
