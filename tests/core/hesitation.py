"""Interleavings by choice: users of a store who stop before they write, and a bell that knows who only waits.

A transaction happens at a moment; what goes wrong between people and workers goes wrong between the reading and the
writing of one of them. So everybody may be told to hesitate just there, others do what they do, and the play goes on
when nothing moves by itself any more. That makes every interleaving of writes possible, and each one repeatable.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextvars import ContextVar, copy_context
from datetime import datetime
from enum import Enum
from typing import Any

from runner.model import Approval, Change, Execution, Freeze, Rule, Scope
from runner.ports import Batch
from storage.approvals import Approvals
from storage.database import Database
from storage.executions import Executions
from storage.store import SqlStore

_PATIENCE = 20.0  # seconds until it counts as hung; nothing here takes longer than milliseconds


class Before(Enum):
    """Where somebody hesitates, once: just before this."""

    JUDGING = "the rules are read"
    NUDGING = "what was found due happens"
    DECIDING = "the state of an execution is written"
    DELIVERING = "an answer is handed over"
    FREEZING = "a freeze begins or ends"


class Cast:
    """Everybody who acts at the moment: at work, hesitating, or waiting for a ring. Also the `Changes` of a core."""

    def __init__(self) -> None:
        self.hesitant: list[tuple[Before, asyncio.Event]] = []
        self._acting: set[asyncio.Task[None]] = set()
        self._rings: set[asyncio.Event] = set()
        self._asleep: set[asyncio.Event] = set()
        self._moved = asyncio.Event()
        self._left: ContextVar[list[Before]] = ContextVar("left")

    def act(self, part: Coroutine[Any, Any, None], *hesitations: Before) -> asyncio.Task[None]:
        """Let somebody begin a part who hesitates at these places."""
        context = copy_context()
        context.run(self._left.set, list(hesitations))
        actor = asyncio.get_running_loop().create_task(part, context=context)
        self._acting.add(actor)
        actor.add_done_callback(self._over)
        return actor

    async def hesitate(self, place: Before) -> None:
        """Wait to be let go, if whoever comes here is to hesitate at this place."""
        left = self._left.get([])
        if place not in left:
            return
        left.remove(place)
        here = (place, asyncio.Event())
        self.hesitant.append(here)
        self._moved.set()
        try:
            await here[1].wait()
        finally:
            if here in self.hesitant:
                self.hesitant.remove(here)

    def let_go(self, number: int) -> None:
        """Let one of those who hesitate go on."""
        self.hesitant.pop(number)[1].set()

    async def rest(self) -> None:
        """Return when everybody has ended, hesitates or waits for a ring."""
        async with asyncio.timeout(_PATIENCE):
            while len(self._acting) > len(self.hesitant) + sum(not ring.is_set() for ring in self._asleep):
                self._moved.clear()
                await self._moved.wait()

    def ring(self, changes: Sequence[Change]) -> None:
        """Wake everybody who waits."""
        for ring in self._rings:
            ring.set()

    async def follow(
        self, execution_id: str | None = None, *, every: float = 2.0, gather: float = 0.0, routine: bool = True
    ) -> AsyncIterator[None]:
        """Yield at once and after each ring; there is no floor, so that a ring which is missing shows."""
        ring = asyncio.Event()
        ring.set()
        self._rings.add(ring)
        try:
            while True:
                self._asleep.add(ring)
                self._moved.set()
                try:
                    await ring.wait()
                finally:
                    self._asleep.discard(ring)
                ring.clear()
                yield
        finally:
            self._rings.discard(ring)

    def _over(self, actor: asyncio.Task[None]) -> None:
        self._acting.discard(actor)
        self._moved.set()


class _Executions(Executions):
    def __init__(self, database: Database, cast: Cast) -> None:
        super().__init__(database)
        self._cast = cast

    async def transition(self, before: Execution, after: Execution, batch: Batch) -> bool:
        await self._cast.hesitate(Before.DECIDING)
        return await super().transition(before, after, batch)

    async def record(self, execution: Execution, batch: Batch, *, urgent: bool = False) -> bool:
        await self._cast.hesitate(Before.DELIVERING)
        return await super().record(execution, batch, urgent=urgent)

    async def freeze(self, freeze: Freeze | None, batch: Batch) -> bool:
        await self._cast.hesitate(Before.FREEZING)
        return await super().freeze(freeze, batch)


class _Approvals(Approvals):
    def __init__(self, database: Database, cast: Cast) -> None:
        super().__init__(database)
        self._cast = cast

    async def rules(self, *scopes: tuple[Scope, str]) -> Sequence[Rule]:
        await self._cast.hesitate(Before.JUDGING)
        return await super().rules(*scopes)

    async def due(self, at: datetime, *, limit: int = 100) -> Sequence[Approval]:
        found = await super().due(at, limit=limit)
        await self._cast.hesitate(Before.NUDGING)
        return found


def hesitant_store(database: Database, cast: Cast) -> SqlStore:
    """Return a store before whose writes its users may hesitate."""
    store = SqlStore(database)
    store.executions = _Executions(database, cast)
    store.approvals = _Approvals(database, cast)
    return store
