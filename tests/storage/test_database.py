"""Opening, locking and closing databases; what goes wrong is told in words and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from runner.errors import DatabaseInUse, StorageError
from runner.ports import Batch, ExecutionQuery
from storage import failures, tables
from storage.claims import claim
from storage.database import open_database, parse_url, uninterrupted
from storage.store import SqlStore, open_store
from tests.storage.making import NOON, NOTHING, change, execution


async def refuses(path: Path | str, match: str, *, lock: bool = False) -> StorageError:
    with pytest.raises(StorageError, match=match) as raised:
        async with open_store(path, lock=lock):
            pass
    assert raised.value.hint
    return raised.value


async def test_a_new_file_gets_the_schema_and_keeps_what_is_written(tmp_path: Path) -> None:
    run = execution()
    async with open_store(tmp_path / "new.db") as store:
        await store.executions.add(run, NOTHING)
        assert store.url == str(tmp_path / "new.db")
    async with open_store(f"sqlite:///{tmp_path}/new.db") as store:
        assert await store.executions.get(run.id) == run
        await store.check()


async def test_two_that_create_the_same_file_at_once_agree(tmp_path: Path) -> None:
    async def add() -> None:
        async with open_store(tmp_path / "new.db") as store:
            await store.executions.add(execution(), NOTHING)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(add())
    async with open_store(tmp_path / "new.db") as store:
        assert len(await store.executions.find("0000")) <= 5
        await store.check()


async def test_no_thread_outlives_the_store_however_it_is_left(sqlite_path: Path) -> None:
    """The driver's threads are not daemonic: one that stays would keep the process from ending."""

    async def fail_while_it_is_busy() -> None:
        async with open_store(sqlite_path) as store, asyncio.TaskGroup() as group:
            for _ in range(9):
                group.create_task(store.feed.newest())
            await store.executions.add(execution(), NOTHING)
            assert drivers()
            raise RuntimeError("on purpose")

    with pytest.raises(ExceptionGroup, match="unhandled"):
        await fail_while_it_is_busy()
    for thread in drivers():
        thread.join(5)  # they were told to end
        assert not thread.is_alive()


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    """STORE-9: not one byte of it changes."""
    path = tmp_path / "notes.txt"
    path.write_text("precious notes " * 200)
    await refuses(path, "not a database")
    assert path.read_text() == "precious notes " * 200


async def test_a_damaged_database_is_left_as_it_is(sqlite_path: Path) -> None:
    """STORE-9: it may still be mended."""
    content = bytearray(sqlite_path.read_bytes())
    content[4096:20480] = b"\xff" * 16384
    sqlite_path.write_bytes(content)
    await refuses(sqlite_path, "damaged")
    assert sqlite_path.read_bytes() == content


async def test_damage_beyond_the_first_pages_is_found_by_a_check(sqlite_path: Path) -> None:
    async with open_store(sqlite_path) as store:
        for _ in range(50):
            await store.executions.add(execution(prompt="x" * 3000), NOTHING)
    content = bytearray(sqlite_path.read_bytes())
    content[-65536:] = os.urandom(65536)
    sqlite_path.write_bytes(content)
    async with open_store(sqlite_path) as store:
        with pytest.raises(StorageError, match="damaged"):
            await store.check()


async def test_a_database_of_a_newer_version_is_left_as_it_is(sqlite_path: Path) -> None:
    """STORE-9: an older Signoff would write nonsense into it."""
    with sqlite3.connect(sqlite_path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    error = await refuses(sqlite_path, "made by a newer Signoff .*9999")
    assert "Install that version" in error.hint
    assert [file.name for file in sqlite_path.parent.iterdir() if "upgrade" in file.name] == []


async def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE cookies (name TEXT)")
    raw.close()
    await refuses(tmp_path / "other.db", "another program")


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    error = await refuses(
        tmp_path / "not" / "there.db", f"folder {tmp_path}/not of the database does not exist", lock=True
    )
    assert f"mkdir -p {tmp_path}/not" in error.hint
    assert not (tmp_path / "not").exists()
    await refuses(tmp_path, "is a folder")


@pytest.mark.parametrize("url", ["mysql://root:secret@h/x", "sqlite://", "nonsense://", "postgresql://h:port/x"])
async def test_an_unusable_url_is_told_without_its_password(url: str) -> None:
    error = await refuses(url, "(?i)database")
    assert "secret" not in str(error)


async def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    error = await refuses(f"postgresql://ada:secret@/x?host={tmp_path}", "cannot be reached")
    assert "secret" not in str(error)


async def test_a_database_missing_on_the_server_is_told(postgres_url: str) -> None:
    await refuses(postgres_url.replace("/signoff", "/nothing"), "no such database|cannot be reached")


def drivers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]


HOLD = """
import asyncio, sys
from storage.store import open_store
async def main():
    async with open_store(sys.argv[1], lock=True):
        print("held", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def start(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)


async def test_one_daemon_a_file_and_the_other_is_named(sqlite_path: Path) -> None:
    """STORE-9: a file in use."""
    holder = start(HOLD, sqlite_path)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        error = await refuses(sqlite_path, f"in use by a Signoff daemon .process {holder.pid}.", lock=True)
        assert isinstance(error, DatabaseInUse)
        async with open_store(sqlite_path) as reader:
            assert await reader.feed.newest() == 0, "one-shot commands share the file"
    finally:
        holder.kill()
        holder.communicate()
    async with open_store(sqlite_path, lock=True):
        pass  # the system has freed the lock of the killed process


async def test_the_lock_is_free_again_after_closing(sqlite_path: Path) -> None:
    for _ in range(2):
        async with open_store(sqlite_path, lock=True):
            await refuses(sqlite_path, f"process {os.getpid()}", lock=True)


async def test_what_people_wrote_does_not_get_into_error_messages(store: SqlStore) -> None:
    await store.executions.add(run := execution(prompt="the password is tulip"), NOTHING)
    with pytest.raises(IntegrityError) as raised:
        await store.executions.add(run, NOTHING)
    assert "tulip" not in str(raised.value)


async def test_readers_cannot_write(sqlite_path: Path) -> None:
    async with open_database(sqlite_path) as database:
        with pytest.raises((OperationalError, StorageError), match=r"(?i)readonly|cannot be written"):
            await database.rows(sa.insert(tables.cursors).values(reader="x", seq=1).returning(tables.cursors.c.seq))


async def test_settings_of_every_connection_are_the_durable_ones(sqlite_path: Path) -> None:
    async with open_database(sqlite_path) as database, database.writing() as unit:
        values: dict[str, object] = {}
        for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
            values |= dict(await unit.row(sa.text(f"PRAGMA {pragma}")) or {})
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "timeout": 10_000}


async def test_a_full_disk_is_told_and_loses_nothing(sqlite_path: Path) -> None:
    """STORE-17: what was committed before can be read."""
    async with open_database(sqlite_path) as database:
        store = SqlStore(database)
        await store.executions.add(first := execution(), NOTHING)
        async with database.writing() as unit:
            pages = await unit.row(sa.text("PRAGMA page_count"))
            assert pages is not None
            await unit.execute(sa.text(f"PRAGMA max_page_count = {pages['page_count'] + 4}"))
        with pytest.raises(StorageError, match="the disk is full") as raised:
            await store.executions.add(execution(prompt="x" * 100_000), Batch(changes=(change(),)))
        assert "Everything committed before" in raised.value.hint
        assert await store.executions.get(first.id) == first
        assert await store.feed.newest() == 0
        async with database.writing() as unit:
            await unit.execute(sa.text("PRAGMA max_page_count = 1000000"))
        await store.executions.add(execution(prompt="x" * 100_000), NOTHING)
        await store.check()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_READONLY, "cannot be written"),
        (sqlite3.SQLITE_READONLY | 1 << 8, "cannot be written"),
        (sqlite3.SQLITE_IOERR | 3 << 8, "the disk reports"),
        (sqlite3.SQLITE_BUSY, "another program holds"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
    ],
)
def test_faults_of_the_disk_have_words(code: int, words: str) -> None:
    error = sqlite3.OperationalError("vendor text")
    error.sqlite_errorcode = code
    told = failures.explain(error, "/data/signoff.db")
    assert told is not None
    assert words in told.message
    assert "/data/signoff.db" in told.message


def test_faults_of_the_code_are_not_dressed_up() -> None:
    assert failures.explain(sqlite3.OperationalError("no such column"), "x") is None
    assert failures.explain(ValueError("x"), "x") is None


def test_a_url_is_read_in_every_common_form() -> None:
    assert parse_url("~/x.db").database == str(Path("~/x.db").expanduser())
    assert parse_url("postgres://u@h/d").drivername == "postgresql+psycopg"
    assert parse_url("postgresql+psycopg://u@h/d").drivername == "postgresql+psycopg"


async def test_what_has_begun_is_finished_before_a_cancellation_goes_on() -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("done")

    async with asyncio.TaskGroup() as group:
        caller = group.create_task(uninterrupted(work()))
        await begun.wait()
        for _ in range(3):
            caller.cancel()
            await asyncio.sleep(0)
        assert not caller.done()
        may_end.set()
    assert caller.cancelled()
    assert done == ["done"]


async def test_cancelling_anywhere_leaves_the_store_whole(store: SqlStore) -> None:
    """A write that is cancelled happens or does not; whoever comes next finds every connection in order."""
    chance = random.Random(7)
    written = []
    for _ in range(50):
        run = execution()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(chance.random() * 0.008):
                await store.executions.add(run, Batch(changes=(change(subject_id=run.id),)))
                written.append(run.id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(chance.random() * 0.003):
                await store.executions.list(ExecutionQuery())
    await store.executions.add(last := execution(), Batch(changes=(change(subject_id=last.id),)))
    told = [entry.subject_id for entry in await store.feed.after(0)]
    for whole_id in told:
        assert await store.executions.get(whole_id) is not None, "an entry without its execution"
    assert {*written, last.id} <= set(told)
    await store.check()


WRITE = """
import asyncio, sys
from tests.storage.making import NOTHING, execution
from storage.store import open_store
async def main():
    async with open_store(sys.argv[1], lock=True) as store:
        while True:
            await store.executions.add(run := execution(), NOTHING)
            print(run.id, flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
async def test_a_killed_writer_loses_nothing_it_acknowledged(sqlite_path: Path, acknowledged: int) -> None:
    """STORE-7: by `kill -9`, while it writes."""
    writer = start(WRITE, sqlite_path)
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(acknowledged)]
    writer.kill()
    told += [line.strip() for line in writer.communicate()[0].splitlines() if len(line.strip()) == 26]
    async with open_store(sqlite_path, lock=True) as store:
        await store.check()
        for whole_id in told:
            assert await store.executions.get(whole_id) is not None


async def test_a_claim_reads_only_indexes_of_live_work(sqlite_path: Path) -> None:
    """On SQLite a partial index is used only if the words of its condition are in the statement."""
    async with open_database(sqlite_path) as database, database.writing() as unit:
        statement = claim("w", NOON).compile(dialect=unit.connection.dialect, compile_kwargs={"literal_binds": True})
        rows = (await unit.execute(sa.text(f"EXPLAIN QUERY PLAN {statement}"))).mappings().all()
    steps = [row["detail"] for row in rows]
    for expected in (
        "SEARCH waiting USING INDEX executions_pending (state=?)",
        "SEARCH older USING INDEX executions_conversation_ix (conversation_id=? AND state=? AND id<?)",
        "SEARCH active USING INDEX executions_conversation_ix (conversation_id=? AND state=?)",
    ):
        assert expected in steps, steps
    assert not any("TEMP B-TREE" in step for step in steps), "sorting would read the whole queue"
