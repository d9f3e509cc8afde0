"""Chats on a clock that a test moves, which can be waited for as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runner.model import State
from runner.ports import ExecutionQuery
from runner.settings import Settings
from tests.core.clock import HandClock
from tests.servers.telegram.presses import Pressed
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import Chats

_STEP = 3.0  # seconds that pass at a time, while nothing else is left to do than to send
_STEADY = 3  # looks in a row that find nothing to do
_STARTING = (State.PENDING, State.RUNNING)


@dataclass
class TimedChats(Chats):
    """Chats whose time a test lets pass, so that a wait of Telegram's or ours costs nothing."""

    settings: Settings
    clock: HandClock

    async def settled(self, *, hold: bool = False) -> None:
        """Wait until all that was said is dealt with, all that came of it is shown, and every agent waits or ends.

        A run that waits for the end of a freeze is at rest. With `hold`, no time passes.
        """
        calm = looks = 0
        async with self.patience():
            while calm < _STEADY:
                await self.moment()
                looks += 1
                busy = await self._busy()
                calm = 0 if busy else calm + 1
                if not hold and (busy == "outbox" or looks % 20 == 0):
                    await self.clock.move(seconds=_STEP)

    async def _busy(self) -> str:
        store = self.scene.core.store
        if self.tg.updates.pending() or await store.arrivals.waiting("telegram"):
            return "arrivals"
        if await self._working():
            return "runs"
        if (await store.feed.cursor("watch:telegram") or 0) < await store.feed.newest():
            return "feed"
        return "outbox" if await store.deliveries.channels("telegram") else ""

    async def _working(self) -> bool:
        if await self.scene.core.switch.frozen():
            return False
        return bool((await self.scene.core.store.executions.list(ExecutionQuery(states=_STARTING, limit=1))).items)

    async def says(self, user: User, chat: Chat, text: str = "", **more: Any) -> Message:
        """Say something, and let everything come of it."""
        said = await self.tg.say(user, chat, text, **more)
        await self.settled()
        return said

    async def presses(self, user: User, message: Message, label: str, *, stale: bool = False) -> Pressed:
        """Press a button, and let everything come of it."""
        pressed = await self.tg.press(user, message, label, stale=stale)
        await self.settled()
        assert pressed.answered, f"{label!r} still spins"
        return pressed

    def ours(self, chat: Chat, words: str = "", topic: int | None = None) -> list[Message]:
        """Return our messages in a chat that say this, the oldest first."""
        mine = [m for m in self.tg.messages(chat, topic) if m.sender is self.tg.bot and not m.service]
        return [m for m in mine if words in m.text]
