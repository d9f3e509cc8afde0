"""Whether we hear Slack: over sockets and over HTTP, against a workspace that goes away and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.handlers import Handlers
from bot.hearing import Ear, Hearing
from bot.httpd import Answer, HttpServer, Post, bound
from bot.messenger import Incoming
from bot.slack.front import slack as slack_front
from bot.slack.listening.door import Door
from bot.slack.listening.ears import DoorEar, Probe, SocketEar
from bot.slack.manifest import PATH
from runner.beside import beside
from runner.clock import SystemClock
from runner.settings import Secret
from tests.core.clock import MONDAY, HandClock
from tests.core.stage import stage
from tests.fakes import ActingAgent, asks
from tests.products.venue import PATIENCE
from tests.servers.slack import StrictSlack
from tests.slack.workspace import Mode, configured

SECOND = timedelta(seconds=1)


@dataclass
class Session:
    """A socket as the ear sees it."""

    closed: bool = False


@dataclass
class Client:
    """What the library keeps of a connection."""

    current_session: Session | None = None
    last_ping_pong_time: float | None = None
    on_message_listeners: list[Callable[[Any], Awaitable[None]]] = field(default_factory=list)

    async def speaks(self) -> None:
        """Let Slack say something."""
        for listener in self.on_message_listeners:
            await listener(None)

    def answered(self, ago: float) -> None:
        """Have the newest answer belong to a ping that was sent so many seconds ago."""
        self.last_ping_pong_time = SystemClock().now().timestamp() - ago


def ear_with(*clients: Client) -> tuple[SocketEar, HandClock]:
    """Make an ear with these connections."""
    clock = HandClock()
    ear = SocketEar(len(clients), clock)
    for client in clients:
        ear.watch(client)  # type: ignore[arg-type]  # as much of it as is looked at
    return ear, clock


async def test_one_socket_that_answers_its_pings_is_enough() -> None:
    """HEAR-1: three pings in a row without an answer, on all sockets, is deaf; the count says what is lost."""
    one, two = Client(Session()), Client(Session())
    ear, clock = ear_with(one, two)
    assert ear.ear(clock.now()).how == "0 of 2 sockets"
    for client, ago in ((one, 4.0), (two, 40.0)):
        await client.speaks()
        client.answered(ago)
    await clock.move(minutes=1)
    heard = ear.ear(clock.now())
    assert (heard.how, heard.deaf) == ("1 of 2 sockets", False)
    assert heard.proved is not None
    assert 4 * SECOND <= clock.now() - heard.proved < 5 * SECOND
    await clock.move(minutes=1)
    one.answered(31.0)
    heard = ear.ear(clock.now())
    assert heard.deaf
    assert heard.why == "no answer on any socket for 31 s"


@pytest.mark.parametrize("loss", ["closed", "none", "new", "unanswered"])
async def test_a_socket_that_is_lost_or_never_used_by_slack_proves_nothing(loss: str) -> None:
    """HEAR-1: the library keeps the old answer while it connects anew, and makes one up at its first ping."""
    session = Session()
    client = Client(session)
    ear, clock = ear_with(client)
    await client.speaks()
    client.answered(1.0)
    assert ear.ear(clock.now()).how == "1 of 1 sockets"
    await clock.move(minutes=1)
    match loss:
        case "closed":
            session.closed = True
        case "none":
            client.current_session = None
        case "new":
            client.current_session = Session()
        case _:
            client.last_ping_pong_time = None
    heard = ear.ear(clock.now())
    assert (heard.how, heard.deaf) == ("0 of 1 sockets", True)
    await client.speaks()
    assert not ear.ear(clock.now()).deaf


@dataclass
class Scene:
    """The front end of a workspace, and what is known of its hearing."""

    slack: StrictSlack
    clock: HandClock
    hearing: Hearing
    handlers: Handlers
    person: Any
    http: AsyncExitStack
    url: str

    async def status(self) -> str:
        """Ask in the terminal."""
        said = Incoming(person=self.person.person, origin=self.person.origin, text="status")
        (card,) = await self.handlers.handle(said)
        return "\n".join(section.body for section in card.sections if section.title == "Hears")

    async def passes(self, seconds: int) -> None:
        """Let time pass, slowly enough for everybody to look."""
        for _ in range(seconds // 5):
            await self.clock.move(seconds=5)
            await asyncio.sleep(0.02)

    async def until(self, words: str) -> str:
        """Wait until the status has these words."""
        async with asyncio.timeout(PATIENCE):
            while words not in (said := await self.status()):
                await asyncio.sleep(0.02)
        return said


@asynccontextmanager
async def scene(folder: Path, mode: Mode) -> AsyncIterator[Scene]:
    """Open a workspace on a clock that a test moves, and listen to it."""
    clock = HandClock()
    async with StrictSlack(clock) as slack:
        settings = configured(folder, slack, mode=mode)
        async with (
            stage(folder, settings, ActingAgent(asks), clock=clock) as core_stage,
            slack_front(settings.slack, core_stage.core.store, clock) as front,
            AsyncExitStack() as http,
        ):
            hearing, core = Hearing(clock), core_stage.core
            hearing.register(front.ear)
            handlers = Handlers(core, hearing=hearing)
            url = ""
            if mode == "http":
                slack.http(f"http://{settings.http.address}/slack/events", wall=clock)
                taken = await http.enter_async_context(bound(settings.http.address))
                server = HttpServer(taken, front.receivers, core.store.feed.newest, hears=hearing.health)
                url = server.address
                await http.enter_async_context(beside(server.run()))
            async with beside(front.run(handlers, core), hearing.run()):
                await slack.connected(settings.slack.connections)
                yield Scene(slack, clock, hearing, handlers, core_stage.actor, http, url)


async def test_a_minute_without_slack_is_deaf_and_then_heard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HEAR-1, HEAR-2: the sockets are cut without a word, and come back by themselves."""
    monkeypatch.setattr("bot.slack.listening.listen.PING_SECONDS", 0.5)
    async with scene(tmp_path, "sockets") as here:
        ada = here.slack.user("UADA", "Ada")
        await here.until("slack: hears, 2 of 2 sockets, no message since the start")
        assert (await here.slack.command(ada, here.slack.channel("COPS", ada), "/task", "help")).ok
        assert "last message just now" in await here.status()
        await here.passes(80)
        assert "slack: hears, 2 of 2 sockets, last message 1 minute ago" in await here.status()
        here.slack.cut()
        await here.until("0 of 2 sockets")
        await here.passes(60)
        said = await here.status()
        assert "slack: DEAF since 09:01 UTC (no answer on any socket for 6" in said
        here.slack.restore()
        await here.until("slack: hears, 2 of 2 sockets")


async def test_over_http_we_ask_ourselves_and_a_server_that_is_gone_is_deaf(tmp_path: Path) -> None:
    """HEAR-1, HEAR-2: the question is signed as Slack signs; nothing of it is taken for a delivery."""
    async with scene(tmp_path, "http") as here:
        await here.until("slack: hears, HTTP, no message since the start")
        async with aiohttp.ClientSession() as session, session.get(f"{here.url}/health") as response:
            assert response.status == 200
            assert await response.json() == {"status": "ok", "front_ends": {"slack": {"hears": True}}}
        for _ in range(24):
            await here.passes(5)
            await asyncio.sleep(0.05)
        assert "slack: hears, HTTP, no message since the start" in await here.status()
        await here.http.aclose()
        await here.passes(120)
        said = await here.status()
        assert "slack: DEAF since 09:0" in said
        assert "no answer at our own address for" in said


@pytest.mark.parametrize(
    ("secret", "alive"), [("", True), ("a secret that the handler does not have", False)], ids=["ours", "another"]
)
async def test_a_probe_proves_the_handler_and_its_secret(tmp_path: Path, secret: str, alive: bool) -> None:
    """HEAR-1: it is let in by the same check as what Slack sends."""
    async with scene(tmp_path, "http") as here, aiohttp.ClientSession() as session:
        address = here.url.removeprefix("http://")
        (tmp_path / "another").write_text(secret or here.slack.signing_secret, "utf-8")
        signer = Door(Secret(reference=f"file:{tmp_path}/another"), here.clock)
        assert await Probe(session, address, signer.signed).ask() is alive


async def test_a_stranger_at_our_address_is_not_taken_for_us(tmp_path: Path) -> None:
    """HEAR-1: nor is one who is not there; the right words count, not the status."""
    (tmp_path / "secret").write_text("s", "utf-8")
    signer = Door(Secret(reference=f"file:{tmp_path}/secret"), HandClock())

    async def stranger(_: Post) -> Answer:
        return Answer(body="welcome")

    async def well() -> None:
        return

    async with bound("127.0.0.1:0") as taken, aiohttp.ClientSession() as session:
        server = HttpServer(taken, {PATH: stranger}, well)
        address = server.address.removeprefix("http://")
        async with beside(server.run()):
            assert not await Probe(session, address, signer.signed).ask()
    async with aiohttp.ClientSession() as session:
        assert not await Probe(session, address, signer.signed).ask()


async def test_only_a_probe_that_was_answered_is_a_proof() -> None:
    """HEAR-1: three in a row that fail make us deaf."""
    clock, answers = HandClock(), [True, False, False, False, False]
    ear = DoorEar(clock)
    ears: list[Ear] = []

    async def ask() -> bool:
        ears.append(ear.ear(clock.now()))
        return answers[len(ears) - 1]

    async with beside(ear.probe(ask, clock)):
        for _ in answers:
            await asyncio.sleep(0.01)
            await clock.move(seconds=30)
        assert [each.deaf for each in ears] == [False] * 4 + [True]
        assert ears[-1].deaf_since == MONDAY
