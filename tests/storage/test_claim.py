"""Claiming: who is next, and nobody twice."""

from __future__ import annotations

import asyncio
import random
import shutil
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.model import ApprovalState, Change, Execution, Phase, Priority, State, new_id
from runner.ports import Batch
from storage.store import SqlStore, open_store
from tests.storage.making import NOON, NOTHING, asking, execution, finish, later, running


async def test_a_claim_begins_an_attempt(store: SqlStore, rung: list[Change]) -> None:
    await store.executions.add(run := execution(), NOTHING)
    claimed = await store.executions.claim("w1", later(3))
    assert claimed == replace(
        run, state=State.RUNNING, phase=Phase.PREPARING, epoch=1, attempt=1, worker="w1", started_at=later(3)
    )
    assert await store.executions.get(run.id) == claimed
    (started,) = rung
    assert (started.event, started.execution_id, started.at, started.seq) == ("execution.started", run.id, later(3), 1)
    assert await store.executions.claim("w2", later(4)) is None


async def test_a_second_claim_keeps_the_first_start(store: SqlStore) -> None:
    run = await running(store)
    assert await store.executions.transition(run, replace(run, state=State.PENDING), NOTHING)
    again = await store.executions.claim("w2", later(60))
    assert again is not None
    assert (again.epoch, again.attempt, again.worker, again.started_at) == (2, 2, "w2", NOON)


async def test_the_order_is_by_priority_then_by_age(store: SqlStore) -> None:
    priorities = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.NORMAL, Priority.HIGH, Priority.LOW]
    added = [execution(priority=priority) for priority in priorities]
    for run in added:
        await store.executions.add(run, NOTHING)
    claimed = [await store.executions.claim("w", NOON) for _ in added]
    assert [run.id for run in claimed if run] == [added[n].id for n in (2, 4, 1, 3, 0, 5)]


async def test_a_conversation_goes_on_when_its_former_execution_has_ended(store: SqlStore) -> None:
    first, asked = await asking(store)
    follow_up = execution(conversation_id=first.conversation_id, priority=Priority.HIGH)
    await store.executions.add(follow_up, NOTHING)
    assert await store.executions.claim("w", NOON) is None, "its conversation waits for a person"
    withdrawn = Batch(settle=(replace(asked, state=ApprovalState.WITHDRAWN),))
    assert await store.executions.transition(first, replace(first, state=State.STOPPED), withdrawn)
    claimed = await store.executions.claim("w", NOON)
    assert claimed is not None
    assert claimed.id == follow_up.id


async def test_a_follow_up_never_overtakes_within_its_conversation(store: SqlStore) -> None:
    older = execution(priority=Priority.LOW)
    newer = execution(conversation_id=older.conversation_id, priority=Priority.HIGH)
    other = execution(priority=Priority.NORMAL)
    for run in (older, newer, other):
        await store.executions.add(run, NOTHING)
    order = []
    while claimed := await store.executions.claim("w", NOON):
        order.append(claimed.id)
        await finish(store, claimed)
    assert order == [other.id, older.id, newer.id]


async def test_fifty_claimers_at_once_take_each_execution_once(store: SqlStore) -> None:
    """STORE-3: 120 executions in 60 conversations: every claimer takes what it gets until nothing is left."""
    conversations = [new_id() for _ in range(60)]
    for conversation in conversations * 2:
        await store.executions.add(execution(conversation_id=conversation), NOTHING)
    taken: list[Execution] = []
    active: set[str] = set()

    async def work(worker: str) -> None:
        while await store.executions.count([State.PENDING]):
            if (run := await store.executions.claim(worker, NOON)) is None:
                continue
            assert run.conversation_id not in active
            active.add(run.conversation_id)
            taken.append(run)
            active.discard(run.conversation_id)
            await finish(store, run)

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(work(f"w{number}"))
    assert len(taken) == 120
    assert len({run.id for run in taken}) == 120
    assert {run.epoch for run in taken} == {1}


@given(
    runs=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(Priority)), min_size=1, max_size=12),
    slots=st.integers(1, 4),
    ends=st.randoms(use_true_random=False),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_queue_is_worked_off_in_order(
    migrated_file: Path, tmp_path: Path, runs: list[tuple[int, Priority]], slots: int, ends: random.Random
) -> None:
    """STORE-4, STORE-5: a model in ten lines says who is next; the store agrees at every moment, whatever ends when."""
    async with open_store(shutil.copy(migrated_file, tmp_path / f"{new_id()}.db")) as store:
        names = [new_id() for _ in range(4)]
        pending = [execution(conversation_id=names[number], priority=priority) for number, priority in runs]
        for run in pending:
            await store.executions.add(run, NOTHING)
        busy: list[Execution] = []
        while pending or busy:
            claimed = await store.executions.claim("w", NOON) if len(busy) < slots else None
            if len(busy) < slots:
                assert (claimed and claimed.id) == _next(pending, busy)
            if claimed is not None:
                busy.append(claimed)
                pending = [run for run in pending if run.id != claimed.id]
            else:
                await finish(store, busy.pop(ends.randrange(len(busy))))


def _next(pending: list[Execution], busy: list[Execution]) -> str | None:
    taken = {run.conversation_id for run in busy}
    heads: dict[str, Execution] = {}
    for run in sorted(pending, key=lambda run: run.id):
        heads.setdefault(run.conversation_id, run)
    free = [run for run in heads.values() if run.conversation_id not in taken]
    return min(free, key=lambda run: (run.priority.rank, run.id)).id if free else None
