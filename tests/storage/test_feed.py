"""The feed: numbered in order of commit, rung after it, and never skipped by a reader."""

from __future__ import annotations

import asyncio

import pytest

from runner.model import AuditEntry, Change
from runner.ports import Batch
from storage.database import open_database
from storage.store import SqlStore, open_store
from tests.storage.making import NOON, NOTHING, change, execution, later, running


async def test_entries_are_numbered_rung_and_read_alike(store: SqlStore, rung: list[Change]) -> None:
    run = execution()
    written = [change(f"e{number}", execution_id=run.id, subject_id="s", body={"n": number}) for number in range(3)]
    await store.executions.add(run, Batch(changes=tuple(written)))
    assert await store.feed.after(0) == rung
    assert [entry.seq for entry in rung] == [1, 2, 3]
    assert [(entry.event, entry.body) for entry in rung] == [(entry.event, entry.body) for entry in written]
    assert await store.feed.after(1, limit=1) == rung[1:2]
    assert await store.feed.newest() == 3


async def test_an_empty_feed_begins_at_nothing(store: SqlStore, rung: list[Change]) -> None:
    await store.executions.add(execution(), NOTHING)
    assert (await store.feed.newest(), await store.feed.after(0), rung) == (0, [], [])


async def test_a_cursor_never_moves_backwards(store: SqlStore) -> None:
    assert await store.feed.cursor("slack") is None
    for seq, stands_at in ((5, 5), (9, 9), (7, 9)):
        await store.feed.advance("slack", seq)
        assert await store.feed.cursor("slack") == stands_at
    assert await store.feed.cursor("telegram") is None


async def test_a_reader_that_follows_by_seq_misses_nothing_while_many_write(store: SqlStore, url: str) -> None:
    """STORE-8: two processes' worth of writers; the reader goes on from the newest it saw, as the bot does."""
    seen: list[str] = []
    writers = 40
    async with open_store(url) as other:

        async def write(number: int) -> None:
            where = store if number % 2 else other
            await where.executions.add(execution(), Batch(changes=(change(f"{number}a"), change(f"{number}b"))))

        async def follow() -> None:
            at = 0
            while len(seen) < 2 * writers:
                for entry in await store.feed.after(at):
                    assert entry.seq > at
                    at = entry.seq
                    seen.append(entry.event)

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(follow())
            for number in range(writers):
                group.create_task(write(number))
    assert len(set(seen)) == 2 * writers
    assert await store.feed.newest() == 2 * writers


async def test_entries_are_numbered_in_the_order_of_their_commits(url: str) -> None:
    """STORE-8: whoever has drawn a number holds up all others until it is committed: no reader can pass it by."""
    async with open_database(url) as database, open_database(url) as other:

        async def overtake() -> None:
            async with other.writing() as unit:
                unit.announce([change("second")])

        async with asyncio.TaskGroup() as group, database.writing() as unit:
            unit.announce([change("first")])
            await unit.publish()
            unit.announced.clear()
            overtaking = group.create_task(overtake())
            await asyncio.wait([overtaking], timeout=0.3)
            assert not overtaking.done()
            assert await SqlStore(database).feed.after(0) == []
        assert [entry.event for entry in await SqlStore(database).feed.after(0)] == ["first", "second"]


async def test_the_audit_log_is_read_newest_first(store: SqlStore) -> None:
    run = await running(store)
    entries = [
        AuditEntry(at=later(n), person_id="ada", action=f"a{n}", subject=f"s{n % 2}", details={"n": n})
        for n in range(5)
    ]
    assert await store.executions.record(run, Batch(audit=tuple(entries)))
    assert await store.feed.audit() == entries[::-1]
    assert await store.feed.audit(subject="s1") == [entries[3], entries[1]]
    assert await store.feed.audit(limit=2) == entries[:2:-1]


async def test_a_bell_that_fails_does_not_undo_the_commit(url: str) -> None:
    def broken(changes: object) -> None:
        raise RuntimeError("the bell is broken")

    async with open_store(url, on_change=broken) as store:
        run = execution(created_at=NOON)
        with pytest.raises(RuntimeError, match="bell"):
            await store.executions.add(run, Batch(changes=(change(),)))
        assert await store.executions.get(run.id) == run
