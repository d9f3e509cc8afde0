"""What has to be asked before something can be done: forms, texts, a second press, and for whom a message is."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import assert_never

from bot.messenger import Card
from bot.spoken import STANDS_HERE
from bot.telegram.forms.asking import TEXT
from bot.telegram.forms.clerk import TelegramClerk, key_of
from bot.telegram.forms.outcomes import By, Carry, Closed, Done, Outcome, Shown, Told, Unsure
from bot.telegram.heard import CHAIN, NAME, Place, Pressed, Said
from bot.telegram.hosting.inside import Counter, Line
from bot.telegram.hosting.pending import Pending
from bot.telegram.hosting.service import Order, Service
from bot.telegram.rendering import buttons
from runner.core import Core
from runner.model import Draft, Origin, Person, value

PREFIX = "form:"  # what the key of a form begins with: then the draft's id
_NOT_OURS = "This button is not one of Signoff."
_LEFT = "Left as it was."
_ONCE_MORE = "Press once more, in the question below."
_FIELD = "Your text"  # in the field of a message that asks for one

log = logging.getLogger(__name__)


@value
class Given:
    """A press or a text for something that was asked: where, the name of its arrival, since when that may have been
    dealt with, and what waits.
    """

    place: Place
    key: str
    since: datetime | None = None
    query: str = ""

    @property
    def by(self) -> By:
        """Who it is from, for the forms."""
        return By(identity=self.place.identity, arrival=self.key)


class Asking:
    """Asks, and carries out what comes of it."""

    def __init__(self, core: Core, counter: Counter, line: Line, service: Service) -> None:
        self._clerk = TelegramClerk(core, core.store.drafts, core.clock)
        self._counter = counter
        self._line = line
        self._service = service
        self._pending = Pending(core, counter, line, service, self._filled)

    async def typed(self, person: Person, said: Said, since: datetime | None) -> bool:
        """Take a message for what somebody has been asked; False if it is for nothing of the kind."""
        place, given = said.place, Given(place=said.place, key=said.key, since=since)
        if place.reply_to is None:
            outcome = await self._clerk.typed(place.origin(None), given.by, said.text) if place.direct else None
            if isinstance(outcome, Unsure):
                await self._pending.unsure(person, said, outcome.draft.id, await self._clerk.screen(outcome.draft))
                return True
        else:
            answered = await self._counter.shown_as(place.channel, place.reply_to)
            key = answered.key if answered else ""
            if await self._pending.corrected(person, said, key):
                return True
            if not key.startswith(PREFIX):
                return False
            outcome = await self._clerk.answered(key.removeprefix(PREFIX).partition(".")[0], said.text, given.by)
        if outcome is None:
            return False
        await self._ended(person, given, outcome)
        return True

    async def _filled(self, person: Person, pressed: Pressed, draft_id: str, text: str) -> bool:
        """Put a text into a form; False if there is none any more."""
        given = Given(place=pressed.place, key=pressed.key)
        outcome = await self._clerk.answered(draft_id, text, given.by)
        if outcome is None:
            return False
        await self._ended(person, given, outcome)
        return True

    async def abandoned(self, person: Person, said: Said) -> bool:
        """Cancel the form that somebody is at; False if they are at none."""
        given = Given(place=said.place, key=said.key)
        alone = await self._pending.alone(said.place)
        outcome = await self._clerk.abandoned(NAME, said.place.channel, given.by, alone=alone)
        if outcome is None:
            return False
        await self._ended(person, given, outcome)
        return True

    async def wanted(self, person: Person, heard: Said | Pressed, order: Order) -> bool:
        """Ask for what a command lacks; False if it is complete."""
        return await self._offered(person, heard, order, "", "")

    async def pressed(self, person: Person, pressed: Pressed, since: datetime | None) -> bool:
        """Take a press of a button that is no command; False if it is one. Raises BadInput for what is not ours."""
        place = pressed.place
        if pressed.data.startswith("."):
            if not await self._pending.pressed(person, pressed, since):
                given = Given(place=place, key=pressed.key, since=since, query=pressed.query)
                outcome = await self._clerk.pressed(pressed.data, given.by)
                await self._ended(person, given, outcome or Told(text=_NOT_OURS))
            return True
        press = buttons.pressed(pressed.data)
        if press.action and not (press.sure or press.asks):
            return False
        shown = await self._counter.shown_as(place.channel, place.message)
        origin = place.origin((shown.thread if shown else None) or place.in_topic)
        told = ""
        if not press.action:
            told = _LEFT
            await self._counter.show(origin, Card(title=_LEFT, key=shown.key if shown else ""))
        elif press.sure:
            told = _ONCE_MORE
            await self._counter.confirm(origin, f"{buttons.SURE_KEY}{place.message}", press.action)
        else:
            asks, prefill = buttons.asked(shown.payload, pressed.data) if shown else ("", "")
            order = Order(press.action, origin)
            await self._offered(person, pressed, order, asks or "What shall it say?", prefill)
        await self._line.answered(pressed.query, told)
        return True

    async def unclear(self, person: Person, said: Said) -> bool:
        """Ask for whom a message is, where that cannot be known; False if it can."""
        return await self._pending.unclear(person, said)

    async def spoken(self, person: Person, said: Said) -> None:
        """Show what was understood of a voice message, and ask whether it is meant so."""
        await self._pending.spoken(person, said)

    async def _offered(self, person: Person, heard: Said | Pressed, order: Order, asks: str, prefill: str) -> bool:
        by = By(identity=heard.place.identity, arrival=heard.key)
        draft = await self._clerk.offered(person, order.origin, by, order.line, asks=asks, prefill=prefill)
        if draft is not None:
            await self._show(order.origin, heard.place, draft)
        return draft is not None

    async def _show(self, origin: Origin, place: Place, draft: Draft) -> bool:
        """Show a draft; False if it stands there as it is.

        In a group, where we may hear nothing but answers to us, a text is asked for as an answer.
        """
        card = await self._clerk.screen(draft)
        reply = _FIELD if _forced(place, draft) else ""
        return await self._counter.place(origin, card, reply=reply)

    async def _ended(self, person: Person, given: Given, outcome: Outcome) -> None:
        """Show what came of a press or a text, and carry out what is complete."""
        place, query, told = given.place, given.query, ""
        match outcome:
            case Told(text=text):
                if query:
                    await self._line.answered(query, text, alert=True)
                else:
                    await self._counter.show(place.origin(f"{CHAIN}{place.message}"), Card(title=text))
                return
            case Shown(draft=draft, left=left):
                where = await self._where(place, left.key if left else key_of(draft))
                if left is not None:
                    await self._counter.show(where, left)
                is_new = await self._show(where, place, draft)
                told = "" if is_new else STANDS_HERE
            case Closed(card=card):
                await self._counter.show(await self._where(place, card.key), card)
            case Carry():
                await self._carried(person, given, outcome)
            case Done():
                log.info("telegram.form: dealt with before")
            case _:
                assert_never(outcome)
        if query:
            await self._line.answered(query, told)

    async def _carried(self, person: Person, given: Given, done: Carry) -> None:
        """Carry out what was asked for in full. Only then it is forgotten; what cannot be done stays to be mended."""
        place, since = given.place, given.since
        where = await self._where(place, done.card.key)
        origin = where if where.thread else await self._service.begins(place, done.line, None)
        order = Order(done.line, origin, identity=place.identity, back=done.back)
        if since is not None and await self._service.has_begun(order, since):
            log.info("telegram.form %s was carried out before", done.draft.id)
        elif not await self._service.carry_out(person, order):
            return
        if not _forced(place, done.draft):
            await self._counter.show(where, done.card)
        await self._clerk.done(done.draft, given.by)

    async def _where(self, place: Place, key: str) -> Origin:
        """Return where a form stands."""
        thread = await self._counter.thread_of(key, place.channel)
        return Origin(messenger=NAME, channel=place.channel, thread=thread or place.in_topic)


def _forced(place: Place, draft: Draft) -> bool:
    """Whether a message opens the field for its answer. Telegram lets nobody change such a message afterwards."""
    return not place.direct and draft.kind == TEXT
