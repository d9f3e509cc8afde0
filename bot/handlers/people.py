"""Commands about people and about everything at once: roles, delegation, the kill switch."""

from __future__ import annotations

from typing import assert_never

from bot import commands, views
from bot.fronts import Fronts
from bot.handlers.link import LinkHandlers
from bot.messenger import Card
from bot.views.say import moment, plural
from runner.core import Core
from runner.model import Actor

Command = commands.OfPeople


class PeopleHandlers:
    """Who may do what, who stands in for whom, and whether anything may be done at all."""

    def __init__(self, core: Core, fronts: Fronts) -> None:
        self._core = core
        self._link = LinkHandlers(core, fronts)

    async def handle(self, actor: Actor, command: Command, identity: str) -> Card:
        """Carry out one command; `identity` is what the chat product calls the actor."""
        match command:
            case commands.Link() | commands.Redeem() | commands.Unlink() | commands.Prefer():
                card = await self._link.handle(actor, command, identity)
            case commands.People():
                card = await self._people()
            case commands.GiveRole():
                person = await self._core.people.set_role(actor, command.name, command.role)
                card = views.note(f"{person.name} is {person.role.value} now", person_id=person.id, role=person.role)
            case commands.Delegate():
                card = await self._delegate(actor, command)
            case commands.DelegateOff():
                count = await self._core.people.end_delegations(actor)
                title = f"{plural(count, 'delegation')} ended" if count else "You have lent nobody your right to answer"
                card = views.note(title, count=count)
            case commands.Freeze():
                freeze = await self._core.switch.freeze(actor, command.why)
                running = len((await self._core.runs.overview()).running)
                card = views.frozen(freeze, await self._core.approvals.names(), running)
            case commands.Release():
                await self._core.switch.release(actor)
                card = views.released()
            case _:
                assert_never(command)
        return card

    async def _people(self) -> Card:
        people = self._core.people
        everybody, products = await people.all(), await people.products()
        return views.people(everybody, products, await people.delegations(), self._core.clock.now())

    async def _delegate(self, actor: Actor, command: commands.Delegate) -> Card:
        lent = await self._core.people.delegate(actor, command.name, command.span)
        to = (await self._core.people.find(command.name)).name
        return views.note(
            f"{to} may answer for you until {moment(lent.ends_at, lent.starts_at)}",
            "What you began yourself stays with others where the rules demand it. `delegate off` ends it.",
            delegation=lent,
        )
