"""The messenger "terminal": serves terminals on a Unix socket inside the daemon."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from bot.commands import Names
from bot.messenger import Card, Incoming
from bot.terminal import address, wire
from bot.terminal.outbox import Outbox, Overflow
from bot.terminal.stage import asking
from runner.errors import BadInput, SignoffError, TooLarge
from runner.model import Origin, Person, value

NAME = "terminal"
_AT_ONCE = 16  # requests of one terminal in flight; the next ones wait in the socket
_GREETING_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Desk(Protocol):
    """Takes what people say: `bot.handlers.Handlers`."""

    async def handle(self, incoming: Incoming) -> tuple[Card, ...]:
        """Carry out a command and return what is to be shown."""
        ...

    async def names(self, person: Person) -> Names:
        """Return what completion offers to a person."""
        ...


class Register(Protocol):
    """Knows people: `runner.people.People`."""

    async def known(self, messenger: str, identity: str, display_name: str) -> Person:
        """Return the person behind an identity, enrolling them if need be."""
        ...


CatchUp = Callable[[Origin], Awaitable[None]]  # shows what is live in a channel: `bot.watch.Watch.catch_up`


class TerminalServer:
    """Accepts terminals at `path`; every terminal of one user is one channel.

    A terminal that reads slowly never holds up the daemon: its frames wait in a bounded outbox, and when that is full
    the connection is closed, because a terminal that connects anew is told where everything stands.
    """

    def __init__(self, desk: Desk, people: Register, catch_up: CatchUp, path: Path, *, version: str) -> None:
        self._desk = desk
        self._people = people
        self._tell = catch_up
        self._path = address.reachable(path)
        self._version = version
        self._watching: dict[str, set[_Connection]] = {}
        self._ready = asyncio.Event()

    @property
    def name(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        return NAME

    @property
    def redraw_seconds(self) -> float:
        """Return how often a live card is redrawn at most."""
        return 0.2

    async def show(self, origin: Origin, card: Card) -> None:
        """Push a card to all terminals of this channel. Without one nothing is lost: they catch up when they come."""
        for connection in tuple(self._watching.get(origin.channel, ())):
            connection.put(wire.Shown(card=card))

    async def acknowledge(self, source: str, *, read: bool) -> None:
        """Do nothing: the card of a run says what its agent has not read yet."""

    async def rewrite(self, card: Card) -> None:
        """Replace a question on the terminals whose people have looked it up, wherever its run was begun."""
        for connection in {one for channel in self._watching.values() for one in channel}:
            if card.key in connection.looked_up:
                connection.put(wire.Shown(card=card))
                if not asking(card):
                    connection.looked_up.discard(card.key)

    async def ready(self) -> None:
        """Wait until terminals can connect."""
        await self._ready.wait()

    async def run(self) -> None:
        """Serve until cancelled. Raises StorageError when the socket cannot be made."""
        listener = address.listen(self._path)
        try:
            async with asyncio.TaskGroup() as group:

                def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                    group.create_task(self._serve(reader, writer))

                server = await asyncio.start_unix_server(welcome, sock=listener, limit=wire.FRAME_LIMIT)
                self._ready.set()
                async with server:
                    await server.serve_forever()
        finally:
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        try:
            await self._converse(reader, connection)
        except* OSError as gone:
            _log.debug("a terminal went away: %s", gone)
        except* Exception:  # noqa: BLE001 - a defect met by one terminal must not end the daemon and everybody's runs
            _log.exception("a terminal was disconnected because of an unexpected error")
        finally:
            connection.close()

    async def _converse(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(connection.pump())
            try:
                hello = await self._greeted(reader)
                guest = await self._identify(connection)
                connection.put(wire.Welcome(version=self._version, channel=guest.origin.channel))
                await self._attend(reader, connection, guest, watch=hello.watch)
            except SignoffError as error:
                connection.put(wire.Refused(message=error.message, hint=error.hint))
            finally:
                connection.finish()

    async def _greeted(self, reader: asyncio.StreamReader) -> wire.Hello:
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                line = await _line(reader)
        except TimeoutError as error:
            raise BadInput("No greeting came.") from error
        frame = wire.decode_client(line or b"")
        if not isinstance(frame, wire.Hello):
            raise BadInput("The first frame must be a hello.")
        if frame.protocol != wire.PROTOCOL:
            raise BadInput(
                f"The daemon speaks protocol {wire.PROTOCOL}, this terminal {frame.protocol}.",
                hint="Restart the daemon with the installed version: stop `signoff up` and start it again.",
            )
        return frame

    async def _identify(self, connection: _Connection) -> _Guest:
        peer = address.peer(connection.socket)
        person = await self._people.known(NAME, peer.user, peer.full_name)
        return _Guest(person=person, origin=Origin(messenger=NAME, channel=peer.user))

    async def _attend(
        self, reader: asyncio.StreamReader, connection: _Connection, guest: _Guest, *, watch: bool
    ) -> None:
        watching = self._watching.setdefault(guest.origin.channel, set()) if watch else set()
        watching.add(connection)
        try:
            async with asyncio.TaskGroup() as requests:
                if watch:
                    requests.create_task(self._catch_up(guest.origin))
                # what was asked for is carried out even when the terminal leaves meanwhile
                await self._listen(reader, connection, guest, requests)
        finally:
            watching.discard(connection)

    async def _catch_up(self, origin: Origin) -> None:
        try:
            await self._tell(origin)
        except SignoffError as error:
            _log.warning("cannot tell a terminal where things stand: %s", error)

    async def _listen(
        self, reader: asyncio.StreamReader, connection: _Connection, guest: _Guest, requests: asyncio.TaskGroup
    ) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)
        while True:
            line: bytes | None = b""
            try:
                line = await _line(reader)
                if line is None:
                    return
                frame = wire.decode_client(line)
            except BadInput as error:
                number = wire.request_id(line or b"")
                connection.put(wire.Refused(re=number, message=error.message, hint=error.hint))
                continue
            await slots.acquire()
            requests.create_task(self._answer(connection, guest, frame, slots))

    async def _answer(
        self, connection: _Connection, guest: _Guest, frame: wire.ClientFrame, slots: asyncio.Semaphore
    ) -> None:
        try:
            reply = await self._reply(guest, frame)
            if isinstance(reply, wire.Reply):
                connection.looked_up |= {card.key for card in reply.cards if asking(card)}
            connection.put(reply)
        finally:
            slots.release()

    async def _reply(self, guest: _Guest, frame: wire.ClientFrame) -> wire.ServerFrame:
        number = None if isinstance(frame, wire.Hello) else frame.id
        try:
            match frame:
                case wire.Request(id=number, text=text, images=sent):
                    incoming = Incoming(person=guest.person, origin=guest.origin, text=text, images=wire.images(sent))
                    return wire.Reply(re=number, cards=await self._desk.handle(incoming))
                case wire.AskNames(id=number):
                    return wire.Known(re=number, names=await self._desk.names(guest.person))
                case wire.Hello():
                    return wire.Refused(message="We have greeted each other already.")
        except SignoffError as error:
            return wire.Refused(re=number, message=error.message, hint=error.hint)
        except Exception:  # noqa: BLE001 - nor must it end what else this terminal has asked for
            _log.exception("a request of a terminal failed unexpectedly")
            return wire.Refused(re=number, message="Something unexpected happened; the daemon's log has the details.")


@value
class _Guest:
    """Who sits at a terminal, and where."""

    person: Person
    origin: Origin


class _Connection:
    """The sending side of one terminal."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._outbox = Outbox()
        self.looked_up: set[str] = set()  # keys of questions that were shown in answer to a command

    @property
    def socket(self) -> socket.socket:
        """Return the connection's socket, to ask who is at the other end."""
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    def put(self, frame: wire.ServerFrame) -> None:
        """Queue a frame; never waits."""
        try:
            self._outbox.put(frame)
        except Overflow:
            _log.warning("a terminal reads too slowly and was disconnected")
            self.drop()

    async def pump(self) -> None:
        """Send what is queued, as fast as the terminal reads, until `finish`."""
        while (frame := await self._outbox.get()) is not None:
            self._writer.write(_encoded(frame))
            await self._writer.drain()

    def finish(self) -> None:
        """Send what is queued and nothing more."""
        self._outbox.close()

    def close(self) -> None:
        """Close the connection once the system has sent what it took."""
        self._writer.close()

    def drop(self) -> None:
        """Close the connection at once, with everything that waits for it."""
        self._outbox.discard()
        self._writer.transport.abort()


def _encoded(frame: wire.ServerFrame) -> bytes:
    try:
        return wire.encode(frame)
    except TooLarge as error:
        number = frame.re if isinstance(frame, wire.Reply) else None
        return wire.encode(wire.Refused(re=number, message=error.message, hint="Ask for the report instead."))


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """Read one line; None at the end. Raises TooLarge for a line above the limit, after skipping it."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        await _skip_line(reader)
        raise TooLarge(f"A message has more than {wire.FRAME_LIMIT:,} bytes.") from None


async def _skip_line(reader: asyncio.StreamReader) -> None:
    """Read up to the end of a line without keeping it."""
    while True:
        try:
            await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as longer:
            await reader.readexactly(longer.consumed)
        except asyncio.IncompleteReadError:
            return
        else:
            return
