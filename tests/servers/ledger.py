"""What a strict server remembers for a test: where it is, what was called, and what the app did wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from runner.ports import Clock


@dataclass
class Call:
    """One call of a method; `error` is empty when it was answered with ok."""

    method: str
    args: dict[str, Any]
    at: datetime
    error: str = ""


C = TypeVar("C", bound=Call)


class Ledger(Generic[C]):
    """The clock by which everything goes, all calls in order, and all violations."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.url = ""
        self.calls: list[C] = []
        self.violations: list[str] = []

    def violate(self, sentence: str) -> None:
        """Write down what a good citizen would not have done."""
        self.violations.append(sentence)

    def forgive(self, word: str) -> list[str]:
        """Take the violations with this word off the list, and return them; LookupError if there are none."""
        found = [each for each in self.violations if word in each]
        if not found:
            raise LookupError(f"nothing to forgive: {word!r} is not in {self.violations}")
        self.violations = [each for each in self.violations if word not in each]
        return found
