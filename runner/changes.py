"""The bell: rings after each commit, so that waiting parts look at the store again at once.

It carries no content: whoever is woken reads the store. A lost ring therefore costs time (`every`), never truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from runner.model import Change


class Bell:
    """In-process `Changes`. Rings from other threads are not supported; all our writers live on one loop."""

    def __init__(self) -> None:
        self._waiting: dict[str | None, set[asyncio.Event]] = {}

    def ring(self, changes: Sequence[Change]) -> None:
        """Wake everybody who follows one of these changes' executions, or all."""
        topics = {change.execution_id for change in changes}
        for topic in {None, *topics}:
            for event in self._waiting.get(topic, ()):
                event.set()

    async def follow(self, execution_id: str | None = None, *, every: float = 2.0) -> AsyncIterator[None]:
        """Yield at once, then after each ring for this execution (None: any), and at least every `every` seconds."""
        event = asyncio.Event()
        event.set()
        listeners = self._waiting.setdefault(execution_id, set())
        listeners.add(event)
        try:
            while True:
                try:
                    async with asyncio.timeout(every):
                        await event.wait()
                except TimeoutError:
                    pass  # the floor: look again although nothing rang
                event.clear()
                yield
        finally:
            listeners.discard(event)
            if not listeners and self._waiting.get(execution_id) is listeners:
                del self._waiting[execution_id]
