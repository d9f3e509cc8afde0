"""Rows to values and back, where a value is more than its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Protocol, TypeVar

from runner.model import Execution, Origin, Usage
from runner.ports import Page
from storage import tables
from storage.batches import plain, tail


class _Keyed(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")
K = TypeVar("K", bound=_Keyed)

_USAGE = tuple(field.name for field in fields(Usage))
_ORIGIN = tuple(field.name for field in fields(Origin))


def read(cls: type[T], row: Mapping[str, Any], **more: object) -> T:
    """Build a value from the columns named like its fields, and `more`."""
    names = _field_names(cls)  # type: ignore[arg-type]  # a class is hashable; mypy asks that of its instances
    return cls(**{name: item for name, item in row.items() if name in names}, **more)


@cache
def _field_names(cls: type) -> frozenset[str]:
    return frozenset(field.name for field in fields(cls))


def read_execution(row: Mapping[str, Any]) -> Execution:
    """Build an execution; its usage and origin are spread over columns."""
    usage = Usage(**{name: row[name] for name in _USAGE})
    origin = None if row["messenger"] is None else Origin(**{name: row[name] for name in _ORIGIN})
    return read(Execution, row, usage=usage, origin=origin)


def execution_row(execution: Execution) -> dict[str, Any]:
    """Return the columns of an execution, those that only the store knows included."""
    usage = {name: getattr(execution.usage, name) for name in _USAGE}
    origin = {name: getattr(execution.origin, name, None) for name in _ORIGIN}
    return plain(tables.executions, execution, tail=tail(execution.id), rank=execution.priority.rank, **usage, **origin)


def page(found: Sequence[K], limit: int) -> Page[K]:
    """Cut a list that was asked for one item more than `limit`, to know whether there is more."""
    items = tuple(found[:limit])
    return Page(items=items, next=items[-1].id if len(found) > limit and items else None)
