"""A store of which a part is away for a while: its disk is full, its server is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from runner.errors import StoreAway

# Where dealing with what somebody said can meet it: who it is, what begins, what is shown, that it was dealt with.
PLACES = ("people.known", "executions.add", "deliveries.save", "arrivals.done")


@dataclass
class Outage:
    """How often it was met; it ends with the block, or as soon as it is `over`."""

    met: int = 0
    over: bool = False


@contextmanager
def away(monkeypatch: pytest.MonkeyPatch, store: object, place: str) -> Iterator[Outage]:
    """Let one method of a store fail as long as the block runs."""
    part, _, method = place.partition(".")
    kind, outage = type(getattr(store, part)), Outage()
    there = getattr(kind, method)

    async def fails(*args: Any, **named: Any) -> Any:
        if outage.over:
            return await there(*args, **named)
        outage.met += 1
        raise StoreAway("The disk is full.", hint="Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(kind, method, fails)
        yield outage
