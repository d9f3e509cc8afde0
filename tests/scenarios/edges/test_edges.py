"""A question outlives the daemon at every edge of its life."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.demo import ScriptedModel
from tests.core.stage import KEY
from tests.scenarios.edges.person import script
from tests.scenarios.edges.plan import Journey, full, sample
from tests.scenarios.edges.trip import Death, Trip

SEED = 3
LEAST = 200  # kills in the table
_AT_ONCE = 3  # journeys


async def travel(journeys: tuple[Journey, ...], folder: Path) -> list[Death]:
    """Travel journeys, some at a time, and return all deaths in the order of the plan."""
    trips: list[Trip] = []
    seats = asyncio.Semaphore(_AT_ONCE)

    async def one(trip: Trip) -> None:
        async with seats:
            await trip.travel()

    async with ScriptedModel(script, api_key=KEY) as model, asyncio.TaskGroup() as group:
        for journey in journeys:
            trips.append(Trip(journey, folder / str(journey.number), model.url))
            group.create_task(one(trips[-1]))
    assert model.violations == []
    return [death for trip in trips for death in trip.deaths]


def faults(deaths: list[Death]) -> list[str]:
    """Name what was not kept, and where."""
    return [
        f"journey {death.journey.number} ({death.journey.way}), {death.kill}: {promise}: {fault}"
        for death in deaths
        for promise, fault in death.faults.items()
    ]


@pytest.mark.parametrize("journey", sample(SEED, 2), ids=lambda journey: f"{journey.number}-{journey.way}")
async def test_three_deaths_of_the_daemon_cost_neither_question_nor_answer(tmp_path: Path, journey: Journey) -> None:
    """APPR-6, APPR-11, AGENT-1: some of what the crash table proves in full."""
    deaths = await travel((journey,), tmp_path)
    assert len(deaths) == len(journey.kills)
    assert not faults(deaths)
