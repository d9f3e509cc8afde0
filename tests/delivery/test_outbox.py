"""The outbox on a real store, against a product that fails in every way it can."""

from __future__ import annotations

import asyncio

from bot.delivery import Allowance, Pace
from runner.model import Form, Lane, Slot
from storage.store import SqlStore
from tests.core.clock import HandClock
from tests.delivery.product import Product, Stage, make, running

ASK, F, P = Lane.INTERACTIVE, Lane.FINAL, Lane.PROGRESS
SLOW = Pace(every=(Allowance(per_second=1),))


def build(store: SqlStore, pace: Pace | None = None) -> Stage:
    clock = HandClock()
    return make(store.deliveries, clock, Product(clock), pace=pace or Pace())


async def test_the_first_is_posted_and_later_ones_edit_it(store: SqlStore) -> None:
    """DEL-1: and equal content is not sent again."""
    stage = build(store)
    async with running(stage):
        for text in ("one", "one", "two", "two"):
            await stage.put("k", text)
            await stage.settled()
    assert stage.product.contents("c") == ["two"]
    assert stage.product.kinds() == ["post", "edit"]


async def test_threads_channels_and_keys_are_slots_of_their_own(store: SqlStore) -> None:
    stage = build(store)
    async with running(stage):
        for channel, thread in (("c", None), ("c", "t"), ("c", "u"), ("d", None)):
            await stage.put("k", "x", channel=channel, thread=thread)
        await stage.put("l", "x")
        await stage.settled()
    assert stage.product.kinds() == ["post"] * 5


async def test_what_was_not_sent_yet_gives_up_its_content_and_keeps_its_turn(store: SqlStore) -> None:
    """DEL-2: put while nothing runs, as in an outage."""
    stage = build(store)
    for key, text in (("k", "old"), ("l", "second"), ("k", "new")):
        await stage.put(key, text)
    async with running(stage):
        await stage.settled()
    assert stage.product.contents("c") == ["new", "second"]
    assert stage.product.kinds() == ["post", "post"]


async def test_what_is_put_during_a_send_follows_it(store: SqlStore) -> None:
    """DEL-3: a slot never has two sends in flight, and the last content stays."""
    stage = build(store)
    gate = stage.product.held["c"] = asyncio.Event()
    async with running(stage):
        await stage.put("k", "one")
        while not stage.product.requests:
            await asyncio.sleep(0)
        for text, lane in (("two", P), ("three", F)):
            await stage.put("k", text, lane)
        gate.set()
        await stage.settled()
    assert stage.product.contents("c") == ["three"]
    assert stage.product.doubled == []
    assert stage.product.kinds() == ["post", "edit"]


async def test_who_asks_for_the_name_of_a_message_waits_while_it_is_being_posted(store: SqlStore) -> None:
    """DEL-15: only for posts, and only for those of that channel."""
    stage = build(store)
    gate = stage.product.held["c"] = asyncio.Event()
    async with running(stage), asyncio.timeout(10):
        await stage.outbox.landed("c")
        await stage.put("k", "one")
        while not stage.product.requests:
            await asyncio.sleep(0)
        await stage.outbox.landed("d")
        asked = asyncio.get_running_loop().create_task(stage.outbox.landed("c"))
        await asyncio.sleep(0.02)
        assert not asked.done()
        gate.set()
        await asked
        (row,) = await store.deliveries.places("chat", "k")
        assert (await store.deliveries.get(row)) == (
            await store.deliveries.shown_as("chat", "c", next(iter(stage.product.shown)))
        )
        gate.clear()
        await stage.put("k", "two")
        while len(stage.product.requests) < 2:
            await asyncio.sleep(0)
        await stage.outbox.landed("c")
        gate.set()


async def test_each_lane_keeps_its_order_and_the_urgent_overtake(store: SqlStore) -> None:
    """DEL-4: put in the worst order, at one a second."""
    stage = build(store, SLOW)
    for number in range(3):
        for lane in (P, F, ASK):
            await stage.put(f"{lane}{number}", f"{lane}{number}", lane)
    async with running(stage):
        await stage.wait(10)
    assert stage.product.contents("c") == [f"{lane}{number}" for lane in (ASK, F, P) for number in range(3)]


async def test_a_question_does_not_wait_for_progress_that_hangs(store: SqlStore) -> None:
    """DEL-4: the request for progress is in flight and unanswered."""
    stage = build(store)
    gate = stage.product.held["c"] = asyncio.Event()
    async with running(stage):
        await stage.put("p", "progress", P)
        while not stage.product.requests:
            await asyncio.sleep(0)
        stage.product.held["c"] = None
        await stage.put("a", "approve?")
        while not stage.product.shown:
            await asyncio.sleep(0)
        assert stage.product.contents("c") == ["approve?"]
        gate.set()


async def test_a_channel_that_hangs_or_is_limited_holds_no_other(store: SqlStore) -> None:
    """DEL-5: twenty channels, one hangs and one is limited."""
    stage = build(store)
    gate = stage.product.held["c0"] = asyncio.Event()
    stage.product.limits["c1"] = 300.0
    async with running(stage):
        async with asyncio.TaskGroup() as group:
            for number in range(60):
                group.create_task(stage.put(f"k{number}", f"{number}", channel=f"c{number % 20}"))
        while len(stage.product.shown) < 54:
            await asyncio.sleep(0)
        assert not stage.product.contents("c0")
        assert not stage.product.contents("c1")
        gate.set()
        await stage.settled()
        assert len(stage.product.shown) == 57
        await stage.wait(300, step=60)
    assert len(stage.product.shown) == 60
    assert sum(slot.channel == "c1" for _, _, slot, _ in stage.product.requests) == 4  # one refused, three taken


async def test_a_limit_of_the_messenger_stops_every_channel_for_its_time(store: SqlStore) -> None:
    """DEL-8: retry_after is kept to, for all."""
    stage = build(store)
    stage.product.limits[""] = 30.0
    async with running(stage):
        await stage.put("k", "a", channel="a")
        await stage.settled()
        await stage.put("k", "b", channel="b")
        await stage.wait(29)
        assert stage.product.kinds() == ["post"]
        await stage.wait(1)
    assert stage.product.kinds() == ["post"] * 3
    assert len(stage.product.shown) == 2


async def test_a_limit_on_progress_lets_questions_pass(store: SqlStore) -> None:
    stage = build(store)
    stage.product.limits["c"] = 30.0
    stage.product.limited_progress = True
    async with running(stage):
        await stage.put("p", "progress", P)
        await stage.settled()
        stage.product.limits.clear()
        await stage.put("a", "approve?")
        await stage.settled()
        assert stage.product.contents("c") == ["approve?"]
        await stage.wait(30)
    assert stage.product.contents("c") == ["approve?", "progress"]


async def test_progress_keeps_its_distance_and_results_do_not_wait(store: SqlStore) -> None:
    """DEL-7: put every second."""
    stage = build(store)
    async with running(stage):
        for second in range(11):
            await stage.put("run", f"{second}", P)
            await stage.settled()
            await stage.clock.move(seconds=1)
        await stage.put("run", "done", F)
        await stage.settled()
    assert [at for at, *_ in stage.product.requests] == [0, 3, 6, 9, 11]
    assert stage.product.contents("c") == ["done"]


async def test_what_is_refused_is_told_once_and_holds_nothing(store: SqlStore) -> None:
    """DEL-10: never tried again, until something else is put there."""
    stage = build(store)
    stage.product.refused.add("bad")
    async with running(stage):
        await stage.put("bad", "too long")
        await stage.put("good", "x")
        await stage.wait(300, step=60)
        assert [(row.key, row.error) for row in stage.dead] == [("bad", "invalid_blocks")]
        assert stage.product.contents("c") == ["x"]
        assert len(stage.product.requests) == 2
        stage.product.refused.clear()
        await stage.put("bad", "shorter")
        await stage.settled()
    assert stage.product.contents("c") == ["x", "shorter"]


async def test_a_removed_message_comes_back_for_results_and_not_for_progress(store: SqlStore) -> None:
    stage = build(store)
    async with running(stage):
        await stage.put("run", "begun", P)
        await stage.settled()
        stage.product.shown.clear()
        for text in ("working", "still working"):
            await stage.put("run", text, P)
            await stage.wait(5)
        assert (stage.product.contents("c"), stage.product.kinds()) == ([], ["post", "edit"])
        await stage.put("run", "working", F)
        await stage.settled()
        assert stage.product.contents("c") == ["working"]
        stage.product.shown.clear()
        await stage.put("run", "merged", F)
        await stage.settled()
    assert stage.product.contents("c") == ["merged"]


async def test_a_new_content_of_a_file_is_a_new_file(store: SqlStore) -> None:
    stage = build(store)
    async with running(stage):
        for text in ("report", "report", "report again"):
            await stage.put("report", text, F, form=Form.FILE)
            await stage.settled()
    assert stage.product.contents("c") == ["report", "report again"]
    assert stage.product.kinds() == ["upload", "upload"]


async def test_a_mistake_of_the_carrier_is_survived_and_a_constant_one_is_given_up(store: SqlStore) -> None:
    """DEL-10: after ten surprises the lane goes on."""
    stage = build(store)
    stage.product.broken.update({"once": 1, "always": 10_000})
    async with running(stage):
        for key in ("once", "always", "after"):
            await stage.put(key, key)
        await stage.wait(1_200, step=60)
    assert stage.product.contents("c") == ["once", "after"]
    assert [row.key for row in stage.dead] == ["always"]


async def test_the_backlog_says_what_waits_since_when_and_why(store: SqlStore) -> None:
    """DEL-11: for each channel."""
    stage = build(store)
    stage.product.down = True
    began = stage.clock.now()
    async with running(stage):
        await stage.put("k", "x")
        await stage.put("l", "x", channel="d")
        await stage.put("m", "x", channel="d")
        await stage.wait(120, step=10)
        found = await stage.outbox.backlog()
        assert [(row.channel, row.waiting, row.dead, row.oldest) for row in found] == [
            ("c", 1, 0, began),
            ("d", 2, 0, began),
        ]
        assert {row.error for row in found} == {"not reachable: no route"}
        stage.product.down = False
        await stage.wait(60, step=10)
        assert await stage.outbox.backlog() == []


async def test_another_process_may_put_what_this_one_sends(store: SqlStore) -> None:
    stage = build(store)
    async with running(stage):
        await stage.settled()
        other = make(store.deliveries, stage.clock, stage.product)
        await other.put("k", "from elsewhere")
        await stage.clock.move(seconds=5)
        while not stage.product.shown:
            await asyncio.sleep(0)
    assert stage.product.contents("c") == ["from elsewhere"]


async def test_old_messages_are_forgotten_and_those_that_wait_are_not(store: SqlStore) -> None:
    """DEL-12: after 30 days."""
    stage = build(store)
    async with running(stage):
        await stage.put("old", "x")
        await stage.settled()
        stage.product.down = True
        await stage.put("waits", "x", channel="d")
        await stage.wait(32 * 86_400, step=8 * 86_400)
        kept = [
            await store.deliveries.get(Slot(messenger="chat", channel=channel, key=key))
            for channel, key in (("c", "old"), ("d", "waits"))
        ]
    assert kept[0] is None
    assert kept[1] is not None
