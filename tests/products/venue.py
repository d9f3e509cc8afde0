"""Where people meet Signoff: a chat product with its people and the core behind it, and how one waits there."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from runner.model import Execution, State
from runner.ports import ExecutionQuery
from tests.core.clock import HandClock
from tests.core.stage import Stage

PATIENCE = 45.0  # seconds until something that should show counts as lost
# On a clock that a test moves, nothing is asked again unless a test is about that, and no run waits for another.
TERMS: dict[str, Any] = {"approvals": {"remind_minutes": (), "expire_minutes": 6_000}, "worker": {"slots": 99}}
_STEP = 3.0  # seconds that pass at a time, while nothing else is left to do than to send
_STEADY = 3  # looks in a row that find nothing to do
_AT_REST = ("", "outbox")  # what is busy where nothing moves before time has passed
_STARTING = (State.PENDING, State.RUNNING)


class Server(Protocol):
    """A chat product that can be out of reach."""

    def cut(self) -> None:
        """Be out of reach, neither way, from now on."""

    def restore(self) -> None:
        """Be there again."""


class Venue:
    """Where something comes of what people do."""

    scene: Stage

    def patience(self) -> asyncio.Timeout:
        """Limit how long something is waited for."""
        return asyncio.timeout(PATIENCE)

    async def moment(self) -> None:
        """Let others do something before the next look."""
        await asyncio.sleep(0.01)

    async def comes(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with self.patience():
            while not condition():
                await self.moment()


class TimedVenue(Venue, ABC):
    """A venue whose time a test lets pass, so that a wait of the product's or ours costs nothing."""

    NAME: ClassVar[str]  # of the front end
    clock: HandClock

    @property
    @abstractmethod
    def server(self) -> Server:
        """The product itself."""

    @abstractmethod
    def seen(self) -> frozenset[str]:
        """Return all that people see of us, without what only tells that time has passed."""

    async def settled(self) -> None:
        """Wait until all that was said is dealt with, all that came of it is shown, and every agent waits or ends.

        A run that waits for the end of a freeze is at rest.
        """
        calm = looks = 0
        async with self.patience():
            while calm < _STEADY:
                await self.moment()
                looks += 1
                busy = await self._busy()
                calm = 0 if busy else calm + 1
                if busy == "outbox" or looks % 20 == 0:
                    await self.clock.move(seconds=_STEP)

    def arriving(self) -> object:
        """Whether something is on its way to us that we do not know of yet."""
        return False

    async def _busy(self) -> str:
        store = self.scene.core.store
        if self.arriving() or await store.arrivals.waiting(self.NAME):
            return "arrivals"
        if await self._working():
            return "runs"
        if (await store.feed.cursor(f"watch:{self.NAME}") or 0) < await store.feed.newest():
            return "feed"
        return "outbox" if await store.deliveries.channels(self.NAME) else ""

    async def _working(self) -> bool:
        if await self.scene.core.switch.frozen():
            return False
        return bool((await self.scene.core.store.executions.list(ExecutionQuery(states=_STARTING, limit=1))).items)

    async def passes(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass, whatever is going on."""
        while seconds > 0:
            await self.clock.move(seconds=min(step, seconds))
            await self.moment()
            seconds -= step

    async def reaches(self, condition: Callable[[], object]) -> None:
        """Let time pass until something is so: at once while nothing else moves, else more slowly."""
        looks = 0
        async with self.patience():
            while not condition():
                await self.moment()
                looks += 1
                if looks % 5 == 0 or await self._busy() in _AT_REST:
                    await self.clock.move(seconds=1)

    async def away(self, then: Callable[[], None] = lambda: None) -> None:
        """Let a minute pass in which the product cannot be reached; `then` is done while it is so."""
        self.server.cut()
        then()
        await self.passes(60)
        self.server.restore()

    async def runs(self) -> tuple[Execution, ...]:
        """Return all runs, the newest first."""
        return tuple((await self.scene.core.store.executions.list(ExecutionQuery(limit=99))).items)

    async def reported(self) -> None:
        """Wait until all runs have ended, and their reports are shown."""
        await self.settled()
        async with self.patience():
            while not all([await self.scene.core.store.feed.reports(run.id) for run in await self.runs()]):
                await self.moment()
        await self.settled()
