"""Slack's own sign that an agent is at work, and its own stop button."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bot.slack.sending.sessions import status
from runner.model import Execution, Role, State
from runner.ports import ExecutionQuery
from tests.bot.sample import DONE, EXECUTION, NOW
from tests.fakes import ActingAgent, Turn, asks
from tests.servers.slack import StrictSlack
from tests.slack.workspace import Workspace, configured, serving, workspace

SET = "agents.sessions.setStatus"


async def listens(turn: Turn) -> str:
    """Work until somebody says something."""
    return f"heard: {await turn.remark()}"


async def stands(ws: Workspace, thread: str, word: str) -> None:
    """Wait until the session of a thread has this status."""
    async with ws.patience():
        while (session := ws.slack.sessions.get((ws.ops.id, thread))) is None or session.status != word:
            await ws.moment()


@pytest.mark.parametrize(
    ("execution", "word"),
    [
        (replace(EXECUTION, state=State.PENDING), "processing"),
        (EXECUTION, "processing"),
        (replace(EXECUTION, state=State.WAITING), "suspended"),
        (replace(EXECUTION, state=State.STOPPED), "active"),
        (DONE, "active"),
        (replace(DONE, merged_commit="c" * 40), "closed"),
        (replace(DONE, discarded_at=NOW), "closed"),
    ],
)
def test_each_state_has_its_word(execution: Execution, word: str) -> None:
    assert status(execution) == word


async def test_a_thread_says_how_it_stands_with_its_run(tmp_path: Path) -> None:
    """SLACK-12: at work, waiting for a person, done and ready to go on."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        thread = begun.message.ts
        await stands(ws, thread, "suspended")
        assert ws.slack.sessions[ws.ops.id, thread].title == "Build it"
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=thread)
        await ws.press(ws.ada, question, "Approve")
        await stands(ws, thread, "active")
        statuses = [call.args["status"] for call in ws.slack.called(SET)]
        assert all(one != other for one, other in pairwise(statuses)), statuses


async def test_the_native_stop_button_stops_the_run_once_and_the_session_says_so(tmp_path: Path) -> None:
    """SLACK-12: Slack changes nothing by itself, and may deliver the press again."""
    async with workspace(tmp_path, ActingAgent(listens)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        thread = begun.message.ts
        await stands(ws, thread, "processing")
        assert (await ws.slack.stop_session(ws.bob, ws.ops, thread)).ok
        assert (await ws.slack.redeliver()).ok
        await stands(ws, thread, "active")
        (run,) = (await ws.scene.core.runs.list(ExecutionQuery())).items
        assert run.state is State.STOPPED
        await ws.until(ws.ops, lambda m: "stopped" in ws.said(m), thread=thread)
        ws.slack.sessions[ws.ops.id, thread].status = "processing"  # as if Slack had lost the last word
        await ws.slack.stop_session(ws.ada, ws.ops, thread)
        await stands(ws, thread, "active")
        ephemerals = [m.text for m in ws.slack.ephemerals]
        assert len(ephemerals) == 1, "the second delivery stopped nothing and complained of nothing"


@pytest.mark.proof
async def test_who_may_not_stop_is_told_so_and_the_run_goes_on(tmp_path: Path) -> None:
    """SLACK-12: roles hold at the native button, and strangers stop nothing."""
    async with workspace(tmp_path, ActingAgent(listens)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        thread = begun.message.ts
        await stands(ws, thread, "processing")
        await ws.slack.command(ws.bob, ws.ops, "/task", "runs")  # Bob shows up
        async with ws.patience():
            while not ws.slack.ephemerals:
                await ws.moment()
        await ws.scene.core.people.set_role(ws.scene.actor, "bob", Role.VIEWER)
        eve = ws.slack.user("UEVE", "Eve")
        ws.ops.members.add(eve.id)
        for user, told in ((ws.bob, "takes the role operator"), (eve, "does not know you")):
            await ws.slack.stop_session(user, ws.ops, thread)
            async with ws.patience():
                while not any(told in ws.said(m) for m in ws.slack.ephemerals):
                    await ws.moment()
        (run,) = await ws.scene.core.store.executions.live()
        assert run.state is State.RUNNING
        await ws.slack.say(ws.ada, ws.ops, "enough", thread_ts=thread)
        await stands(ws, thread, "active")


@pytest.mark.parametrize(
    "error",
    [
        "unknown_method",
        *(pytest.param(word, marks=pytest.mark.proof) for word in ("missing_scope", "not_allowed_token_type")),
    ],
)
@pytest.mark.proof
async def test_a_workspace_without_sessions_is_asked_once(
    tmp_path: Path, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-12: where there are none, nothing else changes and nobody is bothered."""
    with caplog.at_level(logging.INFO, "bot.slack.sending.sessions"):
        async with workspace(tmp_path, ActingAgent(asks)) as ws:
            ws.slack.fail(SET, status=200, error=error, times=99)
            begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
            thread = begun.message.ts
            question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=thread)
            await ws.press(ws.ada, question, "Approve")
            await ws.until(ws.ops, lambda m: "ran make all" in ws.said(m), thread=thread)
            await asyncio.sleep(0.2)
            assert len(ws.slack.called(SET)) == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize("status", [429, pytest.param(500, marks=pytest.mark.proof)])
@pytest.mark.proof
async def test_what_slack_did_not_take_is_said_again_as_it_is_then(tmp_path: Path, status: int) -> None:
    """SLACK-12: only the newest state counts, and a wish to be left alone is granted."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        ws.slack.fail(SET, status=status, retry_after=2)
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        thread = begun.message.ts
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=thread)
        await stands(ws, thread, "suspended")
        assert len(ws.slack.called(SET)) == 2


@pytest.mark.proof
async def test_no_session_says_at_work_after_a_restart_when_nobody_is(tmp_path: Path) -> None:
    """SLACK-12: what could not be told before the restart is told after it."""
    async with StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack)
        async with serving(tmp_path, settings, ActingAgent(listens)) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            begun = await slack.mention(ada, ops, "do --project calculator Build it")
            thread = begun.message.ts
            await stands(ws, thread, "processing")
            slack.fail(SET, status=503, times=3)
            await slack.say(ada, ops, "enough", thread_ts=thread)
            await ws.until(ops, lambda m: "heard: enough" in ws.said(m), thread=thread)
        async with serving(tmp_path, settings, ActingAgent(listens)):
            await stands(ws, thread, "active")
        assert slack.violations == []
