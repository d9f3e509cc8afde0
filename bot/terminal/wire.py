"""What terminals and the daemon say to each other: one JSON document a line.

Both sides greet first (`Hello`, `Welcome`); then the client sends requests and the server answers each by its `id`
and pushes cards nobody asked for. Frames are pure values here; `bot.terminal.server` and `client` carry them.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, TypeVar

from pydantic import Base64Bytes, Field, TypeAdapter, ValidationError

from bot.commands import Names
from bot.messenger import Card
from runner.errors import BadInput, TooLarge
from runner.model import Image, value

_Frame = TypeVar("_Frame")

PROTOCOL = 1  # grows when an older program could no longer understand a frame
FRAME_LIMIT = 8 * 1024 * 1024  # bytes of one line: some pictures, or 100 kB of text many times over


@value
class Picture:
    """An image on the wire."""

    media_type: str
    data: Base64Bytes


@value
class Hello:
    """The client's first frame. Only a client that watches gets cards nobody asked for."""

    kind: Literal["hello"] = "hello"
    protocol: int = PROTOCOL
    watch: bool = False


@value
class Request:
    """A line somebody typed or a button somebody pressed. `id` is the client's own count."""

    kind: Literal["request"] = "request"
    id: int
    text: str
    images: tuple[Picture, ...] = ()


@value
class AskNames:
    """Ask for the names that completion offers."""

    kind: Literal["ask_names"] = "ask_names"
    id: int


@value
class Welcome:
    """The server's first frame."""

    kind: Literal["welcome"] = "welcome"
    protocol: int = PROTOCOL
    version: str = ""
    channel: str = ""


@value
class Reply:
    """All cards that answer the request `re`."""

    kind: Literal["reply"] = "reply"
    re: int
    cards: tuple[Card, ...]


@value
class Known:
    """The names that completion offers, asked for by `re`."""

    kind: Literal["known"] = "known"
    re: int
    names: Names


@value
class Shown:
    """A card nobody asked for: progress, a question, a result."""

    kind: Literal["shown"] = "shown"
    card: Card


@value
class Refused:
    """A frame that could not be used; `re` names the request if it could be read that far."""

    kind: Literal["refused"] = "refused"
    re: int | None = None
    message: str
    hint: str = ""


ClientFrame = Hello | Request | AskNames
ServerFrame = Welcome | Reply | Known | Shown | Refused

_client: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="kind")])
_server: TypeAdapter[ServerFrame] = TypeAdapter(Annotated[ServerFrame, Field(discriminator="kind")])


def pictures(images: tuple[Image, ...]) -> tuple[Picture, ...]:
    """Prepare images for the wire."""
    return tuple(Picture(media_type=image.media_type, data=image.data) for image in images)


def images(sent: tuple[Picture, ...]) -> tuple[Image, ...]:
    """Take images off the wire."""
    return tuple(Image(media_type=picture.media_type, data=picture.data) for picture in sent)


def encode(frame: ClientFrame | ServerFrame) -> bytes:
    """Write a frame as one line. Raises TooLarge above FRAME_LIMIT."""
    if isinstance(frame, Hello | Request | AskNames):
        document = _client.dump_python(frame, mode="json")
    else:
        document = _server.dump_python(frame, mode="json")
    # json, not pydantic, writes the text: it escapes lone surrogates, which the output of programs may hold
    line = json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > FRAME_LIMIT:
        raise TooLarge(
            f"The message has {len(line):,} bytes; at most {FRAME_LIMIT:,} can be sent.",
            hint="Put it into a file of the project and name the file.",
        )
    return line


def decode_client(line: bytes) -> ClientFrame:
    """Read what a client sent. Raises BadInput for anything else."""
    return _decode(_client, line)


def decode_server(line: bytes) -> ServerFrame:
    """Read what the server sent. Raises BadInput for anything else."""
    return _decode(_server, line)


def _decode(adapter: TypeAdapter[_Frame], line: bytes) -> _Frame:
    try:
        return adapter.validate_python(json.loads(line))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the frame"
        raise BadInput(f"Not a frame of this protocol: {place}: {first['msg']}.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput("Not a frame of this protocol: a line must be one JSON document.") from error


def request_id(line: bytes) -> int | None:
    """Find out which request a line that `decode_client` refused was meant to be, if it says so."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, int) else None
