"""The heart of the store: a transition is written whole, once, and only if nothing moved."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from runner.model import Approval, ApprovalState, AuditEntry, Change, Reason, Rule, Scope, State, Usage, Verdict, new_id
from runner.ports import Batch
from storage import tables
from storage.store import SqlStore
from tests.storage.making import (
    NOON,
    NOTHING,
    answered,
    approval,
    asking,
    change,
    execution,
    finish,
    later,
    message,
    running,
    step,
    stored,
    task,
)


async def rows(store: SqlStore, table: sa.Table) -> list[dict[str, object]]:
    return [dict(row) for row in await store._database.rows(sa.select(table))]


async def test_everything_of_a_batch_is_written_with_the_state(store: SqlStore) -> None:
    """STORE-1, APPR-2: all of it is there afterwards."""
    run = await running(store)
    asked, rule = approval(run.id), Rule(pattern="*", verdict=Verdict.ASK, scope=Scope.RUN, scope_id="c", id=new_id())
    batch = Batch(
        changes=(change("a"), change("b")),
        steps=(step(run.id),),
        messages=(message(run.id),),
        open=(asked,),
        rules=(rule,),
        audit=(AuditEntry(at=NOON, person_id="ada", action="x", subject=run.id),),
    )
    after = replace(run, state=State.WAITING)
    assert await store.executions.transition(run, after, batch)
    assert await store.executions.get(run.id) == after
    assert [entry.event for entry in await store.feed.after(0)] == ["execution.started", "a", "b"]
    assert await store.executions.steps(run.id) == list(batch.steps)
    assert await store.executions.messages(run.id) == list(batch.messages)
    assert await store.approvals.open() == [asked]
    assert await store.approvals.rules((Scope.RUN, "c")) == [rule]
    assert await store.feed.audit() == list(batch.audit)


@pytest.mark.parametrize("stale", [{"epoch": 0}, {"epoch": 2}, {"state": State.WAITING}, {"id": new_id()}])
async def test_a_stale_transition_writes_nothing(store: SqlStore, rung: list[Change], stale: dict[str, object]) -> None:
    """STORE-1, STORE-2: by state and by epoch."""
    run = await running(store)
    rung.clear()
    before = replace(run, **stale)  # type: ignore[arg-type]  # fields by name
    after = replace(before, state=State.COMPLETED, summary="ghost")
    assert not await store.executions.transition(before, after, Batch(changes=(change(),), steps=(step(run.id),)))
    assert await store.executions.get(run.id) == run
    assert await store.executions.steps(run.id) == []
    assert rung == []


async def test_a_final_state_never_changes(store: SqlStore) -> None:
    """LIFE-1: the store refuses it as well."""
    ended = await finish(store, await running(store))
    for state in set(State) - {State.COMPLETED}:
        assert not await store.executions.transition(ended, replace(ended, state=state), NOTHING), state
    merged = replace(ended, merged_commit="abc")
    assert await store.executions.transition(ended, merged, NOTHING), "other fields still may"
    assert await store.executions.get(ended.id) == merged


async def test_writes_of_different_fields_do_not_undo_each_other(store: SqlStore) -> None:
    run = await running(store)
    assert await store.executions.transition(run, replace(run, session="s"), NOTHING)
    assert await store.executions.transition(run, replace(run, branch="b"), NOTHING)
    assert await store.executions.get(run.id) == replace(run, session="s", branch="b")


async def test_the_first_answer_wins_and_the_second_changes_nothing(store: SqlStore) -> None:
    run, asked = await asking(store)
    after = replace(run, state=State.RUNNING)
    first, second = answered(asked), answered(asked, state=ApprovalState.DENIED, answered_by="bob")
    won: list[Approval] = []

    async def answer(given: Approval) -> None:
        if await store.executions.transition(run, after, Batch(settle=(given,))):
            won.append(given)

    async with asyncio.TaskGroup() as group:
        for given in (first, second):
            group.create_task(answer(given))
    assert len(won) == 1
    assert await store.approvals.get(asked.id) == stored(won[0])


async def test_an_answer_is_given_once_even_if_the_execution_still_waits(store: SqlStore) -> None:
    """STORE-6, APPR-4: two questions are open, so the state stays: the approval itself must refuse."""
    run = await running(store)
    one, two = approval(run.id), approval(run.id)
    waiting = replace(run, state=State.WAITING)
    assert await store.executions.transition(run, waiting, Batch(open=(one, two)))
    assert await store.executions.transition(waiting, waiting, Batch(settle=(answered(one),)))
    late = answered(one, state=ApprovalState.DENIED)
    assert not await store.executions.transition(waiting, waiting, Batch(settle=(late,), changes=(change("late"),)))
    assert await store.approvals.get(one.id) == stored(answered(one))
    assert "late" not in [entry.event for entry in await store.feed.after(0)]


async def test_an_answer_is_delivered_once(store: SqlStore) -> None:
    """STORE-6, APPR-11: a second delivery writes nothing."""
    run, asked = await asking(store)
    going = replace(run, state=State.RUNNING)
    assert await store.executions.transition(run, going, Batch(settle=(answered(asked),)))
    told = Batch(deliver=(asked.id,), changes=(change(at=later(7)),))
    assert await store.executions.transition(going, going, told)
    assert not await store.executions.transition(going, going, told)
    assert await store.approvals.get(asked.id) == stored(replace(answered(asked), delivered_at=later(7)))


async def test_an_answer_may_be_given_and_delivered_at_once(store: SqlStore) -> None:
    run, asked = await asking(store)
    batch = Batch(settle=(answered(asked),), deliver=(asked.id,))
    assert await store.executions.transition(run, replace(run, state=State.RUNNING), batch)


async def test_an_open_question_cannot_be_delivered(store: SqlStore) -> None:
    run, asked = await asking(store)
    assert not await store.executions.transition(run, run, Batch(deliver=(asked.id,)))


@pytest.mark.parametrize("state", [State.RUNNING, State.STOPPED, State.PENDING, State.FAILED])
async def test_an_execution_cannot_go_on_while_a_question_is_open(store: SqlStore, state: State) -> None:
    run, asked = await asking(store)
    assert not await store.executions.transition(run, replace(run, state=state), NOTHING)
    withdrawn = replace(asked, state=ApprovalState.WITHDRAWN)
    assert await store.executions.transition(run, replace(run, state=state), Batch(settle=(withdrawn,)))


async def test_an_execution_cannot_wait_without_a_question(store: SqlStore) -> None:
    run = await running(store)
    assert not await store.executions.transition(run, replace(run, state=State.WAITING), NOTHING)
    assert not await store.executions.transition(run, run, Batch(open=(approval(run.id),)))


async def test_a_question_asked_meanwhile_is_not_passed_over(store: SqlStore) -> None:
    """Ada answers the only question she saw; the agent had asked another: the run must not go on."""
    run, asked = await asking(store)
    assert await store.executions.transition(run, run, Batch(open=(second := approval(run.id),)))
    assert not await store.executions.transition(
        run, replace(run, state=State.RUNNING), Batch(settle=(answered(asked),))
    )
    assert await store.approvals.open() == [asked, second]


async def test_one_step_is_asked_about_once_at_a_time(store: SqlStore) -> None:
    run, asked = await asking(store)
    again = approval(run.id, tool_use_id=asked.tool_use_id)
    assert not await store.executions.transition(run, run, Batch(open=(again,)))
    asked_again = Batch(settle=(replace(asked, state=ApprovalState.WITHDRAWN),), open=())
    going = replace(run, state=State.RUNNING)
    assert await store.executions.transition(run, going, asked_again)
    assert await store.executions.transition(going, run, Batch(open=(again,)))


async def test_an_attempt_lasts_from_the_claim_until_the_worker_lets_go(store: SqlStore) -> None:
    run, asked = await asking(store)
    (attempt,) = await rows(store, tables.attempts)
    assert (attempt["number"], attempt["worker"], attempt["ended_at"]) == (1, "worker", None)
    stopped = replace(run, state=State.STOPPED, reason=Reason.PERSON, session="s1")
    withdrawn = Batch(settle=(replace(asked, state=ApprovalState.WITHDRAWN),), changes=(change(at=later(9)),))
    assert await store.executions.transition(run, stopped, withdrawn)
    (attempt,) = await rows(store, tables.attempts)
    assert (attempt["ended_at"], attempt["state"], attempt["session"]) == (later(9), State.STOPPED, "s1")
    assert await store.executions.transition(stopped, replace(stopped, state=State.PENDING), NOTHING)
    again = await store.executions.claim("second", later(10))
    assert again is not None
    assert [row["worker"] for row in await rows(store, tables.attempts)] == ["worker", "second"]


async def test_the_sums_of_a_day_grow_with_every_end_and_only_then(store: SqlStore) -> None:
    await store.tasks.add(saved := task(), NOTHING)
    usage = Usage(turns=2, input_tokens=10, output_tokens=5, cost_usd=0.25)
    for state in (State.COMPLETED, State.FAILED):
        run = await running(store, task_id=saved.id, project="shop")
        assert await rows(store, tables.stats_daily) == [] or state is State.FAILED
        ended = await finish(store, run, state=state, usage=usage, finished_at=later(90))
        assert await store.executions.transition(ended, replace(ended, merged_commit="x"), NOTHING)
    sums = {(row["dimension"], row["key"]): row for row in await rows(store, tables.stats_daily)}
    assert set(sums) == {
        ("all", ""),
        ("task", saved.id),
        ("project", "shop"),
        ("person", "ada"),
        ("agent", "claude"),
    }
    for row in sums.values():
        assert row["day"] == "2026-11-21"
        assert (row["completed"], row["failed"], row["cancelled"], row["turns"]) == (1, 1, 0, 4)
        assert (row["tokens"], row["cost_usd"], row["duration_ms"]) == (30, 0.5, 180_000)


async def test_transitions_in_parallel_are_each_decided_once(store: SqlStore) -> None:
    run = await running(store)
    won: list[State] = []

    async def end(state: State) -> None:
        if await store.executions.transition(run, replace(run, state=state), Batch(changes=(change(state),))):
            won.append(state)

    async with asyncio.TaskGroup() as group:
        for state in (State.COMPLETED, State.FAILED, State.CANCELLED, State.STOPPED) * 5:
            group.create_task(end(state))
    assert len(won) == 1
    assert [entry.event for entry in await store.feed.after(1)] == won
    found = await store.executions.get(run.id)
    assert found is not None
    assert found.state is won[0]


async def test_a_conversation_is_worked_on_once_at_a_time_whoever_asks(store: SqlStore) -> None:
    run = await running(store)
    await store.executions.add(follow_up := execution(conversation_id=run.conversation_id), NOTHING)
    assert not await store.executions.transition(follow_up, replace(follow_up, state=State.RUNNING), NOTHING)
