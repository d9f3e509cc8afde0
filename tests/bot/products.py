"""Two chat products that keep the messenger's contract, and people who can be heard in them or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.delivery import Options, Outbox, Pace
from bot.handlers import Handlers
from bot.hearing import Hearing, Patience, Record
from bot.messenger import Card, Incoming
from bot.standby import Known, Standby
from bot.watch import Watch
from runner.beside import beside
from runner.model import Actor, Answer, Approval, Execution, Lane, Origin, Slot
from runner.ports import DeliveryStore
from runner.runs import RunOptions
from tests.core.clock import HandClock
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, Part

USERS = {
    "ada": {"role": "admin", "terminal": "ada", "slack": "UADA", "telegram": "7"},
    "bob": {"role": "approver", "slack": "UBOB"},
}
OPS = Origin(messenger="slack", channel="COPS", thread="1.0")
LONGER = 40  # seconds; more than the patience of both
SPAN = timedelta(seconds=30)


class Product:
    """A messenger on a real outbox that sends nothing: what it was told to show where is what stands in the store."""

    redraw_seconds = 0.2

    def __init__(self, name: str, scene: Stage) -> None:
        options = Options(pace=lambda _: Pace())
        self.name = name
        self.nudges: list[tuple[str, str]] = []  # channel and words
        self.broken = False
        self._store: DeliveryStore = scene.core.store.deliveries
        self._outbox = Outbox(name, None, self._store, scene.core.clock, options)  # type: ignore[arg-type]  # sends nothing

    async def show(self, origin: Origin, card: Card) -> None:
        if self.broken:
            raise ConnectionError(self.name)
        await self._outbox.put(origin, card.key or "loose", Lane.INTERACTIVE, {"title": card.title})
        if card.nudge:
            self.nudges.append((origin.channel, card.nudge))

    async def rewrite(self, card: Card) -> None:
        await self._outbox.replace(card.key, Lane.INTERACTIVE, {"title": card.title})

    async def acknowledge(self, source: str, *, read: bool) -> None:
        """Nobody looks at marks here."""

    async def titles(self, key: str) -> Mapping[str, str]:
        """Return the titles of the cards with this key, by channel."""
        found = {}
        for place in await self._store.places(self.name, key):
            there = await self._store.get(
                Slot(messenger=self.name, channel=place.channel, thread=place.thread, key=key)
            )
            assert there is not None
            found[place.channel] = str(there.payload["title"])
        return found


@dataclass
class Street:
    """A core with two chat products, Slack and Telegram; time passes when a test says so."""

    scene: Stage
    clock: HandClock
    hearing: Hearing
    handlers: Handlers
    standby: Standby
    slack: Product
    telegram: Product
    records: dict[str, Record]
    others: dict[str, Product]  # all there are, by name
    silent: set[str] = field(default_factory=set)  # products in which nothing proves that we hear

    async def passes(self, seconds: float = LONGER) -> None:
        """Let time pass, in which every product but the silent ones proves that it is heard."""
        for _ in range(int(seconds / 5)):
            await self.clock.move(seconds=5)
            for name, record in self.records.items():
                if name not in self.silent:
                    record.proven()
            await asyncio.sleep(0.01)

    async def begins(self, actor: Actor | None = None) -> Approval:
        """Begin a run in Slack, and return the question it asks."""
        actor = replace(actor or self.scene.actor, origin=OPS)
        return await self.asked(await self.scene.core.runs.do(actor, "Build it", RunOptions()))

    async def asked(self, run: Execution, number: int = 1) -> Approval:
        """Return the n-th question of a run, as soon as Slack shows it."""
        question = await self.scene.question(run, number)
        await self.until(lambda: self.slack.titles(f"ask:{question.id}"))
        return question

    async def until(self, look: Callable[[], Any]) -> Any:
        """Wait until a look finds something, and return that; time does not pass."""
        async with asyncio.timeout(20):
            while not (found := await look()):
                await asyncio.sleep(0.01)
        return found

    async def in_telegram(self, question: Approval) -> Mapping[str, str]:
        """Wait until a question stands in Telegram, and return its titles by channel."""
        found: Mapping[str, str] = await self.until(lambda: self.telegram.titles(f"ask:{question.id}"))
        return found

    async def looked(self) -> None:
        """Have what there is looked at by now."""
        await self.standby.look()

    async def approves(self, question: Approval, messenger: str, identity: str) -> None:
        """Approve as whoever this is in a product."""
        person = await self.scene.core.people.known(messenger, identity, "somebody")
        actor = Actor(person=person, origin=Origin(messenger=messenger, channel=identity))
        await self.scene.core.approvals.answer(actor, question.id, Answer(approve=True))

    async def status(self) -> str:
        """Return what `status` says of the front ends."""
        said = Incoming(person=self.scene.actor.person, origin=self.scene.actor.origin, text="status")
        (card,) = await self.handlers.handle(said)
        return "\n".join(section.body for section in card.sections if section.title == "Hears")


@asynccontextmanager
async def street(
    folder: Path, part: Part, *, products: tuple[str, ...] = ("slack", "telegram"), **sections: Any
) -> AsyncIterator[Street]:
    """Open a core that is at work, with a watch, a hearing and a standby."""
    clock = HandClock()
    settings = settings_in(folder, **{"users": USERS, **sections})
    async with stage(folder, settings, ActingAgent(part), clock=clock) as scene:
        await scene.project()
        async with watched(scene, clock, products) as made:
            yield made


@asynccontextmanager
async def watched(scene: Stage, clock: HandClock, products: tuple[str, ...]) -> AsyncIterator[Street]:
    """Watch, hear and stand by; doing so again is a restart."""
    hearing = Hearing(clock)
    records = {name: Record(name, "polling", Patience(span=SPAN, missing="no answer"), clock) for name in products}
    for record in records.values():
        hearing.register(record)
    shops = {name: Product(name, scene) for name in dict.fromkeys(("slack", "telegram", *products))}
    watch = Watch(scene.core, [shops[name] for name in products])
    standby = Standby(scene.core, hearing, watch, products, Known(scene.core))
    async with beside(watch.run(), hearing.run(), standby.run()):
        await asyncio.sleep(0.05)
        yield Street(
            scene=scene,
            clock=clock,
            hearing=hearing,
            handlers=Handlers(scene.core, hearing=hearing),
            standby=standby,
            slack=shops["slack"],
            telegram=shops["telegram"],
            others=shops,
            records=records,
        )
