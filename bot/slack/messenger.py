"""The messenger "slack": cards become messages of the outbox; what is for one person goes to that person alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slots import Wanted
from bot.messenger import Attachment, Card
from bot.slack.buttons import pressed as read_button
from bot.slack.cards import line, render
from bot.slack.forms import text_modal
from bot.slack.listen import NAME
from bot.slack.payloads import FileRef, Place, Pressed, kept
from runner.errors import BadInput
from runner.model import Form, Image, Json, Lane, Origin, Slot, new_id

LARGEST_PICTURE = 5_000_000  # bytes; the model's service takes no larger one
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

log = logging.getLogger(__name__)


class Outbox(Protocol):
    """Sends what it is given: `bot.delivery.Outbox`."""

    async def put(self, wanted: Wanted) -> None:
        """Let a slot show something."""
        ...


class SlackMessenger:
    """`bot.messenger.Messenger` for one workspace, and the counter of `bot.slack.attend`."""

    def __init__(self, web: AsyncWebClient, http: aiohttp.ClientSession, outbox: Outbox, token: str) -> None:
        self._web = web
        self._http = http
        self._outbox = outbox
        self._token = token
        self._elsewhere: dict[str, set[Origin]] = {}  # places besides its own where a question was looked up

    @property
    def name(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        return NAME
