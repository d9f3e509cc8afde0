"""The database is away just when something is dealt with: nothing that was said or pressed is lost, or done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.telegram.hosting.service import Service
from tests.core.away import PLACES, away
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.servers.telegram.stage import png
from tests.telegram.quick import quick
from tests.telegram.test_files import counts


@pytest.mark.parametrize("place", PLACES)
async def test_what_was_said_while_the_store_was_away_is_done_when_it_is_back(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-21: in order, once, and nobody has to say it again."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        with away(monkeypatch, t.scene.core.store, place) as outage:
            said = await t.tg.say(t.ada, t.home, "/do done it")
            await t.tg.say(t.ada, t.home, "/runs")
            async with t.patience():
                while outage.met < 3:
                    await t.clock.move(seconds=1)
                    await t.moment()
        await t.settled()
        (run,) = await t.runs()
        assert run.prompt == "done it"
        result = t.newest(t.home, "heard: done it")
        assert "done it" in t.newest(t.home, "Runs\n").text
        assert result.reply_to == said.id
        assert not t.ours(t.home, "disk is full")


async def test_a_press_while_the_store_is_away_counts_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-21: and is answered for what it did, not for what it met."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.ada, t.home, "/do ask please")
        question = t.newest(t.home, "Needs you")
        with away(monkeypatch, t.scene.core.store, "approvals.get") as outage:
            pressed = await t.tg.press(t.ada, question, "Approve")
            async with t.patience():
                while outage.met < 2:
                    await t.clock.move(seconds=1)
                    await t.moment()
        await t.settled()
        assert pressed.answered
        assert "Approved" in question.text
        t.newest(t.home, "done with it: True")


async def test_an_album_while_the_store_is_away_is_one_message_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE-21, TG-54: all of it reaches the agent, once."""
    async with quick(tmp_path, ActingAgent(counts)) as t:
        with away(monkeypatch, t.scene.core.store, "executions.add") as outage:
            await t.tg.say(t.ada, t.home, caption="compare", album=[png(2), png(3)])
            async with t.patience():
                while outage.met < 2:
                    await t.clock.move(seconds=1)
                    await t.moment()
        await t.settled()
        assert len(await t.runs()) == 1
        assert len(t.ours(t.home, "heard: compare | pictures: 2")) == 1


async def test_whoever_meets_a_defect_is_told_and_the_next_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """STORE-21: what ends with a fault of its own ends for its author as well."""

    async def defect(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    async with quick(tmp_path, ActingAgent(act)) as t:
        with monkeypatch.context() as patch:
            patch.setattr(Service, "begins", defect)
            await t.says(t.ada, t.home, "/do done it")
        told = t.newest(t.home, "Unexpected error")
        assert "a defect" not in told.text
        assert "a defect" in caplog.text
        await t.says(t.ada, t.home, "/do done more")
        assert [run.prompt for run in await t.runs()] == ["done more"]
