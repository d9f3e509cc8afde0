"""The composition root and the command line: the one place of the bot that knows the store and starts the core.

Whatever needs no core is done without loading one, so that a one-shot command beside a running daemon stays quick.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from bot import cli
from runner import __version__
from runner.beside import beside
from runner.clock import SystemClock
from runner.errors import NoDaemon, SignoffError
from runner.settings import Settings, find_config, load

if TYPE_CHECKING:
    from bot.fronts import Fronts
    from bot.hearing import Hearing
    from bot.httpd import HttpServer
    from bot.slack.front import SlackFront
    from bot.telegram.front import TelegramFront
    from runner.core import Core
    from runner.model import Origin

    Front = SlackFront | TelegramFront

log = logging.getLogger("signoff")


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        return asyncio.run(_carried_out(cli.read(sys.argv[1:], sys.stdin)))
    except SignoffError as error:
        sys.stderr.write(f"{error.message}\n" + (f"{error.hint}\n" if error.hint else ""))
        return 1
    except OSError as error:  # what no part of ours could put into better words: a full disk at an odd moment
        sys.stderr.write(f"The system refused: {error.strerror or error} {error.filename or ''}\nNothing was lost.\n")
        return 1
    except KeyboardInterrupt:
        return 130


async def _carried_out(invocation: cli.Invocation) -> int:
    match invocation:
        case cli.Up():
            return await _up(_settings(invocation.config))
        case cli.Chat():
            return await _chat(_settings(invocation.config))
        case cli.TaskLine():
            return await _task(_settings(invocation.config), invocation)
        case cli.Demo():
            return await _demo(invocation)
        case cli.Check():
            return await _check(invocation.config)
        case cli.AuditVerify():
            return await _audit_verify(_settings(invocation.config), invocation.head)
        case cli.AuditExport():
            return await _audit_export(_settings(invocation.config), invocation)
        case cli.SlackManifest():
            from bot.slack.manifest import manifest

            sys.stdout.write(f"{json.dumps(manifest(invocation.http), indent=2)}\n")
            return 0
        case cli.Version():
            sys.stdout.write(f"signoff {__version__}\n")
            return 0
        case _:
            assert_never(invocation)


def _settings(config: Path | None) -> Settings:
    return load(find_config(config))


async def _up(settings: Settings) -> int:
    """Run the daemon until it is asked to go."""
    from runner.__main__ import until_signal

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it names every plug-in
    asked = until_signal()
    async with daemon(settings):
        log.info("signoff %s is up: `signoff chat` talks to it, Ctrl+C ends it", __version__)
        await asked.wait()
        log.info("going down: running work has %g s to end", settings.worker.drain_seconds)
    return 0


@asynccontextmanager
async def daemon(settings: Settings, *, work: bool = True) -> AsyncIterator[Core]:
    """Run the whole product in this process: core, watch and the terminals' server; with `work` also the dispatcher."""
    from bot.fronts import Fronts
    from bot.handlers import Handlers
    from bot.hearing import Hearing
    from bot.standby import Known, Standby
    from bot.terminal.server import TerminalServer
    from bot.watch import Watch
    from runner.__main__ import open_core, working

    async with open_core(settings) as core:
        registry, hearing = Fronts(), Hearing(core.clock)
        desk = Handlers(core, registry, hearing)

        async def catch_up(origin: Origin) -> None:
            await watch.catch_up(origin)  # each needs the other: the server shows what the watch sees

        server = TerminalServer(desk, core.people, catch_up, settings.socket, version=__version__)
        async with _fronts(settings, core, registry) as fronts, _http(settings, core, fronts, hearing) as http:
            watch = Watch(core, [server, *(front.messenger for front in fronts)])
            standby = Standby(core, hearing, watch, registry.on, Known(core))
            served = [front.run(desk, core) for front in fronts]
            served += [http.run()] if http else []
            for front in fronts:
                hearing.register(front.ear)
            async with (
                beside(server.run(), watch.run(), hearing.run(), standby.run(), *served),
                working(core) if work else nullcontext(),
            ):
                await server.ready()
                yield core


@asynccontextmanager
async def _fronts(settings: Settings, core: Core, registry: Fronts) -> AsyncIterator[tuple[Front, ...]]:
    """Make the front ends that are configured."""
    async with AsyncExitStack() as stack:
        fronts: list[Front] = []
        if settings.slack.enabled:
            from bot.slack.front import slack

            fronts.append(await stack.enter_async_context(slack(settings.slack, core.store, core.clock)))
        if settings.telegram.enabled:
            from bot.telegram.front import telegram

            fronts.append(
                await stack.enter_async_context(telegram(settings.telegram, core.store, core.clock, registry))
            )
        for front in fronts:
            registry.register(front.messenger.name)
        yield tuple(fronts)


@asynccontextmanager
async def _http(
    settings: Settings, core: Core, fronts: Sequence[Front], hearing: Hearing
) -> AsyncIterator[HttpServer | None]:
    """Take the address of the HTTP server where anything needs it. Raises ConfigError if it is taken."""
    if not settings.serves_http:
        yield None
        return
    from bot.httpd import HttpServer, bound

    async with bound(settings.http.address) as taken:
        receivers = {path: receiver for front in fronts for path, receiver in front.receivers.items()}
        yield HttpServer(taken, receivers, core.store.feed.newest, hears=hearing.health)


@asynccontextmanager
async def _some_daemon(settings: Settings, *, work: bool = True) -> AsyncIterator[bool]:
    """Make sure that a daemon listens; say whether it is our own, ends with us, and with `work` carries runs."""
    from bot.terminal.client import connect

    try:
        async with connect(settings.socket, watch=False):
            alone = False
    except NoDaemon:
        alone = True
    if not alone:
        yield False
        return
    async with daemon(settings, work=work):
        yield True


async def _chat(settings: Settings) -> int:
    from bot.terminal.chat import Chat, ChatOptions
    from bot.terminal.client import connect
    from bot.terminal.display import Lines, examine
    from bot.terminal.plain import PlainChat, typed_lines

    terminal = examine(sys.stdout)
    async with _some_daemon(settings) as alone:
        if not (terminal.redraws and sys.stdin.isatty()):
            async with connect(settings.socket, watch=True) as client:
                lines = Lines(sys.stdout, terminal)
                await PlainChat(client, SystemClock(), lines).run(typed_lines(sys.stdin), alone=alone)
            return 0
        history = settings.storage.directory / f"history-{getpass.getuser()}"
        options = ChatOptions(colour=terminal.colour, alone=alone, history=history)
        await Chat(lambda: connect(settings.socket, watch=True), SystemClock(), options).run()
    return 0


async def _task(settings: Settings, invocation: cli.TaskLine) -> int:
    from bot.terminal import pictures
    from bot.terminal.client import connect
    from bot.terminal.display import display
    from bot.terminal.oneshot import Oneshot, sets_to_work

    images = tuple(pictures.read(path) for path in invocation.images)
    works = sets_to_work(invocation.line)
    async with _some_daemon(settings, work=works) as alone, connect(settings.socket, watch=True) as client:
        oneshot = Oneshot(client, None if invocation.json else display(sys.stdout, SystemClock()))
        # Without a daemon the run would end with us: then we stay until its end.
        wait = invocation.wait or (alone and works)
        status = await oneshot.run(invocation.line, images, wait=wait)
        if invocation.json:
            sys.stdout.write(f"{oneshot.document()}\n")
    return int(status)


async def _check(config: Path | None) -> int:
    """Check the configuration, the rules in it and the agents' programs."""
    from runner.__main__ import claude_config
    from runner.agents.claude import ClaudeAgent
    from runner.core import check_rules

    path = find_config(config)
    settings = load(path)
    check_rules(settings)
    version = await ClaudeAgent(claude_config(settings)).check()
    sys.stdout.write(f"{path or 'No configuration file: defaults'}: no problems. claude {version}\n")
    return 0


async def _audit_verify(settings: Settings, noted: str) -> int:
    from bot import audit
    from storage.store import open_store

    async with open_store(settings.database, read_only=True) as store:
        said, status = await audit.verdict(store, noted)
    sys.stdout.write(said)
    return status


async def _audit_export(settings: Settings, invocation: cli.AuditExport) -> int:
    from bot import audit
    from storage.store import open_store

    since = invocation.since
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=settings.zone)
    async with open_store(settings.database, read_only=True) as store:
        with audit.opened(invocation.output, sys.stdout) as file:
            async for line in audit.lines(store, since):
                file.write(line)
    return 0


async def _demo(invocation: cli.Demo) -> int:
    from bot.demo import Demo

    return await Demo(daemon, yes=invocation.yes).run(invocation.directory)


if __name__ == "__main__":
    sys.exit(main())
