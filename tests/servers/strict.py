"""The frame of a strict server: one port of 127.0.0.1, what it remembers, and misfortunes on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

from aiohttp import web

from tests.servers.faults import Fault, Misfortunes
from tests.servers.ledger import Call, Ledger
from tests.servers.loopback import serving

C = TypeVar("C", bound=Call)
F = TypeVar("F", bound=Fault)


class StrictServer(ABC, Generic[C, F]):
    """Refuses what its product refuses, and remembers it in `violations`, which must be empty after a test.

    `largest_body`: in bytes, what is answered with 413.
    """

    def __init__(self, ledger: Ledger[C], misfortunes: Misfortunes[F], largest_body: int) -> None:
        self._ledger = ledger
        self._misfortunes = misfortunes
        self._largest_body = largest_body
        self._serving = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=self._largest_body)
        app.add_routes(self._routes())
        self._ledger.url = await self._serving.enter_async_context(serving(app))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()
        await self._serving.aclose()

    @abstractmethod
    def _routes(self) -> Sequence[web.RouteDef]:
        """Say what is answered where."""

    @abstractmethod
    async def _close(self) -> None:
        """End everything of its own that is under way."""

    @abstractmethod
    def _reachable(self, *, down: bool) -> None:
        """Let every door but that of the API be down, or not."""

    @abstractmethod
    def _hang_up(self) -> None:
        """End what is under way without an answer."""

    # What is there.

    @property
    def url(self) -> str:
        """Where the server is; empty before it was opened."""
        return self._ledger.url

    @property
    def calls(self) -> list[C]:
        """All calls of the API, in order."""
        return self._ledger.calls

    @property
    def violations(self) -> list[str]:
        """What a good citizen would not have done."""
        return self._ledger.violations

    def called(self, method: str) -> list[C]:
        """List the calls of one method."""
        return [each for each in self.calls if each.method == method]

    def forgive(self, word: str) -> list[str]:
        """Take the violations with this word off the list, and return them; LookupError if there are none."""
        return self._ledger.forgive(word)

    # Misfortunes.

    def off(self, *methods: str) -> None:
        """Let the API not have these methods."""
        self._misfortunes.off.update(methods)

    def cut(self) -> None:
        """End everything that is under way, and close every connection without an answer from now on."""
        self._misfortunes.down = True
        self._reachable(down=True)
        self._hang_up()

    def restore(self) -> None:
        """Be there again."""
        self._misfortunes.down = False
        self._reachable(down=False)
