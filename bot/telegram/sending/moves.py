"""Groups that have become supergroups, which have another number: what began in the one goes on in the other.

The core knows a chat by the number that it had at first. The messages of the old group are out of reach; those of the
new one are named with its number, `-100123/7`, since they are counted anew.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.delivery import Outbox
from bot.telegram.heard import NAME, Dropped, Heard, Me, Pressed, Said
from runner.model import Lane, Origin
from runner.ports import DeliveryStore

KEY = "moved"  # of the delivery that keeps a move: its channel is the old number, its thread the new one

log = logging.getLogger(__name__)


class Moves:
    """Knows what has become what. What is noted survives a restart."""

    def __init__(self, deliveries: DeliveryStore) -> None:
        self._deliveries = deliveries
        self._outbox: Outbox | None = None
        self._now: dict[str, str] = {}  # the new number, by the old one

    def kept_in(self, outbox: Outbox) -> None:
        """Keep moves in this outbox."""
        self._outbox = outbox

    async def load(self) -> None:
        """Read what is known from earlier lives. Raises StorageError."""
        for slot in await self._deliveries.places(NAME, KEY):
            self._now.setdefault(slot.channel, slot.thread)

    async def note(self, old: str, new: str) -> None:
        """Note a move. Raises StorageError."""
        if self._now.get(old) == new:
            return
        self._now[old] = new
        log.warning("telegram.moved: the group %s is the supergroup %s now", old, new)
        if self._outbox is not None:
            await self._outbox.put(Origin(messenger=NAME, channel=old, thread=new), KEY, Lane.INTERACTIVE, {"to": new})

    def of(self, channel: str) -> str | None:
        """Return the number that a chat has now, if it has another."""
        return self._now.get(channel)

    def me(self, me: Me) -> Me:
        """Let us be used in what has become of a group in which we may be used."""
        new = {int(new) for old, new in self._now.items() if int(old) in me.chats}
        return replace(me, chats=me.chats | new) if new else me

    def name(self, channel: str, message: int | str) -> str:
        """Return the name of a message of ours as the outbox knows it."""
        new = self.of(channel)
        return f"{new}/{message}" if new else str(message)

    async def resolved(self, heard: Heard) -> Heard:
        """Return what was said to, or pressed on, a card of the old group as if it were there. Raises StorageError."""
        if isinstance(heard, Dropped):
            return heard
        place = heard.place
        message = place.message if isinstance(heard, Pressed) else place.reply_to if isinstance(heard, Said) else None
        old = next((old for old, new in self._now.items() if new == str(place.chat)), None)
        if message is None or old is None:
            return heard
        if await self._deliveries.shown_as(NAME, old, self.name(old, message)) is None:
            return heard
        return replace(heard, place=replace(place, known_as=old))
