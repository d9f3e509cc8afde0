"""What waits to be sent to one terminal: bounded, and live cards take the place of their older selves."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from bot.terminal.wire import ServerFrame, Shown

MOST_FRAMES = 2000  # a terminal this far behind is not read any more


class Overflow(Exception):
    """The terminal reads too slowly; it has to connect anew."""


class Outbox:
    """A queue between a daemon that never waits and a terminal that may."""

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self._most = most
        self._count = 0
        self._frames: OrderedDict[str | int, ServerFrame] = OrderedDict()
        self._filled = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: ServerFrame) -> None:
        """Add a frame. A live card that still waits is dropped for the newer one. Raises Overflow."""
        if self._closed:
            return
        place = self._place(frame)
        self._frames.pop(place, None)
        if len(self._frames) >= self._most:
            raise Overflow
        self._frames[place] = frame
        self._filled.set()

    def close(self) -> None:
        """Let `get` hand out what is left and then end."""
        self._closed = True
        self._filled.set()

    def discard(self) -> None:
        """Forget what waits, and end."""
        self._frames.clear()
        self.close()

    async def get(self) -> ServerFrame | None:
        """Return the oldest frame, or None when the outbox is closed and empty."""
        while not self._frames:
            if self._closed:
                return None
            self._filled.clear()
            await self._filled.wait()
        return self._frames.popitem(last=False)[1]

    def _place(self, frame: ServerFrame) -> str | int:
        """Name the place of a frame: cards share theirs while they are live, everything else has its own."""
        if isinstance(frame, Shown) and frame.card.key:
            waiting = self._frames.get(frame.card.key)
            if waiting is None or (isinstance(waiting, Shown) and waiting.card.live):
                return frame.card.key
        self._count += 1
        return self._count
