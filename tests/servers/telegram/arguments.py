"""What a call brings along: JSON, a form or a multipart body, as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.web_request import FileField

from tests.servers.loopback import brought
from tests.servers.telegram.world import Payload, Refused

T = TypeVar("T")

_WORDS = (  # never JSON, whatever they look like
    "action",
    "callback_query_id",
    "caption",
    "description",
    "file_id",
    "language_code",
    "name",
    "parse_mode",
    "secret_token",
    "short_description",
    "text",
    "url",
)


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    mime: str
    content: bytes

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self.content)} bytes>"


async def arguments(request: web.Request) -> Payload:
    """Read a call; ValueError if its body is nothing that Telegram reads."""
    made = {key: _value(key, _part(each)) for key, each in (await brought(request)).items()}
    files = {key: each for key, each in made.items() if isinstance(each, Upload)}
    return {key: _attached(each, files) for key, each in made.items()}


def _part(part: object) -> object:
    if isinstance(part, FileField):
        return Upload(part.filename, part.content_type, part.file.read())
    return part


def _value(key: str, raw: Any) -> Any:
    if not isinstance(raw, str) or key in _WORDS:
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _attached(value: Any, files: Payload) -> Any:
    if isinstance(value, str) and value.startswith("attach://"):
        return files.get(value.removeprefix("attach://"), value)
    if isinstance(value, list):
        return [_attached(each, files) for each in value]
    if isinstance(value, dict):
        return {key: _attached(each, files) for key, each in value.items()}
    return value


def given(args: Payload, name: str, kind: type[T]) -> T | None:
    """Return an argument of this type, or None if it is not there; a refusal if it is something else."""
    value = args.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refused(f"can't parse {name}", f"{name} is no {kind.__name__}: {value!r}")
    return value


def needed(args: Payload, name: str, kind: type[T]) -> T:
    """Return an argument that must be there."""
    value = given(args, name, kind)
    if value is None:
        raise Refused(f'parameter "{name}" is required', f"without {name}")
    return value
