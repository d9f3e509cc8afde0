"""A minute in which the product is out of reach while somebody answers."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from runner.model import ApprovalState
from tests.fakes import Turn
from tests.products.acting import act
from tests.products.venue import TimedVenue

BEFORE_QUESTION, BEFORE_PRESS, AFTER_PRESS = "before the question", "before the press", "after the press"

V = TypeVar("V", bound=TimedVenue)
M = TypeVar("M")


class Late:
    """An agent that acts no earlier than it is let."""

    def __init__(self) -> None:
        self._go = asyncio.Event()

    def let(self) -> None:
        """Let it act."""
        self._go.set()

    async def part(self, turn: Turn) -> str:
        """Play the agent."""
        await self._go.wait()
        return await act(turn)


@dataclass
class Minute(ABC, Generic[V, M]):
    """The minute, which falls on one of the moments of an approval. `ASKING`: what a card says that is not answered."""

    ASKING: ClassVar[str]

    venue: V
    agent: Late

    async def is_survived(self, when: str) -> None:
        """Go through the approval, and see that the step runs once, and that what is shown tells so once."""
        await self.begin()
        if when == BEFORE_QUESTION:
            async with self.venue.patience():
                while not await self.venue.scene.core.store.executions.live():
                    await self.venue.moment()
            await self.venue.away(self.agent.let)
        self.agent.let()
        question = await self.question()
        if when == BEFORE_PRESS:
            await self.venue.away()
        await self.press(question)
        if when == AFTER_PRESS:
            await self.venue.away()
        await self.venue.settled()
        await self._told_once()

    async def _told_once(self) -> None:
        (run,) = await self.venue.runs()
        (approval,) = await self.venue.scene.core.store.approvals.of(run.id)
        assert approval.state is ApprovalState.APPROVED
        cards = self.cards()
        assert sum("Approved" in card for card in cards) == 1
        assert not any(self.ASKING in card for card in cards)
        assert sum("done with it: True" in card for card in cards) == 1

    @abstractmethod
    async def begin(self) -> None:
        """Have Ada begin a run that asks."""

    @abstractmethod
    async def question(self) -> M:
        """Wait for its question."""

    @abstractmethod
    async def press(self, question: M) -> None:
        """Have Bob approve."""

    @abstractmethod
    def cards(self) -> list[str]:
        """Return what is shown of the run."""
