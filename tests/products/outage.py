"""An hour without a chat product, in which one run ends and the others ask."""

from __future__ import annotations

import asyncio

from runner.model import State
from tests.fakes import MAKE, Turn
from tests.products.venue import TimedVenue

AGAIN = {"command": "make again"}
FINISH = "finish"  # the prompt of the run that ends while the product is away; the others ask meanwhile


class Hour:
    """The hour, and what agents do in it."""

    def __init__(self) -> None:
        self._away = asyncio.Event()

    async def part(self, turn: Turn) -> str:
        """Play an agent: it asks for a step before, and for another in the hour, unless it ends then."""
        if turn.prompt is not None:
            await turn.step("Bash", MAKE)
            await self._away.wait()
            if turn.text == FINISH:
                await turn.write("new.py", "x = 1\n")
                return "finished meanwhile"
        answer = await turn.step("Bash", AGAIN)
        return "ran it again" if answer and answer.approve else "left it"

    async def passes(self, venue: TimedVenue) -> None:
        """Let it pass: when it is over, two ask, and one has ended and left its reports."""
        venue.server.cut()
        self._away.set()
        async with venue.patience():
            while len(await venue.scene.core.store.approvals.open()) < 2 or not await _ended(venue):
                await venue.moment()
        await venue.passes(3600, step=60)
        venue.server.restore()


async def _ended(venue: TimedVenue) -> bool:
    completed = [run for run in await venue.runs() if run.state is State.COMPLETED]
    return any([await venue.scene.core.store.feed.reports(run.id) for run in completed])
