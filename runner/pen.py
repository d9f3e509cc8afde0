"""Write an attempt's record behind its back: what happens while one transaction is under way goes into the next.

An agent does not wait for the disk between its steps. What is lost with the process is at most the newest lines of the
record, never a state, a question or an answer: those are written where they are decided.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from runner.advance import Advance, Facts, Fenced
from runner.model import Change, Execution, Message, Step
from runner.ports import Batch, Store

_GATHER = 0.2  # seconds in which more is waited for: with many runs at work the store has one transaction at a time


class Pen:
    """Collects what is to be written, and writes it in order, fenced by the epoch of the attempt."""

    def __init__(self, *, execution: Execution, store: Store, advance: Advance) -> None:
        self._execution = execution
        self._store = store
        self._advance = advance
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._clear()

    def put(
        self, *changes: Change, step: Step | None = None, message: Message | None = None, facts: Facts | None = None
    ) -> None:
        """Let this be written soon. A later version of a step or message takes the place of the earlier one."""
        self._changes += changes
        if step is not None:
            self._steps[step.id] = step
        if message is not None:
            self._messages[message.id] = message
        if facts is not None:
            self._facts.append(facts)
        self._news.set()

    async def flush(self, *, urgent: bool = False) -> None:
        """Write what was put until now, even when cancelled; at once if a person waits for it.

        Raises Fenced when the attempt is overtaken.
        """
        writing = asyncio.ensure_future(self._flush(urgent=urgent))  # noqa: TID251 - awaited here on every path
        writing.add_done_callback(_heard)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            with suppress(Fenced):  # whoever is cancelled goes away anyhow
                writing.result()
            raise

    async def run(self) -> None:
        """Write what is put, until cancelled, and then the rest. Raises Fenced when the attempt is overtaken."""
        try:
            while True:
                await self._news.wait()
                await asyncio.sleep(_GATHER)
                await self.flush()
        finally:
            await self.flush()

    async def _flush(self, *, urgent: bool) -> None:
        async with self._writing:
            facts, batch = self._facts, self._batch()
            self._clear()
            if facts:
                await self._advance.note(
                    self._execution.id, lambda e: _with(e, facts), epoch=self._execution.epoch, batch=batch
                )
            elif batch != Batch() and not await self._store.executions.record(self._execution, batch, urgent=urgent):
                raise Fenced("The execution was taken over.")

    def _batch(self) -> Batch:
        return Batch(
            changes=tuple(self._changes), steps=tuple(self._steps.values()), messages=tuple(self._messages.values())
        )

    def _clear(self) -> None:
        self._news.clear()
        self._changes: list[Change] = []
        self._steps: dict[str, Step] = {}
        self._messages: dict[str, Message] = {}
        self._facts: list[Facts] = []


def _heard(writing: asyncio.Task[None]) -> None:
    """Count an error as heard: whoever is cancelled a second time while it is written is not there to hear it."""
    if not writing.cancelled():
        writing.exception()


def _with(execution: Execution, facts: list[Facts]) -> Execution:
    for fact in facts:
        execution = fact(execution)
    return execution
