"""Take in what Telegram delivers: each update is stored once, and dealt with elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from bot.telegram.heard import NAME, Dropped, Me
from bot.telegram.listening.payloads import channel_of, read
from runner.model import Arrival
from runner.ports import ArrivalStore, Clock

_DEEPEST = 50  # levels; Telegram's own updates have less than 15

log = logging.getLogger(__name__)


class Intake:
    """Stores updates and rings for them; those that are not for us are dropped without a trace."""

    def __init__(self, arrivals: ArrivalStore, clock: Clock, me: Callable[[], Me], ring: Callable[[], None]) -> None:
        self._arrivals = arrivals
        self._clock = clock
        self._me = me
        self._ring = ring

    async def take_in(self, update: object) -> None:
        """Store an update. Raises StorageError."""
        heard = read(update, self._me())
        if isinstance(heard, Dropped):
            log.debug("telegram.dropped: %s", heard.reason)
            return
        if not isinstance(update, Mapping) or _is_deep(update):
            log.debug("telegram.dropped: nested too deeply")
            return
        arrival = Arrival(
            key=heard.key, messenger=NAME, channel=channel_of(heard), payload=dict(update), at=self._clock.now()
        )
        if await self._arrivals.take_in(arrival):
            self._ring()
        else:
            log.debug("telegram.dropped: it had come before")


def _is_deep(update: object) -> bool:
    """Whether an update is nested deeper than Telegram nests, and than can be stored."""
    level = [update]
    for _ in range(_DEEPEST):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return False
    return True


def _parts(content: object) -> list[object]:
    if isinstance(content, Mapping):
        return list(content.values())
    return list(content) if isinstance(content, list) else []
