"""What came in from chat products is kept until it is dealt with, and known when it comes again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import StatementError

from runner.errors import StorageError
from runner.model import Arrival
from storage.store import SqlStore
from tests.storage.making import NOON as NOW

PRESS = Arrival(key="Ev1", messenger="slack", channel="C1", payload={"text": "approve \x00"}, at=NOW)


async def test_an_arrival_that_comes_twice_is_known_also_after_it_was_dealt_with(store: SqlStore) -> None:
    """STORE-18: what a chat product delivers again is not done again."""
    assert await store.arrivals.take_in(PRESS)
    assert not await store.arrivals.take_in(PRESS)
    assert await store.arrivals.take_in(replace(PRESS, messenger="telegram")), "each product has names of its own"
    await store.arrivals.done(PRESS, NOW)
    assert not await store.arrivals.take_in(PRESS)
    assert await store.arrivals.waiting("slack") == []


async def test_what_waits_is_read_in_the_order_of_coming(store: SqlStore) -> None:
    """STORE-18: nothing that was acknowledged is lost, whatever ends in between."""
    for number in range(5):
        await store.arrivals.take_in(replace(PRESS, key=f"Ev{9 - number}"))
    first, *rest = await store.arrivals.waiting("slack")
    assert [first.key, *(arrival.key for arrival in rest)] == ["Ev9", "Ev8", "Ev7", "Ev6", "Ev5"]
    assert (first.payload, first.at, first.channel) == (PRESS.payload, NOW, "C1")
    await store.arrivals.done(rest[0], NOW)
    left = await store.arrivals.waiting("slack", after=first.seq, limit=2)
    assert [arrival.key for arrival in left] == ["Ev7", "Ev6"]


async def test_the_place_of_the_newest_is_known_dealt_with_or_not(store: SqlStore) -> None:
    assert await store.arrivals.newest_seq() == 0
    await store.arrivals.take_in(PRESS)
    await store.arrivals.take_in(replace(PRESS, messenger="telegram"))
    *_, newest = await store.arrivals.waiting("telegram")
    await store.arrivals.done(newest, NOW)
    assert await store.arrivals.newest_seq() == newest.seq


async def test_what_was_dealt_with_long_ago_is_forgotten(store: SqlStore) -> None:
    for key in ("old", "new", "open"):
        await store.arrivals.take_in(replace(PRESS, key=key))
    old, new, _ = await store.arrivals.waiting("slack")
    await store.arrivals.done(old, NOW)
    await store.arrivals.done(new, NOW + timedelta(hours=2))
    await store.arrivals.forget("slack", NOW + timedelta(hours=1))
    assert await store.arrivals.take_in(replace(PRESS, key="old"))
    assert not await store.arrivals.take_in(replace(PRESS, key="new"))
    assert not await store.arrivals.take_in(replace(PRESS, key="open"))


async def test_the_newest_arrivals_of_a_kind_are_known_by_channel_also_once_they_are_dealt_with(
    store: SqlStore,
) -> None:
    """STORE-18: what has come stays known, with its time."""
    hour = timedelta(hours=1)
    came = [("home.1", "U1", -2), ("home.2", "U1", 0), ("home.3", "U2", -1), ("home.4", "U3", -9), ("Ev9", "U4", 0)]
    for key, channel, hours in came:
        arrival = replace(PRESS, key=key, channel=channel, at=NOW + hours * hour)
        await store.arrivals.take_in(arrival)
        await store.arrivals.done(arrival, NOW)
    await store.arrivals.take_in(replace(PRESS, key="home.5", channel="U5", messenger="telegram"))
    assert await store.arrivals.newest("slack", "home.", NOW - 3 * hour) == {"U1": NOW, "U2": NOW - hour}


async def test_what_comes_at_once_is_stored_in_order_and_known_also_among_itself(store: SqlStore) -> None:
    """STORE-18: each hears of its own arrival, whoever has stored it."""
    keys = [f"Ev{number // 2}" for number in range(20)]
    async with asyncio.TaskGroup() as group:
        taking = [group.create_task(store.arrivals.take_in(replace(PRESS, key=key))) for key in keys]
    assert [each.result() for each in taking] == [True, False] * 10
    assert [arrival.key for arrival in await store.arrivals.waiting("slack")] == keys[::2]


async def test_what_cannot_be_stored_keeps_out_nothing_that_comes_at_once(store: SqlStore) -> None:
    """STORE-18: nor does somebody who goes away in the middle."""
    broken = replace(PRESS, key="broken", payload={"at": object()})
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(store.arrivals.take_in(replace(PRESS, key="gone")))
        failing = group.create_task(_refused(store, broken))
        others = [group.create_task(store.arrivals.take_in(replace(PRESS, key=f"Ev{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        gone.cancel()
    assert await failing
    assert [each.result() for each in others] == [True] * 5
    assert {"Ev0", "Ev1", "Ev2", "Ev3", "Ev4"} <= {a.key for a in await store.arrivals.waiting("slack")}


async def _refused(store: SqlStore, arrival: Arrival) -> bool:
    with pytest.raises((StorageError, StatementError)):
        await store.arrivals.take_in(arrival)
    return True
