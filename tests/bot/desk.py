"""A chat product for tests, and somebody who types into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.handlers import Handlers
from bot.messenger import Card, Incoming
from bot.watch import Watch
from runner.model import Execution, Image, Origin, Role, State
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, Part


@dataclass
class Board:
    """A messenger that keeps its promise: the newest card of each key, in order of first appearance."""

    name: str = "terminal"
    cards: dict[str, Card] = field(default_factory=dict)
    shown: list[tuple[Origin, Card]] = field(default_factory=list)
    broken: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, origin: Origin, card: Card) -> None:
        if self.broken:
            message = "the chat product is down"
            raise ConnectionError(message)
        self.shown.append((origin, card))
        self.cards[card.key or str(len(self.shown))] = card
        self._news.set()

    async def rewrite(self, card: Card) -> None:
        """Nobody has asked this board to see anything elsewhere."""

    async def until(self, condition: Callable[[dict[str, Card]], object]) -> dict[str, Card]:
        """Wait until the cards on the board meet a condition."""
        async with asyncio.timeout(30):
            while not condition(self.cards):
                self._news.clear()
                await self._news.wait()
        return self.cards


@dataclass
class Desk:
    """A person at the handlers of a real core."""

    stage: Stage
    handlers: Handlers
    origin: Origin

    async def says(self, text: str, *images: Image) -> Card:
        """Type a line and return the card that answers it."""
        incoming = Incoming(person=self.stage.actor.person, origin=self.origin, text=text, images=images)
        (card,) = await self.handlers.handle(incoming)
        return card

    async def presses(self, card: Card, label: str, text: str = "") -> Card:
        """Press a button, typing what it asks for."""
        (button,) = [button for button in card.buttons if button.label == label]
        assert bool(button.asks) == bool(text)
        return await self.says(f"{button.action} {text}".strip())

    async def newest(self) -> Execution:
        """Return the newest run of the channel."""
        return await self.stage.core.runs.latest(self.origin)


@asynccontextmanager
async def desk(folder: Path, part: Part, *, role: Role = Role.ADMIN, **sections: Any) -> AsyncIterator[Desk]:
    """Open a real core whose agent plays a part, with one project, and sit down at its handlers."""
    async with stage(folder, settings_in(folder, **sections), ActingAgent(part), role=role) as scene:
        if role is Role.ADMIN:
            await scene.project()
        yield Desk(stage=scene, handlers=Handlers(scene.core), origin=scene.actor.origin)


@asynccontextmanager
async def watching(scene: Stage, *boards: Board) -> AsyncIterator[Watch]:
    """Let the watch follow the feed while the context lasts."""
    watch = Watch(scene.core, boards)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(watch.run())
        await asyncio.sleep(0)
        yield watch
        following.cancel()


def ended(card: Card | None) -> bool:
    """Whether a card shows a run that is over."""
    state = card.data["execution"]["state"] if card and card.data else ""
    return bool(state) and State(state).final
