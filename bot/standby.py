"""One chat product stands in for another that is deaf: its open questions go to people through those that hear.

A question that nobody can answer where it is shown comes as a card of its own, directly, to the person who began the
run and to those who are wanted by name; to everybody who may answer if none of them can be reached. Each is reached in
the product that they prefer, if that hears; a reminder of the question comes to where it stands for them. Nothing is
taken back when the product hears again: whatever the answer and wherever it is given, the watch rewrites every copy.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from bot import views
from bot.hearing import Ear, Hearing
from bot.reach import names
from bot.views import say
from bot.watch import OPEN_LOOKED_AT, Watch
from runner.beside import beside
from runner.core import Core
from runner.entitlement import Directory, right
from runner.errors import NotFound, SignoffError
from runner.model import Approval, Execution, Origin, Person, Role, value
from runner.people import MESSENGERS

_GATHER = 0.05  # seconds; as the watch does: nobody sees the difference
_TRY_AGAIN = timedelta(seconds=30)  # until somebody is looked for again whom a question could reach
_ALONE = "No other chat product is connected that hears: what is asked there waits"

log = logging.getLogger(__name__)


class Identities(Protocol):
    """Knows by which names people go in the chat products."""

    async def of(self, person_id: str) -> Mapping[str, str]:
        """Return one identity a messenger, by its name."""
        ...


class Known:
    """The identities that the store knows, then those of the configuration that are nobody else's."""

    def __init__(self, core: Core) -> None:
        self._store = core.store.people
        self._users = core.settings.users

    async def of(self, person_id: str) -> Mapping[str, str]:
        """Return one identity a messenger, by its name. Raises StorageError."""
        found: dict[str, str] = {}
        for messenger, identity in await self._store.identities(person_id):
            found.setdefault(messenger, identity)
        person = await self._store.person(person_id)
        user = self._users.get(person.name) if person else None
        for messenger in MESSENGERS:
            identity = getattr(user, messenger, "")
            if identity and messenger not in found and await self._store.known(messenger, identity) is None:
                found[messenger] = identity
        return found


@value
class _Tried:
    """What was last done about a question: at which revision, when, and whether it has reached anybody.

    `done` of its reminders and escalations had come due by then: its card says them, or was there before us.
    """

    revision: int
    at: datetime
    reached: bool
    done: int


@value
class _Told:
    """What is said beside a question: why it comes here, and what has come due since it did."""

    why: str
    reminder: str


@value
class _Outage:
    """What is deaf and what hears at a moment, and who there is."""

    deaf: Mapping[str, Ear]
    well: Sequence[str]
    directory: Directory


class Standby:
    """Follows the hearing, and brings questions where people can answer them.

    `products` are the chat products in the order of preference; terminals are none, since they come and go.
    """

    def __init__(
        self, core: Core, hearing: Hearing, watch: Watch, products: Sequence[str], identities: Identities
    ) -> None:
        self._core = core
        self._hearing = hearing
        self._watch = watch
        self._products = products
        self._identities = identities
        self._bell = asyncio.Event()
        self._looking = asyncio.Lock()
        self._remarks: dict[str, str] = {}  # by deaf product
        self._tried: dict[str, _Tried] = {}  # by question

    async def run(self) -> None:
        """Look after each turn of the hearing and each change, until cancelled."""
        self._hearing.tell(lambda _: self._bell.set())
        async with beside(self._follow()):
            while True:
                await self._bell.wait()
                self._bell.clear()
                try:
                    await self.look()
                except SignoffError as error:  # the next change, or two seconds, bring the next look
                    log.warning("standby: cannot look for questions: %s", error)

    async def _follow(self) -> None:
        async for _ in self._core.changes.follow(gather=_GATHER, routine=False):
            self._bell.set()

    async def look(self) -> None:
        """Bring all open questions that are shown in deaf products only to somebody elsewhere, each person once.

        Raises StorageError.
        """
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        deaf = {name: ear for name in self._products if (ear := self._hearing.deaf(name))}
        if deaf.keys() != self._remarks.keys():  # who can be reached depends on it
            self._tried.clear()
            self._remarks = {name: self._remarks.get(name, "") for name in deaf}
        if not deaf:
            return
        well = [name for name in self._products if name not in deaf]
        if not well:
            self._remark(dict.fromkeys(deaf, _ALONE))
            return
        outage = _Outage(deaf=deaf, well=well, directory=await self._core.approvals.names())
        lost: Counter[str] = Counter()
        asked = await self._core.store.approvals.open(limit=OPEN_LOOKED_AT)
        for each in asked:
            lost.update(await self._brought_anywhere(each, outage))
        still_open = {each.id for each in asked}
        self._tried = {key: tried for key, tried in self._tried.items() if key in still_open}
        self._remark({name: _lost(lost[name]) for name in deaf})

    async def _brought_anywhere(self, asked: Approval, outage: _Outage) -> Sequence[str]:
        """Bring a question to whom it can reach; return the deaf product it waits in if it reaches nobody."""
        execution = await self._core.runs.find(asked.execution_id)
        origins = [execution.origin] if execution.origin else []
        shown = [place.messenger for place in (*origins, *await self._watch.reached(asked))]
        products = [name for name in shown if name in self._products]
        if not products or any(name not in outage.deaf for name in products):
            return ()
        now, tried = self._core.clock.now(), self._tried.get(asked.id)
        if tried is None or tried.revision != asked.revision or not (tried.reached or now - tried.at < _TRY_AGAIN):
            due = tried is not None and asked.done > tried.done
            told = _Told(why=_why(outage.deaf[products[0]], now), reminder=views.nudge(asked) if due else "")
            reached = await self._bring(asked, execution, told, outage)
            tried = self._tried[asked.id] = _Tried(revision=asked.revision, at=now, reached=reached, done=asked.done)
        return () if tried.reached else (products[0],)

    async def _bring(self, asked: Approval, execution: Execution, told: _Told, outage: _Outage) -> bool:
        """Bring a question to those whom it concerns most, or else to all who may answer; say if it reached any."""
        for people in (await self._concerned(asked, execution, outage), await self._everybody(outage)):
            reached = False
            for person in people:
                if _may(person, asked, execution, outage.directory):
                    reached = await self._reach(person, asked, told, outage) or reached
            if reached:
                return True
        return False

    async def _concerned(self, asked: Approval, execution: Execution, outage: _Outage) -> Iterable[Person]:
        own = outage.directory.people.get(execution.person_id)
        people = [own] if own else []
        for name in names(asked):
            with suppress(NotFound):
                people.append(await self._core.people.find(name))
        return {person.id: person for person in people}.values()

    async def _everybody(self, outage: _Outage) -> Iterable[Person]:
        """Return all who have shown up, and those of the configuration who could answer as soon as they do."""
        people = dict(outage.directory.people)
        for name, user in self._core.settings.users.items():
            if user.role.rank >= Role.APPROVER.rank:
                with suppress(NotFound):
                    person = await self._core.people.find(name)
                    people[person.id] = person
        return people.values()

    async def _reach(self, person: Person, asked: Approval, told: _Told, outage: _Outage) -> bool:
        """Show a question to a person in the product they prefer, or else in the first where they are known.

        It is shown once, whatever happens in between: what was shown stands in the store, so an earlier life of ours
        counts as well. Where it stands, people are told of a new reminder.
        """
        identities = await self._identities.of(person.id)
        well = sorted(outage.well, key=lambda name: name != person.preferred)  # stable: then as they are configured
        places = [Origin(messenger=name, channel=identities[name]) for name in well if name in identities]
        for place in places:
            stands = await self._core.store.deliveries.places(place.messenger, f"ask:{asked.id}")
            if any(slot.channel == place.channel for slot in stands):
                if told.reminder:
                    await self._watch.bring(place, asked.id, told.reminder)
                return True
        return bool(places) and await self._watch.bring(places[0], asked.id, told.why)

    def _remark(self, words: Mapping[str, str]) -> None:
        """Have the status say what people have to know of a deaf product; the log says it once an outage."""
        for name, remark in words.items():
            if remark and not self._remarks.get(name):
                log.warning("%s is deaf. %s", name, remark)
            self._remarks[name] = self._remarks.get(name) or remark
            self._hearing.remark(name, remark)


def _may(person: Person, asked: Approval, execution: Execution, directory: Directory) -> bool:
    """Whether this person could answer now, and has not done so."""
    try:
        right(person, asked, execution.person_id, directory)
    except SignoffError:
        return False
    return all(vote.person_id != person.id for vote in asked.votes)


def _why(ear: Ear, now: datetime) -> str:
    since = say.moment(ear.deaf_since or now, now)
    name = ear.messenger.capitalize()
    return f"{name} has not been heard since {since}, so this question comes to you here as well."


def _lost(count: int) -> str:
    """Say that so many questions reach nobody; empty if all do."""
    does = "reaches" if count == 1 else "reach"
    return (
        f"{say.plural(count, 'question')} {does} nobody elsewhere: nobody who may answer is known there"
        if count
        else ""
    )
