"""Who somebody is, what their role lets them do, and who lends whom the right to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from runner import journal
from runner.errors import BadInput, NotAllowed, NotFound
from runner.model import Actor, AuditEntry, ChangeKind, Delegation, Person, Role, new_id
from runner.ports import Batch, Clock, PeopleStore
from runner.settings import Settings, User

MESSENGERS = ("terminal", "slack", "telegram")
LONGEST_DELEGATION = timedelta(days=90)


def require(person: Person, role: Role, what: str) -> None:
    """Raise NotAllowed unless the person's role reaches as far as `role`."""
    if person.role.rank < role.rank:
        raise NotAllowed(
            f"To {what} takes the role {role.value}; {person.name} is {person.role.value}.",
            hint="An admin can change that.",
        )


class People:
    """People by their identities in the front ends."""

    def __init__(self, store: PeopleStore, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    async def known(self, messenger: str, identity: str, name: str) -> Person:
        """Return the person with this identity.

        People of the configuration are enrolled when they first show up; their identities on all front ends are one
        person. Whoever may use the terminal of this machine can read and write our database anyway, so the terminal's
        user is an admin unless the configuration says otherwise. Raises NotAllowed for strangers from other front ends.
        """
        person = await self._store.known(messenger, identity)
        if person is not None:
            return person
        configured = self._configured(messenger, identity)
        if configured is None and messenger != "terminal":
            raise NotAllowed("Signoff does not know you.", hint="An admin can add you to `users` in config.toml.")
        called, user = configured or (name, User(role=Role.ADMIN))
        for other in MESSENGERS:
            linked = getattr(user, other) and await self._store.known(other, getattr(user, other))
            if linked:
                entry = self._entry("person.linked", linked, messenger, identity)
                return await self._store.link(linked.id, messenger, identity, entry)
        fresh = Person(id=new_id(), name=called, role=user.role, created_at=self._clock.now())
        return await self._store.enrol(
            fresh, messenger, identity, self._entry("person.enrolled", fresh, messenger, identity)
        )

    def _entry(self, action: str, person: Person, messenger: str, identity: str) -> Batch:
        """Write down who came in with which role; nobody did it, so the person stands as the subject only."""
        details = {"name": person.name, "role": person.role.value, "identity": f"{messenger}:{identity}"}
        now = self._clock.now()
        return Batch(audit=(AuditEntry(at=now, person_id="", action=action, subject=person.id, details=details),))

    async def all(self) -> Sequence[Person]:
        """Return everybody who has shown up."""
        return await self._store.people()

    async def names(self) -> dict[str, str]:
        """Return everybody's name by person id."""
        return {person.id: person.name for person in await self._store.people()}

    async def find(self, name: str) -> Person:
        """Return the person of this name, whom the configuration may know before they show up. Raises NotFound."""
        wanted = name.strip().casefold()
        for person in await self._store.people():
            if person.name.casefold() == wanted:
                return person
        for called, user in self._settings.users.items():
            identities = [(messenger, getattr(user, messenger)) for messenger in MESSENGERS if getattr(user, messenger)]
            if called.casefold() == wanted and identities:
                return await self.known(*identities[0], called)
        raise NotFound(f"Nobody here is called `{name[:40]}`.", hint="`people` lists who has shown up so far.")

    async def set_role(self, actor: Actor, name: str, role: Role) -> Person:
        """Give a person a role. Raises NotAllowed, NotFound, BadInput where nobody would be admin any more."""
        require(actor.person, Role.ADMIN, "change roles")
        person = await self.find(name)
        admins = [p for p in await self._store.people() if p.role is Role.ADMIN]
        if role is not Role.ADMIN and admins == [person]:
            raise BadInput(f"{person.name} is the only admin.", hint="Make somebody else admin first.")
        entry = journal.entry(
            actor,
            ChangeKind.PERSON,
            "person.role",
            person.id,
            self._clock.now(),
            name=person.name,
            before=person.role.value,
            after=role.value,
        )
        await self._store.set_role(person.id, role, entry)
        return replace(person, role=role)

    async def delegations(self) -> Sequence[Delegation]:
        """Return who lends whom the right to answer at this moment."""
        return await self._store.delegations(self._clock.now())

    async def delegate(self, actor: Actor, name: str, span: timedelta) -> Delegation:
        """Lend one's right to answer to somebody for a time. Raises NotAllowed, NotFound, BadInput."""
        require(actor.person, Role.APPROVER, "delegate")
        to = await self.find(name)
        if to.id == actor.person.id:
            raise BadInput("Nobody can delegate to themselves.")
        require(to, Role.OPERATOR, "answer for somebody else")
        if not timedelta() < span <= LONGEST_DELEGATION:
            raise BadInput("A delegation lasts between a minute and 90 days.", hint="For example `delegate bob 3d`.")
        now = self._clock.now()
        lent = Delegation(id=new_id(), from_id=actor.person.id, to_id=to.id, starts_at=now, ends_at=now + span)
        entry = journal.entry(
            actor, ChangeKind.PERSON, "delegation.begun", to.id, now, to=to.name, until=lent.ends_at.isoformat()
        )
        await self._store.delegate(lent, entry)
        return lent

    async def end_delegations(self, actor: Actor) -> int:
        """Take back what one has lent, and return how many delegations that were."""
        now = self._clock.now()
        entry = journal.entry(actor, ChangeKind.PERSON, "delegation.ended", actor.person.id, now)
        lent = any(d.from_id == actor.person.id for d in await self.delegations())
        return await self._store.end_delegations(actor.person.id, now, entry) if lent else 0

    def _configured(self, messenger: str, identity: str) -> tuple[str, User] | None:
        for name, user in self._settings.users.items():
            if getattr(user, messenger, "") == identity:
                return name, user
        return None
