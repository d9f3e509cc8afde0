"""What Slack costs: command to acknowledgement and card, press to agent, requests a run, many at once.

Run it with `python -m tests.bench.slack`. The floor is a bare Bolt handler that does nothing else. Each app has a
workspace on loopback; they take turns, so that a busy minute hits both. Medians are compared.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from tests.fakes import MAKE, ActingAgent, Turn, asks
from tests.servers.slack import StrictSlack
from tests.servers.slack.stage import TRANSPORTS, Echo
from tests.servers.slack.world import Channel, Message, User
from tests.slack.workspace import Mode, Workspace, workspace

ROUNDS = 30
CHANNELS, EACH = 5, 4  # twenty commands at once
PRESSES = 12
REST = 1.1  # seconds before a press: people read
_UNCOUNTED = frozenset({"auth.test", "apps.connections.open"})  # once at the start, whatever runs


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


@dataclass
class Bare:
    """A bare app in a workspace of its own."""

    slack: StrictSlack
    echo: Echo
    eve: User
    rooms: list[Channel]

    async def press(self, like: Message) -> float:
        """Press the first button of a message with the same blocks; return the seconds to the acknowledgement."""
        room = self.rooms[0].id
        posted = await self.echo.client.chat_postMessage(channel=room, text=like.text, blocks=like.blocks)
        shown = self.slack.world.posted[room, posted["ts"]]
        button = next(block for block in like.blocks if block["type"] == "actions")["elements"][0]["action_id"]
        await asyncio.sleep(REST)
        return (await self.slack.press(self.eve, shown, button)).seconds


async def bare(stack: AsyncExitStack, mode: Mode) -> Bare:
    """Start the floor."""
    slack = await stack.enter_async_context(StrictSlack())
    echo = await stack.enter_async_context(TRANSPORTS[mode](slack))
    eve = slack.user("UEVE", "Eve")
    return Bare(slack, echo, eve, [slack.channel(f"CROOM{number}", eve) for number in range(CHANNELS)])


async def first_card(ws: Workspace) -> float:
    """Return the seconds from a command that lists to the answer that its person sees."""
    before, began = len(ws.slack.ephemerals), time.perf_counter()
    await ws.slack.command(ws.ada, ws.ops, "/task", "runs")
    async with ws.patience():
        while len(ws.slack.ephemerals) == before:
            await asyncio.sleep(0.001)
    return time.perf_counter() - began


async def commands(floor: Bare, ws: Workspace, rounds: int) -> None:
    """One command after another: acknowledged, and answered."""
    least, ours, cards = [], [], []
    for round_ in range(rounds + 1):
        acknowledged = (await floor.slack.command(floor.eve, floor.rooms[0], "/task", "runs")).seconds
        answered = (await ws.slack.command(ws.ada, ws.ops, "/task", "runs")).seconds
        await asyncio.sleep(0.05)  # let the answer of this one pass
        seen = await first_card(ws)
        if round_:  # the first loads what is loaded late
            least.append(acknowledged)
            ours.append(answered)
            cards.append(seen)
    unit = median(least)
    _line("bare Bolt handler, command to acknowledgement", unit, unit)
    _line("command to acknowledgement, stored before", median(ours), unit, "aim 1.50")
    _line("command to the card that answers it", median(cards), unit)


async def at_once(floor: Bare, ws: Workspace, rounds: int) -> None:
    """Twenty commands at once from five channels."""
    rooms = [ws.slack.channel(f"CBUSY{number}", ws.ada) for number in range(CHANNELS)]
    least, ours = [], []
    for round_ in range(rounds + 1):
        acknowledged = await _volley(floor.slack, floor.eve, floor.rooms)
        answered = await _volley(ws.slack, ws.ada, rooms)
        await asyncio.sleep(0.5)  # let the answers pass
        if round_:
            least.append(acknowledged)
            ours.append(answered)
    for name, pick in (("median", median), ("worst", max)):
        unit = median(pick(volley) for volley in least)
        _line(f"bare, {CHANNELS * EACH} at once: {name} acknowledgement", unit, unit)
        _line(
            f"{CHANNELS * EACH} at once from {CHANNELS} channels: {name}", median(pick(volley) for volley in ours), unit
        )


async def _volley(slack: StrictSlack, user: User, rooms: list[Channel]) -> list[float]:
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(slack.command(user, room, "/task", "runs")) for room in rooms for _ in range(EACH)]
    return [each.result().seconds for each in sent]


async def presses(floor: Bare, ws: Workspace, going: Going, mode: Mode) -> None:
    """From a press on Approve to the agent that goes on, without parking.

    Nothing happens for a moment before each press, as with people: what both need is cold by then.
    """
    begun = await ws.slack.mention(ws.ada, ws.ops, f"do --project calculator {PRESSES + 1}")
    thread = begun.message.ts
    least, acks, ons = [], [], []
    for number in range(PRESSES + 1):
        question = await ws.until(ws.ops, partial(_asks, ws, number), thread=thread)
        await asyncio.sleep(REST)  # the card of the run is redrawn meanwhile
        unit = await floor.press(question)
        began = time.perf_counter()
        ack = await ws.press(ws.bob, question, "Approve")
        async with ws.patience():
            while len(going.on) <= number:
                await asyncio.sleep(0.001)
        if number:
            least.append(unit)
            acks.append(ack.seconds)
            ons.append(going.on[number] - began)
    unit = median(least)
    _line(f"bare Bolt handler, press to acknowledgement ({mode})", unit, unit)
    _line(f"press to acknowledgement, stored before ({mode})", median(acks), unit)
    worst = f"aim 60 ms; best {min(ons) * 1000:.1f} ms, worst {max(ons) * 1000:.1f} ms"
    _line(f"press to the agent going on ({mode})", median(ons), unit, worst)


def _asks(ws: Workspace, number: int, message: Message) -> bool:
    return message.text.startswith("Approve?") and f"part-{number}" in ws.said(message)


async def requests(ws: Workspace) -> None:
    """Count what one quiet run with one approval and a result asks of Slack."""
    before = len(ws.slack.calls)
    begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
    thread = begun.message.ts
    question = await ws.until(ws.ops, lambda m: MAKE["command"] in ws.said(m) and "Approve?" in m.text, thread=thread)
    await ws.press(ws.bob, question, "Approve")
    await ws.until(ws.ops, lambda m: "ran make all" in ws.said(m), thread=thread)
    await asyncio.sleep(5)  # whatever comes late
    count = Counter(call.method for call in ws.slack.calls[before:] if call.method not in _UNCOUNTED)
    told = ", ".join(f"{method} {times}" for method, times in count.most_common())
    print(f"requests of a quiet run with one approval: {count.total()} ({told})")


def _line(what: str, seconds: float, unit: float | None = None, note: str = "") -> None:
    ratio = f"{seconds / unit:6.2f} x" if unit else " " * 8
    print(f"{what:58} {seconds * 1000:7.1f} ms {ratio}{f'   ({note})' if note else ''}", flush=True)


async def measure(folder: Path, rounds: int) -> None:
    """Measure in both modes what depends on the way, and the rest in Socket Mode."""
    modes: tuple[Mode, ...] = ("sockets", "http")
    for mode in modes:
        going = Going()
        place = folder / mode
        place.mkdir()
        async with AsyncExitStack() as stack:
            ws = await stack.enter_async_context(workspace(place, ActingAgent(going.part), mode=mode))
            floor = await bare(stack, mode)
            if mode == "sockets":
                await commands(floor, ws, rounds)
                await at_once(floor, ws, max(rounds // 6, 3))
            await presses(floor, ws, going, mode)
    place = folder / "quiet"
    place.mkdir()
    async with workspace(place, ActingAgent(asks)) as ws:
        await requests(ws)


def main(rounds: int = ROUNDS) -> None:
    """Print medians and ratios."""
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        asyncio.run(measure(Path(name), rounds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
