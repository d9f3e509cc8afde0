"""How soon a slash command in Slack is acknowledged and answered, over a bare Bolt handler that does nothing else.

Run it with `python -m tests.bench.slack`. Each app has a workspace on loopback, connected by Socket Mode; they take
turns, so that a busy minute hits both.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.fakes import ActingAgent, asks
from tests.servers.slack import StrictSlack
from tests.servers.slack.stage import over_sockets
from tests.slack.workspace import Workspace, workspace

ROUNDS = 30


async def first_card(ws: Workspace) -> float:
    """Return the seconds from a command that lists to the answer that its person sees."""
    before, began = len(ws.slack.ephemerals), time.perf_counter()
    await ws.slack.command(ws.ada, ws.ops, "/task", "runs")
    async with ws.patience():
        while len(ws.slack.ephemerals) == before:
            await asyncio.sleep(0.001)
    return time.perf_counter() - began


async def measure(folder: Path, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Return the seconds until the acknowledgement of a bare app and of ours, and until our first card."""
    floor, ours, cards = [], [], []
    async with (
        StrictSlack() as bare,
        over_sockets(bare),
        workspace(folder, ActingAgent(asks)) as ws,
    ):
        eve = bare.user("UEVE", "Eve")
        room = bare.channel("CROOM", eve)
        await bare.connected()
        for round_ in range(rounds + 1):
            acknowledged = (await bare.command(eve, room, "/task", "runs")).seconds
            answered = (await ws.slack.command(ws.ada, ws.ops, "/task", "runs")).seconds
            await asyncio.sleep(0.05)  # let the answer of this one pass
            seen = await first_card(ws)
            if round_:  # the first loads what is loaded late
                floor.append(acknowledged)
                ours.append(answered)
                cards.append(seen)
    return floor, ours, cards


def main(rounds: int = ROUNDS) -> None:
    """Print medians and ratios."""
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        floor, ours, cards = (median(taken) for taken in asyncio.run(measure(Path(name), rounds)))
    print(f"bare Bolt handler, command to acknowledgement   {floor * 1000:6.1f} ms   1.00 x")
    print(f"command to acknowledgement, stored before       {ours * 1000:6.1f} ms   {ours / floor:.2f} x   (aim 1.50)")
    print(f"command to the card that answers it             {cards * 1000:6.1f} ms   {cards / floor:.2f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
