"""Files that people post in Slack. The token goes to Slack and to nobody else."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import aiohttp

from bot import posted
from bot.measure import one_line
from bot.posted import Missing
from bot.slack.heard import FileRef
from bot.slack.sending.addresses import is_slacks
from runner.model import Enclosed

_PATIENCE = aiohttp.ClientTimeout(total=60)  # seconds for one file
_CHUNK = 1 << 16  # bytes

log = logging.getLogger(__name__)


class Fetcher:
    """Fetches files with the bot's token. `base_url` is where the Web API is."""

    def __init__(self, http: aiohttp.ClientSession, token: str, base_url: str) -> None:
        self._http = http
        self._token = token
        self._base_url = base_url

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return pictures as such, all else as files; what cannot be had is among the files and says why."""
        return await posted.fetch(files, self._data)

    async def _data(self, file: FileRef, most: int) -> bytes:
        if not is_slacks(file.url, self._base_url):
            raise Missing("it is not kept in this Slack workspace")
        try:
            return await self._read(file, most)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.unfetched %s: %s", one_line(file.name, 100), error)
            raise Missing("Slack did not hand it out; post it again") from error

    async def _read(self, file: FileRef, most: int) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._http.get(file.url, headers=headers, allow_redirects=False, timeout=_PATIENCE) as answer:
            sign_in = answer.content_type == "text/html" and "html" not in file.media_type
            if answer.status != 200 or sign_in:  # without the scope `files:read` it is the page for signing in
                raise Missing(f"Slack did not hand it out ({answer.status}); post it again")
            data = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > most:
                    raise Missing("it is larger than Slack said")
            return bytes(data)
