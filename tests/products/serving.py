"""A front end at work: beside the core, with what it shows and with the address that it listens on."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from bot.fronts import Fronts
from bot.handlers import Handlers
from bot.httpd import HttpServer, Receiver, bound
from bot.messenger import Messenger
from bot.watch import Watch
from runner.beside import beside
from runner.core import Core
from runner.settings import Settings


class Front(Protocol):
    """What serves the people of a chat product."""

    @property
    def messenger(self) -> Messenger:
        """What shows cards there."""

    @property
    def receivers(self) -> Mapping[str, Receiver]:
        """What is posted to us, by path."""

    async def run(self, desk: Handlers, core: Core, /) -> None:
        """Serve until cancelled."""


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@asynccontextmanager
async def at_work(core: Core, settings: Settings, front: Front, fronts: Fronts | None = None) -> AsyncIterator[None]:
    """Run a front end, and show there what happens. `fronts`: which chat products are on besides."""
    watch = Watch(core, [front.messenger])
    async with _http(settings, core, front), beside(watch.run(), front.run(Handlers(core, fronts), core)):
        yield


@asynccontextmanager
async def _http(settings: Settings, core: Core, front: Front) -> AsyncIterator[None]:
    if not settings.serves_http:
        yield
        return
    async with bound(settings.http.address) as taken:
        server = HttpServer(taken, front.receivers, core.store.feed.newest)
        async with beside(server.run()):
            yield
