"""What the benches of chat products share: the floor and ours take turns, medians are compared, one line a figure.

The floor is a bare app of the product's library, which does nothing else. Each app has a server of its own on loopback;
they take turns, so that a busy minute hits both. The first round of each loads what is loaded late, and is left out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from tests.fakes import Turn
from tests.servers.ledger import Call

T = TypeVar("T")

ROUNDS = 30
PRESSES = 12
PLACES, EACH = 5, 4  # twenty messages at once
REST = 1.1  # seconds before a press: people read
_PATIENCE = 30.0
_LOOK = 0.0005  # seconds between looks


@dataclass
class Going:
    """An agent that notes when it goes on."""

    on: list[float] = field(default_factory=list)

    async def part(self, turn: Turn) -> str:
        """Ask for one command after another."""
        for number in range(int(turn.text)):
            await turn.step("Bash", {"command": f"make part-{number}"})
            self.on.append(time.perf_counter())
        return "done"


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(_PATIENCE):
        while not condition():
            await asyncio.sleep(_LOOK)


def line(what: str, seconds: float, unit: float, note: str = "") -> None:
    """Print a figure, and how often the unit is in it."""
    print(f"{what:66} {seconds * 1000:7.1f} ms {seconds / unit:6.2f} x{f'   ({note})' if note else ''}", flush=True)


@dataclass(frozen=True)
class Words:
    """How a product says what is measured: what the floor is, and what comes back there and here; `way` is its mode."""

    floor: str
    answered: str
    ours: str
    way: str


Press = Callable[[int], Awaitable[tuple[float, float, float]]]
Volley = Callable[[], Awaitable[list[float]]]


async def repeated(rounds: int, take: Callable[[int], Awaitable[T]]) -> list[T]:
    """Measure so many times, and once before that which does not count."""
    return [await take(number) for number in range(rounds + 1)][1:]


async def at_once(words: Words, bare: Volley, ours: Volley, *, rounds: int, rest: float) -> None:
    """Compare volleys, `rest` seconds apart: the median and the worst of each."""

    async def both(_: int) -> tuple[list[float], list[float]]:
        await asyncio.sleep(rest)  # let the answers pass
        return await bare(), await ours()

    taken = await repeated(rounds, both)
    for name, pick in (("median", median), ("worst", max)):
        unit, mine = (median(pick(volley) for volley in volleys) for volleys in zip(*taken, strict=True))
        line(f"{words.floor}, {PLACES * EACH} at once: {name} {words.answered}", unit, unit)
        line(f"{PLACES * EACH} at once from {PLACES} places: {name} {words.ours}", mine, unit)


async def presses(words: Words, going: Going, press: Press) -> None:
    """From a press on Approve to its answer, and to the agent that goes on without parking.

    `press` waits for the question with this number and presses, first the floor's and then ours. It returns the seconds
    to the answer of the floor, the time at which ours was pressed, and the seconds to its answer.
    """

    async def once(number: int) -> tuple[float, float, float]:
        below, began, answered = await press(number)
        await until(lambda: len(going.on) > number)
        return below, answered, going.on[number] - began

    least, answers, ons = zip(*await repeated(PRESSES, once), strict=True)
    unit = median(least)
    line(f"{words.floor}, press to {words.answered} ({words.way})", unit, unit)
    line(f"press to {words.ours} ({words.way})", median(answers), unit)
    worst = f"aim 60 ms; best {min(ons) * 1000:.1f} ms, worst {max(ons) * 1000:.1f} ms"
    line(f"press to the agent going on ({words.way})", median(ons), unit, worst)


def counted(what: str, calls: Iterable[Call], uncounted: frozenset[str]) -> None:
    """Print how many calls there were, and of which methods."""
    count = Counter(call.method for call in calls if call.method not in uncounted)
    told = ", ".join(f"{method} {times}" for method, times in count.most_common())
    print(f"{what}: {count.total()} ({told})", flush=True)


def run(measure: Callable[[Path, int], Awaitable[None]]) -> None:
    """Measure in a folder that is thrown away; the first argument of the command line is the number of rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS

    async def measured(folder: Path) -> None:
        await measure(folder, rounds)

    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        asyncio.run(measured(Path(name)))
