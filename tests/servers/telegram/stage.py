"""A bot on the real library, and what it needs to try the server."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from tests.servers.loopback import taking
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.webhooks import SECRET

Bot = ExtBot[None]


def client(tg: StrictTelegram, token: str | None = None) -> Bot:
    """Make a client of the bot, or with this token."""
    plain = {"verify": False}  # reading the certificates of the machine takes most of the time of a test
    requests = [HTTPXRequest(size, httpx_kwargs=plain) for size in (1, 256)]
    return ExtBot(
        token or tg.token,
        base_url=tg.base_url,
        base_file_url=tg.base_file_url,
        get_updates_request=requests[0],
        request=requests[1],
    )


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    """Describe a row of buttons whose callback_data is the label in small letters."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(each, callback_data=each.lower()) for each in labels]])


def png(width: int = 2, height: int = 1) -> bytes:
    """Draw the smallest picture of this size that passes for one."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))


class Listener:
    """Polls as an app does, one batch at a time, and remembers how far it has come."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.offset: int | None = None

    async def hear(self, timeout: int = 0, kinds: Iterable[str] | None = None) -> list[Update]:
        """Take what is there."""
        wanted = list(kinds) if kinds is not None else None
        found = await self.bot.get_updates(offset=self.offset, timeout=timeout, allowed_updates=wanted)
        if found:
            self.offset = found[-1].update_id + 1
        return list(found)

    async def texts(self) -> list[str]:
        """Take what is there, and return what was said."""
        return [each.effective_message.text or "" for each in await self.hear() if each.effective_message]


async def refusal(work: Awaitable[object]) -> str:
    """Return with what sentence Telegram refused a call; fails if it did not."""
    with pytest.raises(TelegramError) as caught:
        await work
    return str(caught.value)


class Door:
    """An address that takes webhooks; `statuses` are answered one after the other, then 200.

    What is in `refused` is not taken until it is.
    """

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.refused = ""
        self.bodies: list[dict[str, object]] = []
        self.secrets: list[str | None] = []

    async def take(self, request: web.Request) -> web.Response:
        """Take one delivery."""
        body = await request.json()
        self.bodies.append(body)
        self.secrets.append(request.headers.get(SECRET))
        if self.refused and self.refused in str(body):
            return web.Response(status=500)
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def said(self) -> list[str]:
        """Return the texts that were brought, each as often as it was."""
        return [each["message"]["text"] for each in self.bodies if isinstance(each["message"], dict)]

    async def comes(self, text: str) -> None:
        """Wait until a text is brought."""
        async with asyncio.timeout(10):
            while text not in self.said():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    """Open an address on this machine."""
    made = Door()
    async with taking("/hook", made.take) as made.url:
        yield made
