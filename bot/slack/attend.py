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
from bot.messenger import Button, Card, Incoming
from bot.slack.heard import NAME, Commanded, Dropped, FileRef, Heard, Me, Place, Pressed, Said, Submitted
from bot.slack.payloads import read
from runner.errors import NotAllowed, NotFound, SignoffError
from runner.model import Arrival, Image, Origin, Person
from runner.ports import ArrivalStore, Clock

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

    async def tell(self, place: Place, card: Card) -> None:
        """Show a card to this person alone."""
        ...

    async def head(self, place: Place, text: str, mark: str, *, again: bool) -> str:
        """Begin a thread with what somebody typed, and return its name; `again`: unless it is there under this mark."""
        ...

    async def ask(self, pressed: Pressed) -> None:
        """Open a form for the text that a button needs."""
        ...

    async def fetch(self, files: Sequence[FileRef]) -> tuple[Image, ...]:
        """Return the pictures among files that were posted."""
        ...


@dataclass(frozen=True)
class Inside:
    """What the rest of Signoff does for this front end."""

    desk: Desk
    people: Register
    threads: Threads


class Attendant:
    """Works off the arrivals."""

    def __init__(self, inside: Inside, counter: Counter, arrivals: ArrivalStore, clock: Clock, me: Me) -> None:
        self._desk = inside.desk
        self._people = inside.people
        self._threads = inside.threads
        self._counter = counter
        self._arrivals = arrivals
        self._clock = clock
        self._me = me
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._last: dict[str, asyncio.Task[None]] = {}  # the newest in each channel
        self._left: frozenset[str] | None = None  # what an earlier life has left, perhaps carried out and not noted

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
                if self._left is None:
                    self._left = frozenset(arrival.key for arrival in waiting)
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
            case Pressed() if heard.press.asks:
                await self._counter.ask(heard)
            case Pressed():
                await self._order(heard, heard.press.action, alone=True)
            case Submitted():
                await self._order(heard, f"{heard.action} {heard.text}", alone=True)
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
        line, word = said.text, "say --" if is_ours else "do --"
        otherwise = Button(label="To the agent", action=word, asks="Say to the agent", prefill=line)
        if not _is_command(line):
            line = f"{word} {line}"
        await self._carry_out(place, line, images=await self._counter.fetch(said.files), otherwise=otherwise)

    async def _commanded(self, said: Commanded) -> None:
        await self._order(said, said.text or "help", alone=not said.place.direct)

    async def _order(self, heard: Commanded | Pressed | Submitted, line: str, *, alone: bool) -> None:
        """Carry out a command. A run that it starts outside of a thread gets one of its own."""
        place = heard.place
        if place.thread is None and _starts(line) and await self._person(place) is not None:
            again = heard.key in (self._left or ())
            place = replace(place, thread=await self._counter.head(place, f"/task {line}", heard.key, again=again))
            if again and await self._is_ours(place):
                return  # its run has begun: we died before that was noted
            alone = False
        await self._carry_out(place, line, alone=alone)

    async def _carry_out(
        self,
        place: Place,
        line: str,
        *,
        images: tuple[Image, ...] = (),
        alone: bool = False,
        otherwise: Button | None = None,
    ) -> None:
        """Carry out a command line. What has a place of its own is shown there; `alone`: the rest to the person.

        `otherwise` is offered where it is refused: what looks like a command may be meant for an agent.
        """
        person = await self._person(place)
        if person is None:
            return
        origin = Origin(messenger=NAME, channel=place.channel, thread=place.thread)
        for card in await self._desk.handle(Incoming(person=person, origin=origin, text=line, images=images)):
            refused = (card.data or {}).get("kind") == "error"
            shown = replace(card, buttons=(*card.buttons, otherwise)) if otherwise and refused else card
            if card.key or not alone:
                await self._counter.show(origin, shown)
            else:
                await self._counter.tell(place, shown)

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
