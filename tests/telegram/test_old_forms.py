"""Plain words where a form stood still for long: their author says what they are for."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from runner.model import State
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.telegram.quick import QuickChats, quick, world
from tests.telegram.test_restarts import forgive, unnoted

ASKED = "For whom is this?"


async def begun(t: QuickChats, *texts: str) -> None:
    """Begin a form, and leave it alone for two hours."""
    for text in ("/new", *texts):
        await t.says(t.ada, t.home, text)
    await t.clock.move(timedelta(hours=2))


async def test_words_are_put_into_an_old_form_only_once_their_author_says_so(tmp_path: Path) -> None:
    """TG-78: also after a restart; a whole command is one, as ever, and a press of later finds nothing."""
    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            await begun(t, "fix")
            await t.says(t.ada, t.home, "done it")
            card = t.newest(t.home, ASKED)
            assert "New task" in card.text
            assert card.labels == ["The form", "A new run", "Nobody"]
            await t.says(t.ada, t.home, "runs")
            t.newest(t.home, "No runs fit")
            assert len(t.ours(t.home, ASKED)) == 1
        async with there.serving(ActingAgent(act)) as t:
            await t.presses(t.ada, card, "The form")
            assert (card.labels, "Put into the form" in card.text) == ([], True)
            await t.presses(t.ada, t.newest(t.home, "all at a glance"), "Save")
            assert (await t.scene.core.tasks.show("fix")).prompt == "done it"
            late = await t.presses(t.ada, card, "The form", stale=True)
            assert late.text == "That is done already."
            assert await t.runs() == ()


@pytest.mark.parametrize(("label", "prompts"), [("A new run", ["stop writing bugs"]), ("Nobody", [])])
async def test_words_that_are_not_for_the_form_leave_it_as_it_is(
    tmp_path: Path, label: str, prompts: list[str]
) -> None:
    """TG-78: a run of these words, even where they begin like a command, or nothing."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await begun(t, "fix")
        await t.says(t.ada, t.home, "stop writing bugs")
        await t.presses(t.ada, t.newest(t.home, ASKED), label)
        assert [run.prompt for run in await t.runs()] == prompts
        assert await t.scene.core.store.drafts.newest("telegram", "11", "11", "form") is not None
        assert "stop writing bugs" in t.newest(t.home, "You said").text


async def test_words_may_be_for_a_live_run_as_well(tmp_path: Path) -> None:
    """TG-78, TG-60: whoever they are for hears them once."""
    async with quick(tmp_path, ActingAgent(act), approvals={"expire_minutes": 6_000}) as t:
        await t.says(t.ada, t.home, "/do ask please")
        await begun(t)
        await t.says(t.ada, t.home, "be quick about it")
        card = t.newest(t.home, ASKED)
        assert card.labels == ["The form", "The agent", "A new run", "Nobody"]
        await t.presses(t.ada, card, "The agent")
        await t.presses(t.ada, t.newest(t.home, "Needs you"), "Approve")
        await t.in_time(t.home, "be quick about it")
        assert len({run.conversation_id for run in await t.runs()}) == 1


async def test_words_for_a_form_that_has_ended_meanwhile_are_not_lost(tmp_path: Path) -> None:
    """TG-78: the press says so, and the question stays."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await begun(t)
        form = t.ours(t.home)[-1]
        await t.says(t.ada, t.home, "done it")
        await t.presses(t.ada, form, "Cancel")
        card = t.newest(t.home, ASKED)
        told = await t.presses(t.ada, card, "The form")
        assert (told.text, told.show_alert) == ("This form is over.", True)
        await t.presses(t.ada, card, "A new run")
        assert [run.prompt for run in await t.runs()] == ["done it"]


@pytest.mark.parametrize("live", [False, True])
async def test_a_bare_cancel_is_for_an_old_form_where_nothing_else_could_be_meant(tmp_path: Path, live: bool) -> None:
    """TG-80: a run that is live is what is meant, rather than a form of long ago."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await begun(t, "fix")
        form = t.newest(t.home, "Prompt")
        if live:
            await t.says(t.ada, t.home, "/do ask please")
        await t.says(t.ada, t.home, "/cancel")
        assert (form.labels == []) is not live
        assert [run.state for run in await t.runs()] == ([State.CANCELLED] if live else [])


async def test_a_question_about_words_that_was_not_noted_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-78, TG-18: a death after it was shown leaves one card."""
    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            for text in ("/new", "fix"):
                await t.says(t.ada, t.home, text)
            await t.clock.move(timedelta(hours=2))
        async with unnoted(there, monkeypatch) as t:
            await t.tg.say(t.ada, t.home, "done it")
            await t.reaches(lambda: t.ours(t.home, ASKED))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            await t.presses(t.ada, t.newest(t.home, ASKED), "A new run")
            assert [run.prompt for run in await t.runs()] == ["done it"]


async def test_a_press_that_began_a_run_and_died_before_the_words_were_forgotten_begins_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-78, TG-18: the run is found by the message that it came from."""

    async def stuck(*_: object) -> None:
        await asyncio.Event().wait()

    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            await t.says(t.ada, t.home, "/new")
            await t.clock.move(timedelta(hours=2))
            await t.says(t.ada, t.home, "done it")
            card = t.newest(t.home, ASKED)
            with monkeypatch.context() as patch:
                patch.setattr(type(t.scene.core.store.drafts), "remove", stuck)
                await t.tg.press(t.ada, card, "A new run")
                await t.reaches(lambda: t.ours(t.home, "heard: done it"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert len(await t.runs()) == 1
            assert card.labels == []
        forgive(there)
