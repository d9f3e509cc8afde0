"""Search by words: the one place where the two databases differ in what they offer.

Texts are folded and split here, not by the databases, so that both find the same: case, accents and width do not
matter, every run of letters and digits is a word, all words of a query must occur and the last may be unfinished.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from runner.model import Execution, Task
from storage import tables
from storage.database import Unit, upsert

_LONGEST_WORD = 64  # characters; nobody types more, and PostgreSQL's words end at 2 kB
_MOST_INDEXED = 4_000  # different words of one text; a prompt of 100 kB has about as many
_MOST_QUERIED = 16
_LONGEST_PREFIX = 8  # characters of a beginning that have an index, see the first migration
_FEW = 1000  # hits that are sorted in a millisecond
_WORD = re.compile(r"[^\W_]+")

_fts = sa.table("search_fts", sa.column("rowid", sa.Integer))


def fold(text: str) -> str:
    """Make texts comparable without regard to case, accents and width."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", "".join(c for c in plain if not unicodedata.combining(c))).casefold()


def words(text: str) -> list[str]:
    """Split a text into its different words, folded, in order of appearance."""
    return list(dict.fromkeys(word[:_LONGEST_WORD] for word in _WORD.findall(fold(text))))


def indexed(texts: Iterable[str]) -> str:
    """Return the words under which these texts are found, separated by spaces."""
    return " ".join(words(" ".join(texts))[:_MOST_INDEXED])


def task_words(task: Task) -> str:
    """Return the words under which a task is found."""
    return indexed((task.name, task.description, *task.tags, task.prompt))


def execution_words(execution: Execution) -> str:
    """Return the words under which an execution is found."""
    return indexed((execution.title, execution.task_name, execution.summary, execution.prompt))


async def index_execution(unit: Unit, execution: Execution) -> None:
    """Make an execution findable by its present texts."""
    insert = upsert(tables.search, unit.dialect)
    await unit.execute(
        insert.on_conflict_do_update(index_elements=["execution_id"], set_={"words": insert.excluded.words}),
        [{"execution_id": execution.id, "words": execution_words(execution)}],
    )


def among_tasks(text: str) -> Sequence[sa.ColumnElement[bool]]:
    """Return the conditions on `tasks.words`. There are hundreds of tasks, not millions: no index is needed."""
    *whole, last = words(text)[:_MOST_QUERIED] or [""]
    if not last:
        return [sa.false()]
    spaced = " " + tables.tasks.c.words + " "
    return [*(spaced.like(f"% {word} %") for word in whole), spaced.like(f"% {last}%")]


class Hits(NamedTuple):
    """Where to look for hits: what to select from, under which conditions, and the number that grows with time."""

    source: sa.FromClause
    conditions: Sequence[sa.ColumnElement[bool]]
    position: sa.ColumnElement[int]


def among_executions(text: str, dialect: str) -> Sequence[Hits]:
    """Return one or more ways to look for a text; together they yield each hit once."""
    found = words(text)[:_MOST_QUERIED]
    seq = tables.search.c.seq
    if not found:
        return [Hits(tables.search, [sa.false()], seq)]
    if dialect == "sqlite":
        source = _fts.join(tables.search, seq == _fts.c.rowid)
        return [Hits(source, _fts_matches(found), _fts.c.rowid)]
    return _few_or_many(_lexemes().op("@@", is_comparison=True)(_tsquery(found)))


def _few_or_many(matches: sa.ColumnElement[bool]) -> Sequence[Hits]:
    """Look in two ways, of which the counting of the first thousand hits lets one run.

    Few hits are collected and sorted; many are met at once on the way back from the newest. Left to itself PostgreSQL
    takes that way for rare words too, past all rows: it knows nothing about how often a rare word occurs.
    """
    seq = tables.search.c.seq
    few = sa.select(seq).where(matches).limit(_FEW).cte("few")
    many = sa.select(sa.func.count()).select_from(few).scalar_subquery() == _FEW
    return [Hits(tables.search, [seq.in_(sa.select(few.c.seq)), ~many], seq), Hits(tables.search, [matches, many], seq)]


def _fts_matches(found: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """Match words with the index of SQLite; of a long last word the index knows the beginning, the text the rest."""
    *whole, last = found
    query = " AND ".join(f'"{word}"' for word in [*whole, last[:_LONGEST_PREFIX]]) + " *"
    matches: list[sa.ColumnElement[bool]] = [sa.literal_column("search_fts").op("MATCH", is_comparison=True)(query)]
    if len(last) > _LONGEST_PREFIX:
        matches.append((" " + tables.search.c.words).like(f"% {last}%"))
    return matches


def position_of(execution_id: str) -> sa.ScalarSelect[int]:
    """Return where an execution stands in the order of hits."""
    search = tables.search.c
    return sa.select(search.seq).where(search.execution_id == execution_id).scalar_subquery()


def _lexemes() -> sa.ColumnElement[Any]:
    separator: sa.ColumnElement[str] = sa.literal_column("' '")  # as in the index, or PostgreSQL would not use it
    return sa.func.array_to_tsvector(sa.func.string_to_array(tables.search.c.words, separator))


def _tsquery(found: Sequence[str]) -> sa.ColumnElement[Any]:
    return sa.cast(" & ".join(f"'{word}'" for word in found) + ":*", TSQUERY)
