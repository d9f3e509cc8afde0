"""What the front ends of chat products ask of the rest of Signoff."""

from __future__ import annotations

from typing import Protocol

from bot.messenger import Card, Incoming
from runner.model import Execution, Origin, Person


class Desk(Protocol):
    """Takes what people say: `bot.handlers.Handlers`."""

    async def handle(self, incoming: Incoming) -> tuple[Card, ...]:
        """Carry out a command and return what is to be shown."""
        ...

    async def correct(self, incoming: Incoming, *, withdrawn: bool = False) -> tuple[Card, ...]:
        """Let what was said in this message read as it does now, or take it back, and return what is to be shown."""
        ...

    async def stranger(self, messenger: str, identity: str, text: str = "") -> tuple[Card, ...]:
        """Answer somebody whom Signoff does not know, for them alone; what they say may link their account."""
        ...


class Register(Protocol):
    """Knows people: `runner.people.People`."""

    async def known(self, messenger: str, identity: str, name: str) -> Person:
        """Return the person behind an identity. Raises NotAllowed for strangers."""
        ...


class Threads(Protocol):
    """Knows which threads belong to runs: `runner.runs.Runs`."""

    async def latest(self, origin: Origin) -> Execution:
        """Return the newest run of a thread. Raises NotFound."""
        ...
