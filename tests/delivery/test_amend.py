"""What is not worth a message: amendments, progress that settles, files that give way; and going on after a rest."""

from __future__ import annotations

import pytest

from bot.delivery import Pace
from runner.model import Form, Lane, Origin
from storage.store import SqlStore
from tests.core.clock import HandClock
from tests.delivery.product import Product, Stage, make, running

F, P = Lane.FINAL, Lane.PROGRESS


def build(store: SqlStore, pace: Pace | None = None) -> Stage:
    clock = HandClock()
    return make(store.deliveries, clock, Product(clock), pace=pace or Pace())


async def amend(stage: Stage, text: str, lane: Lane = F) -> bool:
    return await stage.outbox.amend(Origin(messenger="chat", channel="c"), "k", lane, {"text": text})


async def test_an_amendment_changes_what_is_shown_and_is_nothing_where_nothing_is(store: SqlStore) -> None:
    """TG-36: nothing was ever put there, or something is shown."""
    stage = build(store)
    async with running(stage):
        assert not await amend(stage, "done")
        await stage.settled()
        assert stage.product.requests == []
        await stage.put("k", "running")
        await stage.settled()
        assert await amend(stage, "done")
        await stage.settled()
    assert (stage.product.contents("c"), stage.product.kinds()) == (["done"], ["post", "edit"])


async def test_an_amendment_takes_back_what_waits_and_the_next_put_posts(store: SqlStore) -> None:
    """TG-36: put and amended before anything runs."""
    stage = build(store)
    await stage.put("k", "running", P)
    assert await amend(stage, "waiting")
    assert not await amend(stage, "done")
    async with running(stage):
        await stage.settled()
        assert stage.product.requests == []
        assert await stage.outbox.backlog() == []
        await stage.put("k", "running", P)
        await stage.settled()
    assert stage.product.contents("c") == ["running"]


async def test_an_amendment_of_what_may_be_there_is_made(store: SqlStore) -> None:
    """TG-36: the answer to the post was lost, so the message is there."""
    stage = build(store)
    stage.product.lost = 1
    async with running(stage):
        await stage.put("k", "running")
        await stage.settled()
        assert await amend(stage, "done")
        await stage.wait(10)
    assert stage.product.contents("c") == ["done"]


async def test_what_was_removed_is_not_posted_by_an_amendment(store: SqlStore) -> None:
    stage = build(store)
    async with running(stage):
        await stage.put("k", "running", P)
        await stage.settled()
        stage.product.shown.clear()
        await stage.put("k", "still running", P)
        await stage.wait(5)
        assert not await amend(stage, "done")
        await stage.settled()
    assert stage.product.contents("c") == []


async def test_every_place_of_a_key_is_amended(store: SqlStore) -> None:
    stage = build(store)
    async with running(stage):
        await stage.put("k", "running", channel="a")
        await stage.settled()
        stage.product.down = True
        await stage.put("k", "running", channel="b")
        await stage.outbox.replace("k", F, {"text": "done"}, amend=lambda _: True)
        stage.product.down = False
        await stage.wait(10)
    assert (stage.product.contents("a"), stage.product.contents("b")) == (["done"], [])


async def test_new_progress_settles_first_and_nothing_else_does(store: SqlStore) -> None:
    """TG-33: edits, questions and results go at once; what settles counts from the newest first put."""
    stage = build(store, Pace(settle=5))
    async with running(stage):
        await stage.put("run", "1", P)
        await stage.put("ask", "?")
        await stage.wait(4)
        assert stage.product.contents("c") == ["?"]
        await stage.put("run", "2", P)
        await stage.wait(1)
        assert stage.product.contents("c") == ["?", "2"]
        await stage.put("other", "1", P)
        await stage.put("other", "done", F)
        await stage.settled()
    assert stage.product.contents("c") == ["?", "2", "done"]


@pytest.mark.parametrize("later", [0.0, 60.0])
async def test_files_let_results_pass_where_they_are_to(store: SqlStore, later: float) -> None:
    """TG-33: and keep their order among themselves."""
    stage = build(store, Pace(files_later=later))
    for number in range(2):
        await stage.put(f"result{number}", f"result{number}", F)
        await stage.put(f"file{number}", f"file{number}", F, form=Form.FILE)
    async with running(stage):
        await stage.wait(5)
    put = ["result0", "file0", "result1", "file1"]
    assert stage.product.contents("c") == (
        sorted(put, reverse=False, key=lambda name: name[0] == "f") if later else put
    )


async def test_a_channel_that_was_to_be_left_alone_goes_on_at_once(store: SqlStore) -> None:
    """DEL-8: somebody who had shut us out is back, hours before the pause is over; others stay paused."""
    stage = build(store)
    stage.product.limits |= {"c": 3_600.0, "d": 3_600.0}
    async with running(stage):
        for channel in "cd":
            for number in range(2):
                await stage.put(f"k{number}", f"{number}", channel=channel)
        await stage.wait(30, step=10)
        assert not stage.product.shown
        stage.product.limits.clear()
        await stage.outbox.resume("c")
        await stage.settled()
        assert stage.product.contents("c") == ["0", "1"]
        assert stage.product.contents("d") == []


async def test_a_channel_that_is_still_limited_after_a_resume_is_left_alone_again(store: SqlStore) -> None:
    """DEL-8: to resume is to ask once, no more."""
    stage = build(store)
    stage.product.limits["c"] = 600.0
    async with running(stage):
        await stage.put("k", "x")
        await stage.settled()
        await stage.outbox.resume("c")
        await stage.wait(60, step=10)
        assert len(stage.product.requests) == 2
        await stage.wait(600, step=60)
    assert stage.product.contents("c") == ["x"]


async def test_an_amendment_does_not_forget_a_pause_that_was_asked_for(store: SqlStore) -> None:
    """DEL-8: the row that waits for its end is what a later life knows it by."""
    stage = build(store)
    stage.product.limits["c"] = 600.0
    async with running(stage):
        await stage.put("k", "running", P)
        await stage.settled()
        assert await amend(stage, "done")
        found = await stage.outbox.backlog()
        assert [row.error for row in found] == ["asked to wait 600 s"]
        await stage.wait(600, step=60)
    assert stage.product.contents("c") == ["done"]
