"""People, their identities on the front ends, and projects."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runner.errors import NotFound
from runner.model import Delegation, Invitation, Person, Project, Role
from runner.ports import Batch
from storage import batches, search
from storage.database import Database, Stale, Unit
from storage.rows import read
from storage.tables import delegations, identities, invitations, people, projects

_BY_ID = sa.select(people).where(people.c.id == sa.bindparam("id"))
_EVERYBODY = sa.select(people).order_by(people.c.id)
_KNOWN = (
    sa.select(people)
    .join(identities, identities.c.person_id == people.c.id)
    .where(identities.c.messenger == sa.bindparam("messenger"), identities.c.identity == sa.bindparam("identity"))
)
_IDENTITIES = (
    sa.select(identities.c.messenger, identities.c.identity)
    .where(identities.c.person_id == sa.bindparam("person_id"))
    .order_by(identities.c.messenger, identities.c.identity)
)
_INVITATION = sa.select(invitations).where(invitations.c.digest == sa.bindparam("digest"))
_LENT = sa.select(delegations).where(
    delegations.c.starts_at <= sa.bindparam("at"),
    delegations.c.ends_at > sa.bindparam("at"),
    delegations.c.ended_at.is_(None),
)

_USED_KNOWN = timedelta(days=2)  # chat products deliver again what we did not confirm for a day


class People:
    """The store of people and projects, see `runner.ports.PeopleStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, messenger: str, identity: str) -> Person | None:
        """Return the person with this identity."""
        row = await self._database.row(_KNOWN, messenger=messenger, identity=identity)
        return read(Person, row) if row else None

    async def enrol(self, person: Person, messenger: str, identity: str, batch: Batch | None = None) -> Person:
        """Insert a person with a first identity; if the identity is known already, return its person instead."""
        link = {"messenger": messenger, "identity": identity, "person_id": person.id}
        known = await self.known(messenger, identity)
        if known is not None:
            return known
        try:
            async with self._database.writing() as unit:
                await unit.insert(people, [batches.plain(people, person)])
                await unit.insert(identities, [link])
                if batch is not None:
                    await batches.write(unit, batch)
        except IntegrityError:  # somebody enrolled the identity since we looked
            known = await self.known(messenger, identity)
            if known is None:
                raise
            return known
        return person

    async def person(self, person_id: str) -> Person | None:
        """Return a person by id."""
        row = await self._database.row(_BY_ID, id=person_id)
        return read(Person, row) if row else None

    async def people(self) -> Sequence[Person]:
        """Return everybody, in order of enrolment."""
        return [read(Person, row) for row in await self._database.rows(_EVERYBODY)]

    async def set_role(self, person_id: str, role: Role, batch: Batch) -> bool:
        """Change a role; False if there is no such person."""
        return await self._change(person_id, batch, role=role)

    async def _change(self, person_id: str, batch: Batch, **values: object) -> bool:
        statement = sa.update(people).where(people.c.id == person_id).values(values)
        try:
            async with self._database.writing() as unit:
                unit.require(await unit.changed(statement))
                await batches.write(unit, batch)
        except Stale:
            return False
        return True

    async def link(self, person_id: str, messenger: str, identity: str, batch: Batch) -> Person:
        """Give a person one more identity and return who has it: somebody else if it was taken already."""
        row = {"messenger": messenger, "identity": identity, "person_id": person_id}
        with suppress(IntegrityError):  # somebody has it already
            async with self._database.writing() as unit:
                await unit.insert(identities, [row])
                await batches.write(unit, batch)
        owner = await self.known(messenger, identity)
        if owner is None:
            raise NotFound("There is no such person.")
        return owner

    async def identities(self, person_id: str) -> Sequence[tuple[str, str]]:
        """Return a person's identities as pairs of messenger and identity, in this order."""
        rows = await self._database.rows(_IDENTITIES, person_id=person_id)
        return [(row["messenger"], row["identity"]) for row in rows]

    async def invite(self, invitation: Invitation, batch: Batch) -> None:
        """Insert an invitation; earlier ones of the same person and messenger, and those that are over, are removed.

        Those that were used stay known for two days.
        """
        columns = invitations.c
        same = sa.and_(columns.person_id == invitation.person_id, columns.messenger == invitation.messenger)
        unused = sa.and_(columns.used_by == "", same | (columns.expires_at <= invitation.created_at))
        long_ago = columns.expires_at <= invitation.created_at - _USED_KNOWN
        async with self._database.writing() as unit:
            await unit.execute(sa.delete(invitations).where(unused | long_ago))
            await unit.insert(invitations, [batches.plain(invitations, invitation)])
            await batches.write(unit, batch)

    async def invitation(self, digest: str) -> Invitation | None:
        """Return the invitation with this digest, over or not."""
        row = await self._database.row(_INVITATION, digest=digest)
        return read(Invitation, row) if row else None

    async def redeem(self, digest: str, messenger: str, identity: str, at: datetime, batch: Batch) -> Person | None:
        """Use up an invitation and give the identity to its person, whoever had it before; return that person.

        None, and nothing is changed, if there is no such invitation for this messenger, or it is used or over.
        """
        columns = invitations.c
        holds = (columns.digest == digest, columns.messenger == messenger, columns.expires_at > at)
        using = sa.update(invitations).where(*holds, columns.used_by == "").values(used_by=identity)
        owner = sa.select(identities.c.person_id).where(*_is(messenger, identity))
        async with self._database.writing() as unit:
            taken = await unit.row(using.returning(columns.person_id))
            if taken is None:
                return None
            before = await unit.row(owner)
            row = {"messenger": messenger, "identity": identity, "person_id": taken["person_id"]}
            await unit.put(identities, [row])
            if before is not None:
                await _forget_preference(unit, before["person_id"], messenger)
            await batches.write(unit, batch)
            person = await unit.row(_BY_ID, {"id": taken["person_id"]})
        return read(Person, person) if person else None

    async def unlink(self, messenger: str, identity: str, batch: Batch) -> bool:
        """Take an identity from its person, who prefers that messenger no longer if it was the last there.

        False if nobody has it.
        """
        statement = sa.delete(identities).where(*_is(messenger, identity)).returning(identities.c.person_id)
        async with self._database.writing() as unit:
            row = await unit.row(statement)
            if row is None:
                return False
            await _forget_preference(unit, row["person_id"], messenger)
            await batches.write(unit, batch)
        return True

    async def prefer(self, person_id: str, messenger: str, batch: Batch) -> bool:
        """Note on which messenger questions reach a person, empty: where a run was begun. False if there is no such
        person.
        """
        return await self._change(person_id, batch, preferred=messenger)

    async def delegate(self, delegation: Delegation, batch: Batch) -> None:
        """Insert a delegation."""
        async with self._database.writing() as unit:
            await unit.insert(delegations, [batches.plain(delegations, delegation)])
            await batches.write(unit, batch)

    async def end_delegations(self, from_id: str, at: datetime, batch: Batch) -> int:
        """End all delegations of a person that are not over, and return how many there were."""
        columns = delegations.c
        lasting = (columns.from_id == from_id, columns.ended_at.is_(None), columns.ends_at > at)
        async with self._database.writing() as unit:
            ended = await unit.execute(sa.update(delegations).where(*lasting).values(ended_at=at))
            await batches.write(unit, batch)
        return ended.rowcount

    async def delegations(self, at: datetime) -> Sequence[Delegation]:
        """Return the delegations in force at a moment."""
        return [read(Delegation, row) for row in await self._database.rows(_LENT, at=at)]

    async def projects(self) -> Sequence[Project]:
        """Return all projects by name."""
        rows = await self._database.rows(sa.select(projects).order_by(projects.c.name_key))
        return [read(Project, row) for row in rows]

    async def project(self, name: str) -> Project | None:
        """Return a project by name, without regard to case."""
        row = await self._database.row(sa.select(projects).where(projects.c.name_key == search.fold(name)))
        return read(Project, row) if row else None

    async def save_project(self, project: Project, batch: Batch) -> None:
        """Insert or replace a project by name."""
        async with self._database.writing() as unit:
            await unit.put(projects, [batches.plain(projects, project, name_key=search.fold(project.name))])
            await batches.write(unit, batch)

    async def remove_project(self, name: str, batch: Batch) -> bool:
        """Remove a project; False if there is none. Executions keep its name."""
        statement = sa.delete(projects).where(projects.c.name_key == search.fold(name)).returning(projects.c.name)
        try:
            async with self._database.writing() as unit:
                unit.require(await unit.row(statement) is not None)
                await batches.write(unit, batch)
        except Stale:
            return False
        return True


def _is(messenger: str, identity: str) -> tuple[sa.ColumnElement[bool], ...]:
    return identities.c.messenger == messenger, identities.c.identity == identity


async def _forget_preference(unit: Unit, person_id: str, messenger: str) -> None:
    """Let nobody prefer a messenger on which they have no identity any more."""
    has = sa.select(identities).where(identities.c.person_id == person_id, identities.c.messenger == messenger)
    preferring = (people.c.id == person_id, people.c.preferred == messenger, ~has.exists())
    await unit.execute(sa.update(people).where(*preferring).values(preferred=""))
