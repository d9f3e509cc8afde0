"""What every kind of request needs: who it is, which run it is about, and how its outcome is shown."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot import posted, spoken
from bot.face import titled, whole
from bot.measure import units
from bot.messenger import Button, Card, Incoming
from bot.telegram.heard import CHAIN, NAME, Place
from bot.telegram.hosting.inside import Counter, Inside, Line
from runner.errors import AlreadyAnswered, NotAllowed, NotFound
from runner.model import Enclosed, Execution, Origin, Person

ALERT = 200  # UTF-16 units that fit over a press (Telegram)
_GLANCE = 80  # units that can be read before a line over a press is gone; a longer one has to be closed
_ENDS = ".:!?…"
_NOTHING = Enclosed()
_ABOVE = "That stands further up, as it is now."
_DIRECTLY = "That is for you alone: it comes to you directly, once you have written to me."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A command line with what goes with it, and the place where it is carried out.

    `source` is the message in which it was said: that it was taken is shown there, by a reaction. `query` is the press
    that waits for an answer. What looks like a command may be meant for an agent: then an error goes with `otherwise`.
    """

    line: str
    origin: Origin
    enclosed: Enclosed = _NOTHING
    source: str | None = None
    query: str = ""
    otherwise: Button | None = None
    identity: str = ""  # who gives it, as Telegram knows them
    back: str = ""  # what was written in a form that is gone by now: an error gives it back
    again: bool = False  # it may have been carried out in an earlier life: that it has its answer is no news then


class Topics(Protocol):
    """Knows in which topic a run belongs: `bot.telegram.hosting.topics.Topics`."""

    async def of(self, place: Place, line: str) -> str | None:
        """Return the thread of the topic in which a command's run goes on; None: where it was said."""
        ...


class Service:
    """Carries out orders and shows what came of them."""

    def __init__(self, inside: Inside, counter: Counter, line: Line, topics: Topics) -> None:
        self._inside = inside
        self._counter = counter
        self._line = line
        self._topics = topics

    async def person(self, place: Place, query: str = "", text: str = "") -> Person | None:
        """Return who it is; strangers are told that they are, and nothing else, unless what they say lets them in."""
        try:
            return await self._inside.people.known(NAME, place.identity, "")
        except NotAllowed:
            log.info("telegram.stranger %s in %s", place.user, place.chat)
        order = Order(text, place.origin(f"{CHAIN}{place.message}"), query=query, identity=place.identity)
        for card in await self._inside.desk.stranger(NAME, place.identity, text):
            await self.show(card, order)
        return None

    async def thread(self, place: Place) -> str | None:
        """Return the thread of what somebody answers, or of the topic they are in."""
        if place.topic is not None:
            return place.in_topic
        if place.reply_to is None:
            return None
        answered = await self._counter.shown_as(place.channel, place.reply_to)
        return (answered.thread if answered else None) or f"{CHAIN}{place.reply_to}"

    async def begins(self, place: Place, line: str, ours: Origin | None) -> Origin:
        """Return where a command is carried out: `ours` is the thread of the run that it is about.

        A run goes on in a topic, or as a chain of replies to the message that began it. What is about no run is
        answered where it was said, in a group as a reply.
        """
        chain = f"{CHAIN}{place.message}"
        if spoken.starts(line):
            return place.origin(place.in_topic or await self._topics.of(place, line) or chain)
        return ours or place.origin(place.in_topic or (None if place.direct else chain))

    async def run_of(self, origin: Origin) -> Execution | None:
        """Return the newest run of a thread."""
        if origin.thread is None:
            return None
        try:
            return await self._inside.threads.latest(origin)
        except NotFound:
            return None

    async def has_begun(self, order: Order, since: datetime) -> bool:
        """Whether an order begins a run that was begun already, at that time or later."""
        run = await self.run_of(order.origin) if spoken.starts(order.line) else None
        return run is not None and run.created_at >= since

    async def carry_out(self, person: Person, order: Order) -> bool:
        """Carry out an order, and show what came of it where it belongs; False if it could not be done."""
        incoming = Incoming(
            person=person,
            origin=order.origin,
            text=order.line,
            images=order.enclosed.images,
            files=order.enclosed.files,
            source=order.source,
            identity=order.identity,
        )
        said, done, title = False, True, ""
        for card in await self._inside.desk.handle(incoming):
            said = await self.show(card, order) or said
            done, title = done and not spoken.failed(card), titled(card)
        if (missing := posted.lost(order.enclosed)) is not None:
            await self._counter.show(order.origin, missing)
        if order.query and not said:
            await self._line.answered(order.query, title)  # what comes of it may be shown elsewhere
        return done

    async def show(self, card: Card, order: Order) -> bool:
        """Show what came of an order; True if the press behind it has its answer by that."""
        if card.receipt and order.source:
            return False
        failed = spoken.failed(card)
        if failed and order.back:
            card = spoken.with_text(card, order.back)
        if failed and order.otherwise:
            card = replace(card, buttons=(*card.buttons, order.otherwise))
        if order.query and not card.key and not card.buttons:
            text = _aloud(card)
            if units(text) <= ALERT and await self._line.answered(
                order.query, text, alert=failed or units(text) > _GLANCE
            ):
                return True
        if order.again and (card.data or {}).get("error") == AlreadyAnswered.__name__:
            return True
        if card.private and order.identity and order.origin.channel != order.identity:
            return await self._alone(card, order)
        return await self._placed(card, order)

    async def _placed(self, card: Card, order: Order) -> bool:
        """Put a card where it belongs. What is redrawn further up, or is as it was, cannot be seen: that is said."""
        looks = spoken.only_shows(order.line)
        stood = looks and not order.query and await self._counter.stands(order.origin, card.key)
        is_new = await self._counter.place(order.origin, card)
        if looks and order.query and not is_new:
            return await self._line.answered(order.query, spoken.STANDS_HERE)
        if stood:
            await self._counter.show(order.origin, Card(title=_ABOVE))
        return False

    async def _alone(self, card: Card, order: Order) -> bool:
        """Write to somebody directly; who has never written to us can only be reached once they do."""
        await self._counter.show(Origin(messenger=NAME, channel=order.identity), card)
        if order.query:
            return await self._line.answered(order.query, _DIRECTLY, alert=True)
        await self._counter.show(order.origin, Card(title=_DIRECTLY))
        return False


def _aloud(card: Card) -> str:
    """Say a card in one breath, without the titles of its parts."""
    parts = tuple(replace(part, title="") for part in card.sections)
    text = whole(replace(card, sections=parts, footer=card.footer.replace("`", "")))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    said = [line if line[-1] in _ENDS else f"{line}." for line in lines if line]
    return " ".join(said).removesuffix("." if len(said) == 1 else "")
