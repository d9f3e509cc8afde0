"""Executions: what is written is read again, and everything that belongs to a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.model import (
    AgentOptions,
    Author,
    Goal,
    Image,
    Origin,
    Phase,
    Priority,
    Reason,
    Report,
    State,
    StepStatus,
    Trigger,
    Usage,
    new_id,
)
from runner.ports import Batch
from storage.store import SqlStore
from tests.storage.making import NOON, NOTHING, change, execution, finish, later, message, running, step

NASTY = "nul \x00, half a pair \ud83d, quotes \" ' `, \u202e, 😀, é"


async def test_an_execution_is_read_as_it_was_written(store: SqlStore) -> None:
    written = execution(
        title="Ünïcode 😀",
        variables={"a": "b"},
        project="shop",
        read_projects=("docs",),
        options=AgentOptions(agent="codex", mcp=("db",), plan=True),
        goal=Goal(sentence="green"),
        reports=("pdf",),
        trigger=Trigger.RETRY,
        retry_of=new_id(),
        origin=Origin(messenger="slack", channel="C1", thread="17.5"),
        priority=Priority.LOW,
        usage=Usage(turns=1, input_tokens=2**40, output_tokens=3, cost_usd=0.1),
        test_exit=1,
        discarded_at=later(1),
        interrupted=True,
    )
    await store.executions.add(written, NOTHING)
    assert await store.executions.get(written.id) == written
    assert await store.executions.get("nobody") is None


async def test_characters_that_no_database_holds_are_replaced_in_texts(store: SqlStore) -> None:
    await store.executions.add(run := execution(prompt=NASTY), NOTHING)
    found = await store.executions.get(run.id)
    assert found is not None
    assert found.prompt == NASTY.replace("\x00", "\ufffd").replace("\ud83d", "\ufffd")


async def test_the_input_of_a_step_is_kept_to_the_letter(store: SqlStore) -> None:
    """STORE-15: keys keep their order and strings every character: an approval holds for exactly what was shown."""
    run = await running(store)
    exact = {"z": NASTY, "a": {"y": [1, 2.5, None, True], "b": ""}}
    taken = step(run.id, input=exact)
    assert await store.executions.record(run, Batch(steps=(taken,)))
    (found,) = await store.executions.steps(run.id)
    assert found == taken
    assert list(found.input) == ["z", "a"]


async def test_steps_are_replaced_by_id_and_read_in_order(store: SqlStore) -> None:
    run = await running(store)
    taken = [step(run.id, title=f"{number}") for number in range(5)]
    assert await store.executions.record(run, Batch(steps=tuple(taken)))
    taken[1] = replace(taken[1], status=StepStatus.OK, output="done", finished_at=later(2))
    assert await store.executions.record(run, Batch(steps=(taken[1],)))
    assert await store.executions.steps(run.id) == taken
    assert await store.executions.steps(run.id, last=2) == taken[3:]


async def test_a_record_of_a_lost_claim_changes_nothing(store: SqlStore) -> None:
    run = await running(store)
    lost = replace(run, epoch=run.epoch - 1)
    assert not await store.executions.record(lost, Batch(steps=(step(run.id),), changes=(change(),)))
    assert await store.executions.steps(run.id) == []
    assert not await store.executions.record(execution(), NOTHING), "an execution that does not exist"


async def test_messages_keep_their_pictures_and_order(store: SqlStore) -> None:
    await store.executions.add(run := execution(), NOTHING)
    pictures = (Image(media_type="image/png", data=b"\x89PNG\x00"), Image(media_type="image/jpeg", data=b""))
    said = [message(run.id, "look", images=pictures), message(run.id, "and?"), message(run.id, author=Author.AGENT)]
    for one in said:
        await store.executions.say(one, NOTHING)
    assert await store.executions.messages(run.id) == said


async def test_undelivered_are_only_messages_of_people_that_the_agent_has_not_got(store: SqlStore) -> None:
    run = await running(store)
    old, new = message(run.id, "old"), message(run.id, "new")
    for one in (old, new, message(run.id, "agent", author=Author.AGENT), message(run.id, author=Author.SIGNOFF)):
        await store.executions.say(one, NOTHING)
    assert await store.executions.record(run, Batch(messages=(replace(old, delivered_at=NOON),)))
    assert await store.executions.messages(run.id, undelivered=True) == [new]


async def test_a_message_is_taken_as_long_as_an_agent_may_read_it(store: SqlStore) -> None:
    """STORE-22: from the moment on at which the last turn is over, nothing is written."""
    run = await running(store)
    for phase in (Phase.WORKING, Phase.CHECKING, Phase.REPORTING, Phase.WORKING):
        now = replace(run, phase=phase)
        assert await store.executions.transition(run, now, NOTHING)
        run, before = now, await store.feed.newest()
        taken = await store.executions.say(message(run.id, phase), Batch(changes=(change(),)))
        assert taken is run.listens
        assert (await store.feed.newest() > before) is taken
    run = await finish(store, run)
    assert await store.executions.say(message(run.id, "thanks"), NOTHING) is run.listens is False
    assert [said.text for said in await store.executions.messages(run.id)] == ["working", "working"]


async def test_an_execution_with_a_broken_batch_is_not_added(store: SqlStore) -> None:
    run = execution()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await store.executions.add(run, Batch(messages=(message("nobody"),), changes=(change(),)))
    assert await store.executions.get(run.id) is None
    assert await store.feed.newest() == 0


async def test_live_executions_are_those_running_or_waiting(store: SqlStore) -> None:
    mine = await running(store)
    await store.executions.add(execution(), NOTHING)
    theirs = await store.executions.claim("other", NOON)
    await finish(store, await running(store))
    assert theirs is not None
    assert [run.id for run in await store.executions.live()] == [mine.id, theirs.id]
    assert [run.id for run in await store.executions.live("worker")] == [mine.id]


async def test_counts_are_by_state(store: SqlStore) -> None:
    await running(store)
    await store.executions.add(execution(), NOTHING)
    await store.executions.add(execution(), NOTHING)
    assert await store.executions.count([State.PENDING]) == 2
    assert await store.executions.count([State.PENDING, State.RUNNING, State.WAITING]) == 3
    assert await store.executions.count([]) == 0


async def test_the_newest_report_of_each_format_is_returned(store: SqlStore) -> None:
    run = await finish(store, await running(store))
    made = [
        Report(id=new_id(), execution_id=run.id, format=kind, path=f"/r/{n}", size=2**33, created_at=NOON)
        for n, kind in enumerate(["html", "pdf", "html"])
    ]
    for report in made:
        await store.feed.add_report(report, Batch(changes=(change("report.made"),)))
    assert await store.feed.reports(run.id) == made[1:]
    assert [entry.event for entry in await store.feed.after(1)] == ["report.made"] * 3


async def test_a_reason_and_a_phase_survive_the_end(store: SqlStore) -> None:
    run = await running(store)
    ended = await finish(store, run, state=State.FAILED, reason=Reason.LIMIT_REACHED, error="too dear", hint="raise it")
    assert await store.executions.get(run.id) == ended
