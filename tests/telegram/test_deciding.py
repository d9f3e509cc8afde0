"""Buttons in Telegram that decide: alone, twice, too late, at once with others, and with a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.demo.repository import git
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import faults
from tests.servers.telegram.world import Message
from tests.telegram.quick import QuickChats, quick


async def asked(t: QuickChats, prompt: str = "ask for it") -> Message:
    """Begin a run in the room that asks, and return the question."""
    await t.says(t.ada, t.room, f"/do@signoff_bot {prompt}")
    return t.newest(t.room, "Needs you")


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("Approve", "done with it: True"),
        pytest.param("Deny", "done with it: False", marks=pytest.mark.proof),
        ("Allow same", "done with it: True"),
        pytest.param("Allow alike", "done with it: True", marks=pytest.mark.proof),
    ],
)
async def test_a_press_decides_once_and_every_copy_says_so(tmp_path: Path, label: str, told: str) -> None:
    """TG-70: in the group and in the private chat; a late press is told what happened, and changes nothing."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        question = await asked(t)
        await t.says(t.bob, t.tg.private(t.bob), f"view {question.text.rpartition('approve ')[2][:6]}")
        copy = t.newest(t.tg.private(t.bob), "Needs you")
        pressed = await t.presses(t.bob, question, label)
        assert "pprove" in pressed.text or "enied" in pressed.text
        t.newest(t.room, told)
        for each in (question, copy):
            assert (each.labels, "By: bob" in each.text) == ([], True)
        for user, each in ((t.ada, question), (t.bob, copy), (t.bob, question)):
            late = await t.presses(user, each, "Deny", stale=True)
            assert "Already answered:" in late.text
            assert "by bob" in late.text
            assert (late.show_alert, len(late.text) <= 200) == (True, True)
        assert len(t.ours(t.room, told)) == 1


async def test_two_people_at_once_decide_once_and_the_other_hears_who_did(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-70: the first press counts."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        question = await asked(t)
        first = await t.tg.press(t.ada, question, "Approve")
        second = await t.tg.press(t.bob, question, "Deny")
        await t.settled()
        assert "pproved" in first.text
        assert "approved by ada" in second.text
        assert second.show_alert
        t.newest(t.room, "done with it: True")
        assert "By: ada" in question.text
        assert not faults(caplog)


@pytest.mark.parametrize("where", ["group", pytest.param("private", marks=pytest.mark.proof)])
async def test_a_text_for_a_button_is_asked_for_in_a_message(tmp_path: Path, where: str) -> None:
    """TG-71: in a group its field opens by itself, in a private chat the next text is it; the old text is shown."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        chat, begin = (t.room, "/do@signoff_bot ask it") if where == "group" else (t.home, "ask it")
        await t.says(t.ada, chat, begin)
        await t.presses(t.ada, t.newest(chat, "Needs you"), "Deny + why")
        prompt = t.ours(chat)[-1]
        assert bool((prompt.markup or {}).get("force_reply")) == (where == "group")
        answered = prompt if where == "group" else None
        await t.says(t.ada, chat, "not on a Friday", reply_to=answered)
        t.newest(chat, "done with it: False Denied by ada: not on a Friday")
        await t.says(t.ada, chat, begin)
        question = t.newest(chat, "Needs you")
        await t.presses(t.ada, question, "Edit")
        prompt = t.ours(chat)[-1]
        assert "pytest -q tests/" in prompt.text
        assert any(each["type"] in {"pre", "code"} for each in prompt.entities)
        await t.says(t.ada, chat, "pytest -q tests/other", reply_to=prompt)
        assert "pytest -q tests/other" in question.text
        t.newest(chat, "done with it: True")
        assert len(t.ours(chat, "done with it: True")) == 1
        assert len(t.ours(chat, "What should the agent read?")) == 1
        assert not t.ours(chat, "For whom")


async def test_a_plan_gets_feedback_and_is_approved(tmp_path: Path) -> None:
    """TG-71: the button for feedback asks for it; the plan is a card of its own."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        question = await asked(t, "plan it")
        assert "1. Read" in question.text
        await t.presses(t.ada, question, "Change")
        await t.says(t.ada, t.room, "test it first", reply_to=t.ours(t.room)[-1])
        t.newest(t.room, "test it first")
        await t.presses(t.ada, await asked(t, "plan it"), "Start")
        t.newest(t.room, "done with it: True")


async def test_what_does_not_fit_has_its_file_and_no_button_that_decides(tmp_path: Path) -> None:
    """TG-72: whoever decides has had all of it before them: then the word does it."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        question = await asked(t, "long it")
        assert "Approve" not in question.labels
        if "Full view" in question.labels:
            await t.presses(t.bob, question, "Full view")
        (whole,) = [each.file for each in t.ours(t.room) if each.file]
        assert b"target-1999" in whole.content
        assert not [each for each in t.ours(t.room) if "Approve" in each.labels]
        short = question.text.rpartition("approve ")[2][:6]
        await t.says(t.bob, t.room, f"/approve@signoff_bot {short}")
        t.newest(t.room, "done with it: True")


@pytest.mark.parametrize("label", [pytest.param("Merge", marks=pytest.mark.proof), "Discard"])
async def test_what_cannot_be_taken_back_is_asked_twice(tmp_path: Path, label: str) -> None:
    """TG-73: the question comes below and says so; no means no, and yes is done once."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.ada, t.home, "done it")
        result = t.newest(t.home, "done it: completed")
        before = git(tmp_path / "calculator", "rev-parse", "main")
        pressed = await t.presses(t.ada, result, label)
        sure = t.ours(t.home)[-1]
        assert (sure.text.startswith(f"{label}?"), "below" in pressed.text) == (True, True)
        await t.presses(t.ada, sure, "Not now")
        assert (sure.text, sure.labels) == ("Left as it was.", [])
        assert git(tmp_path / "calculator", "rev-parse", "main") == before
        await t.presses(t.ada, result, label)
        sure = next(each for each in t.ours(t.home) if label in each.labels and each is not result)
        await t.presses(t.ada, sure, label)
        assert (git(tmp_path / "calculator", "rev-parse", "main") != before) == (label == "Merge")
        assert (sure.text, sure.labels) == (f"✓ {label}", [])
        late = await t.presses(t.ada, sure, label, stale=True)
        assert (late.show_alert, sure.labels) == (True, [])


async def test_the_other_buttons_of_a_run_do_what_they_say(tmp_path: Path) -> None:
    """TG-74: details, steer, stop; diff, follow up, retry of what has ended."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await t.says(t.ada, t.home, "ask it")
        await t.says(t.ada, t.home, f"status {(await t.runs())[0].id[-6:]}", reply_to=t.newest(t.home, "Needs you"))
        live = t.newest(t.home, "State: waits")
        await t.presses(t.ada, live, "Details")
        await t.presses(t.ada, live, "Steer")
        await t.says(t.ada, t.home, "be quick")
        await t.in_time(t.home, "Not read by the agent yet\nbe quick")
        await t.presses(t.ada, live, "Stop")
        (run,) = await t.runs()
        assert "stopped" in t.newest(t.home, run.id[-6:]).text or run.state.value in {"stopped", "paused"}
        await t.says(t.ada, t.home, "/do done it")
        result = t.newest(t.home, "done it: completed")
        await t.presses(t.ada, result, "Diff")
        t.newest(t.home, "+x = 1")
        await t.presses(t.ada, result, "Follow up")
        await t.says(t.ada, t.home, "and more")
        t.newest(t.home, "heard: and more")
        await t.presses(t.ada, result, "Retry")
        assert len({run.conversation_id for run in await t.runs()}) == 3
