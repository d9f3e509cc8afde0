"""Misfortunes that a test plans: calls that fail, methods that are not there, a server that cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

from tests.servers.ledger import Call


@dataclass
class Fault:
    """A misfortune for the next calls of a method; `*` means any.

    `lost` does what was asked and then loses the answer. What else a status means is each product's own.
    """

    method: str
    status: int = 429
    retry_after: int = 1
    times: int = 1
    lost: bool = False

    def meets(self, call: Call) -> bool:
        """Whether it befalls this call."""
        return self.times > 0 and self.method in {"*", call.method}


class FaultWords(TypedDict, total=False):
    """How a Fault can be ordered."""

    status: int
    retry_after: int
    times: int
    lost: bool


F = TypeVar("F", bound=Fault)


class Misfortunes(Generic[F]):
    """What is planned: `faults`, methods that are `off`, and whether the whole server is `down`."""

    def __init__(self) -> None:
        self.faults: list[F] = []
        self.off: set[str] = set()
        self.down = False

    def befalling(self, call: Call) -> F | None:
        """Take the next misfortune that meets this call."""
        for fault in self.faults:
            if fault.meets(call):
                fault.times -= 1
                return fault
        return None
