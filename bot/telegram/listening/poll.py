"""Ask Telegram for what is new. It is stored before Telegram is told that it need not keep it.

The library's own polling tells Telegram so with the next request, whatever has become of what it fetched: a death in
between loses it. Here the offset moves only over what is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.measure import one_line
from bot.telegram.listening.intake import Intake
from bot.telegram.listening.payloads import ALLOWED
from bot.telegram.listening.pulse import Pulse
from bot.telegram.sending.client import Client
from bot.telegram.sending.limiter import seconds
from runner.beside import first_error
from runner.errors import SignoffError
from runner.ports import Clock

_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds after so many failures in a row; then the last again
_CALM = 180.0  # seconds without a conflict after which the next one is the first
_NUMBERS = range(1, 1 << 31)  # of updates (Telegram)
_TOLD = 200  # characters of an error: that of a gateway is a whole page

log = logging.getLogger(__name__)


class Poller:
    """The one who asks. A second one with the same token is reported, and left to it for longer and longer."""

    def __init__(self, bot: Client, intake: Intake, clock: Clock, pulse: Pulse) -> None:
        self._bot = bot
        self._intake = intake
        self._clock = clock
        self._pulse = pulse
        self._offset = 0
        self._webhook = True  # one may be set, from other days
        self._conflicts = 0
        self._conflict_at = clock.monotonic()

    async def run(self) -> None:
        """Ask until cancelled."""
        failures = 0
        while True:
            try:
                await self._look()
                failures = 0
            except (TelegramError, SignoffError) as error:
                failures += 1
                await self._clock.sleep(self._pause(error, failures))

    async def _look(self) -> None:
        if self._webhook:
            await self._bot.delete_webhook(drop_pending_updates=False)
            self._webhook = False
        updates = await self._bot.raw_updates(self._offset, ALLOWED)
        self._pulse.proved(news=bool(updates))
        await self._take_in(updates)
        # The numbers of after a quiet week may be lower than those before it.
        self._offset = max((number + 1 for each in updates if (number := _number(each))), default=self._offset)

    async def _take_in(self, updates: Sequence[object]) -> None:
        """Store updates, all at once. Raises StorageError."""
        try:
            async with asyncio.TaskGroup() as group:
                for update in updates:
                    group.create_task(self._intake.take_in(update))
        except ExceptionGroup as errors:
            raise first_error(errors) from errors

    def _pause(self, error: Exception, failures: int) -> float:
        """Note what keeps us from hearing, and return for how many seconds nothing is asked."""
        last = len(_PAUSES) - 1
        match error:
            case Conflict() if "webhook" in error.message:
                log.warning("telegram.webhook: one is set, and is taken away: the configuration wants long polling")
                self._webhook = True
                return 0.0
            case Conflict():
                why = "another instance asks with the same token: end one of them"
                log.error("telegram.contested: %s", why)
                failures = self._contested()
            case InvalidToken():  # its own words hold the token
                why = "the token in the configuration does not hold"
                log.error("telegram.refused: %s", why)
            case _:
                why = told(error)
                log.warning("telegram.unheard: %s", why)
        self._pulse.lost(why)
        return seconds(error) if isinstance(error, RetryAfter) else _PAUSES[min(failures - 1, last)]

    def _contested(self) -> int:
        """Count a conflict. One of us may hear something in between: that ends no contest."""
        now = self._clock.monotonic()
        self._conflicts = 1 if now - self._conflict_at > _CALM else self._conflicts + 1
        self._conflict_at = now
        return self._conflicts + 1


def told(error: Exception) -> str:
    """Return what the log says of an error."""
    return one_line(f"{type(error).__name__}: {error}", _TOLD)


def _number(update: object) -> int | None:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int and number in _NUMBERS else None
