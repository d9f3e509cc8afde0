"""Lists, handles and search of executions."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.model import Execution, Priority, State, new_id
from runner.ports import ExecutionQuery
from storage import search
from storage.store import SqlStore, open_store
from tests.storage.making import NOTHING, execution, finish, running, task


async def ids(store: SqlStore, **query: Any) -> list[str]:
    """Read a list page by page and join it."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = await store.executions.list(ExecutionQuery(**{"limit": 3, "after": after} | query))
        found += [run.id for run in page.items]
        if (after := page.next) is None:
            return found


async def crowd(store: SqlStore) -> list[Execution]:
    """Add forty executions of two tasks, three projects, two people, in four states."""
    tasks = [task(), task()]
    for one in tasks:
        await store.tasks.add(one, NOTHING)
    everyone = []
    for number in range(40):
        fields = {
            "task_id": tasks[number % 2].id,
            "project": ("shop", "docs", None)[number % 3],
            "person_id": ("ada", "bob")[number % 5 == 0],
        }
        if number % 4 == 3:
            await store.executions.add(run := execution(**fields), NOTHING)
            everyone.append(run)
        else:
            state = (State.COMPLETED, State.FAILED, State.CANCELLED)[number % 3]
            run = await running(store, **fields | {"priority": Priority.HIGH})
            everyone.append(await finish(store, run, state=state))
    return everyone


def matches(run: Execution, query: dict[str, Any]) -> bool:
    return all(run.state in wanted if key == "states" else getattr(run, key) == wanted for key, wanted in query.items())


async def test_every_filter_and_every_two_of_them_find_what_they_say(store: SqlStore) -> None:
    everyone = await crowd(store)
    filters: list[dict[str, Any]] = [
        {},
        {"states": (State.FAILED,)},
        {"states": (State.PENDING, State.COMPLETED)},
        {"task_id": everyone[0].task_id},
        {"project": "shop"},
        {"person_id": "bob"},
        {"conversation_id": everyone[7].id},
        {"project": "nothing"},
    ]
    for one in filters:
        for two in filters:
            expected = [run.id for run in reversed(everyone) if matches(run, one | two)]
            assert await ids(store, **one | two) == expected, one | two


async def test_a_page_says_whether_there_is_more(store: SqlStore) -> None:
    for _ in range(4):
        await store.executions.add(execution(), NOTHING)
    assert (await store.executions.list(ExecutionQuery(limit=4))).next is None
    assert (await store.executions.list(ExecutionQuery(limit=3))).next is not None
    assert (await store.executions.list(ExecutionQuery(after="nonsense\x00'"))).items is not None


async def test_an_execution_is_found_by_the_end_of_its_id(store: SqlStore) -> None:
    runs = [execution() for _ in range(50)]
    for run in runs:
        await store.executions.add(run, NOTHING)
    for run in runs:
        for length in (6, 8, 9, 26):
            assert await store.executions.find(run.id[-length:]) == [run]
    assert await store.executions.find(f" {runs[0].id[-6:].upper()} ") == [runs[0]]


async def test_a_handle_that_fits_several_returns_the_newest_five(store: SqlStore) -> None:
    same_end = [execution(id=f"{number}{new_id()[1:-8]}abcd1234") for number in range(7)]
    for run in same_end:
        await store.executions.add(run, NOTHING)
    assert await store.executions.find("1234") == same_end[:1:-1]
    assert await store.executions.find(same_end[0].id) == same_end[:1]


async def test_words_are_found_in_title_prompt_and_summary(store: SqlStore) -> None:
    wanted = await running(store, title="Größe", prompt="Fix the PARSER in src/my_module.py", task_name="nightly-build")
    wanted = await finish(store, wanted, summary="Repaired three tests; naïve café")
    await store.executions.add(execution(prompt="Something else"), NOTHING)
    for text in ("grosse", "GRÖSSE", "parser", "pars", "my_module", "module.py", "fix src", "naive cafe", "nightly bu"):
        assert await ids(store, text=text) == [wanted.id], text
    for text in ("arser", "fix nothing", "pars fix", "src/other", "...", "\x00", "()"):
        assert await ids(store, text=text) == [], text


async def test_a_long_unfinished_word_is_matched_to_its_end(store: SqlStore) -> None:
    await store.executions.add(run := execution(prompt="Add internationalisation"), NOTHING)
    for text in ("internat", "internationalisat", "add internationalisation"):
        assert await ids(store, text=text) == [run.id], text
    for text in ("internationalise", "internationalisations", "nationalisation"):
        assert await ids(store, text=text) == [], text


async def test_a_changed_summary_replaces_the_words_of_the_old(store: SqlStore) -> None:
    run = await running(store, prompt="p", summary="first draft")
    assert await store.executions.transition(run, replace(run, summary="second version"), NOTHING)
    assert await ids(store, text="draft") == []
    assert await ids(store, text="second") == [run.id]


@pytest.mark.parametrize("few", [1, 4, 10, 11, 1000])
async def test_hits_come_newest_first_page_by_page_and_filtered(
    store: SqlStore, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-10: for a search."""
    monkeypatch.setattr(search, "_FEW", few)  # from how many hits on PostgreSQL looks in another way
    runs = []
    for number in range(10):
        runs.append(run := execution(prompt="common words", project=("shop", "docs")[number % 2]))
        await store.executions.add(run, NOTHING)
    newest_first = [run.id for run in reversed(runs)]
    assert await ids(store, text="common wor") == newest_first
    assert await ids(store, text="common", project="docs") == newest_first[::2]
    assert await ids(store, text="common", states=(State.FAILED,)) == []


HOSTILE = [
    '"',
    "'",
    "a OR b",
    "NEAR(a b)",
    "a* b*",
    "-a",
    "a:b",
    "col:x",
    "^a",
    "(",
    "\\",
    "%",
    "_",
    "$1",
    "😀",
    "\x00a",
    "a" * 9000,
]


@pytest.mark.parametrize("text", [*HOSTILE, " ".join(HOSTILE), "tsquery & | ! <->", "--; DROP TABLE x"])
async def test_no_text_of_a_query_is_an_error(store: SqlStore, text: str) -> None:
    """STORE-12: whatever it means to the database."""
    await store.executions.add(execution(prompt=text), NOTHING)
    found = await ids(store, text=text)
    assert len(found) == (1 if search.words(text) else 0)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=5, max_size=20), st.randoms())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_text_is_found_by_its_own_words(url: str, texts: list[str], chance: random.Random) -> None:
    """Whatever a word is made of, the databases cut it where we do; the last one asked for may be a beginning."""
    async with open_store(url) as store:
        for text in texts:
            await store.executions.add(run := execution(prompt=text), NOTHING)
            if words := search.words(text):
                whole, begun = chance.choice(words), chance.choice(words)
                page = await store.executions.list(
                    ExecutionQuery(text=f"{whole} {begun[: chance.randint(1, len(begun))]}", limit=1)
                )
                assert [found.id for found in page.items] == [run.id], "the newest of those that have the words"


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    """Otherwise a word could differ from itself between what is stored and what is asked."""
    assert search.fold(search.fold(text)) == search.fold(text)
    assert search.words(" ".join(search.words(text))) == search.words(text)


@given(st.text())
def test_forms_of_the_same_letters_are_one_word(text: str) -> None:
    assert search.fold(unicodedata.normalize("NFD", text)) == search.fold(unicodedata.normalize("NFC", text))
