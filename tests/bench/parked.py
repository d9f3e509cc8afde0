"""What hundreds of parked questions cost the daemon: its memory, and the processes that are left.

Run it with `python -m tests.bench.parked`. The real daemon runs the real CLI, one run after another, until each has
asked and its process has gone. The floor is the same daemon after ordinary runs that nobody was asked about, when all
code is loaded and the database's page caches are full; and, for a restart, a daemon that finds no question at all.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.terminal import wire
from bot.terminal.client import Client, connect
from runner.demo import Conversation, ScriptedModel, Turn
from tests.core.stage import KEY
from tests.scenarios.machine import Machine
from tests.scenarios.play import bash

PARKED = 500
WARM = 200  # ordinary runs before that
_MORE = '[worker]\nslots = 2\nkeep_most = 0\n[approvals]\nhot_wait_minutes = 0\n[reports]\nformats = ["json"]\n'
_ENDED = "state = 'completed'"
_PARKED = "state = 'waiting_confirmation' AND worker IS NULL"


@dataclass(frozen=True)
class Parked:
    """RSS of the daemon in MiB: after ordinary runs, with all parked, and of fresh daemons without and with them."""

    before: float
    all: float
    fresh_without: float
    fresh_with: float
    agents: int  # processes that work in a worktree, with all parked
    answered: str  # what the agent of the first question was told in the end

    @property
    def growth(self) -> float:
        """MiB that the daemon has grown by while runs were parked."""
        return self.all - self.before

    @property
    def carried(self) -> float:
        """MiB that a fresh daemon has more when it finds the parked runs."""
        return self.fresh_with - self.fresh_without


def script(conversation: Conversation) -> Turn:
    """Ask for a command, if the prompt says so; then repeat what came of it."""
    if "Ask" not in conversation.prompt:
        return Turn(text="Nothing to ask.")
    if conversation.results:
        return Turn(text=f"I was told: {conversation.results[-1].text}")
    return Turn(tools=(bash(f"echo {conversation.prompt.split()[-1]} >> asked.txt; echo done"),))


async def measure(folder: Path, count: int = PARKED) -> Parked:
    """Park so many runs on a machine in this folder, and look at its daemon before and after."""
    async with ScriptedModel(script, api_key=KEY) as model:
        machine = Machine(folder, model.url, more=_MORE)
        async with machine.daemon(), connect(machine.socket, watch=False) as client:
            await _do(client, machine, "Work on", WARM, _ENDED)
        async with machine.daemon() as process, connect(machine.socket, watch=False) as client:
            await asyncio.sleep(2)  # whatever a start leaves to later
            fresh_without = memory(process.pid)
            await _do(client, machine, "Work on", WARM, _ENDED)
            before = memory(process.pid)
            await _do(client, machine, "Ask for", count, _PARKED)
            agents, everything = len(machine.agents()), memory(process.pid)
        async with machine.daemon() as process:
            await asyncio.sleep(2)
            fresh_with = memory(process.pid)
            async with connect(machine.socket, watch=True) as client:
                answered = await _answer(client, machine)
    return Parked(before, everything, fresh_without, fresh_with, agents, answered)


async def _do(client: Client, machine: Machine, prompt: str, count: int, such: str) -> None:
    """Begin runs, and wait until there are as many more of such executions and all agents' processes have gone."""
    before = _executions(machine, such)
    for number in range(count):
        await client.say(f"do --project calculator {prompt} {number}")
        while not isinstance(await client.receive(), wire.Reply):
            pass
    while _executions(machine, such) < before + count or machine.agents():
        await asyncio.sleep(0.1)


def _executions(machine: Machine, such: str) -> int:
    with closing(sqlite3.connect(f"file:{machine.folder}/state/signoff.db?mode=ro", uri=True)) as database:
        return int(database.execute(f"SELECT count(*) FROM executions WHERE {such}").fetchone()[0])


async def _answer(client: Client, machine: Machine) -> str:
    """Approve the oldest question, and return what the agent says in the end."""
    with closing(sqlite3.connect(f"file:{machine.folder}/state/signoff.db?mode=ro", uri=True)) as database:
        (oldest,) = database.execute("SELECT id FROM approvals WHERE state = 'open' ORDER BY id LIMIT 1").fetchone()
    await client.say(f"approve {oldest}")
    while (frame := await client.receive()) is not None:
        if isinstance(frame, wire.Shown) and frame.card.key.startswith("result:"):
            return " ".join(section.body for section in frame.card.sections)
    raise ConnectionError("The daemon has gone.")


def memory(pid: int) -> float:
    """Return the RSS of a process in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Rss:"))


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=PARKED)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        found = asyncio.run(measure(Path(name), count))
    print(f"{count} questions parked, {found.agents} processes of agents left; one answered later: {found.answered}")
    for name, floor, now in (
        (f"after them, over {WARM} ordinary runs", found.before, found.all),
        ("fresh, over one that finds none", found.fresh_without, found.fresh_with),
    ):
        print(f"  daemon {name:34} {floor:6.1f} -> {now:6.1f} MiB   {now / floor:.2f} x   {now - floor:+.1f} MiB")


if __name__ == "__main__":
    main()
