"""What was taken in is dealt with in order, once, and not given up while the store is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.attendant import Answerer, Attendant
from runner.beside import beside
from runner.errors import StorageError
from runner.model import Arrival
from storage.store import SqlStore, open_store
from tests.core.away import away
from tests.core.clock import HandClock


class Answered:
    """Deals with arrivals by noting them; raises first what is told for a key."""

    def __init__(self, **faults: list[Exception]) -> None:
        self.faults = faults
        self.done: list[str] = []
        self.again: dict[str, bool] = {}

    async def __call__(self, arrival: Arrival, *, again: bool) -> None:
        if self.faults.get(arrival.key):
            raise self.faults[arrival.key].pop(0)
        self.done.append(arrival.key)
        self.again[arrival.key] = again


@dataclass
class Post:
    """A store of arrivals, and a clock."""

    store: SqlStore
    clock: HandClock = field(default_factory=HandClock)

    async def comes(self, key: str, channel: str = "c") -> None:
        """Take something in."""
        coming = Arrival(key=key, messenger="m", channel=channel, payload={}, at=self.clock.now())
        await self.store.arrivals.take_in(coming)

    async def left(self) -> list[str]:
        """Return what is not dealt with."""
        return [each.key for each in await self.store.arrivals.waiting("m", limit=999)]

    @asynccontextmanager
    async def attended(self, answer: Answerer) -> AsyncIterator[Attendant]:
        """Have it dealt with."""
        attendant = Attendant("m", answer, self.store.arrivals, self.clock, timedelta(days=1))
        async with beside(attendant.run()):
            yield attendant

    async def passes(self, condition: Callable[[], object]) -> None:
        """Let time pass until something is so."""
        async with asyncio.timeout(20):
            while not condition():
                await self.moment()

    async def emptied(self) -> None:
        """Let time pass until nothing is left."""
        async with asyncio.timeout(20):
            while await self.left():
                await self.moment()

    async def moment(self) -> None:
        """Let a second pass, and others do something."""
        await self.clock.move(seconds=1)
        await asyncio.sleep(0.002)


@asynccontextmanager
async def post(folder: Path) -> AsyncIterator[Post]:
    """Open a store."""
    async with open_store(str(folder / "x.db")) as store:
        yield Post(store)


async def test_all_that_is_left_from_an_earlier_life_may_have_been_done(tmp_path: Path) -> None:
    """STORE-18: however much it is; what comes now was not."""
    async with post(tmp_path) as at:
        for number in range(230):
            await at.comes(f"{number:03}", f"c{number % 7}")
        answered = Answered()
        async with at.attended(answered) as attendant:
            await at.emptied()
            await at.comes("new")
            attendant.ring()
            await at.emptied()
    assert {key for key, again in answered.again.items() if not again} == {"new"}
    assert len(answered.done) == 231


async def test_what_meets_a_store_that_is_away_is_tried_again_in_its_turn(tmp_path: Path) -> None:
    """STORE-21: the next of its channel waits, others do not; then it may have been done."""
    faults: list[Exception] = [StorageError("The disk is full.")] * 9
    answered = Answered(one=faults)
    async with post(tmp_path) as at, at.attended(answered) as attendant:
        await at.comes("zero")  # once that is dealt with, it is known what an earlier life has left
        attendant.ring()
        await at.emptied()
        for key, channel in (("one", "c"), ("two", "c"), ("three", "d")):
            await at.comes(key, channel)
        attendant.ring()
        await at.passes(lambda: len(faults) < 4)
        assert answered.done == ["zero", "three"]
        assert await at.left() == ["one", "two"]
        await at.emptied()
    assert answered.done == ["zero", "three", "one", "two"]
    del answered.again["zero"]
    assert answered.again == {"one": True, "two": False, "three": False}


async def test_a_fault_of_its_own_ends_what_was_stored_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """STORE-21: it is not tried for ever, and the log says which it was."""
    answered = Answered(one=[RuntimeError("a defect")])
    async with post(tmp_path) as at, at.attended(answered) as attendant:
        await at.comes("one")
        await at.comes("two")
        attendant.ring()
        await at.emptied()
    assert answered.done == ["two"]
    assert "m.broken one" in caplog.text


@pytest.mark.parametrize("method", ["newest_seq", "forget", "waiting", "done"])
async def test_the_arrivals_themselves_may_be_away(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-21: then everything waits but for upkeep; what was done and could not be noted is not done again."""
    answered = Answered()
    async with post(tmp_path) as at:
        await at.comes("one")
        with away(monkeypatch, at.store, f"arrivals.{method}") as outage:
            async with at.attended(answered):
                await at.passes(lambda: outage.met > 2)
                assert answered.done == (["one"] if method in {"done", "forget"} else [])
                outage.over = True
                await at.emptied()
    assert answered.done == ["one"]


async def test_what_is_known_for_long_enough_is_forgotten_while_we_run(tmp_path: Path) -> None:
    """STORE-18: not only at the next start: it may come again then."""
    answered = Answered()
    async with post(tmp_path) as at, at.attended(answered) as attendant:
        await at.comes("one")
        attendant.ring()
        await at.emptied()
        for _ in range(2):
            await at.clock.move(days=1)
            await at.moment()
        async with asyncio.timeout(20):
            while answered.done == ["one"]:
                await at.comes("one")
                attendant.ring()
                await at.moment()
    assert answered.done == ["one", "one"]
