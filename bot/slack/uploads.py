"""Put a file into a thread, in the three steps of Slack: ask for an address, send the bytes, say where it belongs.

The library's `files_upload_v2` does the same, but hands over all bytes at once: large ones would hold up the loop.
"""

from __future__ import annotations

import io

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from runner.model import Json, Slot

_PATIENCE = aiohttp.ClientTimeout(total=100)  # seconds for the bytes; the outbox gives 120 for all


async def upload(web: AsyncWebClient, slot: Slot, payload: Json, content: bytes) -> str:
    """Put a file there and return its id. Raises SlackApiError, aiohttp.ClientError, TimeoutError."""
    name, alt = str(payload["name"]), str(payload.get("alt", ""))
    begun = await web.files_getUploadURLExternal(filename=name, length=len(content), alt_txt=alt or None)
    if web.session is None:
        raise TypeError("the client must have a session")
    async with web.session.post(begun["upload_url"], data=io.BytesIO(content), timeout=_PATIENCE) as answer:
        answer.raise_for_status()
    await web.files_completeUploadExternal(
        files=[{"id": str(begun["file_id"]), "title": name}],
        channel_id=slot.channel,
        thread_ts=slot.thread or None,
    )
    return str(begun["file_id"])
