"""A chat product for tests, and somebody who types into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.handlers import Handlers
from bot.messenger import Card, Incoming
from bot.watch import Watch
from runner.model import Approval, Execution, Image, Origin, Person, Role, State, new_id
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, Part


@dataclass
class Board:
    """A messenger that keeps its promise: the newest card of each key, in order of first appearance."""

    name: str = "terminal"
    redraw_seconds: float = 0.2
    cards: dict[str, Card] = field(default_factory=dict)
    shown: list[tuple[Origin, Card]] = field(default_factory=list)
    broken: bool = False
    marks: list[tuple[str, bool]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, origin: Origin, card: Card) -> None:
        if self.broken:
            message = "the chat product is down"
            raise ConnectionError(message)
        self.shown.append((origin, card))
        self.cards[card.key or str(len(self.shown))] = card
        self._news.set()

    async def acknowledge(self, source: str, *, read: bool) -> None:
        self.marks.append((source, read))

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
    person: Person

    async def joined(self, name: str, role: Role) -> Desk:
        """Let somebody else sit down in the same channel."""
        fresh = Person(id=new_id(), name=name, role=role, created_at=self.stage.core.clock.now())
        person = await self.stage.core.store.people.enrol(fresh, "terminal", name)
        return replace(self, person=person)

    async def asked(self, prompt: str = "Build it", **options: str) -> Approval:
        """Start a run that asks, and return its question."""
        written = " ".join(f"--{name} {text}" for name, text in options.items())
        card = await self.says(f"do {written} -- {prompt}")
        assert card.data is not None
        return await self.stage.question(await self.stage.core.runs.find(card.data["execution"]["id"]))

    async def says(self, text: str, *images: Image) -> Card:
        """Type a line and return the card that answers it."""
        incoming = Incoming(person=self.person, origin=self.origin, text=text, images=images)
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
        yield Desk(stage=scene, handlers=Handlers(scene.core), origin=scene.actor.origin, person=scene.actor.person)


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


def kind(card: Card) -> str:
    """Name what a card is, as scripts see it."""
    assert card.data is not None
    return str(card.data["kind"])


def error(card: Card) -> str:
    """Name the error that a card is about."""
    assert card.data is not None
    return str(card.data.get("error", f"none, but {card.data['kind']}"))
