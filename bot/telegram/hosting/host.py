"""Turn what people said, pressed and sent into commands, and answer them."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol, assert_never

from bot import posted, spoken, views
from bot.messenger import Button, Card, Incoming
from bot.telegram.heard import CHAIN, NAME, Changed, Dropped, Heard, Pressed, Reached, Said, Started
from bot.telegram.hosting.inside import Counter, Inside, Line
from bot.telegram.hosting.service import Order, Service
from bot.telegram.rendering import buttons
from runner.errors import NotAllowed, SignoffError, StoreAway
from runner.model import Origin, Person, handle, new_id

log = logging.getLogger(__name__)


class Asking(Protocol):
    """Forms and texts that are asked for: `bot.telegram.hosting.asking.Asking`."""

    async def typed(self, person: Person, said: Said, since: datetime | None) -> bool:
        """Take a message for what somebody has been asked; False if it is for nothing of the kind."""
        ...

    async def abandoned(self, person: Person, said: Said) -> bool:
        """Cancel the form that somebody is at; False if they are at none."""
        ...

    async def wanted(self, person: Person, heard: Said | Pressed, order: Order) -> bool:
        """Ask for what a command lacks; False if it is complete."""
        ...

    async def pressed(self, person: Person, pressed: Pressed, since: datetime | None) -> bool:
        """Take a press of a button that is no command; False if it is one."""
        ...

    async def unclear(self, person: Person, said: Said) -> bool:
        """Ask for whom a message is, where that cannot be known; False if it can."""
        ...

    async def spoken(self, person: Person, said: Said) -> None:
        """Show what was understood of a voice message, and ask whether it is meant so."""
        ...


class Host:
    """Serves one person after the other.

    `since`, when something was stored that an earlier life may have carried out and not noted.
    """

    def __init__(self, inside: Inside, counter: Counter, line: Line, service: Service, asking: Asking) -> None:
        self._inside = inside
        self._counter = counter
        self._line = line
        self._service = service
        self._asking = asking

    async def answer(self, heard: Heard, *, since: datetime | None) -> None:
        """Do what was asked for, and tell the person what is wrong with it. Raises StoreAway."""
        if isinstance(heard, Dropped):
            log.info("telegram.dropped: %s", heard.reason)
            return
        try:
            await self._hear(heard, since)
        except StoreAway:
            raise
        except SignoffError as error:
            log.warning("telegram.refused: %s", error)
            await self._refused(heard, views.error(error))
        except Exception:  # whatever goes wrong, whoever said it hears of it
            name = handle(new_id())
            log.exception("error %s while hearing %s", name, type(heard).__name__)
            await self._refused(heard, views.unexpected(name))

    async def _hear(self, heard: Said | Started | Changed | Pressed | Reached, since: datetime | None) -> None:
        match heard:
            case Said():
                await self._said(heard, since)
            case Started():
                await self._started(heard)
            case Changed():
                await self._changed(heard)
            case Pressed():
                await self._pressed(heard, since)
            case Reached():
                if heard.open:
                    await self._counter.resume(heard.place.channel)
            case _:
                assert_never(heard)

    async def _refused(self, heard: Heard, card: Card) -> None:
        if isinstance(heard, Dropped | Reached):
            return
        place = heard.place
        origin = place.origin(place.in_topic or f"{CHAIN}{place.message}")
        query = heard.query if isinstance(heard, Pressed) else ""
        if not await self._service.show(card, Order("", origin, query=query)) and query:
            await self._line.answered(query)

    async def _said(self, said: Said, since: datetime | None) -> None:
        """Take a message: in the thread of a run it is for that run; else it begins one, or is a command."""
        place = said.place
        thread = await self._service.thread(place)
        run = await self._service.run_of(place.origin(thread))
        if not (said.command or said.named or place.direct or place.to_us or run):
            log.debug("telegram.dropped: said to others")
            return
        if (person := await self._service.person(place, text=said.text)) is None:
            return
        if said.voice is not None:
            await self._asking.spoken(person, said)
            return
        if await self._asked(person, said, since):
            return
        is_command = said.command or spoken.is_command(said.text)
        if run is None and not is_command and await self._asking.unclear(person, said):
            return
        await self._order(person, said, place.origin(thread) if run else None, since)

    async def _asked(self, person: Person, said: Said, since: datetime | None) -> bool:
        """Whether a message was for a form; a bare /cancel is for the form that somebody is at."""
        if said.command:
            return said.text == "cancel" and await self._asking.abandoned(person, said)
        return await self._asking.typed(person, said, since)

    async def _order(self, person: Person, said: Said, ours: Origin | None, since: datetime | None) -> None:
        """Make an order of a message; `ours` is the thread of the run that it is for."""
        place = said.place
        is_command = said.command or spoken.is_command(said.text)
        text, word = said.text or (spoken.ATTACHED if said.files else "help"), "say --" if ours else "do --"
        line = text if is_command else f"{word} {text}"
        origin = await self._service.begins(place, line, ours)
        otherwise = Button(label="To the agent", action=word, asks="Say to the agent", prefill=text)
        order = Order(
            line,
            origin,
            enclosed=await self._line.fetch(said.files) if spoken.reaches_agent(line) else posted.unused(said.files),
            source=place.source,
            identity=place.identity,
            otherwise=otherwise if is_command and ours and not said.command else None,
        )
        if since is not None and await self._service.has_begun(order, since):
            return  # its run has begun: we died before that was noted
        if not await self._asking.wanted(person, said, order):
            await self._service.carry_out(person, order)

    async def _started(self, started: Started) -> None:
        """Greet somebody, or link the account that they come from."""
        place = started.place
        await self._counter.resume(place.channel)  # before, nothing could be written to them
        origin = await self._service.begins(place, "", None)
        line = f"link {started.payload}" if started.payload else ""
        if (person := await self._service.person(place, text=line)) is None:
            return
        if line:
            await self._service.carry_out(person, Order(line, origin, identity=place.identity))
            return
        await self._counter.show(origin, views.welcome(person))

    async def _changed(self, changed: Changed) -> None:
        """Let what was said read as it does now. Only what went to an agent is known by the name of its message."""
        place = changed.place
        try:
            person = await self._inside.people.known(NAME, place.identity, "")
        except NotAllowed:
            log.debug("telegram.dropped: changed by a stranger")
            return  # nothing that strangers said went anywhere
        thread = await self._service.thread(place) or f"{CHAIN}{place.message}"
        incoming = Incoming(person=person, origin=place.origin(thread), text=changed.text, source=place.source)
        for card in await self._inside.desk.correct(incoming):
            await self._counter.show(place.origin(place.in_topic or f"{CHAIN}{place.message}"), card)

    async def _pressed(self, pressed: Pressed, since: datetime | None) -> None:
        """Take a press: it may want a form, a text, or a second press first."""
        place = pressed.place
        if (person := await self._service.person(place, pressed.query)) is None:
            return
        shown = await self._counter.shown_as(place.channel, place.message)
        if shown is None:
            await self._counter.fade(place.channel, place.message)
        if await self._asking.pressed(person, pressed, since):
            return
        thread = (shown.thread if shown else None) or place.in_topic
        ours = place.origin(thread) if thread else None
        origin = ours or await self._service.begins(place, pressed.data, None)
        again = since is not None
        order = Order(pressed.data, origin, query=pressed.query, identity=place.identity, again=again)
        if since is not None and await self._service.has_begun(order, since):
            return
        if await self._asking.wanted(person, pressed, order):
            await self._line.answered(pressed.query)
        elif await self._service.carry_out(person, order) and shown and shown.key.startswith(buttons.SURE_KEY):
            await self._counter.show(origin, Card(title=buttons.done(pressed.data), key=shown.key))
