"""Deal with what was taken in: turn what people said and pressed into commands, and answer them.

What comes from one channel is dealt with in order, and no channel waits for another. It stays stored until it is dealt
with, so a death in between repeats the newest command at most.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bot import commands, views
from bot.messenger import Card, Incoming, Look, Section
from bot.slack.forms.reading import form_offer, line_of, said_in
from bot.slack.heard import (
    MAKE_TASK,
    NAME,
    RUN_THIS,
    Typed,
    Commanded,
    Dropped,
    FileRef,
    Heard,
    Me,
    Picked,
    Place,
    Pressed,
    Said,
    Submitted,
)
from bot.slack.payloads import read
from runner.errors import EmptyPrompt, NotAllowed, NotFound, SignoffError
from runner.model import Arrival, Image, Origin, Person, Role
from runner.people import require
from runner.ports import ArrivalStore, Clock
from runner.tasks import TaskDraft

_AT_ONCE = 16  # arrivals that are dealt with at a time; those of one channel never are
_KNOWN_FOR = timedelta(hours=24)  # Slack repeats an event for an hour
_STARTS = (commands.Do, commands.Run)

log = logging.getLogger(__name__)


class Desk(Protocol):
    """Takes what people say: `bot.handlers.Handlers`."""

    async def handle(self, incoming: Incoming) -> tuple[Card, ...]:
        """Carry out a command and return what is to be shown."""
        ...


class Register(Protocol):
    """Knows people: `runner.people.People`."""

    async def known(self, messenger: str, identity: str, name: str) -> Person:
        """Return the person behind an identity. Raises NotAllowed for strangers."""
        ...


class Threads(Protocol):
    """Knows which threads belong to runs: `runner.runs.Runs`."""

    async def latest(self, origin: Origin) -> object:
        """Return the newest run of a thread. Raises NotFound."""
        ...


class Counter(Protocol):
    """What is given back over the counter: `bot.slack.messenger.SlackMessenger`."""

    async def show(self, origin: Origin, card: Card) -> None:
        """Show a card for everybody at this place, or replace the one with the same key."""
        ...

    async def direct(self, place: Place) -> Place:
        """Find the direct messages with somebody who acted in no channel. Raises WrongState if Slack refuses."""
        ...

    async def tell(self, place: Place, card: Card) -> bool:
        """Show a card to this person alone; False if Slack did not."""
        ...

    async def head(self, place: Place, text: str) -> str:
        """Begin a thread with what somebody typed, and return its name; in a thread, go on with it."""
        ...

    async def ask(self, pressed: Pressed) -> None:
        """Open a form for the text that a button needs."""
        ...

    async def fetch(self, files: Sequence[FileRef]) -> tuple[Image, ...]:
        """Return the pictures among files that were posted."""
        ...


class Forms(Protocol):
    """Opens forms: `bot.slack.forms.clerk.Clerk`."""

    async def offered(
        self, person: Person, place: Place, trigger: str, line: str, *, asks: str = "", prefill: str = ""
    ) -> bool:
        """Open the form that a command or a button wants; False if it wants none."""
        ...

    async def new_task(
        self, person: Person, place: Place, trigger: str, draft: TaskDraft, *, memory: str = "new", note: str = ""
    ) -> None:
        """Open the form for a new task."""
        ...


@dataclass(frozen=True)
class Inside:
    """What the rest of Signoff does for this front end."""

    desk: Desk
    people: Register
    threads: Threads
    forms: Forms


class Attendant:
    """Works off the arrivals."""

    def __init__(self, inside: Inside, counter: Counter, arrivals: ArrivalStore, clock: Clock, me: Me) -> None:
        self._desk = inside.desk
        self._people = inside.people
        self._threads = inside.threads
        self._forms = inside.forms
        self._counter = counter
        self._arrivals = arrivals
        self._clock = clock
        self._me = me
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._last: dict[str, asyncio.Task[None]] = {}  # the newest in each channel

    def ring(self) -> None:
        """Look for arrivals at once."""
        self._news.set()

    async def run(self) -> None:
        """Deal with what is there and what comes, until cancelled."""
        seen = 0
        await self._arrivals.forget(NAME, self._clock.now() - _KNOWN_FOR)
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                waiting = await self._arrivals.waiting(NAME, after=seen)
                for arrival in waiting:
                    seen = arrival.seq
                    before = self._last.get(arrival.channel)
                    self._last[arrival.channel] = group.create_task(self._deal(arrival, before))
                if not waiting:
                    await self._news.wait()

    async def _deal(self, arrival: Arrival, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            async with self._slots:
                await self._answer(read(arrival.payload, self._me))
        except Exception:  # one delivery that cannot be dealt with must not keep the others waiting
            log.exception("slack.broken %s", arrival.key)
        finally:
            if self._last.get(arrival.channel) is asyncio.current_task():
                del self._last[arrival.channel]
        await self._arrivals.done(arrival, self._clock.now())

    async def _answer(self, heard: Heard) -> None:
        try:
            if not isinstance(heard, Dropped) and not heard.place.channel:
                heard = replace(heard, place=await self._counter.direct(heard.place))
            await self._hear(heard)
        except SignoffError as error:
            log.warning("slack.refused: %s", error)
            if not isinstance(heard, Dropped) and heard.place.channel:
                await self._counter.tell(heard.place, views.error(error))

    async def _hear(self, heard: Heard) -> None:
        match heard:
            case Said():
                await self._said(heard)
            case Commanded():
                await self._commanded(heard)
            case Pressed():
                await self._pressed(heard)
            case Submitted():
                await self._submitted(heard)
            case Picked():
                await self._picked(heard)
            case Typed():
                pass  # dealt with before anything is stored
            case Dropped():
                log.info("slack.dropped: %s", heard.reason)

    async def _said(self, said: Said) -> None:
        """Take a message: in a thread of a run it is for that run; else it begins one, or is a command."""
        thread = said.place.thread
        if thread is not None and not said.named and not await self._is_ours(said.place):
            return
        place = replace(said.place, thread=thread or said.ts)
        is_ours = await self._is_ours(place)
        if is_ours and thread is None:
            return  # its run has begun: we died before that was noted
        line = said.text
        if not _is_command(line):
            line = f"{'say' if is_ours else 'do'} -- {line}"
        if (offer := form_offer(line)) is not None:
            if await self._person(place) is not None:
                await self._counter.show(Origin(messenger=NAME, channel=place.channel, thread=place.thread), offer)
            return
        await self._carry_out(place, line, images=await self._counter.fetch(said.files))

    async def _commanded(self, said: Commanded) -> None:
        """Take a slash command: it may want a form first."""
        place = said.place
        person = await self._person(place)
        if person is None or await self._forms.offered(person, place, said.trigger, said.text):
            return
        await self._begin(place, said.text or "help", alone=place.thread is None and not place.direct)

    async def _pressed(self, pressed: Pressed) -> None:
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
        else:
            await self._begin(place, press.action, alone=True)

    async def _submitted(self, sent: Submitted) -> None:
        """Take a form that was sent. Whatever becomes of it, its sender gets back what they wrote if it is not done."""
        back = said_in(sent)
        try:
            if await self._person(sent.place) is None:
                return
            await self._begin(sent.place, line_of(sent), alone=not sent.place.direct, back=back)
        except SignoffError as error:
            log.warning("slack.refused: %s", error)
            await self._give_back(sent.place, _with_text(views.error(error), back))

    async def _picked(self, picked: Picked) -> None:
        """Take a shortcut: one of a message takes its text and its files."""
        place = picked.place
        person = await self._person(place)
        if person is None:
            return
        if picked.name == RUN_THIS:
            require(person, Role.OPERATOR, "run a prompt")
            if not picked.text:
                raise EmptyPrompt
            images = await self._counter.fetch(picked.files)
            await self._counter.head(place, f"Run this, for {person.name}")
            await self._carry_out(place, f"do -- {picked.text}", images=images)
            return
        note = "The files of the message are not kept with a task." if picked.files else ""
        draft = TaskDraft(prompt=picked.text or None)
        if picked.name == MAKE_TASK:  # the app need not be in the channel of the message
            require(person, Role.OPERATOR, "save a task")
            place = await self._counter.direct(Place(user=place.user, channel="", direct=True))
        await self._forms.new_task(person, place, picked.trigger, draft, note=note)

    async def _give_back(self, place: Place, card: Card) -> None:
        """Tell somebody what became of what they wrote; whom Slack does not tell now finds it among their messages."""
        if not await self._counter.tell(place, card):
            await self._counter.show(Origin(messenger=NAME, channel=place.user), card)

    async def _begin(self, place: Place, line: str, *, alone: bool, back: str = "") -> None:
        """Carry out a command of somebody we know: a run that it starts gets a thread of its own."""
        if place.thread is None and _starts(line):
            thread = await self._counter.head(place, f"/task {line}")
            place, alone = replace(place, thread=thread), False
        await self._carry_out(place, line, alone=alone, back=back)

    async def _carry_out(
        self, place: Place, line: str, *, images: tuple[Image, ...] = (), alone: bool = False, back: str = ""
    ) -> None:
        """Carry out a command line. What has a place of its own is shown there; `alone`: the rest to the person.

        An error goes with `back`, what the person wrote in a form that is closed by now.
        """
        person = await self._person(place)
        if person is None:
            return
        origin = Origin(messenger=NAME, channel=place.channel, thread=place.thread)
        for card in await self._desk.handle(Incoming(person=person, origin=origin, text=line, images=images)):
            if back and _failed(card):
                await self._give_back(place, _with_text(card, back))
            elif card.key or not alone:
                await self._counter.show(origin, card)
            else:
                await self._counter.tell(place, card)

    async def _person(self, place: Place) -> Person | None:
        """Return who it is; strangers are told that they are, and nothing else."""
        try:
            return await self._people.known(NAME, place.user, "")
        except NotAllowed as error:
            log.info("slack.stranger %s in %s", place.user, place.channel)
            await self._counter.tell(place, Card(title=error.message, footer=error.hint))
            return None

    async def _is_ours(self, place: Place) -> bool:
        try:
            await self._threads.latest(Origin(messenger=NAME, channel=place.channel, thread=place.thread))
        except NotFound:
            return False
        return True


def _failed(card: Card) -> bool:
    return (card.data or {}).get("kind") == "error"


def _with_text(card: Card, text: str) -> Card:
    """Give an error the text that could not be used."""
    return replace(card, sections=(*card.sections, Section(title="What you wrote", body=text, look=Look.CODE)))


def _is_command(text: str) -> bool:
    """Whether a text begins with a word of the grammar."""
    first = text.split(maxsplit=1)[:1]
    return bool(first) and first[0].lower() in commands.TABLE


def _starts(text: str) -> bool:
    """Whether a command starts a run."""
    try:
        return isinstance(commands.parse(text), _STARTS)
    except SignoffError:
        return False
