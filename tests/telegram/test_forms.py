"""Forms in Telegram, step by step, over the real library and a Bot API that refuses what Telegram refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.tasks import TaskDraft
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import faults
from tests.servers.telegram.world import Message
from tests.telegram.quick import QuickChats, quick, world


def forces(message: Message) -> bool:
    """Whether a message opens the field for an answer to it."""
    return bool((message.markup or {}).get("force_reply"))


async def define(t: QuickChats, name: str, **fields: Any) -> None:
    """Save a task."""
    draft = TaskDraft(**{"name": name, "prompt": "done {{it}}", "project": "calculator", **fields})
    await t.scene.core.tasks.define(t.scene.actor, draft)


async def test_a_new_task_is_asked_for_step_by_step_below_what_was_typed(tmp_path: Path) -> None:
    """TG-65: a taken name is asked for again; steps that are done lose their buttons; nothing forces a reply."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await define(t, "taken")
        await t.says(t.ada, t.home, "/new")
        first = t.newest(t.home)
        await t.says(t.ada, t.home, "taken")
        assert "There is a task “taken” already." in t.newest(t.home).text
        await t.says(t.ada, t.home, "two words")
        assert "Not yet" in t.newest(t.home).text
        await t.says(t.ada, t.home, "free")
        await t.says(t.ada, t.home, "/status")
        await t.says(t.ada, t.home, "run the tests of {{what}}")
        form = t.newest(t.home)
        assert "Default of what" in form.text
        assert first.labels == []
        await t.presses(t.ada, form, "Back")
        assert "run the tests of {{what}}" in form.text
        await t.presses(t.ada, form, "Keep it")
        await t.presses(t.ada, form, "Skip")
        await t.presses(t.ada, form, "More options")
        await t.presses(t.ada, form, "Back")
        late = await t.presses(t.ada, form, "Skip", stale=True)
        assert late.text
        await t.presses(t.ada, form, "Save")
        t.newest(t.home, "Saved free")
        assert (form.labels, "✓ New task" in form.text) == ([], True)
        again = await t.presses(t.ada, form, "Save", stale=True)
        assert (again.text, again.show_alert) == ("This form is over.", True)
        task = await t.scene.core.tasks.show("free")
        assert (task.prompt, task.variables) == ("run the tests of {{what}}", {})
        assert len(t.ours(t.home, "Saved free")) == 1
        assert not any(forces(each) for each in t.tg.messages(t.home))


@pytest.mark.parametrize("how", ["/cancel", pytest.param("Cancel", marks=pytest.mark.proof)])
async def test_a_form_is_left_and_nothing_else_is_cancelled(tmp_path: Path, how: str) -> None:
    """TG-66: a bare /cancel is for the form that somebody is at, not for their run; then nothing waits for a text."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.ada, t.home, "ask for it")
        (run,) = await t.runs()
        await t.says(t.ada, t.home, "/new")
        form = t.newest(t.home)
        if how == "Cancel":
            await t.presses(t.ada, form, how)
        else:
            await t.says(t.ada, t.home, how)
        assert ("Cancelled" in form.text, form.labels) == (True, [])
        assert (await t.scene.core.runs.find(run.id)).state.final is False
        await t.says(t.ada, t.home, "be quick")
        t.newest(t.home, "For whom is this?")


async def test_an_edit_begins_with_what_is_there(tmp_path: Path) -> None:
    """TG-65: at a glance, with a button for each field; what is not touched stays as it is."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await define(t, "fix", tags=("ci",), turns=7)
        await t.says(t.ada, t.home, "/edit fix")
        form = t.newest(t.home)
        await t.presses(t.ada, form, "Save")
        assert "Nothing was changed yet." in form.text
        await t.presses(t.ada, form, "Prompt")
        assert "done {{it}}" in form.text
        await t.says(t.ada, t.home, "done {{it}} well")
        await t.presses(t.ada, t.newest(t.home), "Save")
        task = await t.scene.core.tasks.show("fix")
        assert (task.prompt, task.tags, task.options.limits.turns) == ("done {{it}} well", ("ci",), 7)


async def test_a_run_asks_for_missing_values_in_a_group_too_and_offers_the_last_ones(tmp_path: Path) -> None:
    """TG-67: there the text is an answer to the form, also with privacy on; others cannot fill it in."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await define(t, "fix")
        await t.says(t.ada, t.room, "/run@signoff_bot fix")
        form = t.newest(t.room)
        assert "Reply to this message" in form.text
        assert not forces(form)
        await t.says(t.bob, t.room, "mine", reply_to=form)
        assert "This form is ada's." in t.newest(t.room).text
        pressed = await t.presses(t.bob, form, "Cancel")
        assert (pressed.text, pressed.show_alert) == ("This form is ada's.", True)
        await t.says(t.ada, t.room, "unrelated talk")
        await t.says(t.ada, t.room, "the parser", reply_to=form)
        await t.presses(t.ada, t.newest(t.room, "all at a glance"), "Run now")
        t.newest(t.room, "heard: done the parser")
        await t.says(t.ada, t.room, "/run@signoff_bot fix")
        form = t.newest(t.room)
        await t.presses(t.ada, form, "Use 1")
        await t.presses(t.ada, form, "Run now")
        assert [run.variables for run in await t.runs()] == [{"it": "the parser"}] * 2


@pytest.mark.parametrize(
    ("prompt", "steps", "answer"),
    [
        ("choose", ["PostgreSQL"], "PostgreSQL"),
        pytest.param("choose", ["Other…", "=DuckDB"], "DuckDB", marks=pytest.mark.proof),
        pytest.param("several", ["☐ 1 tests", "☐ 2 docs", "☑ 1 tests", "Done"], "docs", marks=pytest.mark.proof),
        ("several", ["☐ 1 tests", "Other…", "=speed", "Done"], "tests, speed"),
        ("two", ["1 SQLite", "☐ 2 docs", "Done", "Send"], "docs"),
        pytest.param("open", ["=Signoff"], "Signoff", marks=pytest.mark.proof),
    ],
)
async def test_questions_of_the_agent_are_answered(tmp_path: Path, prompt: str, steps: list[str], answer: str) -> None:
    """TG-68: one, several, own words; each answered once, and the card says so."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.ada, t.home, f"{prompt} it")
        card = t.newest(t.home, "Needs you")
        form = card
        if steps[0] not in card.labels:
            await t.presses(t.ada, card, next(each for each in card.labels if "nswer" in each or "Other" in each))
            form = t.newest(t.home)
        for step in steps:
            if step.startswith("="):
                await t.says(t.ada, t.home, step[1:])
                form = t.newest(t.home)
            else:
                await t.presses(t.ada, form, step)
        told = t.newest(t.home, "done with it: True").text
        assert all(word in told for word in answer.split(", "))
        assert card.labels == []


async def test_a_form_goes_on_after_a_restart_and_is_carried_out_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-69: nothing of it is in memory; so it goes on on another device as well."""
    async with world(tmp_path) as made:
        async with made.serving(ActingAgent(act)) as t:
            await t.says(t.ada, t.home, "/new")
            await t.says(t.ada, t.home, "fix")
        async with made.serving(ActingAgent(act)) as t:
            await t.says(t.ada, t.home, "done it")
            form = t.newest(t.home)
        async with made.serving(ActingAgent(act)) as t:
            await t.presses(t.ada, form, "Save")
            assert len(t.ours(t.home, "Saved fix")) == 1
            assert (await t.scene.core.tasks.show("fix")).prompt == "done it"
        assert not faults(caplog)


async def test_a_form_whose_task_is_gone_gives_back_what_was_written(tmp_path: Path) -> None:
    """TG-65: what goes wrong is told with the text."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await define(t, "fix")
        await t.says(t.ada, t.home, "/edit fix")
        await t.presses(t.ada, t.newest(t.home), "Prompt")
        await t.scene.core.tasks.delete(t.scene.actor, "fix")
        await t.says(t.ada, t.home, "a long text")
        assert "a long text" in t.newest(t.home, "This form is over.").text


async def test_an_answer_that_comes_after_somebody_elses_is_given_back_and_begins_nothing(tmp_path: Path) -> None:
    """TG-65, TG-68: a text for a question that is closed meanwhile is no new task."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.ada, t.home, "open it")
        card = t.newest(t.home, "Needs you")
        await t.presses(t.ada, card, card.labels[0])
        (run,) = await t.runs()
        (asked,) = await t.scene.core.store.approvals.of(run.id)
        await t.says(t.bob, t.tg.private(t.bob), f"/answer {asked.id[-6:]} Robert")
        t.newest(t.home, "Robert")
        await t.says(t.ada, t.home, "Adele")
        assert "Adele" in t.newest(t.home, "This form is over.").text
        assert len(await t.runs()) == 1


async def test_whoever_may_not_is_told_so_before_a_form_opens(tmp_path: Path) -> None:
    """TG-65: the same rules as for words."""
    users = {"ada": {"role": "admin", "telegram": "11"}, "bob": {"role": "viewer", "telegram": "12"}}
    async with quick(tmp_path, ActingAgent(act), users=users) as t:
        await define(t, "fix")
        home = t.tg.private(t.bob)
        for line in ("/new", "/edit fix", "/run fix"):
            await t.says(t.bob, home, line)
            assert "takes the role" in t.newest(home).text
