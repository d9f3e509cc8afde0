"""What the core asks of the machine: time, files, a bell, somebody who carries work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from runner.model import Change


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> datetime:
        """Return the time as aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for this many seconds of this clock."""
        ...


class Changes(Protocol):
    """In-process bell that rings after commits: lets waiting parts look again at once."""

    def ring(self, changes: Sequence[Change]) -> None:
        """Wake everybody who waits for one of these changes' executions, or for any."""
        ...

    def follow(
        self, execution_id: str | None = None, *, every: float = 2.0, gather: float = 0.0, routine: bool = True
    ) -> AsyncIterator[None]:
        """Yield at once, then after each ring for this execution (None: any), and at least every `every` seconds.

        A ring is followed `gather` seconds later, together with what rings meanwhile. Without `routine` a ring for
        nothing but routine changes is not heard.
        """
        ...


class Dispatcher(Protocol):
    """Carries pending executions to workers."""

    def wake(self) -> None:
        """Look for pending executions at once."""
        ...

    async def run(self) -> None:
        """Claim and drive executions until drained or cancelled."""
        ...

    async def drain(self, seconds: float) -> None:
        """Claim nothing more and wait up to `seconds` for running executions; then leave them resumable."""
        ...


class Files(Protocol):
    """Report, log and attachment files on disk. Raises StorageError when the disk is full or not writable."""

    async def write(self, execution_id: str, name: str, data: bytes) -> Path:
        """Write a file whole or not at all (temporary name, then rename) and return its path."""
        ...

    async def add(self, folder: str, name: str, data: bytes) -> Path:
        """Write a file whole or not at all under a name like this one that is still free, and return its path."""
        ...

    async def read(self, path: str) -> bytes:
        """Return the content of a file written here. Raises NotFound."""
        ...
