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
        self._waiting: dict[str | None, dict[asyncio.Event, bool]] = {}  # by topic: whether routine is heard

    def ring(self, changes: Sequence[Change]) -> None:
        """Wake everybody who follows one of these changes' executions, or all."""
        for topic in {None, *(change.execution_id for change in changes)}:
            routine = all(change.routine for change in changes if topic in {None, change.execution_id})
            for event, hears_routine in self._waiting.get(topic, {}).items():
                if hears_routine or not routine:
                    event.set()

    async def follow(
        self, execution_id: str | None = None, *, every: float = 2.0, gather: float = 0.0, routine: bool = True
    ) -> AsyncIterator[None]:
        """Yield at once, then after each ring for this execution (None: any), and at least every `every` seconds.

        A ring is followed `gather` seconds later, together with what rings meanwhile. Without `routine` a ring for
        nothing but routine changes is not heard.
        """
        event = asyncio.Event()
        event.set()
        listeners = self._waiting.setdefault(execution_id, {})
        listeners[event] = routine
        try:
            while True:
                try:
                    async with asyncio.timeout(every):
                        await event.wait()
                except TimeoutError:
                    pass  # the floor: look again although nothing rang
                if gather:
                    await asyncio.sleep(gather)
                event.clear()
                yield
        finally:
            del listeners[event]
            if not listeners and self._waiting.get(execution_id) is listeners:
                del self._waiting[execution_id]
