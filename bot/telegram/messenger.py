"""The messenger "telegram": cards become messages of the outbox; what is for one person is said over their press."""

from __future__ import annotations

from bot.delivery import Outbox
from bot.delivery.cards import CardOutbox, Set
from bot.messenger import Card
from bot.telegram import marks
from bot.telegram.cards import line, payload, render
from bot.telegram.heard import NAME
from runner.model import Lane, Origin


class TelegramMessenger:
    """`bot.messenger.Messenger` for one bot."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._cards = CardOutbox(outbox, _set, lambda text: payload(line(text, silent=False)))

    @property
    def name(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        return NAME

    @property
    def redraw_seconds(self) -> float:
        """Return how often a live card is redrawn at most: the outbox sends it more rarely still."""
        return 3.0

    async def show(self, origin: Origin, card: Card) -> None:
        """Put a card into the outbox, with its files. Raises StorageError."""
        await self._cards.place(origin, card)

    async def place(self, origin: Origin, card: Card, *, reply: str = "") -> bool:
        """Do as `show`; False if the very same card has stood there, so that nothing is to be seen of it.

        With `reply`, a few words for the field, the message asks for a text and has no buttons.
        """
        made = _set(card)
        return await self._cards.place(origin, card, Set(payload={**made.payload, "reply": reply}) if reply else made)

    async def rewrite(self, card: Card) -> None:
        """Replace a card wherever it stands. Raises StorageError."""
        await self._cards.rewrite(card)

    async def acknowledge(self, source: str, *, read: bool) -> None:
        """Set the reaction that says how far a message has come. Raises StorageError."""
        await self._outbox.put(marks.QUEUE, source, Lane.INTERACTIVE, marks.payload(read=read))


def _set(card: Card) -> Set:
    made = render(card)
    return Set(payload=payload(made), rest=made.rest)
