"""Many runs at once: progress is throttled, what people wait for is not, and Slack never has to say no."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.beside import beside
from runner.clock import SystemClock
from tests.fakes import ActingAgent, Turn
from tests.servers.slack.world import Message
from tests.slack.workspace import Workspace, workspace

SOON = 1.0  # seconds within which a question is to be seen
SEED = 5


@dataclass(frozen=True)
class Load:
    """How much goes on, and for how long."""

    runs: int
    channels: int
    seconds: float
    asks_every: float  # seconds, of each run


SAMPLE = Load(runs=4, channels=2, seconds=3, asks_every=3)
FULL = Load(runs=50, channels=10, seconds=300, asks_every=150)


@dataclass
class Shift:
    """What the agents did, and when they asked."""

    load: Load
    dice: random.Random
    asked: dict[str, float] = field(default_factory=dict)  # by command, in seconds since 1970
    shown: dict[str, float] = field(default_factory=dict)
    clock: SystemClock = field(default_factory=SystemClock)

    async def work(self, turn: Turn) -> str:
        """Read and read, and ask now and then, until the shift is over."""
        name, until = turn.text, self.clock.monotonic() + self.load.seconds
        next_ask = self.clock.monotonic() + self.dice.uniform(0, self.load.seconds / 2)
        while self.clock.monotonic() < until:
            await asyncio.sleep(self.dice.uniform(0.5, 1.5))
            await turn.step("Read", {"file_path": f"{turn.spec.cwd}/calc.py"})
            if self.clock.monotonic() >= next_ask:
                command = f"make {name}-{len(self.asked)}"
                self.asked[command] = self.clock.now().timestamp()
                answer = await turn.step("Bash", {"command": command})
                assert answer is not None
                assert answer.approve
                next_ask = self.clock.monotonic() + self.load.asks_every
        return f"{name} is done"

    async def people(self, ws: Workspace) -> None:
        """Press Approve on every question that shows up, after a moment of thought."""
        pressed: set[str] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                for message in [m for m in ws.slack.world.posted.values() if m.text.startswith("Approve?")]:
                    if message.ts not in pressed:
                        pressed.add(message.ts)
                        group.create_task(self._approve(ws, message))
                await asyncio.sleep(0.05)

    async def _approve(self, ws: Workspace, message: Message) -> None:
        command = re.search(r"make \S+-\d+", ws.said(message))
        assert command
        self.shown[command[0]] = float(message.ts)
        await asyncio.sleep(self.dice.uniform(0.2, 2.0))
        assert (await ws.press(ws.bob, message, "Approve")).ok

    @property
    def delays(self) -> list[float]:
        """Seconds from each question to its card."""
        return [self.shown[command] - asked for command, asked in self.asked.items()]


async def live(folder: Path, load: Load) -> tuple[Shift, Workspace]:
    """Let runs go on in channels until they are done, and return what was seen."""
    shift = Shift(load, random.Random(SEED))
    slots = {"slots": load.runs}
    async with workspace(folder, ActingAgent(shift.work), worker=slots) as ws, beside(shift.people(ws)):
        channels = [ws.slack.channel(f"C{number}", ws.ada, ws.bob) for number in range(load.channels)]
        for number in range(load.runs):
            await ws.slack.mention(ws.ada, channels[number % load.channels], f"run-{number}")
        async with asyncio.timeout(load.seconds * 2 + 60):
            while sum(": completed" in m.text for m in ws.slack.world.posted.values()) < load.runs:
                await asyncio.sleep(0.1)
    return shift, ws


@pytest.mark.proof
async def test_many_live_runs_provoke_no_refusal(tmp_path: Path) -> None:
    """DEL-6: nobody is told to slow down, and every question and result is there."""
    await unrefused(tmp_path, SAMPLE)


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_fifty_live_runs_provoke_no_refusal_and_no_question_waits_for_progress(tmp_path: Path) -> None:
    """DEL-4, DEL-6: for five minutes; each question is seen within a second."""
    shift = await unrefused(tmp_path, FULL)
    assert max(shift.delays) < SOON, sorted(shift.delays)[-10:]


async def unrefused(folder: Path, load: Load) -> Shift:
    """Let runs go on, and look at what Slack was asked to do."""
    shift, ws = await live(folder, load)
    assert not [call for call in ws.slack.calls if call.error == "ratelimited"]
    assert len(shift.delays) >= load.runs
    return shift
