"""Many runs in one group: Telegram never has to say no, and no question waits for what is less urgent."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.beside import beside
from runner.clock import SystemClock
from runner.core import Core
from runner.ports import Clock
from tests.core.clock import HandClock
from tests.fakes import ActingAgent, Turn
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.limits import COUNTED
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import configured, peopled, serving

SOON = 2.0  # seconds within which a question is to be seen
SEED = 5
REPORTS = ("html", "json", "markdown")  # as configured unless somebody wants others
_STEP = 0.5  # seconds by which a clock moves that is moved by hand
_STEADY = 3  # looks in a row that find nothing to do


@dataclass(frozen=True)
class Load:
    """How much goes on in the group, and for how long."""

    runs: int
    seconds: float
    reads_every: float = 3.0


SAMPLE = Load(runs=5, seconds=40)
FULL = Load(runs=30, seconds=300)


@dataclass
class Shift:
    """What the agents and the people did, in seconds of the clock."""

    load: Load
    tg: StrictTelegram
    clock: Clock
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))
    asked: dict[str, float] = field(default_factory=dict)  # by command
    seen: dict[str, float] = field(default_factory=dict)
    pressed: dict[str, float] = field(default_factory=dict)

    async def work(self, turn: Turn) -> str:
        """Read and read, ask once at some moment, and end at some other."""
        asks = self.dice.uniform(3, self.load.seconds - 20)
        ends = self.dice.uniform(asks + 10, self.load.seconds)
        await self._read(turn, self.clock.monotonic() + asks)
        command = f"make {turn.text}"
        self.asked[command] = self.clock.monotonic()
        answer = await turn.step("Bash", {"command": command})
        assert answer is not None
        assert answer.approve
        await self._read(turn, self.asked[command] + ends - asks)
        return f"{turn.text} is done"

    async def _read(self, turn: Turn, until: float) -> None:
        while (left := until - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left, self.load.reads_every))
            await turn.step("Read", {"file_path": f"{turn.spec.cwd}/calc.py"})

    async def people(self, room: Chat, bob: User) -> None:
        """Press Approve on every question that shows up, after a moment of thought."""
        async with asyncio.TaskGroup() as group:
            while True:
                for message in [each for each in self.tg.messages(room) if "Approve" in each.labels]:
                    found = re.search(r"make run-\d+", message.text)
                    assert found
                    if found[0] not in self.seen:
                        self.seen[found[0]] = self.clock.monotonic()
                        group.create_task(self._approve(bob, message, found[0]))
                await asyncio.sleep(0.005)

    async def _approve(self, bob: User, message: Message, command: str) -> None:
        await self.clock.sleep(self.dice.uniform(2, 8))
        await (await self.tg.press(bob, message, "Approve")).wait(30)
        self.pressed[command] = self.clock.monotonic()

    @property
    def delays(self) -> list[float]:
        """Seconds from each question to its card."""
        return [self.seen[command] - asked for command, asked in self.asked.items()]

    def busiest(self, room: Chat) -> int:
        """Return the most messages and edits that the group had in any minute."""
        times = [call.at.timestamp() for call in self.tg.calls if call.method in COUNTED and call.chat == room.id]
        return max(sum(begin <= at < begin + 60 for at in times) for begin in times)


@dataclass
class Group:
    """A group in which runs go on."""

    shift: Shift
    core: Core
    room: Chat
    ada: User

    async def begin(self) -> None:
        """Let Ada begin all runs."""
        for number in range(self.shift.load.runs):
            await self.shift.tg.say(self.ada, self.room, f"/do run-{number}")

    def results(self) -> int:
        """Count the results that are shown."""
        return sum(": completed" in each.text for each in self.shift.tg.messages(self.room))

    def files(self) -> list[str]:
        """List the files that were posted."""
        return [each.file.name for each in self.shift.tg.messages(self.room) if each.file]

    async def calm(self) -> None:
        """Wait until nothing is left to do before the clock moves."""
        steady = 0
        async with asyncio.timeout(30):
            while steady < _STEADY:
                await asyncio.sleep(0.004)
                steady = 0 if await self._busy() else steady + 1

    async def _busy(self) -> bool:
        store = self.core.store
        if self.shift.tg.updates.pending() or await store.arrivals.waiting("telegram"):
            return True
        return (await store.feed.cursor("watch:telegram") or 0) < await store.feed.newest()


@asynccontextmanager
async def group(folder: Path, load: Load, clock: Clock) -> AsyncIterator[Group]:
    """Open a supergroup, with people who answer questions."""
    async with StrictTelegram(clock) as tg:
        ada, bob, room = peopled(tg)
        shift = Shift(load, tg, clock)
        terms: dict[str, Any] = {"worker": {"slots": load.runs, "drain_seconds": 1}, "reports": {"formats": REPORTS}}
        settings = configured(folder, tg, **terms)
        async with (
            serving(folder, settings, ActingAgent(shift.work), clock=clock) as (scene, _),
            beside(shift.people(room, bob)),
        ):
            yield Group(shift, scene.core, room, ada)
        assert tg.violations == []
        assert not [call for call in tg.calls if "Too Many Requests" in call.error]


async def by_hand(folder: Path, load: Load) -> tuple[Shift, Group]:
    """Let the runs go on until all that came of them is shown, on a clock that stands still while there is work."""
    clock = HandClock()
    async with group(folder, load, clock) as there:
        await there.begin()
        while there.results() < load.runs or len(there.files()) < load.runs:
            await there.calm()
            await clock.move(seconds=_STEP)
            assert clock.monotonic() < 5 * load.seconds + 300, "something waits for ever"
        assert all(name.endswith(".html") for name in there.files())
    return there.shift, there


@pytest.mark.proof
async def test_some_runs_in_a_group_stay_within_its_limit(tmp_path: Path) -> None:
    """TG-30, TG-31, TG-32: no refusal, every question at once, and every result and report in the end."""
    shift, there = await by_hand(tmp_path, SAMPLE)
    assert shift.busiest(there.room) <= 20
    assert len(shift.delays) == SAMPLE.runs
    assert max(shift.delays) <= SOON


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_thirty_runs_in_a_group_lose_nothing(tmp_path: Path) -> None:
    """TG-30, TG-31, TG-32: five minutes of work, and the time until all of it is shown."""
    shift, there = await by_hand(tmp_path, FULL)
    assert shift.busiest(there.room) <= 20
    assert max(shift.delays) <= SOON, sorted(shift.delays)[-10:]


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_thirty_runs_in_a_group_for_five_minutes(tmp_path: Path) -> None:
    """TG-30, TG-31: in real time."""
    clock = SystemClock()
    async with group(tmp_path, FULL, clock) as there:
        await there.begin()
        await asyncio.sleep(FULL.seconds + 5)
        shift = there.shift
        assert len(shift.seen) == FULL.runs
        assert shift.busiest(there.room) <= 20
        assert max(shift.delays) <= SOON, sorted(shift.delays)[-10:]
