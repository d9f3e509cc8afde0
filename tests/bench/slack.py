"""What Slack costs: command to acknowledgement and card, press to agent, requests a run, many at once.

Run it with `python -m tests.bench.slack`. The floor is a bare Bolt handler; see `pairs`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench import pairs
from tests.bench.pairs import EACH, PLACES, PRESSES, REST, Going, Words, line, repeated, until
from tests.fakes import MAKE, ActingAgent, asks
from tests.servers.slack import StrictSlack
from tests.servers.slack.stage import TRANSPORTS, Echo
from tests.servers.slack.world import Channel, Message, User
from tests.slack.workspace import Mode, Workspace, workspace

_UNCOUNTED = frozenset({"auth.test", "apps.connections.open"})  # once at the start, whatever runs


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
    return Bare(slack, echo, eve, [slack.channel(f"CROOM{number}", eve) for number in range(PLACES)])


async def first_card(ws: Workspace) -> float:
    """Return the seconds from a command that lists to the answer that its person sees."""
    before, began = len(ws.slack.ephemerals), time.perf_counter()
    await ws.slack.command(ws.ada, ws.ops, "/task", "runs")
    await until(lambda: len(ws.slack.ephemerals) > before)
    return time.perf_counter() - began


async def commands(floor: Bare, ws: Workspace, rounds: int) -> None:
    """One command after another: acknowledged, and answered."""

    async def both(_: int) -> tuple[float, float, float]:
        below = (await floor.slack.command(floor.eve, floor.rooms[0], "/task", "runs")).seconds
        ours = (await ws.slack.command(ws.ada, ws.ops, "/task", "runs")).seconds
        await asyncio.sleep(0.05)  # let the answer of this one pass
        return below, ours, await first_card(ws)

    unit, acknowledged, card = (median(times) for times in zip(*await repeated(rounds, both), strict=True))
    line("bare Bolt handler, command to acknowledgement", unit, unit)
    line("command to acknowledgement, stored before", acknowledged, unit, "aim 1.50")
    line("command to the card that answers it", card, unit)


async def _volley(slack: StrictSlack, user: User, rooms: list[Channel]) -> list[float]:
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(slack.command(user, room, "/task", "runs")) for room in rooms for _ in range(EACH)]
    return [each.result().seconds for each in sent]


async def presses(floor: Bare, ws: Workspace, going: Going, words: Words) -> None:
    """Presses on Approve, after a moment in which nothing happens, as with people: what both need is cold by then."""
    begun = await ws.slack.mention(ws.ada, ws.ops, f"do --project calculator {PRESSES + 1}")

    async def press(number: int) -> tuple[float, float, float]:
        question = await ws.until(ws.ops, partial(_asks, ws, number), thread=begun.message.ts)
        await asyncio.sleep(REST)  # the card of the run is redrawn meanwhile
        below = await floor.press(question)
        return below, time.perf_counter(), (await ws.press(ws.bob, question, "Approve")).seconds

    await pairs.presses(words, going, press)


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
    pairs.counted("requests of a quiet run with one approval", ws.slack.calls[before:], _UNCOUNTED)


async def measure(folder: Path, rounds: int) -> None:
    """Measure in both modes what depends on the way, and the rest in Socket Mode."""
    modes: tuple[Mode, ...] = ("sockets", "http")
    for mode in modes:
        going = Going()
        words = Words("bare Bolt handler", "acknowledgement", "acknowledgement, stored before", mode)
        place = folder / mode
        place.mkdir()
        async with AsyncExitStack() as stack:
            ws = await stack.enter_async_context(workspace(place, ActingAgent(going.part), mode=mode))
            floor = await bare(stack, mode)
            if mode == "sockets":
                await commands(floor, ws, rounds)
                rooms = [ws.slack.channel(f"CBUSY{number}", ws.ada) for number in range(PLACES)]
                ours = partial(_volley, ws.slack, ws.ada, rooms)
                bare_ones = partial(_volley, floor.slack, floor.eve, floor.rooms)
                await pairs.at_once(words, bare_ones, ours, rounds=max(rounds // 6, 3), rest=0.5)
            await presses(floor, ws, going, words)
    place = folder / "quiet"
    place.mkdir()
    async with workspace(place, ActingAgent(asks)) as ws:
        await requests(ws)


if __name__ == "__main__":
    pairs.run(measure)
