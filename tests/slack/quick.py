"""A workspace whose time a test lets pass, so that a wait of Slack's or ours costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.slack.manifest import PATH
from runner.model import State
from runner.ports import Agent, ExecutionQuery
from tests.core.clock import HandClock
from tests.servers.slack import StrictSlack
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Message
from tests.slack.workspace import Mode, Workspace, configured, serving

MODES = ("sockets", pytest.param("http", marks=pytest.mark.proof))  # where both in every run would take too long
_STEP = 3.0  # seconds that pass at a time, while nothing else is left to do than to send
_STEADY = 3  # looks in a row that find nothing to do
_STARTING = (State.PENDING, State.RUNNING)


@dataclass
class QuickWorkspace(Workspace):
    """A workspace that can be waited for as a whole."""

    clock: HandClock = field(default_factory=HandClock)

    async def settled(self) -> None:
        """Wait until all that was said is dealt with and all that came of it is shown, and every agent waits or ends.

        A run that waits for the end of a freeze is at rest.
        """
        calm = looks = 0
        async with self.patience():
            while calm < _STEADY:
                await self.moment()
                looks += 1
                busy = await self._busy()
                calm = 0 if busy else calm + 1
                if busy == "outbox" or looks % 20 == 0:
                    await self.clock.move(seconds=_STEP)

    async def _busy(self) -> str:
        store = self.scene.core.store
        if await store.arrivals.waiting("slack"):
            return "arrivals"
        if await self._working():
            return "runs"
        if (await store.feed.cursor("watch:slack") or 0) < await store.feed.newest():
            return "feed"
        return "outbox" if await store.deliveries.channels("slack") else ""

    async def _working(self) -> bool:
        if await self.scene.core.switch.frozen():
            return False
        found = await self.scene.core.store.executions.list(ExecutionQuery(states=_STARTING, limit=1))
        return bool(found.items)

    def seen(self) -> frozenset[str]:
        """Return all that people see of us, without what only tells that time has passed."""
        mine = [each for each in self.slack.world.posted.values() if each.user == self.slack.world.bot_user]
        texts = {f"{m.channel} {m.ts} {_headline(m)} {sorted(m.reactions)}" for m in mine}
        said = {f"{m.ts} {sorted(m.reactions)}" for m in self.slack.world.posted.values()}
        told = {f"{m.channel} {m.ts} {m.text}" for m in self.slack.ephemerals}
        opened = {f"{v.id} {v.is_open} {sorted(v.errors)}" for v in self.slack.views.values()}
        homes = {f"{v.id} {_labels(v.blocks)}" for v in self.slack.world.homes.values()}
        return frozenset(texts | said | told | opened | homes)


def _headline(message: Message) -> str:
    return message.text.split("\n", maxsplit=1)[0]


def _labels(blocks: list[Payload]) -> str:
    return str([each.get("text") for block in blocks for each in block.get("elements", ())])


@asynccontextmanager
async def quick(folder: Path, *agents: Agent, mode: Mode = "sockets", **sections: Any) -> AsyncIterator[QuickWorkspace]:
    """Open a workspace like `tests.slack.workspace.workspace`, on a clock that stands still by itself."""
    clock = HandClock()
    async with StrictSlack(clock) as slack:
        ada, bob = slack.user("UADA", "Ada"), slack.user("UBOB", "Bob")
        ops = slack.channel("COPS", ada, bob)
        terms = {"approvals": {"remind_minutes": (), "expire_minutes": 6_000}, "worker": {"slots": 99}}
        settings = configured(folder, slack, mode=mode, **{**terms, **sections})
        if mode == "http":
            slack.http(f"http://{settings.http.address}{PATH}", wall=clock)
        async with serving(folder, settings, *agents, clock=clock) as scene:
            await slack.connected(settings.slack.connections)
            await scene.project()
            yield QuickWorkspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops, clock=clock)
        assert slack.violations == []


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what stands in the log that nobody should have to read: errors and what was raised."""
    return [each.getMessage() for each in caplog.records if each.exc_info or each.levelname == "ERROR"]
