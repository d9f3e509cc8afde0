"""Deal with what was taken in: turn what people said and pressed into commands, and answer them.

What comes from one channel is dealt with in order, and no channel waits for another. It stays stored until it is dealt
with, so a death in between repeats the newest command at most.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot import commands, views
from bot.messenger import Card, Incoming
from bot.slack.heard import (
    NAME,
    Commanded,
    Dropped,
    FileRef,
    Heard,
    Me,
    Opened,
    Place,
    Pressed,
    Said,
    Stopped,
    Submitted,
)
from bot.slack.home import KNOWN_FOR
from bot.slack.payloads import read
from runner.errors import NotAllowed, NotFound, SignoffError
from runner.model import ID_LENGTH, Arrival, Execution, Image, Origin, Person, State, handle
from runner.ports import ArrivalStore, Clock

_AT_ONCE = 16  # arrivals that are dealt with at a time; those of one channel never are
_STARTS = (commands.Do, commands.Run, commands.Retry)

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

    async def latest(self, origin: Origin, *, states: Sequence[State] = ()) -> Execution:
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

    async def tell(self, place: Place, card: Card) -> None:
        """Show a card to this person alone."""
        ...

    async def head(self, place: Place, text: str) -> str:
        """Begin a thread with what somebody typed, and return its name."""
        ...

    async def ask(self, pressed: Pressed) -> None:
        """Open a form for the text that a button needs."""
        ...

    async def fetch(self, files: Sequence[FileRef]) -> tuple[Image, ...]:
        """Return the pictures among files that were posted."""
        ...


class Beside(Protocol):
    """What people see beside messages: `bot.slack.aside.Aside`."""

    def opened(self, opened: Opened) -> None:
        """Somebody looks at their home."""
        ...

    def acted(self, place: Place) -> None:
        """Somebody did something on their home."""
        ...

    def stopped(self, place: Place) -> None:
        """Somebody pressed Slack's own stop button in a thread."""
        ...


@dataclass(frozen=True)
class Inside:
    """What the rest of Signoff does for this front end."""

    desk: Desk
    people: Register
    threads: Threads
    aside: Beside


class Attendant:
    """Works off the arrivals."""

    def __init__(self, inside: Inside, counter: Counter, arrivals: ArrivalStore, clock: Clock, me: Me) -> None:
        self._desk = inside.desk
        self._people = inside.people
        self._threads = inside.threads
        self._aside = inside.aside
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
        await self._arrivals.forget(NAME, self._clock.now() - KNOWN_FOR)  # Slack repeats an event for an hour
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
        elsewhere = not isinstance(heard, Opened | Dropped) and not heard.place.channel
        try:
            if not isinstance(heard, Opened | Dropped) and elsewhere:
                heard = replace(heard, place=await self._counter.direct(heard.place))
            await self._hear(heard)
        except SignoffError as error:
            log.warning("slack.refused: %s", error)
            if not isinstance(heard, Opened | Dropped) and heard.place.channel:
                await self._counter.tell(heard.place, views.error(error))
        if not isinstance(heard, Dropped) and elsewhere:
            self._aside.acted(heard.place)

    async def _hear(self, heard: Heard) -> None:
        match heard:
            case Said():
                await self._said(heard)
            case Commanded():
                await self._commanded(heard)
            case Pressed() if heard.press.asks:
                await self._counter.ask(heard)
            case Pressed():
                await self._pressed(heard.place, heard.press.action)
            case Submitted():
                await self._pressed(heard.place, f"{heard.action} {heard.text}")
            case Opened():
                self._aside.opened(heard)
            case Stopped():
                await self._carry_out(heard.place, "stop", alone=True)
                self._aside.stopped(heard.place)
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
        await self._carry_out(place, line, images=await self._counter.fetch(said.files))

    async def _commanded(self, said: Commanded) -> None:
        """Take a slash command: a run that it starts gets a thread of its own."""
        place = said.place
        if _starts(said.text):
            if await self._person(place) is None:
                return
            thread = await self._counter.head(place, f"/task {said.text}")
            place = replace(place, thread=thread)
        await self._carry_out(place, said.text or "help", alone=place.thread is None and not place.direct)

    async def _pressed(self, place: Place, line: str) -> None:
        """Take the line of a button: a run that it starts lives in the button's thread, or gets one."""
        if place.thread is None and _starts(line):
            if await self._person(place) is None:
                return
            place = replace(place, thread=await self._counter.head(place, f"/task {_short(line)}"))
        await self._carry_out(place, line, alone=place.thread is not None or not place.direct)

    async def _carry_out(self, place: Place, line: str, *, images: tuple[Image, ...] = (), alone: bool = False) -> None:
        """Carry out a command line. What has a place of its own is shown there; `alone`: the rest to the person."""
        person = await self._person(place)
        if person is None:
            return
        origin = Origin(messenger=NAME, channel=place.channel, thread=place.thread)
        for card in await self._desk.handle(Incoming(person=person, origin=origin, text=line, images=images)):
            if card.key or not alone:
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


def _short(line: str) -> str:
    """Shorten the whole ids in a button's line to what people see of them."""
    return " ".join(handle(word) if len(word) == ID_LENGTH and word.isalnum() else word for word in line.split(" "))


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
