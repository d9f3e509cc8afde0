"""Reactions on what people say: taken for the agent, then read by it.

They go through the outbox like cards, in queues of their own, so that they survive a restart and never hold up a card.
"""

from __future__ import annotations

import logging

from telegram import ReactionTypeEmoji
from telegram.error import BadRequest, ChatMigrated, Forbidden

from bot.delivery import Allowance, Pace
from bot.telegram.heard import NAME
from bot.telegram.sending.client import Client
from bot.telegram.sending.limiter import OUTBOX
from runner.model import Json, Origin, Slot

TAKEN, READ = "👀", "👌"  # of the few that Telegram lets bots use: a check mark is not among them
_QUEUE = "reactions:"  # what the channel of a queue begins with: then the chat, which may have to be left alone
PACE = Pace(every=(Allowance(per_second=1.0, burst=5.0),))

log = logging.getLogger(__name__)


def queue(source: str) -> Origin:
    """Return where reactions to a message wait, which is no chat."""
    return Origin(messenger=NAME, channel=f"{_QUEUE}{source.split(':', 2)[1]}")


def queued(channel: str) -> bool:
    """Whether a channel is a queue of reactions."""
    return channel.startswith(_QUEUE)


def payload(*, read: bool) -> Json:
    """Return what a delivery has to carry."""
    return {"mark": READ if read else TAKEN}


async def mark(bot: Client, slot: Slot, content: Json) -> str:
    """Show this reaction, in place of an earlier one, on the message that the slot names. Raises TelegramError.

    What Telegram does not let us do, such as in groups that allow no reactions or are no more, is done without.
    """
    _, chat, message = slot.key.split(":", 2)
    try:
        await bot.set_message_reaction(
            chat_id=int(chat),
            message_id=int(message),
            reaction=[ReactionTypeEmoji(str(content["mark"]))],
            rate_limit_args=OUTBOX,
        )
    except (BadRequest, Forbidden, ChatMigrated) as error:
        log.info("telegram.unmarked: %s", error.message)
    return message
