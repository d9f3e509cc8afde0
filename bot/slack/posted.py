"""Files that people post in Slack, fetched for the agent. The token goes to Slack and to nobody else."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import aiohttp

from bot.measure import one_line
from bot.messenger import Card, Section
from bot.slack.addresses import is_slacks
from bot.slack.heard import FileRef
from runner import inbox
from runner.model import Enclosed, Image, Upload

LARGEST_PICTURE = 5_000_000  # bytes; the model's service takes no larger one
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PATIENCE = aiohttp.ClientTimeout(total=60)  # seconds for one file
_CHUNK = 1 << 16  # bytes

log = logging.getLogger(__name__)


class _Missing(Exception):
    """A file cannot be had; the text says why."""


class Fetcher:
    """Fetches files with the bot's token. `base_url` is where the Web API is."""

    def __init__(self, http: aiohttp.ClientSession, token: str, base_url: str) -> None:
        self._http = http
        self._token = token
        self._base_url = base_url

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return pictures as such, all else as files; what cannot be had is among the files and says why."""
        images: list[Image] = []
        uploads: list[Upload] = []
        together = 0
        for number, file in enumerate(files):
            try:
                data = await self._data(file, inbox.TOGETHER - together if number < inbox.MOST else -1)
            except _Missing as missing:
                uploads.append(Upload(name=file.name, trouble=str(missing)))
                continue
            together += len(data)
            if file.media_type in _PICTURES and len(data) <= LARGEST_PICTURE:
                images.append(Image(media_type=file.media_type, data=data))
            else:
                uploads.append(Upload(name=file.name, data=data))
        return Enclosed(images=tuple(images), files=tuple(uploads))

    async def _data(self, file: FileRef, room: int) -> bytes:
        """Return the bytes of a file. Raises _Missing."""
        if room < 0:
            raise _Missing(f"a message may have {inbox.MOST} files")
        if file.size > inbox.LARGEST:
            raise _Missing(f"it is too large: a file may have {inbox.LARGEST // 1_000_000} MB")
        if file.size > room:
            raise _Missing(f"the files of a message may have {inbox.TOGETHER // 1_000_000} MB together")
        if not is_slacks(file.url, self._base_url):
            raise _Missing("it is not kept in this Slack workspace")
        try:
            return await self._read(file, min(room, inbox.LARGEST))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.unfetched %s: %s", one_line(file.name, 100), error)
            raise _Missing("Slack did not hand it out; post it again") from error

    async def _read(self, file: FileRef, most: int) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._http.get(file.url, headers=headers, allow_redirects=False, timeout=_PATIENCE) as answer:
            sign_in = answer.content_type == "text/html" and "html" not in file.media_type
            if answer.status != 200 or sign_in:  # without the scope `files:read` it is the page for signing in
                raise _Missing(f"Slack did not hand it out ({answer.status}); post it again")
            data = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > most:
                    raise _Missing("it is larger than Slack said")
            return bytes(data)


def missing(enclosed: Enclosed) -> Card | None:
    """Say to people which of their files do not reach the agent; None if all do."""
    lines = [f"{one_line(file.name, 100) or 'a file'}: {file.trouble}" for file in enclosed.files if file.trouble]
    title = "Not all that you posted reaches the agent"
    return Card(title=title, sections=(Section(body="\n".join(lines)),)) if lines else None


def unused(files: Sequence[FileRef]) -> Enclosed:
    """Return files that go with a command, which has no use for them."""
    return Enclosed(files=tuple(Upload(name=file.name, trouble="this command takes no files") for file in files))
