"""Where questions reach people besides the place where a run was begun."""

from __future__ import annotations

from collections.abc import Sequence

from runner.core import Core
from runner.entitlement import Directory, right
from runner.errors import SignoffError
from runner.model import Approval, ApprovalState, Execution, Nudge, Origin, Person

TERMINAL = "terminal"  # nobody is disturbed there, so it shows all that somebody is wanted for


class Reach:
    """Finds people in one chat product; `on` are all that are served."""

    def __init__(self, core: Core, messenger: str, on: frozenset[str]) -> None:
        self._core = core
        self._messenger = messenger
        self._others = on - {messenger, TERMINAL}

    async def places(self, asked: Approval, execution: Execution, directory: Directory) -> Sequence[Origin]:
        """Return the own places of all whom a question is to reach here, but for the one where its run was begun."""
        places = [*await self.wanted(asked, directory), *await self._beginner(asked, execution, directory)]
        begun = execution.origin
        here = begun.channel if begun is not None and begun.messenger == self._messenger else None
        return [place for place in dict.fromkeys(places) if place.channel != here]

    async def wanted(self, asked: Approval, directory: Directory) -> Sequence[Origin]:
        """Return the own places of those who are wanted by name: in their turn, or because only they may answer.

        Whoever prefers a chat product in which they are known is left alone in the others.
        """
        places = []
        for name in names(asked):
            people = [person for person in directory.people.values() if person.name == name]
            if not any([await self._elsewhere(person) for person in people]):
                places += [place for person in people for place in await self._own(person)]
                places += await self._configured(name)
        return places

    async def _beginner(self, asked: Approval, execution: Execution, directory: Directory) -> Sequence[Origin]:
        """Return the places of whoever began the run and prefers this product, while they may answer."""
        person = directory.people.get(execution.person_id)
        if person is None or person.preferred != self._messenger or asked.state is not ApprovalState.OPEN:
            return ()
        if execution.origin is not None and execution.origin.messenger == self._messenger:
            return ()
        if any(vote.person_id == person.id for vote in asked.votes):
            return ()
        try:
            right(person, asked, execution.person_id, directory)
        except SignoffError:
            return ()
        return await self._own(person)

    async def _own(self, person: Person) -> Sequence[Origin]:
        found = await self._core.people.identities(person)
        return [self._place(identity) for messenger, identity in found if messenger == self._messenger]

    async def _configured(self, name: str) -> Sequence[Origin]:
        """Return the place that the configuration gives somebody who need not have shown up, unless it is another's."""
        user = self._core.settings.users.get(name)
        identity = getattr(user, self._messenger, "") if user else ""
        owner = await self._core.store.people.known(self._messenger, identity) if identity else None
        return [self._place(identity)] if identity and (owner is None or owner.name == name) else []

    async def _elsewhere(self, person: Person) -> bool:
        """Whether somebody is to be left alone here: they prefer another product that is on, and are known there."""
        if person.preferred not in self._others or self._messenger == TERMINAL:
            return False
        return any(messenger == person.preferred for messenger, _ in await self._core.people.identities(person))

    def _place(self, identity: str) -> Origin:
        return Origin(messenger=self._messenger, channel=identity)


def names(asked: Approval) -> Sequence[str]:
    """Return the names of those whom a question wants: in their turn, or because only they may answer."""
    called = [due.who for due in asked.timetable[: asked.done] if due.nudge is Nudge.ESCALATE]
    return (*asked.terms.on_call[:1], *called) if asked.terms.on_call else asked.terms.approvers
