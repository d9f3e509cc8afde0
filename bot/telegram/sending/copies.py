"""Messages of ours that we do not know: whoever presses a button there has pressed it, and finds it gone.

A bot cannot look what it has posted. Where the answer to a message was lost, it is posted again, and the first copy is
known to nobody until somebody presses one of its buttons.
"""

from __future__ import annotations

from contextlib import suppress

from telegram.error import BadRequest, Forbidden

from bot.telegram.sending.client import Client
from bot.telegram.sending.limiter import OUTBOX
from runner.model import Json, Slot

KEY = "copy:"  # what the key of such a message begins with: then its number


def unknown(slot: Slot) -> bool:
    """Whether a delivery is such a message."""
    return slot.key.startswith(KEY)


def payload(message: int) -> Json:
    """Return what a delivery has to carry."""
    return {"copy": message}


async def fade(bot: Client, chat: int, content: Json) -> str:
    """Take its buttons away, if it still has some, and return its number. Raises TelegramError."""
    message = int(content["copy"])
    with suppress(BadRequest, Forbidden):
        await bot.edit_message_reply_markup(chat_id=chat, message_id=message, rate_limit_args=OUTBOX)
    return str(message)
