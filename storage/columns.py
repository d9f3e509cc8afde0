"""Column types: how times, words and values of the model lie in a database, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.codec import Decoded, Hint, Raw, decode, encode

Column: TypeAlias = sa.Column[Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# PostgreSQL refuses NUL in text, and neither database can hold half of a surrogate pair. Agents print both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace the characters that no database can hold by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


class Text(TypeDecorator[str]):
    """Text of people, agents and programs: whatever cannot be stored is replaced, never an error."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - signature of the library
        """Clean the text on its way in."""
        return None if value is None else clean(value)


class Key(Text):
    """Ids and other keys: compared byte by byte, so that both databases sort and range over them alike."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the collation "C" where the database has a say in the order of letters."""
        return postgresql.TEXT(collation="C") if dialect.name == "postgresql" else sa.Text()


class Moment(TypeDecorator[datetime]):
    """An aware time as UTC microseconds since 1970: exact, sortable, and free of the databases' own time zones."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - as above
        """Count microseconds. Raises ValueError for a time without zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only aware times are stored")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Return the time in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class OneOf(TypeDecorator[StrEnum]):
    """A word out of a closed set, stored as text."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as above
        """Store the word itself. Raises ValueError for a word outside the set."""
        return None if value is None else self.words(value).value

    def process_literal_param(self, value: str | None, dialect: Dialect) -> str:
        """Return the word that the dialect then quotes."""
        return self.process_bind_param(value, dialect) or ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002 - as above
        """Return the member of the set."""
        return None if value is None else self.words(value)


class Shape(TypeDecorator[Any]):
    """A value of the model as JSON; `hint` is its type.

    JSON is kept as text on both databases (not JSONB): an approval holds for exactly the input that was shown, and
    JSONB would reorder keys and refuse the escapes of NUL and of half surrogates.
    """

    impl = sa.JSON
    cache_ok = True

    def __init__(self, hint: Hint) -> None:
        super().__init__(none_as_null=True)
        self.hint = hint

    def process_bind_param(self, value: object, dialect: Dialect) -> Raw:  # noqa: ARG002 - as above
        """Encode for JSON."""
        return None if value is None else encode(value)

    def process_result_value(self, value: Raw, dialect: Dialect) -> Decoded:  # noqa: ARG002 - as above
        """Rebuild the value."""
        return None if value is None else decode(self.hint, value)


def literals(column: sa.ColumnElement[Any], *words: StrEnum) -> sa.ColumnElement[bool]:
    """Say that a column is one of these words, written out in the statement.

    The planner of SQLite, and PostgreSQL's for prepared statements, takes a partial index only if it sees the words.
    """
    if len(words) == 1:
        return column == sa.bindparam(None, words[0], type_=column.type, literal_execute=True)
    return column.in_(sa.bindparam(None, list(words), type_=column.type, expanding=True, literal_execute=True))


def column(
    name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], *, key: bool = False, optional: bool = False
) -> Column:
    """Declare a column; it is null only if `optional`. The `key` columns of a table are its primary key."""
    return sa.Column(name, kind, primary_key=key, nullable=optional)


def reference(
    name: str, target: str, *, key: bool = False, optional: bool = False, index: bool = False, unique: bool = False
) -> Column:
    """Declare a column that names a row of another table."""
    return sa.Column(
        name,
        Key,
        sa.ForeignKey(target),
        primary_key=key,
        nullable=optional,
        index=index or None,
        unique=unique or None,
    )


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """Declare an index of the rows that meet a condition."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
