"""Idle sessions are kept for follow-ups, for a while and not too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner.agents.keeper import SessionKeeper
from runner.model import AgentOptions
from runner.ports import AgentHost, AgentResult, AgentSession, AgentSpec, Prompt

SPEC = AgentSpec(cwd=Path("/work"), options=AgentOptions())


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = 0.0
        self._moved = asyncio.Condition()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._now)

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        async with self._moved:
            await self._moved.wait_for(lambda: self._now >= until)

    async def forward(self, seconds: float) -> None:
        async with self._moved:
            self._now += seconds
            self._moved.notify_all()
        for _ in range(10):  # whoever was waiting does its work
            await asyncio.sleep(0)


class Process:
    """A session of which only life and death matter."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.alive = True
        self.closed = False

    async def holds(self, prompt_id: str) -> bool:
        raise AssertionError

    async def run(self, prompt: Prompt | None, host: AgentHost) -> AgentResult:
        return AgentResult(status="ok")

    async def say(self, prompt: Prompt) -> None: ...

    async def interrupt(self) -> None: ...

    async def park(self) -> None:
        await self.kill()

    async def kill(self) -> None:
        self.closed = True

    async def close(self) -> None:
        self.closed = True


class Starter:
    """An agent that counts what it opens."""

    name = "claude"

    def __init__(self) -> None:
        self.opened: list[Process] = []

    async def check(self) -> str:
        return "1"

    async def open(self, spec: AgentSpec) -> AgentSession:
        self.opened.append(Process(spec.session or f"new-{len(self.opened)}"))
        return self.opened[-1]


@asynccontextmanager
async def keeper(starter: Starter, clock: HandClock, most: int = 2) -> AsyncIterator[SessionKeeper]:
    keeping = SessionKeeper(starter, clock, keep_seconds=60, most=most)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keeping.run())
        await asyncio.sleep(0)
        yield keeping
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_follow_up_gets_the_kept_process_once() -> None:
    starter = Starter()
    async with keeper(starter, HandClock()) as keeping:
        first = await keeping.open(SPEC)
        await keeping.release(first, SPEC)
        follow_up = replace(SPEC, session=first.session)
        assert await keeping.open(follow_up) is first
        assert await keeping.open(follow_up) is not first


async def test_another_conversation_or_another_way_of_starting_gets_a_process_of_its_own() -> None:
    """AGENT-14: nothing of one conversation reaches another."""
    starter = Starter()
    async with keeper(starter, HandClock()) as keeping:
        first = await keeping.open(SPEC)
        await keeping.release(first, SPEC)
        assert await keeping.open(replace(SPEC, session="another")) is not first
        assert keeping.kept == 1
        other = await keeping.open(replace(SPEC, session=first.session, instructions="be brief"))
        assert other is not first
        assert starter.opened[0].closed


async def test_an_interrupted_conversation_is_never_taken_up_in_an_old_process() -> None:
    starter = Starter()
    async with keeper(starter, HandClock()) as keeping:
        first = await keeping.open(SPEC)
        await keeping.release(first, SPEC)
        assert await keeping.open(replace(SPEC, session=first.session, interrupted=True)) is not first


async def test_a_process_that_died_or_goes_on_by_itself_is_not_kept_and_not_given_out() -> None:
    starter = Starter()
    async with keeper(starter, HandClock()) as keeping:
        dead, dying = await keeping.open(SPEC), await keeping.open(SPEC)
        starter.opened[0].alive = False
        await keeping.release(dead, SPEC)
        assert (keeping.kept, starter.opened[0].closed) == (0, True)
        await keeping.release(dying, SPEC)
        starter.opened[1].alive = False
        assert await keeping.open(replace(SPEC, session=dying.session)) is not dying


async def test_a_process_is_closed_when_its_time_is_over() -> None:
    starter, clock = Starter(), HandClock()
    async with keeper(starter, clock) as keeping:
        await keeping.release(await keeping.open(SPEC), SPEC)
        await clock.forward(30)
        await keeping.release(await keeping.open(SPEC), SPEC)
        await clock.forward(31)
        assert [process.closed for process in starter.opened] == [True, False]
        await clock.forward(30)
        assert [process.closed for process in starter.opened] == [True, True]


async def test_the_one_kept_longest_makes_room() -> None:
    starter = Starter()
    async with keeper(starter, HandClock(), most=2) as keeping:
        for session in [await keeping.open(SPEC) for _ in range(3)]:
            await keeping.release(session, SPEC)
        assert [process.closed for process in starter.opened] == [True, False, False]


async def test_nothing_is_kept_beyond_the_end() -> None:
    starter = Starter()
    async with keeper(starter, HandClock()) as keeping:
        for session in [await keeping.open(SPEC) for _ in range(2)]:
            await keeping.release(session, SPEC)
    assert all(process.closed for process in starter.opened)


async def test_nothing_is_kept_when_keeping_is_switched_off() -> None:
    starter = Starter()
    keeping = SessionKeeper(starter, HandClock(), keep_seconds=60, most=0)
    await keeping.release(await keeping.open(SPEC), SPEC)
    assert starter.opened[0].closed
