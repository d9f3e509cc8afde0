"""Every example of the grammar, said in a channel, in the thread of a run and to the app directly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from runner.model import Execution
from tests.fakes import ActingAgent
from tests.products import commands
from tests.products.acting import act
from tests.products.commands import examples, one_of_each
from tests.products.logs import faults
from tests.servers.slack.delivery import Ack
from tests.servers.slack.world import Channel
from tests.slack.quick import MODES, QuickWorkspace, quick
from tests.slack.workspace import Mode

WAYS = ("command", "thread", "direct")


@dataclass(frozen=True)
class Scene:
    """A run and where it lives."""

    channel: Channel
    thread: str
    run: Execution


@dataclass
class Visitor(commands.Visitor[QuickWorkspace, Scene]):
    """Somebody who tries every command."""

    begun: int = 0

    async def says(self, scene: Scene, line: str, way: str) -> None:
        """Say a line by a slash command, in the thread of the run, or to the app directly."""
        assert (await self._say(scene, line, way)).ok
        await self.venue.settled()

    async def orders(self, scene: Scene, line: str) -> None:
        """Say a line by a slash command."""
        await self.venue.slack.command(self.venue.ada, scene.channel, "/task", line)
        await self.venue.settled()

    async def begin(self, prompt: str, place: str) -> Scene:
        """Begin a run in a channel of its own."""
        del place
        self.begun += 1
        channel = self.venue.slack.channel(f"C{self.begun:04}", self.venue.ada, self.venue.bob)
        said = await self.venue.slack.mention(self.venue.ada, channel, f"do --project demo {prompt} please")
        await self.venue.settled()
        run, *_ = await self.venue.runs()
        return Scene(channel, said.message.ts, run)

    async def _say(self, scene: Scene, line: str, way: str) -> Ack:
        ada, slack = self.venue.ada, self.venue.slack
        match way:
            case "command":
                return await slack.command(ada, scene.channel, "/task", line)
            case "thread":
                return (await slack.say(ada, scene.channel, line, thread_ts=scene.thread)).ack
            case _:
                return (await slack.say(ada, slack.dm(ada), line)).ack


async def tried(folder: Path, mode: Mode, lines: Sequence[tuple[str, str]]) -> None:
    """Say all lines, each in the way beside it, and see that they are answered."""
    async with quick(folder, ActingAgent(act), mode=mode) as ws:
        await Visitor(ws).tries_all(lines)


@pytest.mark.parametrize("mode", MODES)
async def test_one_example_of_each_command_is_answered(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-1, SLACK-7: as below, with few runs."""
    await tried(tmp_path, mode, list(zip(one_of_each(), cycle(WAYS), strict=False)))
    assert not faults(caplog)


@pytest.mark.proof
@pytest.mark.parametrize("way", WAYS)
async def test_every_example_of_the_grammar_is_answered(
    tmp_path: Path, mode: Mode, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-1, SLACK-7: whatever stands in the help is acknowledged and answered, wherever it is said."""
    await tried(tmp_path, mode, [(line, way) for line in examples()])
    assert not faults(caplog)
