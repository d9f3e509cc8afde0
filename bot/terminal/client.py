"""The client's end of the daemon's socket: used by the chat and by one-shot commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.terminal import address, wire
from runner.errors import BadInput, NoDaemon
from runner.model import Image


class Client:
    """One connection. The caller sends whenever it likes and takes all that comes from one `receive` loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._count = 0
        self.welcome = wire.Welcome()

    async def greet(self, *, watch: bool) -> None:
        """Exchange greetings. Raises BadInput when the other side speaks another protocol."""
        await self._send(wire.Hello(watch=watch))
        frame = await self.receive()
        match frame:
            case wire.Welcome():
                self.welcome = frame
            case wire.Refused(message=message, hint=hint):
                raise BadInput(message, hint=hint)
            case _:
                raise BadInput("What answers at the socket is not a Signoff daemon.")

    async def say(self, text: str, images: tuple[Image, ...] = ()) -> int:
        """Send a command line; the reply carries the returned number. Raises TooLarge and NoDaemon."""
        self._count += 1
        await self._send(wire.Request(id=self._count, text=text, images=wire.pictures(images)))
        return self._count

    async def ask_names(self) -> int:
        """Ask for the names that completion offers; they come as `wire.Known`. Raises NoDaemon."""
        self._count += 1
        await self._send(wire.AskNames(id=self._count))
        return self._count

    async def receive(self) -> wire.ServerFrame | None:
        """Return the next frame, or None when the daemon has gone. Raises BadInput for what is no frame."""
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except asyncio.LimitOverrunError as error:
            raise BadInput(f"The daemon sent a message of more than {wire.FRAME_LIMIT:,} bytes.") from error
        return wire.decode_server(line)

    async def _send(self, frame: wire.ClientFrame) -> None:
        line = wire.encode(frame)
        try:
            self._writer.write(line)
            await self._writer.drain()
        except OSError as error:
            raise gone() from error


@asynccontextmanager
async def connect(path: Path, *, watch: bool) -> AsyncIterator[Client]:
    """Connect to the daemon that listens at `path`.

    Raises NoDaemon when none does, NotAllowed when it belongs to somebody else, BadInput when it speaks another
    protocol.
    """
    path = address.reachable(path)
    try:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=wire.FRAME_LIMIT)
    except OSError as error:
        raise NoDaemon(f"No daemon listens on {path}.", hint="Start one with `signoff up`.") from error
    try:
        address.trust(writer.get_extra_info("socket"), path)
        client = Client(reader, writer)
        await client.greet(watch=watch)
        yield client
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def gone() -> NoDaemon:
    """Say that the daemon went away in the middle of a conversation."""
    return NoDaemon(
        "The connection to the daemon is lost.",
        hint="Start it again with `signoff up`.",
    )
