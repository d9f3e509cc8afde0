"""What people say is found by where they said it, and can be changed until it is handed over."""

from __future__ import annotations

from dataclasses import replace

from runner.model import Attached, Image
from runner.ports import Batch
from storage.store import SqlStore
from tests.storage.making import NOON, NOTHING, change, execution, later, message


async def test_a_message_keeps_its_files_and_is_found_by_its_source(store: SqlStore) -> None:
    await store.executions.add(run := execution(), NOTHING)
    files = (Attached(name="a.txt", size=3, path="/srv/a.txt"), Attached(name="b", trouble="it is too large"))
    said = message(run.id, "look", files=files, source="slack:C1:5.0")
    await store.executions.say(said, NOTHING)
    await store.executions.say(message(run.id, "and?"), NOTHING)
    assert await store.executions.said("slack:C1:5.0") == said
    assert await store.executions.said("slack:C1:6.0") is None


async def test_a_message_is_reworded_or_withdrawn_until_it_is_handed_over(store: SqlStore) -> None:
    """STORE-19: of two who come at once, one wins: what is handed over is what is stored, for good."""
    await store.executions.add(run := execution(), NOTHING)
    picture = Image(media_type="image/png", data=b"x")
    first, second, third = (message(run.id, text, images=(picture,)) for text in ("first", "second", "third"))
    for one in (first, second, third):
        await store.executions.say(one, NOTHING)
    before = await store.feed.newest()
    assert await store.executions.reword(first, "better", Batch(changes=(change(),)))
    assert await store.executions.reword(second, None, NOTHING)
    handed = await store.executions.hand(first, NOON)
    assert handed == replace(first, text="better", handed_at=NOON)
    assert await store.executions.hand(second, NOON) is None
    assert not await store.executions.reword(first, "worse", Batch(changes=(change(),)))
    assert not await store.executions.reword(first, None, Batch(changes=(change(),)))
    assert not await store.executions.reword(second, "again", NOTHING), "what is withdrawn stays so"
    assert await store.executions.hand(first, later(60)) == handed, "another attempt is told the same"
    assert await store.executions.messages(run.id) == [handed, third]
    assert await store.feed.newest() == before + 1, "what was not done is not told"
