"""Turn what people said, pressed and sent into commands, and answer them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import assert_never

from bot import posted, spoken, views
from bot.messenger import Button, Card, Incoming
from bot.slack.forms.reading import form_offer, line_of, said_in
from bot.slack.heard import (
    MAKE_TASK,
    NAME,
    RUN_THIS,
    Changed,
    Commanded,
    Dropped,
    Heard,
    Opened,
    Picked,
    Place,
    Pressed,
    Said,
    Stopped,
    Submitted,
    Typed,
)
from bot.slack.hosting.inside import Counter, Inside
from bot.slack.sending import marks
from runner.errors import EmptyPrompt, NotAllowed, NotFound, SignoffError, StoreAway
from runner.model import Enclosed, Person, Role, handle, new_id
from runner.people import require
from runner.tasks import TaskDraft

_TOLD_DIRECTLY = "The files of the message are not kept with a task."
_NOTHING = Enclosed()

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A command line with what goes with it.

    `source` is the message in which it was said: that it was taken is shown there, by a reaction. What has no place of
    its own is shown to everybody, or with `alone` to the person. An error goes with `back`, what the person wrote in a
    form that is closed by now, and with `otherwise`: what looks like a command may be meant for an agent.
    """

    line: str
    enclosed: Enclosed = _NOTHING
    source: str | None = None
    alone: bool = False
    back: str = ""
    otherwise: Button | None = None


class Host:
    """Serves one person after the other. `again` says that a death may have come between doing and noting it."""

    def __init__(self, inside: Inside, counter: Counter) -> None:
        self._desk = inside.desk
        self._people = inside.people
        self._threads = inside.threads
        self._forms = inside.forms
        self._aside = inside.aside
        self._counter = counter

    async def answer(self, heard: Heard, *, again: bool) -> None:
        """Do what was asked for, and tell the person what is wrong with it. Raises StoreAway."""
        if isinstance(heard, Dropped):
            log.info("slack.dropped: %s", heard.reason)
            return
        if isinstance(heard, Opened):
            self._aside.opened(heard)
            return
        elsewhere = not heard.place.channel
        try:
            if elsewhere:
                heard = replace(heard, place=await self._counter.direct(heard.place))
            await self._hear(heard, again=again)
        except StoreAway:
            raise
        except SignoffError as error:
            log.warning("slack.refused: %s", error)
            await self._refused(heard.place, views.error(error))
        except Exception:  # whatever goes wrong, whoever said it hears of it
            name = handle(new_id())
            log.exception("error %s while hearing %s", name, type(heard).__name__)
            await self._refused(heard.place, views.unexpected(name))
        if elsewhere:
            self._aside.acted(heard.place)

    async def _refused(self, place: Place, card: Card) -> None:
        if place.channel:
            await self._counter.tell(place, card)

    async def _hear(
        self, heard: Said | Changed | Commanded | Pressed | Submitted | Typed | Picked | Stopped, *, again: bool
    ) -> None:
        match heard:
            case Said():
                await self._said(heard)
            case Changed():
                await self._changed(heard)
            case Commanded():
                await self._commanded(heard, again=again)
            case Pressed():
                await self._pressed(heard, again=again)
            case Submitted():
                await self._submitted(heard, again=again)
            case Picked():
                await self._picked(heard, again=again)
            case Stopped():
                await self._carry_out(await self._person(heard.place), heard.place, Order("stop", alone=True))
                self._aside.stopped(heard.place)
            case Typed():
                pass  # dealt with before anything is stored
            case _:
                assert_never(heard)

    async def _said(self, said: Said) -> None:
        """Take a message: in a thread of a run it is for that run; else it begins one, or is a command."""
        thread = said.place.thread
        if thread is not None and not said.named and not await self._is_ours(said.place):
            log.debug("slack.dropped: said in a thread of others")
            return
        place = replace(said.place, thread=thread or said.ts)
        is_ours = await self._is_ours(place)
        if is_ours and thread is None:
            log.debug("slack.dropped: its run has begun")
            return  # its run has begun: we died before that was noted
        text, word = said.text or (spoken.ATTACHED if said.files else ""), "say --" if is_ours else "do --"
        is_command = spoken.is_command(text)
        line = text if is_command else f"{word} {text}"
        if (offer := form_offer(line)) is not None:
            if await self._person(place, line) is not None:
                await self._counter.show(place.origin, offer)
            return
        order = Order(
            line,
            enclosed=await self._counter.fetch(said.files) if spoken.reaches_agent(line) else posted.unused(said.files),
            source=marks.source(place.channel, said.ts),
            alone=is_ours and not is_command and not place.direct,
            otherwise=Button(label="To the agent", action=word, asks="Say to the agent", prefill=text),
        )
        await self._carry_out(
            await self._person(place, text), place, order if is_command else replace(order, otherwise=None)
        )

    async def _changed(self, changed: Changed) -> None:
        """Let what was said read as it does now. Only what went to an agent is known by the name of its message."""
        place = changed.place
        try:
            person = await self._people.known(NAME, place.user, "")
        except NotAllowed:
            log.debug("slack.dropped: changed by a stranger")
            return  # nothing that strangers said went anywhere
        incoming = Incoming(
            person=person,
            origin=replace(place, thread=place.thread or changed.ts).origin,
            text=changed.text or "",
            source=marks.source(place.channel, changed.ts),
        )
        for card in await self._desk.correct(incoming, withdrawn=changed.text is None):
            await self._counter.tell(place, card)

    async def _commanded(self, said: Commanded, *, again: bool) -> None:
        """Take a slash command: it may want a form first."""
        place = said.place
        person = await self._person(place, said.text)
        if person is None or await self._forms.offered(person, place, said.trigger, said.text):
            return
        await self._begin(person, said, Order(said.text or "help", alone=not place.direct), again=again)

    async def _pressed(self, pressed: Pressed, *, again: bool) -> None:
        """Take a press: it may want a form, or a text, first."""
        place, press = pressed.place, pressed.press
        person = await self._person(place)
        if person is None:
            return
        offered = self._forms.offered
        if await offered(person, place, pressed.trigger, press.action, asks=press.asks, prefill=press.prefill):
            return
        if press.asks:
            await self._counter.ask(pressed)
            return
        alone = place.thread is not None or not place.direct
        await self._begin(person, pressed, Order(press.action, alone=alone), again=again)

    async def _submitted(self, sent: Submitted, *, again: bool) -> None:
        """Take a form that was sent. Whatever becomes of it, its sender gets back what they wrote if it is not done."""
        back = said_in(sent)
        try:
            if (person := await self._person(sent.place)) is not None:
                order = Order(line_of(sent), alone=not sent.place.direct, back=back)
                await self._begin(person, sent, order, again=again)
        except StoreAway:
            raise
        except SignoffError as error:
            log.warning("slack.refused: %s", error)
            await self._give_back(sent.place, spoken.with_text(views.error(error), back))

    async def _picked(self, picked: Picked, *, again: bool) -> None:
        """Take a shortcut: one of a message takes its text and its files."""
        place = picked.place
        person = await self._person(place)
        if person is None:
            return
        if picked.name == RUN_THIS:
            require(person, Role.OPERATOR, "run a prompt")
            if not picked.text:
                raise EmptyPrompt
            enclosed = await self._counter.fetch(picked.files)
            await self._counter.head(place, f"Run this, for {person.name}", picked.key, again=again)
            if not (again and await self._is_ours(place)):
                await self._carry_out(person, place, Order(f"do -- {picked.text}", enclosed=enclosed))
            return
        note = _TOLD_DIRECTLY if picked.files else ""
        draft = TaskDraft(prompt=picked.text or None)
        if picked.name == MAKE_TASK:  # the app need not be in the channel of the message
            require(person, Role.OPERATOR, "save a task")
            place = await self._counter.direct(Place(user=place.user, channel="", direct=True))
        await self._forms.new_task(person, place, picked.trigger, draft, note=note)

    async def _begin(
        self, person: Person, heard: Commanded | Pressed | Submitted, order: Order, *, again: bool
    ) -> None:
        """Carry out a command of somebody we know: a run that it starts gets a thread of its own."""
        place = heard.place
        if place.thread is None and spoken.starts(order.line):
            thread = await self._counter.head(
                place, f"{person.name}: /task {spoken.short(order.line)}", heard.key, again=again
            )
            place, order = replace(place, thread=thread), replace(order, alone=False)
            if again and await self._is_ours(place):
                return  # its run has begun: we died before that was noted
        await self._carry_out(person, place, order)

    async def _carry_out(self, person: Person | None, place: Place, order: Order) -> None:
        if person is None:
            return
        incoming = Incoming(
            person=person,
            origin=place.origin,
            text=order.line,
            images=order.enclosed.images,
            files=order.enclosed.files,
            source=order.source,
            identity=place.user,
        )
        for card in await self._desk.handle(incoming):
            await self._show(place, card, order)
        if (missing := posted.lost(order.enclosed)) is not None:
            await self._counter.show(incoming.origin, missing)

    async def _show(self, place: Place, card: Card, order: Order) -> None:
        """Show what came of an order where it belongs."""
        failed = spoken.failed(card)
        if card.receipt and order.source:
            return
        if failed and order.back:
            await self._give_back(place, spoken.with_text(card, order.back))
            return
        if failed and order.otherwise:
            card = replace(card, buttons=(*card.buttons, order.otherwise))
        if card.private or (order.alone and not card.key):
            await self._counter.tell(place, card)
        elif not await self._counter.place(place.origin, card) and spoken.only_shows(order.line):
            await self._counter.tell(place, Card(title=spoken.STANDS_HERE, footer=card.title))

    async def _give_back(self, place: Place, card: Card) -> None:
        """Tell somebody what became of what they wrote; whom Slack does not tell now finds it among their messages."""
        if await self._counter.tell(place, card):
            return
        await self._counter.show(replace(place, thread=None, direct=True).origin, card)

    async def _person(self, place: Place, line: str = "") -> Person | None:
        """Return who it is; strangers are told that they are, and nothing else unless they say a code."""
        try:
            return await self._people.known(NAME, place.user, "")
        except NotAllowed:
            log.info("slack.stranger %s in %s", place.user, place.channel)
            for card in await self._desk.stranger(NAME, place.user, line):
                await self._counter.tell(place, card)
            return None

    async def _is_ours(self, place: Place) -> bool:
        try:
            await self._threads.latest(place.origin)
        except NotFound:
            return False
        return True
