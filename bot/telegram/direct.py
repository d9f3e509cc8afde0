"""What is asked of Telegram at once, and is in no outbox: answers to presses, files, topics."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from bot import posted
from bot.measure import head, one_line
from bot.posted import Missing
from bot.telegram.client import Client
from bot.telegram.heard import TOPIC, FileRef
from bot.telegram.limiter import seconds
from runner.errors import WrongState
from runner.model import Enclosed
from runner.ports import Clock

_ALERT = 200  # UTF-16 units of an answer to a press (Telegram)
_TOPIC = 100  # units of a topic's name: Telegram takes 128 characters
_LARGEST = 20_000_000  # bytes of a file that Telegram hands out
_PATIENCE = 60.0  # seconds for one file
_SOON = (0.5, 2.0)  # seconds before a press is answered again, where that failed: its button spins until then
_AGAIN = (1.0, 2.0, 5.0, 10.0)  # seconds before a file that could not be had is asked for again

log = logging.getLogger(__name__)


class Transcriber(Protocol):
    """Writes down what is said: `runner.speech.Speech`."""

    async def written(self, audio: bytes) -> str:
        """Return what is said. Raises WrongState."""
        ...


class Direct:
    """Requests that are made while somebody waits."""

    def __init__(self, bot: Client, transcriber: Transcriber | None, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock
        self._transcriber = transcriber
        self._told = False

    async def answered(self, query: str, text: str = "", *, alert: bool = False) -> bool:
        """End the waiting of whoever has pressed a button; False if Telegram did not take it any more."""
        shown = one_line(text, _ALERT) if text else ""
        for pause in (*_SOON, None):
            try:
                return await self._bot.answer_callback_query(query, text=shown or None, show_alert=alert)
            except BadRequest as error:
                log.info("telegram.late: %s", error.message)  # a press of long ago, or one that came twice
                return False
            except (RetryAfter, NetworkError) as error:
                if pause is None:
                    log.warning("telegram.unanswered: %s", error.message)
                else:
                    await self._clock.sleep(pause)
            except TelegramError as error:
                log.warning("telegram.unanswered: %s", error.message)
                return False
        return False

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return what people have posted; a file that cannot be had says why."""
        return await posted.fetch(files, self._data)

    async def heard(self, voice: FileRef) -> str:
        """Return what is said in a voice message. Raises WrongState where nothing can be done with it."""
        if self._transcriber is None:
            raise WrongState("Voice messages are not understood here.", hint="Send it as text.")
        try:
            return await self._transcriber.written(await self._data(voice, _LARGEST))
        except Missing as error:
            raise WrongState(f"The voice message cannot be had: {error}.", hint="Send it as text.") from error

    async def topic(self, channel: str, name: str) -> str | None:
        """Make a topic and return its thread; None where we may not."""
        try:
            made = await self._bot.create_forum_topic(chat_id=int(channel), name=head(one_line(name, _TOPIC), _TOPIC))
        except TelegramError as error:
            if not self._told:
                log.warning("telegram.untopical: %s; runs are chains of replies there", error.message)
            self._told = True
            return None
        return f"{TOPIC}{made.message_thread_id}"

    async def _data(self, file: FileRef, most: int) -> bytes:
        if file.size > _LARGEST:
            raise Missing("Telegram hands out no file larger than 20 MB")
        for pause in _AGAIN:
            try:
                return await self._read(file, most)
            except BadRequest as error:
                raise _missing(file, error) from error
            except TelegramError as error:
                log.info("telegram.unfetched %s: %s, asked for again", one_line(file.name, 100), type(error).__name__)
                await self._clock.sleep(max(pause, seconds(error) if isinstance(error, RetryAfter) else 0.0))
        try:
            return await self._read(file, most)
        except TelegramError as error:
            raise _missing(file, error) from error

    async def _read(self, file: FileRef, most: int) -> bytes:
        """Read a file. Raises TelegramError, and Missing if it is larger than it may be."""
        known = await self._bot.get_file(file.id, read_timeout=_PATIENCE)
        if (known.file_size or 0) > most:
            raise Missing("it is larger than Telegram said")
        data = bytes(await known.download_as_bytearray(read_timeout=_PATIENCE))
        if len(data) > most:
            raise Missing("it is larger than Telegram said")
        return data


def _missing(file: FileRef, error: TelegramError) -> Missing:
    log.warning("telegram.unfetched %s: %s", one_line(file.name, 100), type(error).__name__)
    too_big = isinstance(error, BadRequest) and "too big" in error.message
    reason = "it is larger than the 20 MB that Telegram hands out" if too_big else ""
    return Missing(reason or "Telegram did not hand it out; post it again")
