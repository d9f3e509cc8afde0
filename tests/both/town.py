"""A real core with both front ends, each beside a server that refuses what its product refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.fronts import Fronts
from bot.handlers import Handlers
from bot.hearing import Hearing
from bot.slack.front import slack as slack_front
from bot.standby import Known, Standby
from bot.telegram.front import telegram as telegram_front
from bot.watch import Watch
from runner.beside import beside
from runner.ports import Agent, Clock
from tests.core.stage import Stage, stage
from tests.products.venue import Venue
from tests.servers.slack import StrictSlack
from tests.servers.telegram import StrictTelegram
from tests.slack import workspace as slack_side
from tests.slack.workspace import Workspace
from tests.telegram import chats as telegram_side
from tests.telegram.chats import Chats


@dataclass
class Town(Venue):
    """Both products with the same people, and the core behind them."""

    ws: Workspace
    chats: Chats
    scene: Stage
    hearing: Hearing


@asynccontextmanager
async def town(folder: Path, *agents: Agent, clock: Clock | None = None, **sections: Any) -> AsyncIterator[Town]:
    """Open both. Nothing that either refuses may have been sent in the end."""
    async with StrictSlack(clock) as slack, StrictTelegram(clock) as tg:
        ada, bob = slack.user("UADA", "Ada"), slack.user("UBOB", "Bob")
        ops = slack.channel("COPS", ada, bob)
        tg_ada, tg_bob, room = telegram_side.peopled(tg)
        own = telegram_side.configured(folder, tg).telegram.model_dump(mode="json")
        own["token"] = f"file:{folder}/token"
        del own["webhook_secret"]
        settings = slack_side.configured(folder, slack, telegram=own, **sections)
        async with stage(folder, settings, *agents, clock=clock) as scene:
            await scene.furnish()
            core, registry = scene.core, Fronts()
            async with (
                slack_front(settings.slack, core.store, core.clock) as one,
                telegram_front(settings.telegram, core.store, core.clock, registry) as two,
            ):
                registry.register("slack")
                hearing = Hearing(core.clock)
                hearing.register(one.ear)
                hearing.register(two.ear)
                watch = Watch(core, [one.messenger, two.messenger])
                standby = Standby(core, hearing, watch, ("slack", "telegram"), Known(core))
                desk = Handlers(core, registry, hearing)
                serve = (one.run(desk, core), two.run(desk, core), watch.run(), hearing.run(), standby.run())
                async with beside(*serve):
                    await slack.connected(settings.slack.connections)
                    await tg.polled()
                    yield Town(
                        ws=Workspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops),
                        chats=Chats(tg, scene, tg_ada, tg_bob, tg.private(tg_ada), room),
                        scene=scene,
                        hearing=hearing,
                    )
        assert slack.violations == []
        assert tg.violations == []
