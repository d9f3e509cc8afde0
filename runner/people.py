"""Who somebody is, and what their role lets them do."""

from __future__ import annotations

from runner.errors import NotAllowed
from runner.model import Person, Role, new_id
from runner.ports import Clock, PeopleStore
from runner.settings import Settings


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

        People of the configuration are enrolled when they first show up. Whoever may use the terminal of this machine
        can read and write our database anyway, so the terminal's user is an admin unless the configuration says
        otherwise. Raises NotAllowed for strangers from other front ends.
        """
        person = await self._store.known(messenger, identity)
        if person is not None:
            return person
        configured = self._configured(messenger, identity)
        if configured is None and messenger != "terminal":
            raise NotAllowed("Signoff does not know you.", hint="An admin can add you to `users` in config.toml.")
        called, role = configured or (name, Role.ADMIN)
        fresh = Person(id=new_id(), name=called, role=role, created_at=self._clock.now())
        return await self._store.enrol(fresh, messenger, identity)

    async def names(self) -> dict[str, str]:
        """Return everybody's name by person id."""
        return {person.id: person.name for person in await self._store.people()}

    def _configured(self, messenger: str, identity: str) -> tuple[str, Role] | None:
        for name, user in self._settings.users.items():
            if getattr(user, messenger, "") == identity:
                return name, user.role
        return None
