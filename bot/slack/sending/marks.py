"""Reactions on what people say: taken for the agent, then read by it.

They go through the outbox like cards, in a queue of their own, so that they survive a restart and never hold up a card.
"""

from __future__ import annotations

import logging

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.pace import Allowance, Pace
from bot.slack.heard import NAME
from runner.model import Json, Origin, Slot

TAKEN, READ = "eyes", "white_check_mark"
QUEUE = Origin(messenger=NAME, channel="reactions")  # no channel of Slack's: their ids have capitals only
PACE = Pace(every=(Allowance.per_minute(46, burst=6),))  # reactions.add allows 50 a minute
_TRANSIENT = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
_USUAL = frozenset({"already_reacted", "message_not_found"})  # it is as wanted, or nobody can see it

log = logging.getLogger(__name__)


def source(channel: str, ts: str) -> str:
    """Return the name of a message, as the core keeps it."""
    return f"{NAME}:{channel}:{ts}"


def marked(slot: Slot) -> bool:
    """Whether a delivery is a reaction."""
    return slot.channel == QUEUE.channel


def payload(*, read: bool) -> Json:
    """Return what a delivery has to carry."""
    return {"mark": READ if read else TAKEN}


class Marker:
    """Sets reactions. What Slack does not let us do is done without, and said once in the log."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._told: set[str] = set()

    async def mark(self, slot: Slot, content: Json) -> str:
        """Show this reaction on the message that the slot names, and return its name. Raises SlackApiError.

        An earlier one stays: to take it away, Slack allows 20 times a minute to an app.
        """
        _, channel, ts = slot.key.split(":", 2)
        try:
            await self._web.reactions_add(channel=channel, timestamp=ts, name=str(content["mark"]))
        except SlackApiError as error:
            code = str(error.response.get("error") or "")
            if not code or code in _TRANSIENT or error.response.status_code >= 429:
                raise
            if code not in _USUAL and code not in self._told:
                self._told.add(code)
                log.warning("slack.unmarked: %s; messages get no reactions", code)
        return ts
