"""How quick the store is among a million executions: `python -m tests.bench.storage_million [--rows N] [--url URL]`.

Fills a database with finished executions the fast way (drivers' bulk inserts, no store in between), then measures the
store itself: lists, search, handles, claim, transition. Figures are milliseconds. "own CPU" is the mean
processor time of a call: what the times would be on a machine with nothing else to do and a disk that costs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from runner.model import Priority, State, Usage, new_id
from runner.ports import Batch, ExecutionQuery
from storage import search, tables
from storage.database import open_database
from storage.store import SqlStore
from storage.tasks import task_row
from tests.storage.making import NOON, change, execution, task

CHUNK = 10_000
RUNS = 200  # measurements of each question
TASKS = [task(name=f"task {number}") for number in range(200)]
FINAL = (State.COMPLETED, State.COMPLETED, State.COMPLETED, State.FAILED, State.CANCELLED)
VERBS = ["fix", "add", "remove", "rename", "test", "document", "profile", "translate", "review", "split"]
TEXTS = ("title", "prompt", "summary")
NOUNS = [
    "parser",
    "login",
    "cache",
    "invoice",
    "report",
    "scheduler",
    "migration",
    "endpoint",
    "button",
    "queue",
    "worker",
    "budget",
]
EVERYWHERE = "tests"  # a word of every execution
RARE = "zanzibar"  # a word of about one in a hundred thousand


def facts(number: int, chance: random.Random) -> dict[str, Any]:
    """Make up what differs between executions, as it lies in the tables: one a second, each its own conversation."""
    whole_id = new_id()
    title = f"{chance.choice(VERBS)} the {chance.choice(NOUNS)} {number} so that the {EVERYWHERE} pass"
    rare = f" {RARE}" if number % 100_000 == 5 else ""
    at = int((NOON + timedelta(seconds=number)).timestamp() * 1_000_000)
    return {
        "id": whole_id,
        "tail": whole_id[:-9:-1],
        "conversation_id": whole_id,
        "task_id": chance.choice(TASKS).id,
        "project": f"project {chance.randrange(50)}",
        "person_id": f"person {chance.randrange(30)}",
        "title": title,
        "prompt": f"{title}{rare}. {' '.join(chance.choices(NOUNS, k=8))}",
        "summary": " ".join(chance.choices(VERBS + NOUNS, k=12)),
        "state": chance.choice(FINAL).value,
        "created_at": at,
        "started_at": at,
        "finished_at": at + 180_000_000,
    }


async def fill(store: SqlStore, rows: int) -> list[str]:
    """Insert the executions, as copies of one that the store wrote, and return a sample of their ids."""
    chance = random.Random(1)
    database = store._database
    async with database.writing() as unit:
        await unit.insert(tables.tasks, [task_row(one) for one in TASKS])
    await store.executions.add(first := execution(usage=Usage(turns=9, input_tokens=9000, cost_usd=0.2)), Batch())
    row = await database.row(sa.text("SELECT * FROM executions")) or {}
    model = {name: json.dumps(item) if isinstance(item, dict | list) else item for name, item in row.items()}
    insert = sa.text(f"INSERT INTO executions VALUES ({', '.join(f':{name}' for name in model)})")
    words = sa.text("INSERT INTO search (execution_id, words) VALUES (:id, :words)")
    sample = []
    for start in range(0, rows, CHUNK):
        part = [facts(number, chance) for number in range(start, min(rows, start + CHUNK))]
        found = [
            {"id": one["id"], "words": search.indexed((one["title"], one["prompt"], one["summary"]))} for one in part
        ]
        async with database.writing() as unit:
            await unit.execute(insert, [model | one for one in part])
            await unit.execute(words, found)
        sample += [one["id"] for one in part[:: max(1, len(part) // 50)]]
    claimed = await store.executions.claim("bench", NOON)
    assert claimed is not None
    assert claimed.id == first.id
    assert await store.executions.transition(claimed, replace(claimed, state=State.COMPLETED), Batch())
    if database.dialect == "postgresql":
        async with database.writing() as unit:
            await unit.execute(sa.text("ANALYZE"))
    return sample


async def measure(name: str, ask: Callable[[], Awaitable[Any]], runs: int = RUNS) -> None:
    """Time a question and print its line."""
    times = []
    busy = time.process_time()
    for _ in range(runs):
        start = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - start) * 1000)
    busy = (time.process_time() - busy) * 1000 / runs
    p95 = statistics.quantiles(times, n=20)[-1]
    figures = f"p50 {statistics.median(times):8.2f}   p95 {p95:8.2f}   max {max(times):8.2f}   own CPU {busy:7.2f}"
    print(f"{name:40} {figures}", flush=True)


async def questions(store: SqlStore, sample: list[str], chance: random.Random) -> None:
    """Measure everything that reads."""

    def asking(**query: Any) -> Callable[[], Awaitable[Any]]:
        def ask() -> Awaitable[Any]:
            given = {key: item() if callable(item) else item for key, item in query.items()}
            return store.executions.list(ExecutionQuery(**given))

        return ask

    def some_task() -> str:
        return chance.choice(TASKS).id

    def some_project() -> str:
        return f"project {chance.randrange(50)}"

    def some_person() -> str:
        return f"person {chance.randrange(30)}"

    def some_number() -> str:
        return str(chance.randrange(10**6))

    def some_id() -> str:
        return chance.choice(sample)

    failed = (State.FAILED,)
    await measure("list: newest", asking())
    await measure("list: page from the middle", asking(after=some_id))
    await measure("list: failed", asking(states=failed))
    await measure("list: two states from the middle", asking(states=(State.FAILED, State.CANCELLED), after=some_id))
    await measure("list: task", asking(task_id=some_task))
    await measure("list: person, failed", asking(person_id=some_person, states=failed))
    await measure("list: task and person", asking(task_id=some_task, person_id=some_person))
    await measure("list: live states (none)", asking(states=(State.PENDING, State.RUNNING, State.WAITING)))
    await measure("search: a word of every execution", asking(text=EVERYWHERE))
    await measure("search: common words", asking(text="fix parser"))
    await measure("search: rare word", asking(text=RARE))
    await measure("search: no hit", asking(text="nonexistent"))
    for length in (1, 2, 3, 4, 5):
        await measure(f"search: beginning of {length}", asking(text="scheduler"[:length]))
    await measure("search: number", asking(text=some_number))
    await measure("search: from the middle", asking(text=EVERYWHERE, after=some_id))
    await measure("search: common word in a project", asking(text=EVERYWHERE, project=some_project))
    await measure("handle of 6", lambda: store.executions.find(some_id()[-6:]))
    await measure("handle of 4", lambda: store.executions.find(some_id()[-4:]))
    await measure("count of live", lambda: store.executions.count([State.PENDING, State.RUNNING, State.WAITING]))


async def work(store: SqlStore) -> None:
    """Measure adding, claiming and finishing, 200 executions in 100 conversations."""
    batch = Batch(changes=(change(),))
    runs = [execution(task_id=TASKS[number % 200].id, priority=Priority.HIGH) for number in range(RUNS // 2)]
    runs += [execution(task_id=run.task_id, conversation_id=run.id) for run in runs]
    waiting, claimed = iter(runs), []

    async def claim() -> None:
        run = await store.executions.claim("bench", NOON)
        assert run is not None
        claimed.append(run)

    async def finish() -> None:
        run = claimed.pop()
        ended = replace(run, state=State.COMPLETED, summary="done and tested", finished_at=NOON)
        assert await store.executions.transition(run, ended, batch)

    await measure("add", lambda: store.executions.add(next(waiting), batch), RUNS)
    for _ in range(2):
        await measure("claim", claim, RUNS // 2)
        await measure("nothing to claim", lambda: store.executions.claim("bench", NOON), RUNS // 2)
        await measure("transition to completed", finish, RUNS // 2)


async def main(url: str, rows: int) -> None:
    """Fill, then measure."""
    start = time.perf_counter()
    async with open_database(url) as database:
        store = SqlStore(database)
        sample = await fill(store, rows)
        print(f"{rows} executions in {time.perf_counter() - start:.0f} s")
        if database.dialect == "sqlite":
            print(f"file: {Path(url).stat().st_size / 1e9:.2f} GB")
        await questions(store, sample, random.Random(2))
        await work(store)
    start = time.perf_counter()
    async with open_database(url):
        print(f"open: {(time.perf_counter() - start) * 1000:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", default="", help="an empty database; by default a file that is removed afterwards")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(arguments.url or f"{folder}/signoff.db", arguments.rows))
