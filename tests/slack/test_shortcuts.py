"""Shortcuts: of a message, and from anywhere."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from runner.ports import ExecutionQuery
from tests.fakes import ActingAgent, Turn
from tests.slack.workspace import Workspace, workspace

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def idle(turn: Turn) -> str:
    """Say what the agent was told."""
    return f"heard: {turn.text}"


async def test_run_this_begins_a_run_in_the_thread_of_the_message(tmp_path: Path) -> None:
    """SLACK-10: with the text and the pictures of the message, whoever wrote it."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        said = await ws.slack.say(ws.bob, ws.ops, "mend &lt;it&gt; #1 --now", files=[("screen.png", PIXEL)])
        await ws.slack.shortcut(ws.ada, "run_this", said.message)
        thread = said.message.ts
        await ws.until(ws.ops, lambda m: "Run this, for ada" in ws.said(m), thread=thread)
        await ws.until(ws.ops, lambda m: "heard: mend <it> #1 --now" in ws.said(m), thread=thread)
        (run,) = (await ws.scene.core.store.executions.list(_all())).items
        message, *_ = await ws.scene.core.store.executions.messages(run.id)
        assert [image.data for image in message.images] == [PIXEL]


async def test_make_this_a_task_offers_the_text_as_prompt_and_answers_directly(tmp_path: Path) -> None:
    """SLACK-10: the app need not be where the message is."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        elsewhere = ws.slack.channel("CELSE", ws.ada, bot=False)
        said = await ws.slack.say(ws.ada, elsewhere, "Fix {{module}}")
        await ws.slack.shortcut(ws.ada, "make_task", said.message)
        form = await ws.form(ws.ada)
        assert form.inputs["prompt", "prompt"]["value"] == "Fix {{module}}"
        assert ("variable:module", "variable:module") in form.inputs
        await ws.slack.submit(form, {"name": "fix"})
        await ws.until(ws.slack.dm(ws.ada), lambda m: "Saved fix" in ws.said(m))


@pytest.mark.proof
async def test_a_text_that_no_form_holds_is_not_cut_but_said(tmp_path: Path) -> None:
    """SLACK-10: nobody saves half a prompt unawares."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        said = await ws.slack.say(ws.ada, ws.ops, "x" * 3_001)
        await ws.slack.shortcut(ws.ada, "make_task", said.message)
        form = await ws.form(ws.ada)
        assert form.inputs["prompt", "prompt"]["value"] is None
        assert "3,001 characters" in str(form.blocks)


async def test_a_new_task_can_be_made_from_anywhere(tmp_path: Path) -> None:
    """SLACK-10: the answer comes directly."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        await ws.slack.shortcut(ws.ada, "new_task")
        form = await ws.form(ws.ada)
        await ws.slack.submit(form, {"name": "fix", "prompt": "Fix it"})
        await ws.until(ws.slack.dm(ws.ada), lambda m: "Saved fix" in ws.said(m))


@pytest.mark.proof
async def test_run_this_where_the_app_is_not_starts_nothing(tmp_path: Path) -> None:
    """SLACK-10: a run that nobody could see is not begun; the person is told what to do."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        elsewhere = ws.slack.channel("CELSE", ws.ada, bot=False)
        said = await ws.slack.say(ws.ada, elsewhere, "mend it")
        await ws.slack.shortcut(ws.ada, "run_this", said.message)
        await ws.told(ws.ada, "Invite the app")
        ws.slack.forgive("not_in_channel")
        await _nothing_was_done(ws)


@pytest.mark.proof
async def test_whoever_may_not_is_told_so_at_every_shortcut(tmp_path: Path) -> None:
    """SLACK-10: strangers and viewers; no form opens and nothing runs."""
    users = {"ada": {"role": "admin", "slack": "UADA"}, "bob": {"role": "viewer", "slack": "UBOB"}}
    async with workspace(tmp_path, ActingAgent(idle), users=users) as ws:
        eve = ws.slack.user("UEVE", "Eve")
        ws.ops.members.add(eve.id)
        said = await ws.slack.say(ws.ada, ws.ops, "mend it")
        for name, right in (("run_this", "run a prompt"), ("make_task", "save a task")):
            await ws.slack.shortcut(ws.bob, name, said.message)
            await ws.told(ws.bob, f"To {right} takes the role operator")
        await ws.slack.shortcut(ws.bob, "new_task")
        async with ws.patience():
            while sum("To save a task" in m.text for m in ws.slack.ephemerals) < 2:
                await ws.moment()
        await ws.slack.shortcut(eve, "run_this", said.message)
        await ws.told(eve, "does not know you")
        await _nothing_was_done(ws)


async def _nothing_was_done(ws: Workspace) -> None:
    assert not ws.slack.called("views.open")
    assert (await ws.scene.core.store.executions.list(_all())).items == ()


def _all() -> ExecutionQuery:
    return ExecutionQuery(limit=9)
