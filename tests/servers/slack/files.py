"""Files: the upload in three steps, and the download that wants a token."""

from __future__ import annotations

import mimetypes
import secrets

from aiohttp import web

from tests.servers.loopback import lose
from tests.servers.slack import payloads
from tests.servers.slack.api import Method, needed
from tests.servers.slack.chat import Announce, thread
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import File, Message, Refused, World


class Files:
    """The methods about files, and the two addresses beside the Web API."""

    def __init__(self, world: World, announce: Announce) -> None:
        self._world = world
        self._announce = announce
        self._uploads: dict[str, File] = {}
        self._completed: set[str] = set()
        self.down = False
        self.methods: dict[str, Method] = {
            "files.getUploadURLExternal": self.begin,
            "files.completeUploadExternal": self.complete,
            "files.info": self.info,
        }

    def begin(self, args: Payload) -> Payload:
        """files.getUploadURLExternal: step one."""
        name, length = needed(args, "filename", "length")
        if not str(length).isdigit() or int(length) < 1:
            raise Refused("invalid_arguments", f"length must be at least 1: {length}")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        made = File(self._world.new("F"), name, self._world.bot_user, declared=int(length), mimetype=kind)
        made.alt_text = args.get("alt_txt") or ""
        self._world.files[made.id] = made
        secret = secrets.token_hex(12)
        self._uploads[secret] = made
        return {"upload_url": f"{self._world.url}/upload/v1/{secret}", "file_id": made.id}

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Step two: the bytes, as many as were declared."""
        if self.down:
            return lose(request)
        found = self._uploads.get(request.match_info["secret"])
        if found is None or found.content is not None:
            self._world.violate("an upload to an address that was used before or never given out")
            return web.Response(status=404, text="not found")
        content = await _bytes(request)
        if len(content) != found.declared:
            self._world.violate(f"{found.name}: {found.declared} bytes were declared, {len(content)} came")
            return web.Response(status=400, text="length mismatch")
        found.content = content
        return web.Response(text=f"OK - {len(content)}")

    def complete(self, args: Payload) -> Payload:
        """files.completeUploadExternal: step three; shows the files where they belong."""
        wanted = needed(args, "files")[0]
        found = [self._ready(each) for each in wanted]
        if args.get("channel_id"):
            self._share(found, args)
        self._completed |= {each.id for each in found}
        return {"files": [{"id": each.id, "title": each.title} for each in found]}

    def _ready(self, wanted: Payload) -> File:
        found = self._world.files.get(wanted.get("id", ""))
        if found is None or found.content is None:
            raise Refused("file_not_found", f"not uploaded: {wanted.get('id')}")
        if found.id in self._completed:
            raise Refused("file_not_found", f"completed before: {found.id}")
        found.title = wanted.get("title") or found.name
        return found

    def _share(self, found: list[File], args: Payload) -> None:
        if args["channel_id"] not in self._world.channels:
            raise Refused("channel_not_found", f"not the id of a channel: {args['channel_id']}")
        channel = self._world.joined(args["channel_id"])
        in_thread = thread(self._world, channel, args.get("thread_ts"))
        for each in found:
            each.shared.append(channel.id)
        made = Message(channel.id, self._world.ts(), self._world.bot_user, args.get("initial_comment") or "")
        made.bot_id, made.thread_ts = self._world.bot_id, in_thread
        made.files = [payloads.file(self._world, each, self._world.url) for each in found]
        self._world.add(made)
        self._announce(payloads.message_event(self._world, made, channel))

    def info(self, args: Payload) -> Payload:
        """files.info."""
        name = needed(args, "file")[0]
        if name not in self._world.files:
            raise Refused("file_not_found", f"no such file: {name}")
        return {"file": payloads.file(self._world, self._world.files[name], self._world.url)}

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Give out a file; without a token it is the page for signing in, with status 200, as on the real thing."""
        if self.down:
            return lose(request)
        found = self._world.files.get(request.match_info["place"].partition("-")[2])
        if found is None or found.content is None:
            return web.Response(status=404)
        if request.headers.get("Authorization") != f"Bearer {self._world.bot_token}":
            self._world.violate(f"{found.name}: downloaded without the bot's token")
            return web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")
        return web.Response(body=found.content, content_type=found.mimetype)


async def _bytes(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    for field in (await request.post()).values():
        if isinstance(field, web.FileField):
            return field.file.read()
    return b""
