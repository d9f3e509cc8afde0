"""The messenger "telegram": cards become messages of the outbox; what is for one person is said over their press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.delivery import Outbox
from bot.delivery.cards import CardOutbox, Set, lane_of, run_of
from bot.messenger import Card
from bot.telegram.heard import NAME
from bot.telegram.rendering.buttons import again
from bot.telegram.rendering.cards import Rendered, answer, line, payload, render
from bot.telegram.sending import copies, marks
from bot.telegram.sending.moves import Moves
from bot.views import UNREAD
from runner.model import Delivery, Lane, Origin, Slot, State, new_id
from runner.ports import DeliveryStore

_SAID_ELSEWHERE = (State.WAITING, State.COMPLETED, State.FAILED, State.CANCELLED)
_READABLE = (".html", ".pdf", ".md")  # the endings of files that people read, the most welcome first


class TelegramMessenger:
    """`bot.messenger.Messenger` for one bot."""

    def __init__(self, outbox: Outbox, deliveries: DeliveryStore, moves: Moves) -> None:
        self._outbox = outbox
        self._moves = moves
        self._deliveries = deliveries
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
        """Put a card into the outbox, with its files: in a group only with the one that people read.

        There, how a run stands is not worth a message once it has asked or ended: then people look at that. A card that
        is there says so as well. Raises StorageError.
        """
        if not _is_group(origin.channel):
            await self.place(origin, card)
        elif _said_elsewhere(card):
            await self._cards.amend(origin, card)
        else:
            await self._cards.place(origin, _shortened(card))

    async def place(self, origin: Origin, card: Card, *, reply: str = "") -> bool:
        """Do as `show`; False if the very same card has stood there, so that nothing is to be seen of it.

        With `reply`, a few words for the field, the message asks for a text and has no buttons. A long answer in a
        private chat is several messages; in a group these would push others away, and it is one with a file.
        """
        if not (reply or _is_group(origin.channel)) and len(parts := answer(card)) > 1:
            await self._say(origin, card, parts)
            return True
        made = _set(card)
        return await self._cards.place(origin, card, Set(payload={**made.payload, "reply": reply}) if reply else made)

    async def _say(self, origin: Origin, card: Card, parts: Sequence[Rendered]) -> None:
        """Say an answer in several messages: each is a delivery of its own, so that none is sent again for another."""
        name, lane, run = new_id(), lane_of(card), run_of(card)
        for number, part in enumerate(parts, 1):
            await self._outbox.put(origin, f"loose:{name}:{number}", lane, payload(part), execution_id=run)

    async def confirm(self, origin: Origin, key: str, action: str) -> None:
        """Ask once more before a command that cannot be taken back. Raises StorageError."""
        question, keyboard = again(action)
        made = Rendered(text=line(question).text, keyboard=keyboard)
        await self._outbox.put(origin, key, Lane.INTERACTIVE, payload(made))

    async def shown_as(self, channel: str, message: int) -> Delivery | None:
        """Return what a message of ours shows, when it is known which one that is. Raises StorageError."""
        name = self._moves.name(channel, message)
        if (shown := await self._deliveries.shown_as(NAME, channel, name)) is not None:
            return shown
        await self._outbox.landed(channel)
        return await self._deliveries.shown_as(NAME, channel, name)

    async def fade(self, channel: str, message: int) -> None:
        """Take the buttons away from a message of ours that we do not know. Raises StorageError.

        The answer to it was lost, and it was sent again; or it is so old that it was forgotten.
        """
        origin = Origin(messenger=NAME, channel=channel)
        await self._outbox.put(origin, f"{copies.KEY}{message}", Lane.INTERACTIVE, copies.payload(message))

    async def stands(self, origin: Origin, key: str) -> bool:
        """Whether a card of this key stands at this place. Raises StorageError."""
        slot = Slot(messenger=NAME, channel=origin.channel, thread=origin.thread or "", key=key)
        return bool(key) and await self._deliveries.get(slot) is not None

    async def thread_of(self, key: str, channel: str) -> str | None:
        """Return the thread in which a card of this key stands in a chat. Raises StorageError."""
        places = await self._deliveries.places(NAME, key)
        return next((slot.thread or None for slot in places if slot.channel == channel), None)

    async def resume(self, channel: str) -> None:
        """Write again to a chat that was closed to us. Raises StorageError."""
        await self._outbox.resume(channel)

    async def rewrite(self, card: Card) -> None:
        """Replace a card wherever it stands. Raises StorageError."""
        await self._cards.rewrite(card, amend=lambda channel: _is_group(channel) and _said_elsewhere(card))

    async def acknowledge(self, source: str, *, read: bool) -> None:
        """Set the reaction that says how far a message has come. Raises StorageError."""
        await self._outbox.put(marks.queue(source), source, Lane.INTERACTIVE, marks.payload(read=read))


def _is_group(channel: str) -> bool:
    return channel.startswith("-")


def _said_elsewhere(card: Card) -> bool:
    """Whether it is how a run stands that waits for an answer or has a result: these are cards of their own.

    What its agent has not read is said nowhere else.
    """
    data = card.data or {}
    if data.get("kind") != "run" or not card.key.startswith("run:") or any(s.title == UNREAD for s in card.sections):
        return False
    return State(data["execution"]["state"]) in _SAID_ELSEWHERE


def _shortened(card: Card) -> Card:
    """Leave out the reports that are for programs, if there is one for people: `report RUN FORMAT` brings them."""
    readable = [file for ending in _READABLE for file in card.files if file.name.endswith(ending)]
    return replace(card, files=(replace(readable[0], picture=""),)) if readable else card


def _set(card: Card) -> Set:
    made = render(card)
    return Set(payload=payload(made), rest=made.rest)
