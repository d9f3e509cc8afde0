"""What a person's own page is made of."""

from __future__ import annotations

from bot import views
from bot.fronts import Fronts
from bot.handlers import find
from bot.messenger import Card
from bot.views.home import RESULTS_SHOWN
from runner.core import Core
from runner.model import Actor, Origin, Person
from runner.people import PRODUCTS
from runner.ports import ExecutionQuery

_NOWHERE = Origin(messenger="", channel="")


class HomeHandlers:
    """Looks up what one person wants to see first."""

    def __init__(self, core: Core, fronts: Fronts) -> None:
        self._core = core
        self._fronts = fronts

    async def page(self, person: Person) -> tuple[Card, ...]:
        """Compose the page as it is now. Raises StorageError."""
        core = self._core
        waiting = await core.approvals.inbox(Actor(person=person, origin=_NOWHERE))
        overview = await core.runs.overview()
        live = sorted((*overview.running, *overview.waiting), key=lambda execution: execution.id, reverse=True)
        mine = ExecutionQuery(states=find.ENDED, person_id=person.id, limit=RESULTS_SHOWN)
        known = tuple(dict.fromkeys(messenger for messenger, _ in await core.people.identities(person)))
        seen = views.Seen(
            person=person,
            directory=await core.approvals.names(),
            waiting=tuple(each for each in waiting if not each.why_not),
            live=tuple(live),
            pending=overview.pending,
            ended=(await core.runs.list(mine)).items,
            frozen=await core.switch.frozen(),
            products=known,
            offered=tuple(each for each in self._fronts.on if each in PRODUCTS and each not in known),
        )
        return views.home(seen)
