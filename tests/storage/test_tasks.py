"""Tasks: names, edits, lists, counters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.errors import NameTaken
from runner.model import AgentOptions, Goal, Limits, Priority, Rule, Scope, State, Verdict
from runner.ports import Batch, TaskQuery
from storage.store import SqlStore
from tests.storage.making import NOTHING, change, finish, later, running, task


async def test_a_task_is_read_as_it_was_written(store: SqlStore) -> None:
    written = task(
        variables={"module": "tests/größe"},
        read_projects=("docs",),
        options=AgentOptions(tools=("Bash",), limits=Limits(turns=3, cost_usd=0.5)),
        goal=Goal(sentence="green", test_command="pytest"),
        rules=(Rule(pattern="Bash(ls *)", verdict=Verdict.ALLOW, scope=Scope.TASK, expires_at=later(9)),),
        tags=("ci", "Nightly"),
        priority=Priority.HIGH,
        project="shop",
    )
    await store.tasks.add(written, NOTHING)
    assert await store.tasks.get(written.id) == written


@pytest.mark.parametrize("name", ["Fix tests", "FIX TESTS", "ﬁx tests"])
async def test_a_name_is_taken_without_regard_to_case(store: SqlStore, name: str) -> None:
    """STORE-11: and nothing of the refused batch is kept."""
    await store.tasks.add(task(name="fix tests"), NOTHING)
    with pytest.raises(NameTaken, match="There is a task named"):
        await store.tasks.add(task(name=name), Batch(changes=(change(),)))
    assert await store.feed.newest() == 0, "nothing of the refused batch is kept"


async def test_a_deleted_task_frees_its_name_and_stays_readable(store: SqlStore) -> None:
    """STORE-11: deleted names do not count."""
    old = task(name="deploy")
    await store.tasks.add(old, NOTHING)
    gone = replace(old, updated_at=later(1), deleted_at=later(1))
    assert await store.tasks.replace(old, gone, NOTHING)
    await store.tasks.add(new := task(name="Deploy"), NOTHING)
    assert await store.tasks.find("deploy") == new
    assert await store.tasks.get(old.id) == gone
    assert (await store.tasks.list(TaskQuery())).items == (new,)
    assert await store.tasks.names() == ["Deploy"]


async def test_an_edit_of_a_task_that_moved_on_is_refused(store: SqlStore) -> None:
    first = task(name="a")
    await store.tasks.add(first, NOTHING)
    second = replace(first, prompt="second", updated_at=later(1))
    assert await store.tasks.replace(first, second, NOTHING)
    assert not await store.tasks.replace(first, replace(first, prompt="third"), Batch(changes=(change(),)))
    assert await store.tasks.get(first.id) == second
    assert await store.feed.newest() == 0


async def test_an_edit_may_not_take_the_name_of_another(store: SqlStore) -> None:
    one, two = task(name="one"), task(name="two")
    await store.tasks.add(one, NOTHING)
    await store.tasks.add(two, NOTHING)
    with pytest.raises(NameTaken):
        await store.tasks.replace(two, replace(two, name="ONE", updated_at=later(1)), NOTHING)


async def test_an_edit_leaves_the_counters_of_runs_alone(store: SqlStore) -> None:
    saved = task()
    await store.tasks.add(saved, NOTHING)
    await finish(store, await running(store, task_id=saved.id))
    assert await store.tasks.replace(saved, replace(saved, prompt="new", updated_at=later(1)), NOTHING)
    found = await store.tasks.get(saved.id)
    assert found is not None
    assert (found.prompt, found.run_count, found.completed_count, found.failed_count) == ("new", 1, 1, 0)


async def test_the_counters_tell_how_runs_ended(store: SqlStore) -> None:
    saved = task()
    await store.tasks.add(saved, NOTHING)
    for state in (State.COMPLETED, State.FAILED, State.FAILED, State.CANCELLED):
        await finish(store, await running(store, task_id=saved.id), state=state)
    found = await store.tasks.get(saved.id)
    assert found is not None
    assert (found.run_count, found.completed_count, found.failed_count) == (4, 1, 2)
    assert found.last_run_at is not None


async def test_a_list_is_filtered_by_every_tag_project_and_owner(store: SqlStore) -> None:
    wanted = task(tags=("CI", "100%"), project="shop", owner_id="bob")
    for other in (wanted, task(tags=("ci",)), task(tags=("ci 100",), project="shop"), task(owner_id="bob")):
        await store.tasks.add(other, NOTHING)
    assert (await store.tasks.list(TaskQuery(tags=("ci", "100%")))).items == (wanted,)
    assert (await store.tasks.list(TaskQuery(project="shop", owner_id="bob"))).items == (wanted,)
    assert (await store.tasks.list(TaskQuery(tags=("1",)))).items == (), "a part of a tag is no tag"


async def test_pages_of_tasks_join_to_the_whole_list_newest_first(store: SqlStore) -> None:
    """STORE-10: for a list."""
    for number in range(7):
        await store.tasks.add(task(name=f"{number}"), NOTHING)
    names, after = [], None
    while True:
        page = await store.tasks.list(TaskQuery(limit=3, after=after))
        names += [item.name for item in page.items]
        if (after := page.next) is None:
            break
    assert names == list("6543210")


async def test_tasks_are_found_by_words_of_every_text(store: SqlStore) -> None:
    wanted = task(name="Nächtlich", description="runs the audit", prompt="Check licences", tags=("legal",))
    await store.tasks.add(wanted, NOTHING)
    await store.tasks.add(task(), NOTHING)
    for text in ("nachtlich", "AUDIT", "licen", "legal che", "audit lice"):
        assert (await store.tasks.list(TaskQuery(text=text))).items == (wanted,), text
    for text in ("licen audit", "%", "_", "''"):
        assert (await store.tasks.list(TaskQuery(text=text))).items == (), text
