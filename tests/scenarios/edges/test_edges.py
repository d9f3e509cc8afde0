"""A question outlives the daemon at every edge of its life."""

from __future__ import annotations

import asyncio
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest

from runner.agents.claude import ClaudeAgent, ClaudeConfig
from runner.demo import ScriptedModel
from tests.core.stage import KEY
from tests.house.tree import ROOT
from tests.scenarios.edges.person import script
from tests.scenarios.edges.plan import EDGES, Journey, Way, full, sample
from tests.scenarios.edges.table import document
from tests.scenarios.edges.trip import Death, Trip

SEED = 3
LEAST = 200  # kills in the table
TABLE = ROOT / "docs" / "crash-table.md"
_AT_ONCE = 3  # journeys


async def travel(journeys: tuple[Journey, ...], folder: Path) -> list[Death]:
    """Travel journeys, some at a time, and return all deaths in the order of the plan.

    A journey that cannot be finished does not keep the others from being travelled. Then it fails.
    """
    trips: list[Trip] = []
    stranded: list[str] = []
    seats = asyncio.Semaphore(_AT_ONCE)

    async def one(trip: Trip) -> None:
        async with seats:
            try:
                await trip.travel()
            except AssertionError as error:
                stranded.append(str(error))

    async with ScriptedModel(script, api_key=KEY) as model, asyncio.TaskGroup() as group:
        for journey in journeys:
            trips.append(Trip(journey, folder / str(journey.number), model.url))
            group.create_task(one(trips[-1]))
    assert not stranded, "\n".join(stranded)
    assert model.violations == []
    return [death for trip in trips for death in trip.deaths]


def faults(deaths: list[Death]) -> list[str]:
    """Name what was not kept, and where."""
    return [
        f"journey {death.journey.number} ({death.journey.way}), {death.kill}: {promise}: {fault}"
        for death in deaths
        for promise, fault in death.faults.items()
    ]


def test_the_table_has_every_edge_in_every_way_and_enough_kills() -> None:
    """The full plan leaves out no edge of any way of answering, and is large enough."""
    kills = [(journey, kill) for journey in full(SEED) for kill in journey.kills]
    met = {(kill.edge, journey.way, journey.parked) for journey, kill in kills if kill.delay == 0}
    exist = {(e, w, parked) for e in EDGES for w in Way for parked in (True, False) if e.fits(w, parked=parked)}
    assert met == exist
    assert len(kills) >= LEAST


@pytest.mark.parametrize("journey", sample(SEED, 1), ids=lambda journey: f"{journey.number}-{journey.way}")
async def test_three_deaths_of_the_daemon_cost_neither_question_nor_answer(tmp_path: Path, journey: Journey) -> None:
    """APPR-6, APPR-11, AGENT-1: some of what the crash table proves in full."""
    deaths = await travel((journey,), tmp_path)
    assert len(deaths) == len(journey.kills)
    assert not faults(deaths)


@pytest.mark.proof
@pytest.mark.timeout(2 * 60 * 60)
async def test_at_every_edge_a_death_costs_neither_question_nor_answer(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """APPR-6, APPR-11, AGENT-1, STORE-7: the crash table, in full; `--write-tables` writes it down."""
    deaths = await travel(full(SEED), tmp_path)
    if pytestconfig.getoption("write_tables"):
        cli = await ClaudeAgent(ClaudeConfig(home=tmp_path / "home")).check()
        page = document(deaths, set_up=set_up(cli), test="tests/scenarios/edges/test_edges.py")
        TABLE.write_text(page, "utf-8")
    assert not faults(deaths)
    assert len(deaths) >= LEAST


def set_up(cli: str) -> str:
    """Say what the journeys were made with."""
    return (
        f"Set-up: Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, Claude Code {cli} through "
        f"claude-agent-sdk {version('claude-agent-sdk')}, {platform.system()}; the plan's seed is {SEED}."
    )
