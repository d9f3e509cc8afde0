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
from bot.messenger import Card, Incoming
from bot.slack import marks, posted
from bot.slack.heard import NAME, Changed, Commanded, Dropped, FileRef, Heard, Me, Place, Pressed, Said, Submitted
from bot.slack.payloads import read
from runner.errors import NotAllowed, NotFound, SignoffError
from runner.model import Arrival, Enclosed, Origin, Person
from runner.ports import ArrivalStore, Clock

_AT_ONCE = 16  # arrivals that are dealt with at a time; those of one channel never are
_KNOWN_FOR = timedelta(hours=24)  # Slack repeats an event for an hour
_ATTACHED = "Look at what is attached."  # what is said with files alone
_NOTHING = Enclosed()
_STARTS = (commands.Do, commands.Run)

log = logging.getLogger(__name__)


class Desk(Protocol):
    """Takes what people say: `bot.handlers.Handlers`."""

    async def handle(self, incoming: Incoming) -> tuple[Card, ...]:
        """Carry out a command and return what is to be shown."""
        ...

    async def correct(self, incoming: Incoming, *, withdrawn: bool = False) -> tuple[Card, ...]:
        """Let what was said in this message read as it does now, or take it back, and return what is to be shown."""
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

    async def head(self, place: Place, text: str) -> str:
        """Begin a thread with what somebody typed, and return its name."""
        ...

    async def ask(self, pressed: Pressed) -> None:
        """Open a form for the text that a button needs."""
        ...

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return what people have posted; a file that cannot be had says why."""
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
            case Changed():
                await self._changed(heard)
            case Commanded():
                await self._commanded(heard)
            case Pressed() if heard.press.asks:
                await self._counter.ask(heard)
            case Pressed():
                await self._carry_out(heard.place, heard.press.action, alone=True)
            case Submitted():
                await self._carry_out(heard.place, f"{heard.action} {heard.text}", alone=True)
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
        line = said.text or (_ATTACHED if said.files else "")
        steers = is_ours and not _is_command(line)
        if not _is_command(line):
            line = f"{'say' if is_ours else 'do'} -- {line}"
        enclosed = await self._counter.fetch(said.files) if _reaches_agent(line) else posted.unused(said.files)
        await self._carry_out(
            place,
            line,
            enclosed=enclosed,
            source=marks.source(place.channel, said.ts),
            alone=steers and not place.direct,
        )

    async def _changed(self, changed: Changed) -> None:
        """Let what was said read as it does now. Only what went to an agent is known by the name of its message."""
        place = changed.place
        try:
            person = await self._people.known(NAME, place.user, "")
        except NotAllowed:
            return  # nothing that strangers said went anywhere
        incoming = Incoming(
            person=person,
            origin=Origin(messenger=NAME, channel=place.channel, thread=place.thread or changed.ts),
            text=changed.text or "",
            source=marks.source(place.channel, changed.ts),
        )
        for card in await self._desk.correct(incoming, withdrawn=changed.text is None):
            await self._counter.tell(place, card)

    async def _commanded(self, said: Commanded) -> None:
        """Take a slash command: a run that it starts gets a thread of its own."""
        place = said.place
        if _starts(said.text) and await self._person(place) is not None:
            thread = await self._counter.head(place, f"/task {said.text}")
            place = replace(place, thread=thread)
        await self._carry_out(place, said.text or "help", alone=place.thread is None and not place.direct)

    async def _carry_out(
        self,
        place: Place,
        line: str,
        *,
        enclosed: Enclosed = _NOTHING,
        source: str | None = None,
        alone: bool = False,
    ) -> None:
        """Carry out a command line. What has a place of its own is shown there; `alone`: the rest to the person.

        `source` is the message in which it was said: that it was taken is shown there, by a reaction.
        """
        person = await self._person(place)
        if person is None:
            return
        origin = Origin(messenger=NAME, channel=place.channel, thread=place.thread)
        incoming = Incoming(
            person=person, origin=origin, text=line, images=enclosed.images, files=enclosed.files, source=source
        )
        for card in await self._desk.handle(incoming):
            if card.receipt and source:
                continue
            if card.key or not alone:
                await self._counter.show(origin, card)
            else:
                await self._counter.tell(place, card)
        if (missing := posted.missing(enclosed)) is not None:
            await self._counter.show(origin, missing)

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


def _reaches_agent(line: str) -> bool:
    """Whether a command line is for an agent, with all that goes with it."""
    try:
        return isinstance(commands.parse(line), commands.Do | commands.Say)
    except SignoffError:
        return False
