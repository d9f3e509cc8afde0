"""Whether the audit log is whole: its chain of hashes followed from the first entry to the newest."""

from __future__ import annotations

from collections.abc import Iterable

from runner.model import NO_HASH, AuditRecord, value
from runner.ports import FeedStore

BEFORE_ALL = -(2**63)  # the least number a database can hold: an entry put in before the first is seen too
_PAGE = 1000


@value
class Whole:
    """Every entry is as it was written and follows the one before it."""

    entries: int
    head: str  # hash of the newest entry
    noted_at: int | None = None  # the entry whose hash was noted elsewhere, if one was given; 0 is the empty log


@value
class Broken:
    """The first place where the log is not as it was written. `what` is a sentence for people."""

    seq: int
    what: str


@value
class _Link:
    """How far the chain was followed."""

    seq: int = 0
    hash: str = NO_HASH
    noted_at: int | None = None


async def verify(feed: FeedStore, *, noted: str = "") -> Whole | Broken:
    """Follow the whole log, a page at a time, while others may write to it.

    `noted` is a hash that was the newest at some time and was kept where nobody who can change the database could
    change it: it must be in the chain. Without it, a log whose end was cut off or written anew, head included, looks
    whole.
    """
    link = _Link(noted_at=0 if noted == NO_HASH else None)
    after = BEFORE_ALL
    while True:
        while page := await feed.audit_chain(after, limit=_PAGE):
            followed = _follow(link, page, noted)
            if isinstance(followed, Broken):
                return followed
            link, after = followed, followed.seq
        head = await feed.audit_head()
        if head == (link.seq, link.hash):
            return _noted(link, noted)
        # The head may have moved on after the last page was read; then there is more to read now.
        if head is None or head[0] <= link.seq or not await feed.audit_chain(after, limit=1):
            return _wrong_head(link, head)


def _follow(link: _Link, page: Iterable[AuditRecord], noted: str) -> _Link | Broken:
    for record in page:
        if what := _break(link, record):
            return Broken(seq=min(record.seq, link.seq + 1), what=what)
        noted_at = record.seq if record.hash == noted else link.noted_at
        link = _Link(seq=record.seq, hash=record.hash, noted_at=noted_at)
    return link


def _break(link: _Link, record: AuditRecord) -> str:
    """Say what is wrong with an entry that should follow `link`; empty if nothing is."""
    expected = link.seq + 1
    if record.seq < expected:
        return f"Entry {record.seq} was inserted before the first one."
    if record.seq > expected:
        return f"{_entries(expected, record.seq - 1)} missing before entry {record.seq}."
    if record.proof != record.hash:
        return f"Entry {record.seq} was altered: its hash does not fit its content."
    if record.prev_hash != link.hash:
        return f"Entry {record.seq} does not follow entry {link.seq}: one of them was written anew."
    return ""


def _wrong_head(link: _Link, head: tuple[int, str] | None) -> Broken:
    if head is None:
        return Broken(seq=link.seq, what="The head, which tells the newest entry, was removed.")
    seq, _ = head
    if seq > link.seq:
        return Broken(seq=link.seq + 1, what=f"{_entries(link.seq + 1, seq)} missing at the end.")
    if seq < link.seq:
        return Broken(seq=seq + 1, what=f"The head does not match: it tells of entry {seq} as the newest.")
    return Broken(seq=seq, what=f"The head does not match: it has another hash for entry {seq}.")


def _noted(link: _Link, noted: str) -> Whole | Broken:
    if noted and link.noted_at is None:
        return Broken(
            seq=link.seq,
            what="No entry has the noted hash: the end that it belonged to was removed or written anew.",
        )
    return Whole(entries=link.seq, head=link.hash, noted_at=link.noted_at if noted else None)


def _entries(first: int, last: int) -> str:
    return f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
