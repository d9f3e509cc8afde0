"""Whoever changes the audit log in the file itself, past its triggers, is found, and the place is named."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.audit import Broken, Whole, verify
from runner.model import NO_HASH, AuditEntry
from runner.ports import Batch
from storage.store import open_store
from tests.storage.making import execution, later

ENTRIES = 8
TEXTS = ("person_id", "action", "subject", "details", "prev_hash", "hash")
COLUMNS = ("seq", "at", *TEXTS)
FENCES = ("audit_follows", "audit_unchanged", "audit_kept", "audit_head_kept")

Row: TypeAlias = dict[str, Any]
places = st.integers(1, ENTRIES)
anything = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.binary(max_size=6),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A file with a log of eight entries and no triggers that guard it."""
    path = Path(shutil.copy(migrated_file, tmp_path_factory.mktemp("log")))
    entries = [
        AuditEntry(at=later(number), person_id="ada", action="a.b", subject=f"s{number}", details={"n": number})
        for number in range(1, ENTRIES + 1)
    ]

    async def fill() -> None:
        async with open_store(path) as store:
            await store.executions.add(execution(), Batch(audit=tuple(entries)))

    asyncio.run(fill())
    with closing(sqlite3.connect(path)) as raw:
        for name in FENCES:
            raw.execute(f"DROP TRIGGER {name}")
        raw.commit()
    return path


@contextmanager
def copied(log: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """Give a copy and a connection to it; what is done is committed at the end."""
    path = Path(shutil.copy(log, log.with_name("copy.db")))
    try:
        with closing(sqlite3.connect(path)) as raw:
            raw.row_factory = sqlite3.Row
            yield path, raw
    finally:
        for leftover in log.parent.glob("copy.db*"):
            leftover.unlink()


def judged(log: Path, tamper: Callable[[sqlite3.Connection], None], noted: str = "") -> Whole | Broken:
    """Tamper with a copy of the log and verify it."""

    async def look(path: Path) -> Whole | Broken:
        async with open_store(path, read_only=True) as store:
            return await verify(store.feed, noted=noted)

    with copied(log) as (path, raw):
        tamper(raw)
        raw.commit()
        return asyncio.run(look(path))


def rows(raw: sqlite3.Connection) -> list[Row]:
    return [dict(row) for row in raw.execute("SELECT * FROM audit ORDER BY seq")]


def put(raw: sqlite3.Connection, row: Row) -> None:
    """Write a whole row, in place of the one with its number if there is one."""
    marks = ", ".join(f":{name}" for name in COLUMNS)
    raw.execute(f"INSERT OR REPLACE INTO audit ({', '.join(COLUMNS)}) VALUES ({marks})", row)


def sealed(row: Row) -> Row:
    """Compute the hash of a row by the documents: what somebody would do who read them."""
    content = ["signoff-audit-1", row["seq"], row["prev_hash"], row["at"], row["person_id"], row["action"]]
    line = json.dumps([*content, row["subject"], json.loads(row["details"])], sort_keys=True, separators=(",", ":"))
    return row | {"hash": hashlib.sha256(line.encode()).hexdigest()}


def rewrite(raw: sqlite3.Connection, first: int) -> None:
    """Seal all entries anew from this one on, and the head."""
    for number in range(first, ENTRIES + 1):
        before = rows(raw)
        prev_hash = before[number - 2]["hash"] if number > 1 else NO_HASH
        put(raw, sealed(before[number - 1] | {"prev_hash": prev_hash}))
    set_head(raw)


def set_head(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1)")


def test_the_untouched_log_is_whole(log: Path) -> None:
    assert isinstance(judged(log, lambda raw: None), Whole)


@settings(max_examples=120, deadline=None)
@given(place=places, column=st.sampled_from(("at", *TEXTS)), new=anything)
def test_any_altered_field_is_found_where_it_is(log: Path, place: int, column: str, new: Any) -> None:
    """AUD-4: also where the new value is no time, no JSON and no text."""
    changed = []

    def alter(raw: sqlite3.Connection) -> None:
        before = raw.execute(f"SELECT {column}, typeof({column}) FROM audit WHERE seq = ?", (place,)).fetchone()
        raw.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (new, place))
        after = raw.execute(f"SELECT {column}, typeof({column}) FROM audit WHERE seq = ?", (place,)).fetchone()
        changed.append(tuple(before) != tuple(after))

    found = judged(log, alter)
    if changed[0]:
        assert isinstance(found, Broken)
        assert found.seq == place
        assert f"ntry {place} was altered" in found.what


@pytest.mark.parametrize("column", TEXTS)
@pytest.mark.parametrize("new", ["CAST(x'ff00fe' AS TEXT)", "CAST({} || ' ' AS TEXT)", "upper({}) || char(0)"])
def test_text_that_is_none_is_found(log: Path, column: str, new: str) -> None:
    """AUD-4: bytes that no reader of text accepts do not stop the search."""
    found = judged(log, lambda raw: _run(raw, f"UPDATE audit SET {column} = {new.format(column)} WHERE seq = 3"))
    assert isinstance(found, Broken)
    assert found.seq == 3


def test_details_that_mean_the_same_in_other_letters_are_found(log: Path) -> None:
    """AUD-4: it is the stored letters that are proven."""
    found = judged(log, lambda raw: _run(raw, """UPDATE audit SET details = '{"n": 5}' WHERE seq = 5"""))
    assert found == Broken(seq=5, what="Entry 5 was altered: its hash does not fit its content.")


@settings(max_examples=30, deadline=None)
@given(place=places, new=st.integers(-(2**62), 2**62))
def test_any_changed_number_is_found(log: Path, place: int, new: int) -> None:
    """AUD-4: an entry that was given another number is missing at its own, or one too many before the first."""

    def renumber(raw: sqlite3.Connection) -> None:
        raw.execute("UPDATE OR REPLACE audit SET seq = ? WHERE seq = ?", (new, place))

    found = judged(log, renumber)
    if new == place:
        assert isinstance(found, Whole)
    else:
        assert isinstance(found, Broken)
        assert found.seq == min(place, new)


@settings(max_examples=40, deadline=None)
@given(place=places, more=st.integers(0, ENTRIES))
def test_any_removed_entry_is_found_where_it_was(log: Path, place: int, more: int) -> None:
    """AUD-4: one or several, the first and the last included."""
    last = min(ENTRIES, place + more)
    found = judged(log, lambda raw: _run(raw, f"DELETE FROM audit WHERE seq BETWEEN {place} AND {last}"))
    assert isinstance(found, Broken)
    assert found.seq == place
    assert "missing" in found.what


@settings(max_examples=40, deadline=None)
@given(place=st.integers(1, ENTRIES + 1), resealed=st.booleans())
def test_any_inserted_entry_is_found_where_it_is(log: Path, place: int, resealed: bool) -> None:
    """AUD-4: the entries behind it are renumbered, and it may carry hashes that fit."""

    def insert(raw: sqlite3.Connection) -> None:
        before = rows(raw)
        for row in reversed(before[place - 1 :]):
            raw.execute("UPDATE audit SET seq = seq + 1 WHERE seq = ?", (row["seq"],))
        prev_hash = before[place - 2]["hash"] if place > 1 else NO_HASH
        forged = before[0] | {"seq": place, "subject": "forged", "prev_hash": prev_hash}
        put(raw, sealed(forged) if resealed else forged)

    found = judged(log, insert)
    assert isinstance(found, Broken)
    if not resealed:
        assert found.seq == place
    else:  # it fits; what follows it does not
        assert found.seq == place + (place <= ENTRIES)


@settings(max_examples=40, deadline=None)
@given(pair=st.lists(places, min_size=2, max_size=2, unique=True), whole=st.booleans())
def test_any_two_swapped_entries_are_found_at_the_first(log: Path, pair: list[int], whole: bool) -> None:
    """AUD-4: with their hashes, or with the content alone."""
    names = TEXTS if whole else TEXTS[:4]

    def swap(raw: sqlite3.Connection) -> None:
        one, other = (rows(raw)[place - 1] for place in pair)
        put(raw, one | {name: other[name] for name in ("at", *names)})
        put(raw, other | {name: one[name] for name in ("at", *names)})

    found = judged(log, swap)
    assert isinstance(found, Broken)
    assert found.seq == min(pair)


@settings(max_examples=20, deadline=None)
@given(place=places)
def test_an_entry_with_a_hash_that_fits_is_found_by_the_next_one(log: Path, place: int) -> None:
    """AUD-4: the last one by the head."""

    def forge(raw: sqlite3.Connection) -> None:
        put(raw, sealed(rows(raw)[place - 1] | {"person_id": "eve"}))

    found = judged(log, forge)
    assert isinstance(found, Broken)
    assert found.seq == min(place + 1, ENTRIES)
    assert ("does not follow" if place < ENTRIES else "head does not match") in found.what


def test_a_head_that_was_removed_or_set_back_is_found(log: Path) -> None:
    """AUD-4: and one that tells of more than there is."""
    for sql, seq, what in (
        ("DELETE FROM audit_head", ENTRIES, "removed"),
        ("UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)", 6, "entry 5 as the newest"),
        ("UPDATE audit_head SET seq = seq + 2", ENTRIES + 1, "Entries 9 to 10 are missing at the end"),
    ):
        found = judged(log, lambda raw, sql=sql: _run(raw, sql))  # type: ignore[misc]  # a default binds the loop's value
        assert isinstance(found, Broken)
        assert (found.seq, what in found.what) == (seq, True)


@settings(max_examples=20, deadline=None)
@given(place=places)
def test_an_end_written_anew_is_found_by_a_noted_hash_and_by_nothing_else(log: Path, place: int) -> None:
    """AUD-5: this is what a chain without a key cannot see by itself."""
    with closing(sqlite3.connect(log)) as raw:
        noted = dict(raw.execute("SELECT seq, hash FROM audit").fetchall())

    def forge(raw: sqlite3.Connection) -> None:
        raw.execute("UPDATE audit SET person_id = 'eve' WHERE seq = ?", (place,))
        rewrite(raw, place)

    assert isinstance(judged(log, forge), Whole)
    assert isinstance(judged(log, forge, noted[ENTRIES]), Broken)
    assert isinstance(judged(log, forge, noted[place]), Broken)
    if place > 1:
        assert isinstance(judged(log, forge, noted[place - 1]), Whole)


@settings(max_examples=10, deadline=None)
@given(kept=st.integers(0, ENTRIES - 1))
def test_an_end_cut_off_with_the_head_is_found_by_a_noted_hash(log: Path, kept: int) -> None:
    """AUD-5: down to a log that claims to be empty."""
    with closing(sqlite3.connect(log)) as raw:
        (noted,) = raw.execute("SELECT hash FROM audit_head").fetchone()

    def cut(raw: sqlite3.Connection) -> None:
        raw.execute("DELETE FROM audit WHERE seq > ?", (kept,))
        raw.execute("UPDATE audit_head SET seq = 0, hash = ?", (NO_HASH,))
        if kept:
            set_head(raw)

    assert isinstance(judged(log, cut), Whole)
    assert isinstance(judged(log, cut, noted), Broken)


def _run(raw: sqlite3.Connection, statement: str) -> None:
    raw.execute(statement)
