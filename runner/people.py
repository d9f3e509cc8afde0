"""Who somebody is, what their role lets them do, and who lends whom the right to answer."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from runner import journal
from runner.errors import BadInput, NotAllowed, NotFound
from runner.model import (
    Actor,
    AuditEntry,
    ChangeKind,
    Delegation,
    Invitation,
    Origin,
    Person,
    Role,
    new_id,
)
from runner.ports import Batch, Clock, PeopleStore
from runner.settings import Settings, User

MESSENGERS = ("terminal", "slack", "telegram")
PRODUCTS = {"slack": "Slack", "telegram": "Telegram"}  # where accounts can be linked, by messenger
LONGEST_DELEGATION = timedelta(days=90)
INVITATION_LASTS = timedelta(minutes=10)
WRONG_CODES = 5  # of one identity within _WAIT; then it has to wait
_WAIT = 600.0  # seconds

log = logging.getLogger(__name__)


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
        self._wrong = _WrongCodes(clock)
        self._linking = asyncio.Lock()  # what is checked before identities change is still so when they do

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
        """Return the person of this name, whom the configuration may know before they show up. Raises NotFound.

        Of several it is one who has an identity: they may have got those of the others.
        """
        wanted = name.strip().casefold()
        named = [person for person in await self._store.people() if person.name.casefold() == wanted]
        if named:
            return next(iter(await self._reachable(named)), named[0])
        for called, user in self._settings.users.items():
            identities = [(messenger, getattr(user, messenger)) for messenger in MESSENGERS if getattr(user, messenger)]
            if called.casefold() == wanted and identities:
                return await self.known(*identities[0], called)
        raise NotFound(f"Nobody here is called `{name[:40]}`.", hint="`people` lists who has shown up so far.")

    async def set_role(self, actor: Actor, name: str, role: Role) -> Person:
        """Give a person a role. Raises NotAllowed, NotFound, BadInput where nobody would be admin any more."""
        require(actor.person, Role.ADMIN, "change roles")
        person = await self.find(name)
        admins = await self._admins()
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

    async def identities(self, person: Person) -> Sequence[tuple[str, str]]:
        """Return a person's identities as pairs of messenger and identity."""
        return await self._store.identities(person.id)

    async def products(self) -> dict[str, tuple[str, ...]]:
        """Return on which messengers everybody is known, by person id."""
        found = {person.id: await self._store.identities(person.id) for person in await self._store.people()}
        return {
            person_id: tuple(dict.fromkeys(messenger for messenger, _ in listed)) for person_id, listed in found.items()
        }

    async def invite(self, actor: Actor, messenger: str) -> str:
        """Return a secret with which an account of a chat product becomes the actor's, once and within ten minutes.

        It takes the place of an earlier one for the same product. Only its digest is kept. Raises BadInput.
        """
        _product(messenger)
        secret = secrets.token_hex(16)
        now = self._clock.now()
        invitation = Invitation(
            digest=_digest(secret),
            person_id=actor.person.id,
            messenger=messenger,
            created_at=now,
            expires_at=now + INVITATION_LASTS,
        )
        until = invitation.expires_at.isoformat()
        entry = self._journal(actor, "person.invited", messenger=messenger, until=until)
        await self._store.invite(invitation, entry)
        return secret

    async def redeem(self, messenger: str, identity: str, secret: str) -> Person:
        """Give an identity to whoever was given this secret for this messenger, and return that person.

        It has their role from then on. Whose it was before keeps their other identities and their history. The identity
        that has used the secret may do so again, as long as it is linked: nothing is changed then. Raises
        NotAllowed for a secret that is wrong, used or over, in the same words; after several such, before it is looked
        at; and for an identity that the configuration gives to somebody else.
        """
        async with self._linking:
            self._wrong.check(messenger, identity)
            digest, now = _digest(secret), self._clock.now()
            invitation = await self._store.invitation(digest)
            if invitation is None or invitation.messenger != messenger:
                raise self._wrong.one(messenger, identity)
            person = await self._store.person(invitation.person_id)
            before = await self._store.known(messenger, identity)
            if person is not None and before == person and invitation.used_by == identity:
                return person  # it stands: the code came again
            if person is None or invitation.used_by or invitation.expires_at <= now:
                raise self._wrong.one(messenger, identity)
            await self._check_move(person, before, messenger, identity)
            linked = await self._store.redeem(
                digest, messenger, identity, now, self._moved(person, before, messenger, identity)
            )
            if linked is None:  # somebody used it, or a fresh one took its place, since we looked
                raise self._wrong.one(messenger, identity)
            return linked

    async def unlink(self, actor: Actor, messenger: str) -> bool:
        """Take the accounts of a product from the actor; True if the configuration gives one back when it is used.

        Raises NotFound if there is none, BadInput where nobody could be this person any more, or not for sure.
        """
        called = _product(messenger)
        async with self._linking:
            mine = await self._store.identities(actor.person.id)
            gone = [identity for other, identity in mine if other == messenger]
            kept = [(other, identity) for other, identity in mine if other != messenger]
            if not gone:
                raise NotFound(f"No {called} account is linked to you.", hint="`people` lists who is known where.")
            if not kept:
                raise BadInput(
                    f"{called} is the only place where Signoff knows you.", hint="Link another product first: `link`."
                )
            configured = [found for identity in gone if (found := self._configured(messenger, identity))]
            if not all(any(getattr(user, other) == identity for other, identity in kept) for _, user in configured):
                raise BadInput(
                    f"The configuration gives you this {called} account: it would come back as somebody else.",
                    hint="An admin can take it out of `users` in config.toml.",
                )
            for identity in gone:
                entry = self._journal(actor, "person.unlinked", identity=f"{messenger}:{identity}")
                await self._store.unlink(messenger, identity, entry)
            return bool(configured)

    async def prefer(self, actor: Actor, messenger: str) -> Person:
        """Note where questions reach the actor; empty: where a run was begun. Raises BadInput, NotFound."""
        if messenger:
            called = _product(messenger)
            if messenger not in {other for other, _ in await self._store.identities(actor.person.id)}:
                raise NotFound(f"No {called} account is linked to you.", hint=f"Link one first: `link {messenger}`.")
        entry = self._journal(actor, "person.preferred", messenger=messenger)
        await self._store.prefer(actor.person.id, messenger, entry)
        return replace(actor.person, preferred=messenger)

    def _journal(self, actor: Actor, event: str, **details: str) -> Batch:
        named = {"name": actor.person.name, **details}
        return journal.entry(actor, ChangeKind.PERSON, event, actor.person.id, self._clock.now(), **named)

    def _moved(self, person: Person, before: Person | None, messenger: str, identity: str) -> Batch:
        """Write down that a person has used their invitation, and from whom the identity came."""
        actor = Actor(person=person, origin=Origin(messenger=messenger, channel=identity))
        moved = before if before is not None and before.id != person.id else None
        came = {"moved_from": moved.id, "moved_from_name": moved.name} if moved else {}
        details = {"role": person.role.value, "identity": f"{messenger}:{identity}", **came}
        return self._journal(actor, "person.linked", **details)

    async def _check_move(self, person: Person, before: Person | None, messenger: str, identity: str) -> None:
        """Let nobody take what the configuration gives to another, nor the last account of the last admin."""
        configured = self._configured(messenger, identity)
        if configured is not None and not await self._is(person, *configured):
            raise NotAllowed(
                f"The configuration says who this {PRODUCTS[messenger]} account is: {configured[0]}.",
                hint="An admin can change `users` in config.toml.",
            )
        if before is None or before.role is not Role.ADMIN or person.role is Role.ADMIN:
            return
        if await self._admins() == [before] and len(await self._store.identities(before.id)) == 1:
            raise NotAllowed(
                f"This is the only account of {before.name}, who is the only admin.",
                hint="Make somebody else admin first.",
            )

    async def _is(self, person: Person, called: str, user: User) -> bool:
        """Whether a person is the one whom the configuration calls so."""
        own = await self._store.identities(person.id)
        return person.name == called or any(getattr(user, messenger) == identity for messenger, identity in own)

    async def _admins(self) -> list[Person]:
        """Return the admins as whom somebody can come in."""
        return await self._reachable([p for p in await self._store.people() if p.role is Role.ADMIN])

    async def _reachable(self, people: Sequence[Person]) -> list[Person]:
        return [person for person in people if await self._store.identities(person.id)]

    def _configured(self, messenger: str, identity: str) -> tuple[str, User] | None:
        for name, user in self._settings.users.items():
            if getattr(user, messenger, "") == identity:
                return name, user
        return None


class _WrongCodes:
    """How many wrong codes each identity has tried lately. A restart forgets them, and so does time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tried: dict[tuple[str, str], list[float]] = {}

    def check(self, messenger: str, identity: str) -> None:
        """Raise NotAllowed for whom has to wait."""
        if len(self._lately(messenger, identity)) >= WRONG_CODES:
            raise NotAllowed("Too many wrong codes came from this account.", hint="Wait ten minutes, then try again.")

    def one(self, messenger: str, identity: str) -> NotAllowed:
        """Count one, and return the error for it: it never says in which way a code is wrong."""
        log.warning("people.wrong_code from %s:%s", messenger, identity)
        lately = [*self._lately(messenger, identity), self._clock.monotonic()]
        self._tried = {who: times for who in tuple(self._tried) if (times := self._lately(*who))}
        self._tried[messenger, identity] = lately
        return NotAllowed(
            "This code links nothing.",
            hint=f"A code holds once and for ten minutes. Get a fresh one where Signoff knows you: `link {messenger}`.",
        )

    def _lately(self, messenger: str, identity: str) -> list[float]:
        since = self._clock.monotonic() - _WAIT
        return [at for at in self._tried.get((messenger, identity), ()) if at > since]


def _digest(secret: str) -> str:
    return sha256(secret.strip().lower().encode("utf-8", "replace")).hexdigest()


def _product(messenger: str) -> str:
    """Return the name of a chat product. Raises BadInput where accounts cannot be linked."""
    if messenger not in PRODUCTS:
        raise BadInput(f"`{messenger[:40]}` has no accounts to link.", hint=f"There are: {', '.join(PRODUCTS)}.")
    return PRODUCTS[messenger]
