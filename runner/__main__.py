"""The worker daemon: the core on this machine without any front end; and how a core is opened.

With `bot.__main__` the only place that knows the store.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runner.agents import environment
from runner.agents.claude import ClaudeAgent, ClaudeConfig
from runner.beside import beside
from runner.changes import Bell
from runner.clock import SystemClock
from runner.core import Core, build
from runner.errors import SignoffError, StorageError
from runner.settings import Settings, find_config, load
from storage.files import DiskFiles
from storage.store import open_store


@asynccontextmanager
async def open_core(settings: Settings) -> AsyncIterator[Core]:
    """Open store, files and agents as configured. Raises ConfigError, StorageError, DatabaseInUse."""
    environment.conceal()
    _make_directory(settings.storage.directory)
    bell = Bell()
    claude = ClaudeAgent(claude_config(settings))
    async with (
        open_store(settings.database, on_change=bell.ring, lock=True) as store,
        build(
            settings=settings,
            store=store,
            bell=bell,
            files=DiskFiles(settings.files),
            clock=SystemClock(),
            agents=(claude,),
        ) as core,
        beside(claude.warm()),  # loading the SDK takes a second, which the first run need not wait for
    ):
        yield core


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be made: {error.strerror}.", hint="Name another `directory` under [storage] in config.toml."
        ) from error


def claude_config(settings: Settings) -> ClaudeConfig:
    """Translate the configuration for the driver; the key is read here. Raises ConfigError."""
    section = settings.agents.claude
    key = section.api_key.read()
    inherit = section.login == "user" or (section.login == "auto" and not key)
    return ClaudeConfig(
        home=settings.storage.directory / "agents" / "claude",
        inherit_home=inherit,
        cli_path=section.cli,
        base_url=section.base_url,
        api_key=key,
        max_retries=section.max_retries,
        env=section.env,
    )


@asynccontextmanager
async def working(core: Core) -> AsyncIterator[None]:
    """Carry executions while the context lasts; drain at its end."""
    await core.dispatcher.recover()
    async with beside(core.dispatcher.run(), core.timekeeper.run(), core.foresight.run(), core.upkeep.run()):
        try:
            yield
        finally:
            await core.dispatcher.drain(core.settings.worker.drain_seconds)


def until_signal() -> asyncio.Event:
    """Return an event that is set when the daemon is asked to go (SIGTERM, SIGINT)."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked.set)
    return asked


async def _serve(settings: Settings) -> None:
    asked = until_signal()
    async with open_core(settings) as core, working(core):
        await asked.wait()


def main() -> int:
    """Run the worker daemon; return its exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(_serve(load(find_config())))
    except SignoffError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
