"""Carry pending executions to the driver on one machine: bounded slots, priority, instant wake-up, graceful drain.

The live rows of the store are the queue; this module holds no list of its own that a crash could lose. A slot is held
by an execution that runs, never by one that waits for a person.
"""

from __future__ import annotations

import asyncio
import logging

from runner.advance import Advance, Fenced
from runner.errors import SignoffError
from runner.execution import Driver
from runner.lifecycle import WorkerLost
from runner.model import Execution, State, new_id
from runner.ports import Changes, Clock, Store

log = logging.getLogger(__name__)

_FLOOR = 30.0  # seconds between looks at the queue when nobody wakes us


class LocalDispatcher:
    """`Dispatcher` for one daemon that owns its database. All of it lives on one event loop."""

    def __init__(
        self, *, slots: int, store: Store, clock: Clock, changes: Changes, advance: Advance, driver: Driver
    ) -> None:
        self.worker = f"local-{new_id()}"  # a new name for every life: what an older one held is nobody's
        self.slots = slots
        self._store = store
        self._clock = clock
        self._changes = changes
        self._advance = advance
        self._driver = driver
        self._woken = asyncio.Event()
        self._draining = False
        self._drives: dict[str, asyncio.Task[None]] = {}  # by conversation: only one works in a worktree at a time
        self._driven: set[str] = set()  # executions that are driven

    def wake(self) -> None:
        """Look for pending executions at once."""
        self._woken.set()

    async def recover(self) -> None:
        """Give back what an earlier life of this daemon held. Call before `run`; its agents died with it."""
        for execution in await self._store.executions.live():
            if execution.worker is not None:  # the others are parked
                await self._lost(execution)

    async def run(self) -> None:
        """Claim and drive executions until cancelled; then every execution is given back."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                try:
                    await self._fill_slots(group)
                except SignoffError as error:
                    log.error("dispatch.failed: %s", error)  # noqa: TRY400 - the message says it all
                await self._wait()

    async def drain(self, seconds: float) -> None:
        """Claim nothing more; let running executions end for up to `seconds`, then give back what is left.

        Executions that only wait for a person are parked at once: their questions stay open.
        """
        self._draining = True
        self._driver.hot_wait = 0.0
        deadline = self._clock.monotonic() + seconds
        async for _ in self._changes.follow(every=0.2, routine=False):
            held = await self._store.executions.live(self.worker)
            if not held or self._clock.monotonic() >= deadline:
                break
        left = [drive for drive in self._drives.values() if not drive.done()]
        for drive in left:
            drive.cancel()
        if left:
            await asyncio.wait(left)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_FLOOR):
                await self._woken.wait()
        except TimeoutError:
            await self._reconcile()

    async def _fill_slots(self, group: asyncio.TaskGroup) -> None:
        while not self._draining:
            live = await self._store.executions.live(self.worker)
            if sum(e.state is State.RUNNING for e in live) >= self.slots:
                return
            execution = await self._store.executions.claim(self.worker, self._clock.now())
            if execution is None:
                return
            before = self._drives.get(execution.conversation_id)
            self._driven.add(execution.id)
            drive = group.create_task(self._drive(execution, before), name=f"drive {execution.id}")
            self._drives[execution.conversation_id] = drive

    async def _drive(self, execution: Execution, before: asyncio.Task[None] | None) -> None:
        """Drive one execution after the conversation's earlier one has let go of worktree and session."""
        try:
            if before is not None and not before.done():
                await asyncio.wait([before])
            await self._driver.drive(execution)
        finally:
            self._driven.discard(execution.id)
            if self._drives.get(execution.conversation_id) is asyncio.current_task():
                del self._drives[execution.conversation_id]
            self.wake()

    async def _reconcile(self) -> None:
        """Give back executions that are ours by the store but that nobody drives: a write was lost on the way."""
        for execution in await self._store.executions.live(self.worker):
            if execution.id not in self._driven and execution.worker is not None:
                await self._lost(execution)

    async def _lost(self, execution: Execution) -> None:
        try:
            await self._advance(execution.id, WorkerLost(), epoch=execution.epoch)
        except (Fenced, SignoffError) as error:
            log.warning("dispatch.unreturned %s: %s", execution.id, error)
