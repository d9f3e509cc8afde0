"""The audit log: one chain, written with what it tells of, and nothing changed in it goes unseen."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runner.audit import Broken, Whole, verify
from runner.errors import StorageError
from runner.model import NO_HASH, AuditEntry, State
from runner.ports import Batch
from storage import tables
from storage.database import Database, open_database
from storage.store import SqlStore, open_store
from tests.storage.making import NOON, execution, later, running

HOSTILE: Sequence[Any] = (
    "",
    'a quote " and a \\ and a\nline',
    "Jörg \u202e 日本 \U0001f600",
    "half \ud83d, NUL \x00",
    {"nested": [1, 2.5, 1e300, -0.0, True, None, float("nan"), {"é": "\ud800\x00"}], "10": 1, "9": 2},
)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as opened:
        yield opened


def entry(number: int = 0, **fields: Any) -> AuditEntry:
    known: dict[str, Any] = {"person_id": "ada", "action": "task.created", "subject": f"s{number}"}
    return AuditEntry(at=later(number), **known | {"details": {"n": number}} | fields)


async def write(store: SqlStore, *entries: AuditEntry) -> None:
    await store.executions.add(execution(), Batch(audit=entries))


async def test_the_empty_log_is_whole(store: SqlStore) -> None:
    assert await verify(store.feed) == Whole(entries=0, head=NO_HASH)
    assert await store.feed.audit_head() == (0, NO_HASH)


async def test_each_entry_follows_the_newest_one(store: SqlStore) -> None:
    """AUD-2: within one batch and over several."""
    await write(store, entry(1), entry(2))
    await write(store, entry(3))
    records = await store.feed.audit_chain(0)
    assert [record.seq for record in records] == [1, 2, 3]
    assert [record.prev_hash for record in records] == [NO_HASH, *(record.hash for record in records[:-1])]
    assert await store.feed.audit_head() == (3, records[-1].hash)
    assert await verify(store.feed) == Whole(entries=3, head=records[-1].hash)


async def test_the_hash_is_what_the_documents_say(store: SqlStore) -> None:
    """AUD-6: format 1 stays as it is, or what was noted and exported earlier could not be verified any more."""
    await write(
        store, AuditEntry(at=NOON, person_id="ada", action="a.b", subject="s", details={"z": "é", "a": [1.5, None]})
    )
    line = f'["signoff-audit-1",1,"{NO_HASH}",1795262400123456,"ada","a.b","s",{{"a":[1.5,null],"z":"\\u00e9"}}]'
    (record,) = await store.feed.audit_chain(0)
    assert record.hash == hashlib.sha256(line.encode()).hexdigest()


async def test_whatever_people_and_agents_print_can_be_logged_and_proven(store: SqlStore) -> None:
    texts = [thing for thing in HOSTILE if isinstance(thing, str)]
    await write(store, *(entry(person_id=text, action=text, subject=text, details={"x": text}) for text in texts))
    await write(store, entry(details=HOSTILE[-1]))
    assert await verify(store.feed) == Whole(entries=len(HOSTILE), head=(await store.feed.audit_chain(4))[0].hash)
    read = await store.feed.audit(limit=1)
    assert read[0].details["nested"][:4] == [1, 2.5, 1e300, -0.0]


async def test_a_log_is_paged_by_its_numbers(store: SqlStore) -> None:
    await write(store, *(entry(number) for number in range(5)))
    assert [record.seq for record in await store.feed.audit_chain(1, limit=2)] == [2, 3]
    assert await store.feed.audit_chain(5) == []


async def test_nothing_is_logged_of_a_change_that_did_not_happen(store: SqlStore) -> None:
    """AUD-1: neither a lost race nor an error leaves an entry or a gap."""
    run = await running(store)
    await write(store, entry(1))
    gone = replace(run, epoch=run.epoch - 1)
    assert not await store.executions.transition(gone, replace(gone, state=State.STOPPED), Batch(audit=(entry(2),)))
    with pytest.raises(IntegrityError):
        await store.executions.add(run, Batch(audit=(entry(3),)))
    await write(store, entry(4))
    assert [record.subject for record in await store.feed.audit_chain(0)] == ["s1", "s4"]
    assert isinstance(await verify(store.feed), Whole)


async def test_nothing_happens_of_a_change_that_cannot_be_logged(store: SqlStore) -> None:
    """AUD-1: an entry that is refused takes its change with it."""
    run = execution()
    with pytest.raises(TypeError, match="cannot be stored"):
        await store.executions.add(run, Batch(audit=(entry(details={"x": object()}),)))
    assert await store.executions.get(run.id) is None


async def test_many_writers_make_one_chain(store: SqlStore, url: str) -> None:
    """AUD-2: two processes' worth of writers, most of them at the same moment."""
    writers = 30
    async with open_store(url) as other, asyncio.timeout(30), asyncio.TaskGroup() as group:
        for number in range(writers):
            group.create_task(write(store if number % 2 else other, entry(2 * number), entry(2 * number + 1)))
    assert isinstance(found := await verify(store.feed), Whole)
    assert found.entries == 2 * writers
    subjects = [record.subject for record in await store.feed.audit_chain(0)]
    assert sorted(subjects) == sorted(f"s{number}" for number in range(2 * writers))
    assert [(int(a[1:]), int(b[1:]) - int(a[1:])) for a, b in zip(subjects[::2], subjects[1::2], strict=True)] == [
        (int(a[1:]), 1) for a in subjects[::2]
    ]


async def test_a_slow_writer_holds_up_the_next_until_its_entry_counts(database: Database, url: str) -> None:
    """AUD-2: else both would follow the same entry."""
    async with open_database(url) as other:

        async def overtake() -> None:
            async with other.writing() as unit:
                unit.note([entry(2)])

        async with asyncio.TaskGroup() as group, database.writing() as unit:
            unit.note([entry(1)])
            await unit.publish()
            unit.noted.clear()
            overtaking = group.create_task(overtake())
            await asyncio.wait([overtaking], timeout=0.3)
            assert not overtaking.done()
        assert isinstance(await verify(SqlStore(database).feed), Whole)
        assert [record.subject for record in await SqlStore(database).feed.audit_chain(0)] == ["s1", "s2"]


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(tables.audit).values(subject="another"),
        sa.update(tables.audit).values(hash=tables.audit.c.hash),
        sa.delete(tables.audit),
        sa.delete(tables.audit_head),
    ],
    ids=["altered", "touched", "removed", "head"],
)
async def test_the_database_refuses_to_change_the_log(database: Database, statement: sa.Executable) -> None:
    """AUD-3: on both databases."""
    store = SqlStore(database)
    await write(store, entry())
    before = await store.feed.audit_chain(0)
    with pytest.raises(IntegrityError, match="only grows"):
        async with database.writing() as unit:
            await unit.execute(statement)
    assert await store.feed.audit_chain(0) == before


async def test_postgresql_refuses_to_empty_the_log(postgres_url: str) -> None:
    """AUD-3: TRUNCATE fires no trigger of rows."""
    async with open_database(postgres_url) as database:
        for name in ("audit", "audit_head"):
            with pytest.raises(IntegrityError, match="only grows"):
                async with database.writing() as unit:
                    await unit.execute(sa.text(f"TRUNCATE {name}"))


@pytest.mark.parametrize("fields", [{"seq": 3}, {"seq": 1}, {"prev_hash": NO_HASH}], ids=["gap", "twice", "fork"])
async def test_the_database_refuses_an_entry_that_does_not_follow(database: Database, fields: dict[str, Any]) -> None:
    """AUD-3: a chain cannot fork, whatever program writes."""
    store = SqlStore(database)
    await write(store, entry())
    (newest,) = await store.feed.audit_chain(0)
    row = {"seq": 2, "at": NOON, "person_id": "x", "action": "x", "subject": "x", "details": "{}", "hash": "0" * 64}
    with pytest.raises(IntegrityError):
        async with database.writing() as unit:
            await unit.insert(tables.audit, [row | {"prev_hash": newest.hash} | fields])
    assert await verify(store.feed) == Whole(entries=1, head=newest.hash)


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER audit_head_kept; DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 1",
        "CREATE TRIGGER strange BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'x'); END",
    ],
    ids=["no head", "another head", "refused"],
)
async def test_what_cannot_be_logged_is_not_done(sqlite_path: Path, damage: str) -> None:
    """AUD-8: and it is said why, rather than taken for a lost race."""
    async with open_store(sqlite_path) as store:
        run = await running(store)
        await write(store, entry(1), entry(2))
        with sqlite3.connect(sqlite_path) as raw:
            raw.executescript(damage)
        raw.close()
        with pytest.raises(StorageError, match="audit log was changed"):
            await store.executions.transition(
                run, replace(run, state=State.STOPPED, phase=None), Batch(audit=(entry(),))
            )
        assert await store.executions.get(run.id) == run
        assert await store.executions.transition(run, replace(run, title="unaudited"), Batch())


async def test_a_store_that_is_read_beside_a_daemon_cannot_be_written(store: SqlStore, url: str) -> None:
    """AUD-7: on both databases."""
    await write(store, entry())
    async with open_store(url, read_only=True) as reader:
        assert await verify(reader.feed) == await verify(store.feed)
        with pytest.raises(Exception, match=r"read-only|readonly|cannot be written"):
            await write(reader, entry())
        await write(store, entry())
        assert await verify(reader.feed) == await verify(store.feed)


async def test_reading_makes_no_database(tmp_path: Path) -> None:
    """AUD-7: nor does it give an empty file a schema."""
    path = tmp_path / "signoff.db"
    with pytest.raises(StorageError, match="There is no database"):
        async with open_store(path, read_only=True):
            pass
    assert list(tmp_path.iterdir()) == []
    path.touch()
    with pytest.raises(StorageError, match="is empty"):
        async with open_store(path, read_only=True):
            pass
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    raw.close()


async def test_reading_makes_no_schema_on_a_server(postgres_url: str) -> None:
    """AUD-7: a database that was just created stays as it is."""
    import psycopg

    empty = postgres_url.replace("/signoff?", "/nothing?")
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("CREATE DATABASE nothing")
        try:
            with pytest.raises(StorageError, match="is empty"):
                async with open_store(empty, read_only=True):
                    pass
            with psycopg.connect(empty) as connection:
                found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
            assert found == (0,)
        finally:
            server.execute("DROP DATABASE nothing")


async def test_the_log_is_followed_to_its_end_while_others_write(store: SqlStore) -> None:
    """AUD-7: what came after the last page was read is no broken head."""
    await write(store, entry(1))

    class Late:
        """A feed to which an entry is added at the worst moment, twice."""

        left = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(store.feed, name)

        async def audit_head(self) -> tuple[int, str] | None:
            if self.left:
                self.left -= 1
                await write(store, entry())
            return await store.feed.audit_head()

    assert isinstance(found := await verify(Late()), Whole)
    assert found.entries == 3


async def test_a_noted_hash_is_found_again(store: SqlStore) -> None:
    """AUD-5: the hash of any entry, and that of the empty log."""
    for number in range(1, 4):
        await write(store, entry(number))
    for record in await store.feed.audit_chain(0):
        assert (await verify(store.feed, noted=record.hash)) == Whole(
            entries=3, head=(await store.feed.audit_chain(2))[0].hash, noted_at=record.seq
        )
    assert isinstance(found := await verify(store.feed, noted=NO_HASH), Whole)
    assert found.noted_at == 0
    assert isinstance(await verify(store.feed, noted="f" * 64), Broken)


async def test_details_are_kept_as_one_canonical_text(sqlite_path: Path) -> None:
    """The text itself is hashed, so that no second text means the same."""
    async with open_store(sqlite_path) as store:
        await write(store, entry(details={"b": 1, "a": {"y": [], "x": "ü"}}))
        (record,) = await store.feed.audit_chain(0)
    assert record.details == '{"a":{"x":"\\u00fc","y":[]},"b":1}'
    assert json.loads(record.details) == {"b": 1, "a": {"y": [], "x": "ü"}}
