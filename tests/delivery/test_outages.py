"""Outages and crashes: in the end everything is there once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from bot.delivery import Allowance, Pace
from bot.delivery.outbox import LEASE
from runner.beside import beside
from runner.errors import StorageError
from runner.model import Form, Lane
from storage.deliveries import Deliveries
from storage.store import SqlStore
from tests.core.clock import HandClock
from tests.delivery.product import Product, Stage, make, running

ASK, F, P = Lane.INTERACTIVE, Lane.FINAL, Lane.PROGRESS
PACE = Pace(every=(Allowance(per_second=1, burst=3),), progress=(Allowance(per_second=0.5),))


async def test_an_outage_of_an_hour_ends_with_everything_delivered_once(store: SqlStore) -> None:
    """DEL-9: questions, results and files once each and in order; progress at most its latest; then a restart."""
    clock = HandClock()
    product = Product(clock, down=True)
    stage = make(store.deliveries, clock, product, pace=PACE)
    async with running(stage):
        for minute in range(0, 60, 2):
            for channel in ("c", "d"):
                await stage.put("run", f"minute {minute}", P, channel)
                if minute % 10 == 0:
                    await stage.put(f"ask{minute}", f"ask {minute}", ASK, channel)
                    await stage.put(f"result{minute}", f"result {minute}", F, channel)
                    await stage.put(f"file{minute}", f"file {minute}", F, channel, form=Form.FILE)
            await stage.wait(120, step=120)
    assert not product.shown
    product.down = False
    restarted = make(store.deliveries, clock, product, pace=PACE)
    async with running(restarted):
        await restarted.wait(150, step=5)
    for channel in ("c", "d"):
        seen = product.contents(channel)
        assert [text for text in seen if text.startswith("ask")] == [f"ask {minute}" for minute in range(0, 60, 10)]
        finals = [text for text in seen if text.startswith(("result", "file"))]
        assert finals == [f"{what} {minute}" for minute in range(0, 60, 10) for what in ("result", "file")]
        assert [text for text in seen if text.startswith("minute")] == ["minute 58"]
    assert product.doubled == []
    assert await restarted.outbox.backlog() == []


async def test_attempts_in_an_outage_are_a_minute_apart_at_most(store: SqlStore) -> None:
    """DEL-9: so the end of an outage is noticed soon."""
    stage = make(store.deliveries, clock := HandClock(), Product(clock, down=True))
    async with running(stage):
        await stage.put("k", "x")
        await stage.wait(600, step=1)
    times = [at for at, *_ in stage.product.requests]
    assert [later - earlier for earlier, later in pairwise(times)][:7] == [1, 2, 4, 8, 16, 32, 60]
    assert 13 <= len(times) <= 16


@pytest.mark.parametrize("form", list(Form))
async def test_a_lost_answer_is_looked_for_before_anything_is_sent_again(store: SqlStore, form: Form) -> None:
    """DEL-13: whether it had arrived or not."""
    stage = make(store.deliveries, clock := HandClock(), product := Product(clock))
    async with running(stage):
        product.lost = 1
        await stage.put("arrived", "arrived", form=form)
        await stage.wait(5)
        product.unsent = 1
        await stage.put("cut", "cut", form=form)
        await stage.wait(5)
    assert product.contents("c") == ["arrived", "cut"]
    sending = "post" if form is Form.MESSAGE else "upload"
    assert product.kinds() == [sending, "find", sending, "find", sending]


async def test_what_is_put_while_the_fate_of_the_first_is_unknown_edits_it(store: SqlStore) -> None:
    """DEL-13: the newer content does not become a second message."""
    stage = make(store.deliveries, clock := HandClock(), product := Product(clock, lost=1))
    async with running(stage):
        await stage.put("k", "one")
        await stage.settled()
        await stage.put("k", "two")
        await stage.wait(5)
    assert product.contents("c") == ["two"]
    assert product.kinds() == ["post", "find", "edit"]


async def test_where_nobody_can_look_a_lost_message_is_sent_again(store: SqlStore) -> None:
    """DEL-13: twice is better than never."""
    stage = make(store.deliveries, clock := HandClock(), product := Product(clock, blind=True, unsent=1))
    async with running(stage):
        await stage.put("k", "x")
        await stage.wait(5)
    assert product.contents("c") == ["x"]


class Plank:
    """Lets the n-th await of everything that goes through it never end: there the process dies."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.reached = asyncio.Event()

    async def step(self) -> None:
        self._left -= 1
        if self._left == -1:
            self.reached.set()
            await asyncio.Event().wait()


class Walked:
    """A store or a carrier that passes over a plank before and after each call."""

    def __init__(self, inner: Deliveries | Product, plank: Plank, names: Sequence[str]) -> None:
        self._inner = inner
        self._plank = plank
        self._names = names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        async def walked(*args: Any, **named: Any) -> Any:
            await self._plank.step()
            answer = await found(*args, **named)
            await self._plank.step()
            return answer

        return walked


async def die_at(stage: Stage, plank: Plank) -> bool:
    """Run until the plank breaks, and stop there; False if everything was sent before."""
    async with beside(stage.outbox.run()), asyncio.TaskGroup() as group:
        broken = group.create_task(plank.reached.wait())
        done = group.create_task(stage.settled())
        await asyncio.wait([broken, done], return_when=asyncio.FIRST_COMPLETED)
        died = broken.done()
        broken.cancel()
        done.cancel()
    return died


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("again", [False, True], ids=["first", "second"])
async def test_a_crash_at_any_await_neither_loses_nor_doubles(store: SqlStore, form: Form, again: bool) -> None:
    """DEL-13, DEL-14: the first content of a slot or its second; and while it is down, a newer one is put."""
    clock = HandClock()
    for number in range(200):
        channel = f"c{number}"
        product = Product(clock)
        plank = Plank(number)
        if again:
            async with running(before := make(store.deliveries, clock, product)):
                await before.put("k", "first", channel=channel, form=form)
                await before.settled()
        carrier: Any = Walked(product, plank, ("post", "edit", "upload", "find"))
        rows: Any = Walked(store.deliveries, plank, ("save", "get", "heads"))
        stage = make(rows, clock, carrier)
        await make(store.deliveries, clock, product).put("k", "wanted", channel=channel, form=form)
        died = await die_at(stage, plank)
        async with running(after := make(store.deliveries, clock, product)):
            await after.settled()
            expected = ["first", "wanted"] if again and form is Form.FILE else ["wanted"]
            assert product.contents(channel) == expected, number
            await after.put("l", "next", channel=channel)
            await after.settled()
        assert product.contents(channel) == [*expected, "next"]
        if not died:
            break
    else:
        pytest.fail("the outbox never came to the end of its awaits")
    assert number >= 8


async def test_what_another_daemon_had_in_hand_is_picked_up_after_its_lease(store: SqlStore) -> None:
    """DEL-14: and not before."""
    clock = HandClock()
    product = Product(clock)
    product.held["c"] = asyncio.Event()
    first = make(store.deliveries, clock, product, owner="one")
    async with running(first):
        await first.put("k", "x")
        while not product.requests:
            await asyncio.sleep(0)
    product.held.clear()
    async with running(second := make(store.deliveries, clock, product, owner="two")):
        await second.wait(230, step=10)
        assert product.kinds() == ["post"]
        while not product.shown:
            await second.wait(1)
    assert clock.monotonic() >= LEASE.total_seconds()
    assert product.kinds() == ["post", "find", "post"]
    assert product.contents("c") == ["x"]


class FullDisk:
    """A store whose writes fail as long as the disk is full."""

    def __init__(self, inner: Deliveries) -> None:
        self._inner = inner
        self.full = True
        self.refused = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def save(self, *rows: Any) -> Any:
        if self.full:
            self.refused.set()
            raise StorageError("The disk is full.")
        return await self._inner.save(*rows)


async def test_the_outbox_outlives_a_store_that_fails(store: SqlStore) -> None:
    """DEL-14: it begins anew, and what it had in hand is delivered once."""
    clock = HandClock()
    product = Product(clock)
    disk: Any = FullDisk(store.deliveries)
    await make(store.deliveries, clock, product).put("k", "x")
    async with running(make(disk, clock, product)):
        await disk.refused.wait()
        disk.full = False
        while not product.shown:
            await clock.move(seconds=1)
            await asyncio.sleep(0)
    assert product.contents("c") == ["x"]
