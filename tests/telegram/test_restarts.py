"""We die and come again: what people see is what they saw, and what they have said and pressed counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.telegram.chats import Mode
from tests.telegram.quick import JSON, MODES, QuickChats, World, world


def forgive(there: World) -> None:
    """Let it pass that a press is answered again by somebody who has died since: Telegram only says no."""
    if "answered before" in str(there.tg.violations):
        there.tg.forgive("answered before")


@asynccontextmanager
async def unnoted(there: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[QuickChats]:
    """Run a Signoff that carries out whatever it is told, and dies before it has noted that."""

    async def stuck(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    async with there.serving(ActingAgent(act)) as t:
        with monkeypatch.context() as patch:
            patch.setattr(type(t.scene.core.store.arrivals), "done", stuck)
            yield t
            async with t.patience():  # what has no answer yet when we die is sent again, which is not meant here
                while await t.scene.core.store.deliveries.channels("telegram"):
                    await t.clock.move(seconds=1)
                    await t.moment()


@pytest.mark.parametrize("mode", MODES)
async def test_a_question_outlives_a_restart_and_its_old_button_still_answers(tmp_path: Path, mode: Mode) -> None:
    """TG-18: the card that people see is the one that they saw, and one press is enough."""
    async with world(tmp_path, mode=mode, approvals={"hot_wait_minutes": 0}, reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            await t.tg.say(t.ada, t.room, "/do ask please")
            await t.settled()
            question = t.one(t.room, "Needs you")
        pressed = await there.tg.press(there.bob, question, "Approve")  # while nobody is there
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert pressed.answered
            t.one(t.room, "Approved")
            assert len(t.ours(t.room, "ask please: completed")) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_a_form_goes_on_after_a_restart(tmp_path: Path, mode: Mode) -> None:
    """TG-18: what was filled in is there, and what was typed meanwhile is taken."""
    async with world(tmp_path, mode=mode, reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            for text in ("/new", "t0"):
                await t.tg.say(t.ada, t.home, text)
                await t.settled()
        await there.tg.say(there.ada, there.tg.private(there.ada), "done")
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            await t.presses(t.ada, t.one(t.home, "all at a glance"), "Save")
            task = await t.scene.core.store.tasks.find("t0")
            assert task is not None
            assert task.prompt == "done"
            assert len(t.ours(t.home, "Saved t0")) == 1
            assert await t.runs() == ()


@pytest.mark.parametrize("mode", MODES)
async def test_a_message_that_was_carried_out_and_not_noted_begins_no_second_run(
    tmp_path: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-18: its run is found by the message that began it."""
    async with world(tmp_path, mode=mode, reports=JSON) as there:
        async with unnoted(there, monkeypatch) as t:
            await t.tg.say(t.ada, t.room, "/do ask please")
            await t.reaches(lambda: t.ours(t.room, "Needs you"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert len(await t.runs()) == 1
            t.one(t.room, "Needs you")


@pytest.mark.parametrize("label", ["Approve", "Deny"])
async def test_a_press_that_was_carried_out_and_not_noted_decides_once(
    tmp_path: Path, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-18: what it says the second time disturbs nobody."""
    async with world(tmp_path, reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            await t.tg.say(t.ada, t.room, "/do ask please")
            await t.settled()
            question = t.one(t.room, "Needs you")
        async with unnoted(there, monkeypatch) as t:
            await t.tg.press(t.bob, question, label)
            await t.reaches(lambda: t.ours(t.room, "done with it"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            said = [message.text for message in t.ours(t.room)]
            assert sum("done with it" in text for text in said) == 1
            assert sum("Already answered" in text for text in said) == 0, said
            assert len(await t.runs()) == 1
        forgive(there)


async def test_a_form_that_was_sent_and_not_noted_begins_no_second_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-18: nor does an answer to a card say the same to an agent twice."""
    async with world(tmp_path, reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            for text in ("/new t1 -- done {{x}}", "/run t1", "calc"):
                await t.tg.say(t.ada, t.home, text)
                await t.settled()
            form = t.ours(t.home, "Run t1")[-1]
        async with unnoted(there, monkeypatch) as t:
            await t.tg.press(t.ada, form, "Run now")
            await t.reaches(lambda: t.ours(t.home, "t1: completed"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert len(await t.runs()) == 1
            assert len(t.ours(t.home, "t1: completed")) == 1
        forgive(there)


async def test_a_text_for_a_form_that_was_taken_and_not_noted_is_not_taken_for_the_next_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-77: the form stands where it stood, and above it what was typed."""
    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            await t.tg.say(t.ada, t.home, "/new")
            await t.settled()
        async with unnoted(there, monkeypatch) as t:
            await t.tg.say(t.ada, t.home, "t0")
            await t.reaches(lambda: t.ours(t.home, "step 2"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert "Prompt" in t.ours(t.home)[-1].text
            await t.says(t.ada, t.home, "done")
            await t.presses(t.ada, t.one(t.home, "all at a glance"), "Save")
            assert (await t.scene.core.tasks.show("t0")).prompt == "done"
            assert len(t.ours(t.home, "New task")) == 3, [m.text for m in t.ours(t.home)]


async def test_a_press_in_a_form_that_was_taken_and_not_noted_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-77: the same form is shown once, where the press has brought it."""
    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            for text in ("/new", "t0", "done"):
                await t.says(t.ada, t.home, text)
            form = t.ours(t.home)[-1]
            before = form.text, form.labels
        async with unnoted(there, monkeypatch) as t:
            await t.tg.press(t.ada, form, "More options")
            await t.reaches(lambda: form.labels != before[1])
            before = form.text, form.labels
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert (form.text, form.labels) == before
            assert t.ours(t.home)[-1].id == form.id
        forgive(there)


async def test_a_text_that_has_ended_a_form_and_was_not_noted_begins_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-77: what a button has asked for is known when it comes again, though nothing waits for it any more."""
    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            await t.says(t.ada, t.home, "/do ask please")
            await t.presses(t.ada, t.one(t.home, "Needs you"), "Deny + why")
        async with unnoted(there, monkeypatch) as t:
            await t.tg.say(t.ada, t.home, "because of that")
            await t.reaches(lambda: t.ours(t.home, "done with it"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert len(await t.runs()) == 1
            assert not t.ours(t.home, "For whom")
            assert len(t.ours(t.home, "done with it")) == 1


async def test_a_code_that_has_linked_and_was_not_noted_is_not_said_to_link_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PERSON-7, TG-18: whoever pressed Start is told that they are linked, and nothing else."""
    async with world(tmp_path) as there:
        async with there.serving(ActingAgent(act)) as t:
            eve = t.tg.user(13, "Eve")
            code = await t.scene.core.people.invite(t.scene.actor, "telegram")
        async with unnoted(there, monkeypatch) as t:
            await t.tg.start(eve, code)
            await t.reaches(lambda: t.ours(t.tg.private(eve), "in Telegram now"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            texts = [each.text for each in t.ours(t.tg.private(eve))]
            assert texts
            assert all("You are ada in Telegram now" in text for text in texts)


async def test_a_task_that_was_saved_and_not_noted_is_not_said_to_have_a_taken_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMD-21, TG-18: it stands there as it was saved."""
    async with world(tmp_path) as there:
        async with unnoted(there, monkeypatch) as t:
            await t.tg.say(t.ada, t.home, "/new fix Mend it")
            await t.reaches(lambda: t.ours(t.home, "Saved fix"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert {m.text.partition("\n")[0] for m in t.ours(t.home)} == {"✓ Saved fix"}


async def test_what_was_said_to_an_agent_and_not_noted_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-18: the message itself is known."""
    async with world(tmp_path, reports=JSON) as there:
        async with there.serving(ActingAgent(act)) as t:
            await t.tg.say(t.ada, t.room, "/do done")
            await t.settled()
            result = t.one(t.room, "done: completed")
        async with unnoted(there, monkeypatch) as t:
            await t.tg.say(t.ada, t.room, "and more", reply_to=result)
            await t.reaches(lambda: t.ours(t.room, "and more: completed"))
        async with there.serving(ActingAgent(act)) as t:
            await t.settled()
            assert len(await t.runs()) == 2
            assert len(t.ours(t.room, "and more: completed")) == 1
