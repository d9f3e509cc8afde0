"""Keep the processes of idle sessions for a while: a follow-up then starts in milliseconds instead of half a second."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import replace
from typing import Protocol, runtime_checkable

from runner.errors import AgentError
from runner.model import value
from runner.ports import Agent, AgentSession, AgentSpec, Clock

_log = logging.getLogger(__name__)


@runtime_checkable
class Lasting(Protocol):
    """A session that knows whether its process is still good for another prompt."""

    @property
    def alive(self) -> bool:
        """Whether the process lives and does nothing by itself."""
        ...


@value
class _Kept:
    session: AgentSession
    spec: AgentSpec
    until: float  # on the clock's monotonic scale


class SessionKeeper:
    """Opens sessions of one agent, from the kept ones if it can.

    At most `most` sessions are kept, each for `keep_seconds`; zero of either keeps none. `run` must be running for
    sessions to be closed in time, and closes all of them when it is cancelled.
    """

    def __init__(self, agent: Agent, clock: Clock, *, keep_seconds: float, most: int) -> None:
        self._agent = agent
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by conversation, the one kept longest first
        self._changed = asyncio.Event()

    @property
    def kept(self) -> int:
        """Count the sessions that are kept."""
        return len(self._kept)

    async def open(self, spec: AgentSpec) -> AgentSession:
        """Return the kept session of this conversation if it was started alike, else open one.

        Raises what `Agent.open` raises. Give the session back with `release`, unless it was killed.
        """
        kept = self._kept.pop(spec.session, None) if spec.session else None
        if kept and not spec.interrupted and kept.spec == spec and _alive(kept.session):
            return kept.session
        if kept:
            await _close(kept.session)
        return await self._agent.open(spec)

    async def release(self, session: AgentSession, spec: AgentSpec) -> None:
        """Take back a session that was opened with `spec` and is idle: keep it, or close it."""
        conversation = session.session
        if not conversation or not self._most or not self._keep_seconds or not _alive(session):
            await _close(session)
            return
        alike = replace(spec, session=conversation, interrupted=False)
        until = self._clock.monotonic() + self._keep_seconds
        before = self._kept.pop(conversation, None)
        self._kept[conversation] = _Kept(session=session, spec=alike, until=until)
        self._changed.set()
        if before:
            await _close(before.session)
        while len(self._kept) > self._most:
            await _close(self._kept.popitem(last=False)[1].session)

    async def run(self) -> None:
        """Close sessions whose time is over, until cancelled; then close all."""
        try:
            while True:
                await self._wait()
                for conversation, kept in tuple(self._kept.items()):
                    if kept.until <= self._clock.monotonic():
                        del self._kept[conversation]
                        await _close(kept.session)
        finally:
            await asyncio.shield(self._close_all())

    async def _wait(self) -> None:
        if not self._kept:
            self._changed.clear()
            await self._changed.wait()
        first = next(iter(self._kept.values()), None)
        if first:
            await self._clock.sleep(max(0.0, first.until - self._clock.monotonic()))

    async def _close_all(self) -> None:
        kept, self._kept = self._kept, OrderedDict()
        async with asyncio.TaskGroup() as group:
            for each in kept.values():
                group.create_task(_close(each.session))


def _alive(session: AgentSession) -> bool:
    return isinstance(session, Lasting) and session.alive


async def _close(session: AgentSession) -> None:
    try:
        await session.close()
    except (AgentError, OSError) as error:
        _log.warning("An idle session did not end in peace: %s", error)
        await session.kill()
