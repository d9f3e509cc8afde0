"""The outbox's requests to Slack, and what its answers mean for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.delivery.carrier import Gone, Limited, Outcome, Rejected, Unknown, Unreachable
from bot.delivery.pace import Allowance, Pace
from bot.slack import marks
from bot.slack.uploads import Uploader
from runner.model import Json, Slot

EVENT = "signoff_card"  # the type of the metadata that our messages carry
PACE = Pace(
    every=(Allowance(per_second=1.0, burst=3.0),),  # messages and edits in a channel; bursts are short
    progress=(Allowance.per_minute(20),),
)
OVERALL = Pace(edits=(Allowance.per_minute(46, burst=10),))  # chat.update allows 50 a minute to an app
_PAGE, _PAGES = 200, 20  # messages, and pages of a thread, among which one of ours is looked for
_PEOPLE = ("U", "W")  # what the ids of people begin with
_REFUSED = 401  # Slack's word for a token that does not hold

LATE = frozenset({"expired_trigger_id", "trigger_expired", "exchanged_trigger_id"})  # a form may not be opened any more

_MISSING = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "channel_not_found"})
_PASSING = frozenset(
    {"service_unavailable", "team_added_to_org", "invalid_auth", "account_inactive", "token_revoked", "not_authed"}
)
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout"})

log = logging.getLogger(__name__)


class SlackCarrier:
    """`bot.delivery.carrier.Carrier` for one workspace. The client must retry nothing by itself."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._marker = marks.Marker(web)
        self._uploader = Uploader(web)
        self._directs: dict[str, str] = {}  # channels of direct messages, by person

    async def channel(self, name: str) -> str:
        """Return the channel of this name, for a person that of the direct messages. Raises an Outcome."""
        if not name.startswith(_PEOPLE):
            return name
        if name not in self._directs:
            async with _outcomes():
                answer = await self._web.conversations_open(users=name)
            self._directs[name] = str(answer["channel"]["id"])
        return self._directs[name]

    async def post(self, slot: Slot, payload: Json, nonce: str) -> str:
        """Post a message with the nonce in its metadata, and return its time stamp."""
        async with _outcomes():
            if marks.marked(slot):
                return await self._marker.mark(slot, payload)
            answer = await self._web.chat_postMessage(
                channel=await self.channel(slot.channel),
                thread_ts=slot.thread or None,
                metadata={"event_type": EVENT, "event_payload": {"nonce": nonce}},
                unfurl_links=False,
                unfurl_media=False,
                **_content(payload),
            )
        return str(answer["ts"])

    async def edit(self, slot: Slot, message_ref: str, payload: Json) -> None:
        """Replace the content of a message."""
        async with _outcomes():
            if marks.marked(slot):
                await self._marker.mark(slot, payload)
                return
            await self._web.chat_update(channel=await self.channel(slot.channel), ts=message_ref, **_content(payload))

    async def upload(self, slot: Slot, payload: Json, nonce: str) -> str:
        """Put a file into the thread and return its id."""
        content = await asyncio.to_thread(_bytes, payload)
        async with _outcomes():
            there = replace(slot, channel=await self.channel(slot.channel))
            return await self._uploader.upload(there, payload, content, nonce)

    async def find(self, slot: Slot, nonce: str) -> str | None:
        """Look for our message in its thread, or among the newest of its channel. A reaction may be set twice."""
        if marks.marked(slot):
            return None
        cursor = ""
        for _ in range(_PAGES):
            messages, cursor = await self._page(slot, cursor)
            for message in messages:
                marked = (message.get("metadata") or {}).get("event_payload") or {}
                if marked.get("nonce") == nonce:
                    return str(message["ts"])
            if not cursor:
                break
        return None

    async def _page(self, slot: Slot, cursor: str) -> tuple[Sequence[Mapping[str, Any]], str]:
        """Return messages of a thread, the oldest first, or of a channel, the newest first, and the cursor to more."""
        wanted: dict[str, Any] = {
            "channel": await self.channel(slot.channel),
            "limit": _PAGE,
            "include_all_metadata": True,
        }
        if cursor:
            wanted["cursor"] = cursor
        async with _outcomes():
            if slot.thread:
                answer = await self._web.conversations_replies(ts=slot.thread, **wanted)
            else:
                answer = await self._web.conversations_history(**wanted)
        following = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        return answer.get("messages") or (), following if slot.thread else ""


def _bytes(payload: Json) -> bytes:
    """Return what a file holds: a text of its own, or what is on disk. Raises Rejected where that is gone."""
    if "content" in payload:
        return str(payload["content"]).encode()
    path = Path(str(payload["path"]))
    try:
        return path.read_bytes()
    except OSError as error:
        raise Rejected(f"the file {path.name} cannot be read: {error.strerror}") from error


def _content(payload: Json) -> dict[str, Any]:
    return {"text": payload["text"], "blocks": payload["blocks"]}


@asynccontextmanager
async def _outcomes() -> AsyncIterator[None]:
    """Turn what the client raises into what the outbox understands."""
    try:
        yield
    except SlackApiError as error:
        raise outcome(error) from error
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(str(error)) from error
    except (TimeoutError, aiohttp.ClientError) as error:
        raise Unknown(f"{type(error).__name__}: {error}") from error


def outcome(error: SlackApiError) -> Outcome:
    """Return what an error of Slack means for the delivery."""
    response: AsyncSlackResponse = error.response
    code = _code(response)
    status = getattr(response, "status_code", 200)
    if code in {"ratelimited", "rate_limited"} or status == 429:
        return Limited(_retry_after(response))
    if code in _MISSING:
        return Gone(code)
    if code in _PASSING or status == _REFUSED:
        log.error("slack.refused: %s: the tokens in the configuration do not hold", code)
        return Unreachable(code)
    if code in _DOUBTFUL or status >= 500 or not code:
        return Unknown(f"{code or 'no answer'} ({status})")
    return Rejected(code)


def _code(response: AsyncSlackResponse) -> str:
    try:
        return str(response.get("error") or "")
    except (AttributeError, ValueError):
        return ""  # no JSON: an error page of something in between


def _retry_after(response: AsyncSlackResponse) -> float:
    headers = {str(name).lower(): item for name, item in (getattr(response, "headers", None) or {}).items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1.0)))
    except (TypeError, ValueError):
        return 1.0
