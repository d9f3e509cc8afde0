"""Put a file into a thread, in the three steps of Slack: ask for an address, send the bytes, say where it belongs.

The library's `files_upload_v2` does the same, but hands over all bytes at once: large ones would hold up the loop.
"""

from __future__ import annotations

import io

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from runner.model import Json, Slot

_PATIENCE = aiohttp.ClientTimeout(total=100)  # seconds for the bytes; the outbox gives 120 for all


class Uploader:
    """Uploads files. A file carries no mark of ours: whether one is there is known by its id, as long as we live."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._doubtful: dict[str, str] = {}  # ids of files that may be there although nobody has told us, by nonce

    async def upload(self, slot: Slot, payload: Json, content: bytes, nonce: str) -> str:
        """Put a file there and return its id. Raises SlackApiError, aiohttp.ClientError, TimeoutError."""
        earlier = self._doubtful.get(nonce)
        if earlier is None or not await self._is_there(earlier, slot.channel):
            earlier = await self._uploaded(slot, payload, content, nonce)
        self._doubtful.pop(nonce, None)
        return earlier

    async def _uploaded(self, slot: Slot, payload: Json, content: bytes, nonce: str) -> str:
        name, alt = str(payload["name"]), str(payload.get("alt", ""))
        begun = await self._web.files_getUploadURLExternal(filename=name, length=len(content), alt_txt=alt or None)
        if self._web.session is None:
            raise TypeError("the client must have a session")
        async with self._web.session.post(begun["upload_url"], data=io.BytesIO(content), timeout=_PATIENCE) as answer:
            answer.raise_for_status()
        file_id = self._doubtful[nonce] = str(begun["file_id"])
        await self._web.files_completeUploadExternal(
            files=[{"id": file_id, "title": name}], channel_id=slot.channel, thread_ts=slot.thread or None
        )
        return file_id

    async def _is_there(self, file_id: str, channel: str) -> bool:
        try:
            found = (await self._web.files_info(file=file_id))["file"]
        except SlackApiError as error:
            if error.response.get("error") in {"file_not_found", "file_deleted"}:
                return False
            raise
        shares = [place for kind in (found.get("shares") or {}).values() for place in kind]
        return channel in shares
