"""What the core asks of the store about people and projects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from runner.model import Delegation, Invitation, Person, Project, Role
from runner.ports.batch import Batch


class PeopleStore(Protocol):
    """People, their identities, and projects."""

    async def known(self, messenger: str, identity: str) -> Person | None:
        """Return the person with this identity."""
        ...

    async def enrol(self, person: Person, messenger: str, identity: str, batch: Batch | None = None) -> Person:
        """Insert a person with a first identity; if the identity is known already, return its person instead."""
        ...

    async def person(self, person_id: str) -> Person | None:
        """Return a person by id."""
        ...

    async def people(self) -> Sequence[Person]:
        """Return everybody."""
        ...

    async def set_role(self, person_id: str, role: Role, batch: Batch) -> bool:
        """Change a role; False if there is no such person."""
        ...

    async def link(self, person_id: str, messenger: str, identity: str, batch: Batch) -> Person:
        """Give a person one more identity and return who has it: somebody else if it was taken already."""
        ...

    async def identities(self, person_id: str) -> Sequence[tuple[str, str]]:
        """Return a person's identities as pairs of messenger and identity, in this order."""
        ...

    async def invite(self, invitation: Invitation, batch: Batch) -> None:
        """Insert an invitation; earlier ones of the same person and messenger, and those that are over, are removed.

        Those that were used stay known for two days.
        """
        ...

    async def invitation(self, digest: str) -> Invitation | None:
        """Return the invitation with this digest, over or not."""
        ...

    async def redeem(self, digest: str, messenger: str, identity: str, at: datetime, batch: Batch) -> Person | None:
        """Use up an invitation and give the identity to its person, whoever had it before; return that person.

        None, and nothing is changed, if there is no such invitation for this messenger, or it is used or over.
        """
        ...

    async def unlink(self, messenger: str, identity: str, batch: Batch) -> bool:
        """Take an identity from its person, who prefers that messenger no longer if it was the last there.

        False if nobody has it.
        """
        ...

    async def prefer(self, person_id: str, messenger: str, batch: Batch) -> bool:
        """Note on which messenger questions reach a person, empty: where a run was begun. False if there is no such
        person.
        """
        ...

    async def delegate(self, delegation: Delegation, batch: Batch) -> None:
        """Insert a delegation."""
        ...

    async def end_delegations(self, from_id: str, at: datetime, batch: Batch) -> int:
        """End all delegations of a person that are not over, and return how many there were."""
        ...

    async def delegations(self, at: datetime) -> Sequence[Delegation]:
        """Return the delegations in force at a moment."""
        ...

    async def projects(self) -> Sequence[Project]:
        """Return all projects by name."""
        ...

    async def project(self, name: str) -> Project | None:
        """Return a project by name, without regard to case."""
        ...

    async def save_project(self, project: Project, batch: Batch) -> None:
        """Insert or replace a project by name."""
        ...

    async def remove_project(self, name: str, batch: Batch) -> bool:
        """Remove a project; False if there is none. Executions keep its name."""
        ...
