"""Deliveries: one row a slot, written by whoever has read it last."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from runner.model import Backlog, Delivery, DeliveryState, Lane, State, new_id
from storage.store import SqlStore
from tests.storage.making import NOON, NOTHING, execution, later


def delivery(**fields: Any) -> Delivery:
    known: dict[str, Any] = {
        "id": new_id(),
        "messenger": "slack",
        "channel": "c",
        "key": new_id(),
        "lane": Lane.INTERACTIVE,
        "payload": {"text": "x", "nested": [1, {"a": None}]},
        "digest": "d",
        "nonce": "n",
        "turn": new_id(),
        "next_at": NOON,
        "created_at": NOON,
        "waiting_since": NOON,
        "changed_at": NOON,
    }
    return Delivery(**known | fields)


async def test_a_delivery_is_read_as_it_was_written(store: SqlStore) -> None:
    run = execution()
    await store.executions.add(run, NOTHING)
    full = delivery(
        thread="t",
        execution_id=run.id,
        message_ref="m",
        doubt=True,
        error="e",
        lease_owner="one",
        lease_until=later(1),
        sent_at=later(2),
    )
    assert await store.deliveries.save(None, full) == full
    assert await store.deliveries.get(full.slot) == full
    assert await store.deliveries.get(replace(full.slot, thread="")) is None
    assert await store.deliveries.shown_as("slack", "c", "m") == full
    assert await store.deliveries.shown_as("slack", "d", "m") is None


async def test_a_slot_is_filled_once_however_many_try(store: SqlStore) -> None:
    rivals = [delivery(key="k") for _ in range(10)]
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(store.deliveries.save(None, rival)) for rival in rivals]
    (winner,) = [done.result() for done in tries if done.result()]
    assert winner is not None
    assert await store.deliveries.get(winner.slot) == winner


async def test_a_write_by_who_has_not_read_the_newest_changes_nothing(store: SqlStore) -> None:
    first = await store.deliveries.save(None, delivery())
    assert first is not None
    second = await store.deliveries.save(first, replace(first, error="newer"))
    assert second is not None
    assert second.revision == first.revision + 1
    assert await store.deliveries.save(first, replace(first, error="too late")) is None
    assert await store.deliveries.get(first.slot) == second


async def test_the_head_of_a_lane_is_what_is_on_its_way_then_the_next_in_turn(store: SqlStore) -> None:
    """DEL-4: posts and edits each have their own."""

    async def add(name: str, lane: Lane, **fields: Any) -> None:
        await store.deliveries.save(None, delivery(key=name, lane=lane, **fields))

    await add("second", Lane.FINAL, turn="2")
    await add("first", Lane.FINAL, turn="1", next_at=later(9))
    await add("waits", Lane.INTERACTIVE, turn="1")
    await add("flies", Lane.INTERACTIVE, turn="2", state=DeliveryState.SENDING)
    await add("later", Lane.PROGRESS, turn="1", next_at=later(5))
    await add("sooner", Lane.PROGRESS, turn="2", next_at=later(4))
    await add("edit", Lane.FINAL, turn="0", message_ref="m")
    await add("next edit", Lane.FINAL, turn="1", message_ref="n")
    await add("sent", Lane.FINAL, turn="0", state=DeliveryState.SENT)
    await add("elsewhere", Lane.FINAL, turn="0", channel="d")
    await add("telegram", Lane.FINAL, turn="0", messenger="telegram")
    heads = await store.deliveries.heads("slack", "c")
    assert sorted(head.key for head in heads) == ["edit", "first", "flies", "sooner"]
    assert sorted(await store.deliveries.channels("slack")) == ["c", "d"]


async def test_stranded_is_what_i_had_in_hand_or_whose_lease_is_over(store: SqlStore) -> None:
    for key, owner, until, state in (
        ("mine", "me", 100, DeliveryState.SENDING),
        ("over", "you", 10, DeliveryState.SENDING),
        ("yours", "you", 11, DeliveryState.SENDING),
        ("waiting", "me", 1, DeliveryState.WAITING),
    ):
        await store.deliveries.save(None, delivery(key=key, lease_owner=owner, lease_until=later(until), state=state))
    found = await store.deliveries.stranded("slack", "me", later(10))
    assert [row.key for row in found] == ["mine", "over"]


async def test_old_deliveries_are_forgotten_but_not_those_of_live_runs_or_that_wait(store: SqlStore) -> None:
    """DEL-12: the message of a run that stands still for months is still edited."""
    live, over = execution(), execution(state=State.COMPLETED)
    for run in (live, over):
        await store.executions.add(run, NOTHING)
    sent = {"state": DeliveryState.SENT}
    for fields in (
        {"key": "live", "execution_id": live.id, **sent},
        {"key": "over", "execution_id": over.id, **sent},
        {"key": "of nobody", "state": DeliveryState.DEAD},
        {"key": "waits"},
        {"key": "new", "changed_at": later(10), **sent},
    ):
        await store.deliveries.save(None, delivery(**fields))
    assert [await store.deliveries.prune(later(10), limit=1) for _ in range(3)] == [1, 1, 0]
    left = [
        key
        for key in ("live", "over", "of nobody", "waits", "new")
        if await store.deliveries.get(replace(delivery().slot, key=key))
    ]
    assert left == ["live", "waits", "new"]


async def test_the_backlog_counts_by_channel_and_names_the_newest_error(store: SqlStore) -> None:
    """DEL-11: what is sent does not count."""
    for fields in (
        {"waiting_since": later(5), "error": "old"},
        {"waiting_since": later(3), "state": DeliveryState.SENDING, "error": "newer", "changed_at": later(9)},
        {"state": DeliveryState.DEAD},
        {"state": DeliveryState.SENT},
        {"channel": "b", "state": DeliveryState.DEAD, "error": "refused"},
        {"channel": "a", "state": DeliveryState.SENT},
    ):
        await store.deliveries.save(None, delivery(**fields))
    assert await store.deliveries.backlog("slack") == [
        Backlog(messenger="slack", channel="b", waiting=0, dead=1, oldest=None, error="refused"),
        Backlog(messenger="slack", channel="c", waiting=2, dead=1, oldest=later(3), error="newer"),
    ]
    await store.deliveries.save(None, delivery(messenger="telegram", channel="c", waiting_since=later(1)))
    everywhere = await store.deliveries.backlog()
    assert [(row.messenger, row.channel, row.error) for row in everywhere] == [
        ("slack", "b", "refused"),
        ("slack", "c", "newer"),
        ("telegram", "c", ""),
    ]
