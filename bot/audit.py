"""`signoff audit`: whether the audit log is whole, and the log as JSON lines."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from runner.audit import BEFORE_ALL, Broken, Whole, verify
from runner.model import AuditRecord
from runner.ports import Store

_PAGE = 500  # entries held at once
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def verdict(store: Store, noted: str) -> tuple[str, int]:
    """Verify the log; return what to say and the exit status."""
    match await verify(store.feed, noted=noted):
        case Whole(entries=entries, head=head, noted_at=noted_at):
            said = f"The audit log is whole: {_count(entries)}, head {head}\n"
            if noted_at is not None:
                said += f"The noted hash is that of entry {noted_at}; {_count(entries - noted_at)} since.\n"
            return said, 0
        case Broken(seq=seq, what=what):
            return f"The audit log is BROKEN at entry {seq}: {what}\n", 1


async def lines(store: Store, since: datetime | None = None) -> AsyncIterator[str]:
    """Yield the log as JSON lines, from the first entry at or after `since` on; a page is held at a time.

    Everything after that first entry follows, so that the lines are one unbroken piece of the chain.
    """
    names: dict[str, str | None] = {}
    first = None if since is None else _microseconds(since)
    after = BEFORE_ALL
    while page := await store.feed.audit_chain(after, limit=_PAGE):
        after = page[-1].seq
        for record in page:
            if first is not None and record.at < first:
                continue
            first = None
            if record.person_id not in names:
                person = await store.people.person(record.person_id)
                names[record.person_id] = None if person is None else person.name
            yield json.dumps(_object(record, names[record.person_id])) + "\n"


@contextmanager
def opened(output: Path | None, otherwise: TextIO) -> Iterator[TextIO]:
    """Give a file that is there only when it is complete, readable by its owner alone; without one, `otherwise`."""
    if output is None:
        try:
            yield otherwise
            otherwise.flush()
        except BrokenPipeError:  # the reader has seen enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), otherwise.fileno())  # Python flushes once more at its end
        return
    part = output.with_name(f".{output.name}.part")
    try:
        part.touch(mode=0o600)
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _object(record: AuditRecord, name: str | None) -> dict[str, Any]:
    return {
        "seq": record.seq,
        "at": _iso(record.at),
        "person": name,
        "person_id": record.person_id,
        "action": record.action,
        "subject": record.subject,
        "details": _details(record.details),
        "prev_hash": record.prev_hash,
        "hash": record.hash,
    }


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _iso(at: int) -> str:
    """Write a time; where somebody has put something else in its place, write that."""
    try:
        return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")
    except OverflowError:
        return str(at)


def _details(text: str) -> object:
    """Read details; where somebody has put something else in their place, return it as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"
