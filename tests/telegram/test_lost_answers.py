"""A message whose answer was lost is sent again, since a bot cannot look: what people see of that does no harm."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.model import ApprovalState
from runner.tasks import TaskDraft
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.telegram.chats import Mode
from tests.telegram.quick import JSON, MODES, QuickChats, quick


async def asked_twice(t: QuickChats) -> None:
    """Have a question be posted twice."""
    t.tg.fail("sendMessage", lost=True)
    await t.tg.say(t.ada, t.room, "/do ask please")
    await t.settled()


@pytest.mark.parametrize("mode", MODES)
async def test_a_press_on_the_copy_that_nobody_knows_counts_and_both_copies_lose_their_buttons(
    tmp_path: Path, mode: Mode
) -> None:
    """TG-12: the press tells which message it is."""
    async with quick(tmp_path, ActingAgent(act), mode=mode, reports=JSON) as t:
        await asked_twice(t)
        unknown, known = t.ours(t.room, "Needs you")
        await t.presses(t.bob, unknown, "Approve")
        (run,) = await t.runs()
        (approval,) = await t.scene.core.store.approvals.of(run.id)
        assert approval.state is ApprovalState.APPROVED
        assert "Approved" in known.text
        assert "Approve" not in [*unknown.labels, *known.labels]
        assert unknown.labels == []
        again = await t.presses(t.bob, unknown, "Deny", stale=True)
        assert "Already answered: approved by bob" in again.text
        assert len(t.ours(t.room, "done with it: True")) == 1


async def test_a_press_on_the_copy_that_is_left_over_says_that_it_is_done(tmp_path: Path) -> None:
    """TG-12: and takes its buttons away."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        await asked_twice(t)
        unknown, known = t.ours(t.room, "Needs you")
        await t.presses(t.bob, known, "Approve")
        assert "Approve" in unknown.labels
        late = await t.presses(t.ada, unknown, "Deny")
        assert "Already answered: approved by bob" in late.text
        assert unknown.labels == []
        assert len(t.ours(t.room, "done with it: True")) == 1


async def test_a_press_that_comes_before_the_name_of_its_message_is_for_the_only_copy(tmp_path: Path) -> None:
    """TG-79: also an answer that quotes it; nothing is posted again, and what is said goes to its run."""
    async with quick(tmp_path, ActingAgent(act), reports=JSON) as t:
        answer = asyncio.Event()
        t.tg.fail("sendMessage", held=answer)
        await t.tg.say(t.ada, t.room, "/do ask please")
        await t.reaches(lambda: t.ours(t.room, "Needs you"))
        question = t.one(t.room, "Needs you")
        pressed = await t.tg.press(t.bob, question, "Approve")
        said = await t.tg.say(t.bob, t.room, "and one thing more", reply_to=question)
        await t.comes(lambda: not t.tg.updates.pending())
        for _ in range(10):
            await t.moment()
        answer.set()
        await t.settled()
        assert pressed.answered
        assert t.one(t.room, "Approved") is question
        assert question.reply_to == t.tg.messages(t.room)[0].id
        assert said.reactions
        assert {run.origin for run in await t.runs()} == {(await t.runs())[-1].origin}


async def test_a_topic_whose_making_was_not_answered_stays_empty_and_its_run_is_a_chain(tmp_path: Path) -> None:
    """TG-62: nothing of the run is lost or there twice, and the next one has a topic."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        draft = TaskDraft(name="fix", prompt="done it", project="calculator")
        await t.scene.core.tasks.define(t.scene.actor, draft)
        forum = t.tg.group(-1002, "Tasks", t.ada, t.bob, bot="administrator", forum=True)
        t.tg.fail("createForumTopic", lost=True)
        said = await t.says(t.ada, forum, "/run fix")
        (empty,) = forum.topics
        assert t.ours(forum, "fix: completed", empty) == []
        assert t.one(forum, "fix: completed").reply_to == said.id
        await t.says(t.ada, forum, "/run fix")
        _, topic = forum.topics
        assert len(t.ours(forum, "fix: completed", topic)) == 1
        assert len(t.ours(forum, "fix: completed")) == 2
