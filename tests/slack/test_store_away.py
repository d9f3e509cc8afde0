"""The database is away just when something is dealt with: nothing that was said or pressed is lost, or done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.hosting.host import Host
from runner.ports import ExecutionQuery
from tests.core.away import PLACES, Outage, away
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.slack.quick import QuickWorkspace, quick


async def prompts(ws: QuickWorkspace) -> list[str]:
    """Return what the runs were told, the newest first."""
    return [run.prompt for run in (await ws.scene.core.store.executions.list(ExecutionQuery(limit=9))).items]


async def met(ws: QuickWorkspace, outage: Outage) -> None:
    """Wait until a part of the store was missed several times."""
    async with ws.patience():
        while outage.met < 3:
            await ws.clock.move(seconds=1)
            await ws.moment()


@pytest.mark.parametrize("place", PLACES)
async def test_what_was_said_while_the_store_was_away_is_done_when_it_is_back(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-21: in order, once, and nobody has to say it again."""
    async with quick(tmp_path, ActingAgent(act)) as ws:
        with away(monkeypatch, ws.scene.core.store, place) as outage:
            await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator done it")
            await ws.slack.command(ws.ada, ws.ops, "/task", "runs")
            await met(ws, outage)
        await ws.settled()
        assert await prompts(ws) == ["done it"]
        listed = await ws.told(ws.ada, "Runs")
        assert "done it" in ws.said(listed)
        said = [ws.said(each) for each in (*ws.slack.world.posted.values(), *ws.slack.ephemerals)]
        assert sum("heard: done it" in each for each in said) == 1
        assert not any("disk is full" in each for each in said)


async def test_a_form_that_is_sent_while_the_store_is_away_is_carried_out_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-21: its sender gets nothing back, because nothing is left to be done by them."""
    async with quick(tmp_path, ActingAgent(act)) as ws:
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        view = await ws.form(ws.ada)
        with away(monkeypatch, ws.scene.core.store, "people.known") as outage:
            sent = await ws.slack.submit(view, {"name": "later", "prompt": "done it"})
            assert sent.ok
            await met(ws, outage)
        await ws.settled()
        assert (await ws.scene.core.tasks.show("later")).prompt == "done it"
        assert not [each for each in ws.slack.ephemerals if "What you wrote" in ws.said(each)]


async def test_whoever_meets_a_defect_is_told_and_the_next_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """STORE-21: what ends with a fault of its own ends for its author as well."""

    async def defect(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    async with quick(tmp_path, ActingAgent(act)) as ws:
        with monkeypatch.context() as patch:
            patch.setattr(Host, "_begin", defect)
            await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator done it")
            await ws.settled()
        told = await ws.told(ws.ada, "Unexpected error")
        assert "a defect" not in ws.said(told)
        assert "a defect" in caplog.text
        await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator done more")
        await ws.settled()
        assert await prompts(ws) == ["done more"]
