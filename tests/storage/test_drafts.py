"""What is begun in a chat is there after a restart, for who began it, until it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from runner.model import Draft
from storage.store import SqlStore
from tests.storage.making import NOON

BEGUN = Draft(
    id="d1",
    messenger="telegram",
    channel="-100",
    identity="7",
    kind="form",
    content={"at": 1, "said": "a \x00"},
    created_at=NOON,
    changed_at=NOON,
)


async def test_a_draft_is_found_by_its_id_and_by_who_writes_it(store: SqlStore) -> None:
    """STORE-20: also after a restart, and only by its own messenger and channel."""
    await store.drafts.save(BEGUN)
    later = replace(BEGUN, id="d2", changed_at=NOON + timedelta(seconds=1))
    await store.drafts.save(later)
    assert await store.drafts.get("d1") == BEGUN
    assert await store.drafts.newest("telegram", "-100", "7", "form", "said") == later
    assert await store.drafts.newest("telegram", "-100", "8", "form") is None
    assert await store.drafts.newest("telegram", "-100", "7", "said") is None
    again = replace(BEGUN, content={"at": 2}, changed_at=NOON + timedelta(seconds=2))
    await store.drafts.save(again)
    assert await store.drafts.newest("telegram", "-100", "7", "form") == again


async def test_a_draft_is_ended_once_and_what_is_left_of_it_can_be_found(store: SqlStore) -> None:
    """STORE-20: who ends it second hears that."""
    left = replace(BEGUN, kind="ended", content={"by": "81"})
    assert not await store.drafts.end(left)
    await store.drafts.save(BEGUN)
    assert await store.drafts.end(left)
    assert not await store.drafts.end(left)
    assert await store.drafts.newest("telegram", "-100", "7", "ended") == left
    assert await store.drafts.newest("telegram", "-100", "7", "form") is None


async def test_a_draft_is_carried_out_by_whoever_removes_it(store: SqlStore) -> None:
    """STORE-20: a press that comes twice finds nothing the second time."""
    await store.drafts.save(BEGUN)
    assert await store.drafts.remove("d1")
    assert not await store.drafts.remove("d1")
    await store.drafts.save(BEGUN)
    await store.drafts.forget(NOON)
    assert await store.drafts.get("d1") == BEGUN
    await store.drafts.forget(NOON + timedelta(microseconds=1))
    assert await store.drafts.get("d1") is None
