"""The methods around files: what is uploaded, shown in albums and downloaded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import web

from tests.servers.faults import Misfortunes
from tests.servers.loopback import lose
from tests.servers.telegram import objects
from tests.servers.telegram.api import Fault
from tests.servers.telegram.arguments import Upload, needed
from tests.servers.telegram.sending import Sending
from tests.servers.telegram.texts import Formatted, caption_of
from tests.servers.telegram.world import Call, File, Payload, Refused, World

UPLOAD, PHOTO, DOWNLOAD = 50 << 20, 10 << 20, 20 << 20
_SIDES, _RATIO = 10_000, 20
_OPEN_SECONDS = 3600.0
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


class _Item(NamedTuple):
    content: Formatted
    file: File


class Files:
    """sendDocument, sendPhoto, sendMediaGroup, getFile and the downloads."""

    def __init__(self, world: World, sending: Sending) -> None:
        self._world = world
        self._sending = sending
        self.misfortunes = Misfortunes[Fault]()
        self.methods: dict[str, Callable[[Payload], Any]] = {
            "getFile": self._get,
            "sendDocument": lambda args: self._send("document", args),
            "sendMediaGroup": self._group,
            "sendPhoto": lambda args: self._send("photo", args),
        }

    def _send(self, kind: str, args: Payload) -> Payload:
        chat = self._world.open(args.get("chat_id"))
        content = caption_of(self._world, args)
        found = self._file(kind, args.get(kind))
        return objects.message(self._world, self._sending.post(chat, args, content, found))

    def _file(self, kind: str, given: object) -> File:
        if isinstance(given, str) and given:
            known = self._world.files.get(given)
            if known is None or known.kind != kind:
                raise Refused("wrong remote file identifier specified", f"no {kind} was ever {given!r}")
            return known
        if not isinstance(given, Upload):
            raise Refused(f"there is no {kind} in the request", f"{given!r}")
        if not given.content:
            raise Refused("file must be non-empty", f"{given.name} is empty")
        most = PHOTO if kind == "photo" else UPLOAD
        if len(given.content) > most:
            raise Refused("file is too big", f"{given.name} has {len(given.content)} bytes")
        size = _picture(given.content) if kind == "photo" else (0, 0)
        made = self._world.add_file(kind, given.name, given.mime, given.content)
        made.size = size
        return made

    def _group(self, args: Payload) -> list[Payload]:
        chat = self._world.open(args.get("chat_id"))
        media = needed(args, "media", list)
        if not 2 <= len(media) <= 10:
            raise Refused("group must contain 2-10 items", f"{len(media)} items")
        kinds = {each.get("type") for each in media if isinstance(each, dict)}
        if not kinds <= {"document", "photo"}:
            raise Refused("can't parse InputMedia: unsupported type specified", f"{kinds}")
        if len(kinds) > 1:
            raise Refused("Can't use the media of the specified type in the album", "documents only go with documents")
        if args.get("reply_markup"):
            self._world.violate("sendMediaGroup: an album has no buttons")
        items = [_Item(caption_of(self._world, each), self._file(each["type"], each.get("media"))) for each in media]
        number = self._sending.album()
        made = [self._sending.post(chat, args, *each) for each in items]
        for each in made:
            each.album = number
        return [objects.message(self._world, each) for each in made]

    def _get(self, args: Payload) -> Payload:
        found = self._world.files.get(needed(args, "file_id", str))
        if found is None:
            raise Refused("invalid file_id", "no such file")
        if len(found.content) > DOWNLOAD:
            raise Refused("file is too big", f"{found.name} has {len(found.content)} bytes, which its message told")
        found.open_until = self._world.clock.monotonic() + _OPEN_SECONDS
        return objects.file(found)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Answer with the bytes of a file for which getFile was called within the last hour."""
        if self.misfortunes.down:
            return lose(request)
        if fault := self.misfortunes.befalling(Call("download", {}, self._world.clock.now())):
            return _unlucky(request, fault)
        if request.match_info["token"] != self._world.token:
            self._world.violate("a download with a token that nobody has")
            return _refused(401, "Unauthorized")
        for each in self._world.files.values():
            if each.path == request.match_info["path"] and each.open_until >= self._world.clock.monotonic():
                return web.Response(body=each.content, content_type="application/octet-stream")
        return _refused(404, "Not Found")


def _unlucky(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.dropped or fault.lost:
        return lose(request)
    return _refused(fault.status, fault.description or "Bad Gateway")


def _picture(content: bytes) -> tuple[int, int]:
    """Measure a picture; Telegram's refusals if it is none, or too long a strip."""
    if content.startswith(_PNG) and len(content) > 24:
        width, height = struct.unpack(">II", content[16:24])
        if width + height > _SIDES or max(width, height) > _RATIO * min(width, height):
            raise Refused("PHOTO_INVALID_DIMENSIONS", f"{width} x {height}")
        return width, height
    if content.startswith(_JPEG):
        return 800, 600
    raise Refused("IMAGE_PROCESS_FAILED", "neither PNG nor JPEG")


def _refused(status: int, description: str) -> web.Response:
    return web.json_response({"ok": False, "error_code": status, "description": description}, status=status)
