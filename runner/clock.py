"""The machine's clock; tests bring their own."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Clock port over the operating system."""

    def now(self) -> datetime:
        """Return the time as aware UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that asks the machine for the time

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for this many seconds."""
        await asyncio.sleep(seconds)
