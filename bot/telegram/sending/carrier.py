"""The outbox's requests to Telegram, and what its answers mean for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from httpx import ConnectError, ConnectTimeout, PoolTimeout
from telegram import InputFile, LinkPreviewOptions, Message, ReplyParameters
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.delivery import Allowance, Gone, Limited, Outcome, Pace, Rejected, Unknown, Unreachable, Window
from bot.telegram.heard import CHAIN, TOPIC
from bot.telegram.rendering import cards
from bot.telegram.rendering.cards import Rendered
from bot.telegram.rendering.text import beginning, plain
from bot.telegram.sending import copies, marks, moves
from bot.telegram.sending.client import Client
from bot.telegram.sending.limiter import OUTBOX, seconds
from bot.telegram.sending.moves import Moves
from bot.telegram.sending.wire import entities, inline, keyboard
from runner.model import Json, Slot

# Telegram's own numbers are "about": one message a second in a chat, 20 a minute in a group, 30 a second over all;
# edits count. Of a group's 20 one stays unused, since its minute does not begin with ours.
PRIVATE = Pace(every=(Allowance(per_second=1.0, burst=3.0),), progress=(Allowance.per_minute(20),))
# In a busy group a new question finds six of them at once, besides what comes free every four seconds: so 30 questions
# in five minutes, whenever they come, are seen at once. What a run costs a group is kept low: see `settle`.
GROUP = Pace(
    every=(Allowance(per_second=1.0, burst=5.0),),
    calm=(Allowance(per_second=0.25, burst=2.0),),
    progress=(Allowance.per_minute(9, burst=2.0),),
    window=Window(most=19, seconds=61, edits=6, final=6, progress=10),
    settle=5.0,
    files_later=300.0,
)
OVERALL = Pace(every=(Allowance(per_second=25.0, burst=5.0),))
SHUT_OUT = 3_600.0  # seconds; somebody who has blocked us is not asked more often, until they come back
_UPLOAD = 100.0  # seconds for the bytes of a file; the outbox gives 120 for all
_PICTURES = (".png", ".jpg", ".jpeg")
_LARGEST_PICTURE = 10_000_000  # bytes (Telegram)
_LARGEST = 50_000_000  # bytes of a document (Telegram)
_ALT = 1_000  # units below a picture: Telegram takes 1,024

_MISSING = ("message to edit not found", "message can't be edited", "message_id_invalid", "message to delete not found")
_NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")
_SHUT = ("chat not found", "not enough rights", "have no rights", "chat_write_forbidden", "need administrator rights")

log = logging.getLogger(__name__)


def pace(channel: str) -> Pace:
    """Return how fast a chat may be written to: groups have negative numbers."""
    if marks.queued(channel):
        return marks.PACE
    return GROUP if channel.startswith("-") else PRIVATE


class TelegramCarrier:
    """`bot.delivery.carrier.Carrier` for one bot.

    Telegram has no place for a mark of ours and cannot be asked what it has: a message whose answer was lost is sent
    again, and may then be there twice.
    """

    def __init__(self, bot: Client, moves: Moves) -> None:
        self._bot = bot
        self._moves = moves

    async def post(self, slot: Slot, payload: Json, nonce: str) -> str:  # noqa: ARG002 - see above
        """Post a message, and return its number."""
        async with self._outcomes(slot):
            if marks.queued(slot.channel):
                return await marks.mark(self._bot, slot, payload)
            if slot.key == moves.KEY:
                return moves.KEY
            if copies.unknown(slot):
                return self._moves.name(slot.channel, await copies.fade(self._bot, self._chat(slot), payload))
            return self._moves.name(slot.channel, (await self._sent(slot, payload)).message_id)
        raise Rejected("Telegram took it for what stands there already")

    async def _sent(self, slot: Slot, payload: Json) -> Message:
        content: dict[str, Any] = {
            "chat_id": self._chat(slot),
            "text": payload["text"],
            "entities": entities(payload),
            "reply_markup": keyboard(payload),
            "disable_notification": bool(payload.get("silent")),
            "link_preview_options": LinkPreviewOptions(is_disabled=True),
            "rate_limit_args": OUTBOX,
        }
        try:
            return await self._bot.send_message(**content, **self._there(slot))
        except BadRequest as error:
            if not _is(error, _NO_TOPIC):
                raise
            log.warning(
                "telegram.topic %s of %s is gone: the message goes to the chat itself", slot.thread, slot.channel
            )
            return await self._bot.send_message(**content)

    async def edit(self, slot: Slot, message_ref: str, payload: Json) -> None:
        """Replace the content of a message."""
        async with self._outcomes(slot):
            if marks.queued(slot.channel):
                await marks.mark(self._bot, slot, payload)
                return
            if not message_ref.startswith(self._moves.name(slot.channel, "")):
                raise Gone("it stands in the group that has become a supergroup")
            await self._bot.edit_message_text(
                chat_id=self._chat(slot),
                message_id=int(message_ref.rpartition("/")[2]),
                text=str(payload["text"]),
                entities=entities(payload),
                reply_markup=inline(payload),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                rate_limit_args=OUTBOX,
            )

    async def upload(self, slot: Slot, payload: Json, nonce: str) -> str:  # noqa: ARG002 - see above
        """Put a file into the chat, a picture as such, and return the number of its message."""
        data, name = await asyncio.to_thread(_bytes, payload), str(payload["name"])
        content: dict[str, Any] = {
            "chat_id": self._chat(slot),
            "disable_notification": True,
            "rate_limit_args": OUTBOX,
            "read_timeout": _UPLOAD,
            "write_timeout": _UPLOAD,
            **self._there(slot),
        }
        async with self._outcomes(slot):
            file = InputFile(data, filename=name)
            if name.endswith(_PICTURES) and len(data) <= _LARGEST_PICTURE:
                said = cards.payload(Rendered(text=beginning(plain(str(payload.get("alt", ""))), _ALT)))
                sent = await self._bot.send_photo(
                    photo=file, caption=said["text"] or None, caption_entities=entities(said), **content
                )
            else:
                sent = await self._bot.send_document(document=file, **content)
        return self._moves.name(slot.channel, sent.message_id)

    async def find(self, slot: Slot, nonce: str) -> str | None:  # noqa: ARG002 - see above
        """Return None: a bot cannot look."""
        return None

    def _chat(self, slot: Slot) -> int:
        return int(self._moves.of(slot.channel) or slot.channel)

    def _there(self, slot: Slot) -> dict[str, Any]:
        """Say where in the chat something belongs: into a topic, or below a message."""
        kind, number = slot.thread[:1], slot.thread[1:]
        if self._moves.of(slot.channel) or not number.isdecimal():
            return {}
        if kind == TOPIC:
            return {"message_thread_id": int(number)}
        if kind == CHAIN:
            return {"reply_parameters": ReplyParameters(message_id=int(number), allow_sending_without_reply=True)}
        return {}

    @asynccontextmanager
    async def _outcomes(self, slot: Slot) -> AsyncIterator[None]:
        """Turn what the library raises into what the outbox understands."""
        try:
            yield
        except ChatMigrated as error:
            await self._moves.note(slot.channel, str(error.new_chat_id))
            raise Limited(0.1) from error
        except TelegramError as error:
            if (came := outcome(error)) is not None:
                raise came from error


def outcome(error: TelegramError) -> Outcome | None:
    """Return what an error of Telegram means for a delivery; None if all is as wanted."""
    match error:
        case RetryAfter():
            return Limited(seconds(error))
        case Forbidden():
            return Limited(SHUT_OUT)
        case InvalidToken():
            log.error("telegram.refused: the token in the configuration does not hold")
            return Unreachable("the token does not hold")
        case BadRequest():
            return _refused(error)
        case TimedOut() | NetworkError():
            cause = error.__cause__
            sure = isinstance(cause, ConnectError | ConnectTimeout | PoolTimeout)
            return Unreachable(_named(error)) if sure else Unknown(_named(error))
        case Conflict():
            return Unreachable(_named(error))
        case _:
            return Unknown(_named(error))


def _refused(error: BadRequest) -> Outcome | None:
    if _is(error, ("message is not modified",)):
        return None
    if _is(error, _MISSING):
        return Gone(error.message)
    if _is(error, _SHUT):
        return Limited(SHUT_OUT)
    return Rejected(error.message)


def _is(error: BadRequest, sentences: tuple[str, ...]) -> bool:
    said = error.message.lower()
    return any(sentence in said for sentence in sentences)


def _named(error: TelegramError) -> str:
    return f"{type(error).__name__}: {error.message}"


def _bytes(payload: Json) -> bytes:
    """Return what a file holds: a text of its own, or what is on disk. Raises Rejected where that is gone."""
    if "content" in payload:
        return str(payload["content"]).encode()
    path = Path(str(payload["path"]))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Rejected(f"the file {path.name} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise Rejected(f"the file {path.name} is larger than the {_LARGEST // 1_000_000} MB that Telegram takes")
    return data
