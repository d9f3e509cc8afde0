"""A workspace whose time a test lets pass, so that a wait of Slack's or ours costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.slack.manifest import PATH
from runner.ports import Agent
from runner.settings import Settings
from tests.core.clock import HandClock
from tests.products.venue import TERMS, TimedVenue
from tests.servers.slack import StrictSlack
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Message
from tests.slack.workspace import Mode, Workspace, configured, serving

MODES = ("sockets", pytest.param("http", marks=pytest.mark.proof))  # where both in every run would take too long


@dataclass
class QuickWorkspace(Workspace, TimedVenue):
    """A workspace that can be waited for as a whole."""

    NAME = "slack"

    settings: Settings
    clock: HandClock

    @property
    def server(self) -> StrictSlack:
        """Slack itself."""
        return self.slack

    async def away(self, then: Callable[[], None] = lambda: None) -> None:
        """Let a minute pass without Slack, and wait until we are connected again."""
        await super().away(then)
        await self.slack.connected(seconds=30)

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
        settings = configured(folder, slack, mode=mode, **{**TERMS, **sections})
        if mode == "http":
            slack.http(f"http://{settings.http.address}{PATH}", wall=clock)
        async with serving(folder, settings, *agents, clock=clock) as scene:
            await slack.connected(settings.slack.connections)
            yield QuickWorkspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops, settings=settings, clock=clock)
        assert slack.violations == []
