"""A small daemon for tests: a real server on a real socket, with a desk that has behaviour of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.commands import Names
from bot.messenger import Card, Incoming, Tone
from bot.terminal.server import NAME, TerminalServer
from runner.errors import NotFound
from runner.model import Origin, Person, Role, new_id

NAMES = Names(tasks=("fix-tests", "tidy"), handles=("k3f9x2",), approvals=("a1b2c3",), projects=("demo",))
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Desk:
    """Answers `echo WORDS` with them, `fail` with an error, `crash` with a defect, `wait` when it is let go.

    Other texts can be given an answer in `answers`.
    """

    def __init__(self) -> None:
        self.heard: list[Incoming] = []
        self.arrived = asyncio.Event()
        self.let_go = asyncio.Event()
        self.waited = asyncio.Event()
        self.answers: dict[str, Callable[[], tuple[Card, ...]]] = {}

    @property
    def texts(self) -> list[str]:
        return [incoming.text for incoming in self.heard]

    async def handle(self, incoming: Incoming) -> tuple[Card, ...]:
        self.heard.append(incoming)
        self.arrived.set()
        word, _, rest = incoming.text.partition(" ")
        if incoming.text in self.answers:
            return self.answers[incoming.text]()
        match word:
            case "fail":
                raise NotFound("There is no such thing.", hint="Make one.")
            case "crash":
                raise ZeroDivisionError
            case "wait":
                await self.let_go.wait()
                self.waited.set()
        return (Card(title=rest, tone=Tone.GOOD, data={"images": [len(image.data) for image in incoming.images]}),)

    async def names(self, person: Person) -> Names:
        return NAMES


class People:
    """Knows everybody, and remembers who was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def known(self, messenger: str, identity: str, display_name: str) -> Person:
        self.asked.append((messenger, identity, display_name))
        return Person(id=new_id(), name=identity, role=Role.ADMIN, created_at=EPOCH)


class Daemon:
    """The server and everything around it. Its socket is in a short path, as the kernel demands."""

    def __init__(self, path: Path, group: asyncio.TaskGroup) -> None:
        self.path = path
        self._group = group
        self.desk = Desk()
        self.people = People()
        self.live: list[Card] = []

    def start(self) -> None:
        self.server = TerminalServer(self.desk, self.people, self.catch_up, self.path, version="1.2.3")
        self.running = self._group.create_task(self.server.run())

    async def restart(self) -> None:
        self.running.cancel()
        await asyncio.wait([self.running])
        self.start()
        await self.server.ready()

    async def catch_up(self, origin: Origin) -> None:
        for card in self.live:
            await self.server.show(origin, card)

    def origin(self) -> Origin:
        return Origin(messenger=NAME, channel=self.people.asked[0][1])


@asynccontextmanager
async def serving(path: Path | None = None) -> AsyncIterator[Daemon]:
    """Run a daemon until the block ends."""
    with tempfile.TemporaryDirectory(prefix="signoff") as folder:
        async with asyncio.TaskGroup() as group:
            daemon = Daemon(path or Path(folder) / "s.sock", group)
            daemon.start()
            await daemon.server.ready()
            yield daemon
            daemon.running.cancel()
