"""`signoff audit`: what it says, what it exports, and that anybody can check the export."""

from __future__ import annotations

import asyncio
import io
import json
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import audit, cli
from runner.audit import Broken, verify
from runner.model import AuditEntry, Person, Role, new_id
from runner.ports import Batch
from storage.store import SqlStore, open_store
from tests.house.tree import ROOT
from tests.storage import postgres
from tests.storage.making import execution

NOON = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
ADA = Person(id=new_id(), name="Ada Löwe", role=Role.ADMIN, created_at=NOON)
DOCUMENT = ROOT / "docs" / "audit.md"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'timezone = "Europe/Berlin"\n[storage]\ndirectory = "{tmp_path}"\n', "utf-8")
    return path


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """The store of the configuration, with a person and three entries, a day apart."""
    async with open_store(tmp_path / "signoff.db", lock=True) as opened:
        await fill(opened)
        yield opened


async def fill(store: SqlStore) -> None:
    await store.people.enrol(ADA, "terminal", "ada")
    for day in range(3):
        details = {"day": day, "text": "Größe \ud83d\x00", "n": [1.0, 2e-7, 10**20, None]}
        who = ADA.id if day else ""
        entry = AuditEntry(at=NOON + timedelta(days=day), person_id=who, action="a.b", subject="s", details=details)
        await store.executions.add(execution(), Batch(audit=(entry,)))


async def exported(store: SqlStore, since: datetime | None = None) -> list[str]:
    return [line async for line in audit.lines(store, since)]


def signoff(config: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", "audit", *argv, "--config", str(config)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def independent(lines: str) -> subprocess.CompletedProcess[str]:
    """Run the program of the documents, which knows nothing of Signoff."""
    command = [sys.executable, "-I", "-c", block("python")]
    return subprocess.run(command, input=lines, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["verify"], cli.AuditVerify()),
        (["verify", "--head", "A" * 64, "--config", "x"], cli.AuditVerify(head="a" * 64, config=Path("x"))),
        (["export"], cli.AuditExport()),
        (
            ["export", "--since", "2026-11-21", "--output", "f"],
            cli.AuditExport(since=datetime(2026, 11, 21), output=Path("f")),  # noqa: DTZ001 - the zone is configured
        ),
        (
            ["export", "--since", "2026-11-21T09:30+00:00"],
            cli.AuditExport(since=datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ),
    ],
)
def test_each_command_is_a_value(argv: list[str], expected: cli.Invocation) -> None:
    assert cli.read(["audit", *argv], io.StringIO()) == expected


@pytest.mark.parametrize("argv", [[], ["verify", "--head", "abc"], ["export", "--since", "soon"], ["shred"]])
def test_a_wrong_command_line_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.read(["audit", *argv], io.StringIO())
    assert left.value.code == 2
    assert "usage: signoff audit" in capsys.readouterr().err


async def test_a_whole_log_is_told_with_its_head_beside_a_daemon(store: SqlStore, config: Path) -> None:
    """AUD-7: the store is held by a daemon meanwhile."""
    records = await store.feed.audit_chain(0)
    done = await asyncio.to_thread(signoff, config, "verify", "--head", records[1].hash)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"The audit log is whole: 3 entries, head {records[2].hash}\n"
        "The noted hash is that of entry 2; 1 entry since.\n"
    )


async def test_a_broken_log_is_told_with_its_place_and_the_exit_status(
    store: SqlStore, config: Path, tmp_path: Path
) -> None:
    """AUD-4: the whole way, from the file to the exit status."""
    with closing(sqlite3.connect(tmp_path / "signoff.db")) as raw:
        raw.executescript("DROP TRIGGER audit_unchanged; UPDATE audit SET person_id = 'eve' WHERE seq = 2;")
    done = await asyncio.to_thread(signoff, config, "verify")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "The audit log is BROKEN at entry 2: Entry 2 was altered: its hash does not fit its content.\n"
    )


def test_without_a_database_it_is_said_so(config: Path, tmp_path: Path) -> None:
    done = signoff(config, "verify")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"There is no database {tmp_path / 'signoff.db'}." in done.stderr
    assert not (tmp_path / "signoff.db").exists()


async def test_an_export_has_one_object_an_entry(store: SqlStore) -> None:
    objects = [json.loads(line) for line in await exported(store)]
    record = (await store.feed.audit_chain(1))[0]
    assert list(objects[1]) == ["seq", "at", "person", "person_id", "action", "subject", "details", "prev_hash", "hash"]
    assert objects[1] == {
        "seq": 2,
        "at": "2026-11-22T12:00:00.000005+00:00",
        "person": "Ada Löwe",
        "person_id": ADA.id,
        "action": "a.b",
        "subject": "s",
        "details": {"day": 1, "text": "Größe \ud83d\x00", "n": [1.0, 2e-7, 10**20, None]},
        "prev_hash": record.prev_hash,
        "hash": record.hash,
    }
    assert objects[0]["person"] is None


async def test_an_export_is_verified_by_the_program_of_the_documents(store: SqlStore) -> None:
    """AUD-6: whole, in part, and not if a line was altered, removed, swapped."""
    lines = await exported(store)
    assert independent("".join(lines)).returncode == 0
    assert independent("".join(lines[1:])).returncode == 0
    altered = [lines[0], lines[1].replace('"day": 1', '"day": 2'), lines[2]]
    for forged in (altered, [lines[0], lines[2]], [lines[1], lines[0], lines[2]]):
        done = independent("".join(forged))
        assert done.returncode == 1
        assert "broken at entry" in done.stderr


async def test_an_export_of_postgresql_is_the_same_and_as_verifiable(store: SqlStore, postgres_url: str) -> None:
    """AUD-6: nothing of a hash depends on the database."""
    try:
        async with open_store(postgres_url) as other:
            await fill(other)
        async with open_store(postgres_url, read_only=True) as reader:
            lines = await exported(reader)
    finally:
        postgres.empty(postgres_url)
    assert lines == await exported(store)
    assert independent("".join(lines)).returncode == 0


def test_the_example_of_the_documents_is_true() -> None:
    """AUD-6: the program accepts it, and no other digit in it."""
    example = block("json")
    assert len(example.splitlines()) == 2
    assert independent(example).returncode == 0
    assert independent(example.replace("pytest -q", "pytest -x")).returncode == 1


@pytest.mark.parametrize(
    ("since", "first"),
    [
        (NOON, 1),
        (NOON + timedelta(microseconds=1), 2),
        (NOON + timedelta(days=2), 3),
        (NOON + timedelta(days=3), None),
    ],
)
async def test_an_export_begins_at_the_first_entry_of_a_time(
    store: SqlStore, since: datetime, first: int | None
) -> None:
    numbers = [json.loads(line)["seq"] for line in await exported(store, since)]
    assert numbers == ([] if first is None else list(range(first, 4)))


async def test_an_export_has_no_hole_where_a_clock_was_set_back(store: SqlStore) -> None:
    """AUD-6: what follows the first entry of a time follows in the export."""
    late = AuditEntry(at=NOON - timedelta(days=9), person_id=ADA.id, action="a.b", subject="s")
    await store.executions.add(execution(), Batch(audit=(late, replace(late, at=NOON + timedelta(days=9)))))
    assert len(await exported(store, NOON + timedelta(days=2))) == 3


async def test_a_day_begins_in_the_configured_zone(store: SqlStore, config: Path) -> None:
    early = AuditEntry(at=datetime(2026, 11, 24, 23, 0, tzinfo=UTC), person_id="", action="a.b", subject="midnight")
    await store.executions.add(execution(), Batch(audit=(replace(early, at=early.at - timedelta(seconds=1)), early)))
    done = await asyncio.to_thread(signoff, config, "export", "--since", "2026-11-25")
    assert [json.loads(line)["subject"] for line in done.stdout.splitlines()] == ["midnight"]


async def test_an_export_shows_what_somebody_has_put_in(store: SqlStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "signoff.db")) as raw:
        raw.executescript(f"DROP TRIGGER audit_unchanged; UPDATE audit SET details = '{{', at = {2**62} WHERE seq = 2;")
    shown = json.loads((await exported(store))[1])
    assert (shown["details"], shown["at"]) == ("{", str(2**62))


async def test_a_file_is_there_whole_or_not_at_all(store: SqlStore, config: Path, tmp_path: Path) -> None:
    target = tmp_path / "log.jsonl"
    target.write_text("the last export", "utf-8")
    with pytest.raises(ZeroDivisionError), audit.opened(target, sys.stdout) as file:
        file.write(f"half {1 / 0}")
    assert target.read_text("utf-8") == "the last export"
    done = await asyncio.to_thread(signoff, config, "export", "--output", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.read_text("utf-8") == "".join(await exported(store))
    assert target.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".log*"))


async def test_a_reader_that_has_seen_enough_is_no_error(store: SqlStore, config: Path) -> None:
    program = f"{sys.executable} -m bot audit export --config {config} | true; echo ${{PIPESTATUS[0]}}"
    done = await asyncio.to_thread(
        subprocess.run, ["bash", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.proof
@pytest.mark.timeout(300)
async def test_a_long_log_is_verified_and_exported_page_by_page(tmp_path: Path) -> None:
    """AUD-7: 100,000 entries of a kilobyte, and a process that stays small and answers what goes on beside it."""
    count = 100_000
    path = tmp_path / "signoff.db"
    details: dict[str, Any] = {"shown": {"command": "x" * 1000}}
    async with open_store(path) as store:
        for first in range(0, count, 5000):
            entries = (
                AuditEntry(
                    at=NOON + timedelta(seconds=first + n), person_id="", action="a.b", subject="s", details=details
                )
                for n in range(5000)
            )
            await store.executions.add(execution(), Batch(audit=tuple(entries)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = await verify(store.feed)
        assert not isinstance(found, Broken)
        assert found.entries == count
        lines = 0
        async for line in audit.lines(store):
            lines += 1
            assert len(line) > 1000
        assert lines == count
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB
    assert grown < 20_000
