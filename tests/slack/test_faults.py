"""Slack stumbles, or we do: nothing is lost and nothing happens twice."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runner.ports import ExecutionQuery
from tests.fakes import MAKE, ActingAgent, asks
from tests.products.venue import PATIENCE
from tests.servers.slack import StrictSlack
from tests.slack.workspace import Mode, Workspace, configured, serving, workspace

RAN = "ran make all"


async def test_a_question_outlives_a_restart_and_its_old_button_still_answers(tmp_path: Path, mode: Mode) -> None:
    """SLACK-5: the card that people see is the one that they saw, and one press is enough."""
    agent = ActingAgent(asks)
    async with StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack, mode=mode, approvals={"hot_wait_minutes": 0})
        async with serving(tmp_path, settings, agent) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            begun = await slack.mention(ada, ops, "do --project calculator Build it")
            thread = begun.message.ts
            question = await ws.until(ops, lambda m: m.text.startswith("Approve?"), thread=thread)
        async with serving(tmp_path, settings, agent):
            await slack.connected(2)
            await ws.press(ada, question, "Approve")
            await ws.until(ops, lambda m: RAN in ws.said(m), thread=thread)
        assert sum(MAKE["command"] in m.text for m in slack.messages(ops, thread)) == 1
        assert slack.violations == []


async def test_a_press_that_is_delivered_twice_counts_once(tmp_path: Path, mode: Mode) -> None:
    """SLACK-5: whatever is delivered again is known."""
    async with workspace(tmp_path, ActingAgent(asks), mode=mode) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        thread = begun.message.ts
        assert (await ws.slack.redeliver()).ok
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=thread)
        await ws.press(ws.ada, question, "Approve")
        assert (await ws.slack.redeliver()).ok
        await ws.until(ws.ops, lambda m: RAN in ws.said(m), thread=thread)
        assert len((await ws.scene.core.store.executions.list(ExecutionQuery(limit=9))).items) == 1


@pytest.mark.parametrize(
    ("status", "lost"),
    [
        pytest.param(429, False, marks=pytest.mark.proof),
        pytest.param(500, False, marks=pytest.mark.proof),
        (500, True),
    ],
    ids=["limited", "refused", "answer lost"],
)
@pytest.mark.proof
async def test_requests_that_fail_are_made_again_and_nothing_appears_twice(
    tmp_path: Path, status: int, lost: bool
) -> None:
    """SLACK-5: a limit, an error of Slack, an answer that was lost on the way."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        ws.slack.fail("chat.postMessage", status=status, times=2, lost=lost)
        ws.slack.fail("chat.update", status=status, times=1, lost=lost)
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        thread = begun.message.ts
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=thread)
        await ws.press(ws.ada, question, "Approve")
        await ws.until(ws.ops, lambda m: RAN in ws.said(m), thread=thread)
        shown = [m.text for m in ws.slack.messages(ws.ops, thread) if m.user != ws.ada.id]
        assert len(shown) == len(set(shown)), shown


@pytest.mark.parametrize("command", [False, True])
async def test_what_was_carried_out_and_not_noted_begins_no_second_run(
    tmp_path: Path, command: bool, mode: Mode
) -> None:
    """SLACK-5: whoever dies in between finds the run in the thread of the message, or of ours about a command."""
    agent = ActingAgent(asks)
    async with StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack, mode=mode)
        async with serving(tmp_path, settings, agent) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            line = "do --project calculator Build it"
            await (slack.command(ada, ops, "/task", line) if command else slack.mention(ada, ops, line))
            head = await ws.until(ops, lambda m: "Build it" in m.text)
            await ws.until(ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
        with closing(sqlite3.connect(tmp_path / "state" / "signoff.db")) as database, database:
            (sent,) = [p.payload for p in slack.deliveries.sent if _is_order(p.payload)]
            database.execute("UPDATE arrivals SET done_at = NULL, payload = ?", (json.dumps(sent),))
        async with serving(tmp_path, settings, agent) as scene:
            await slack.connected(2)
            async with asyncio.timeout(PATIENCE):
                while await scene.core.store.arrivals.waiting("slack"):
                    await asyncio.sleep(0.01)
            assert len((await scene.core.store.executions.list(ExecutionQuery(limit=9))).items) == 1
            assert len(await scene.core.store.approvals.open()) == 1
        assert len(slack.messages(ops)) == 1


async def test_a_delivery_is_stored_although_slack_answers_nothing_else(tmp_path: Path, mode: Mode) -> None:
    """SLACK-5: who we are is asked once at the start; Bolt would ask again, and lose what comes if that fails."""
    async with workspace(tmp_path, ActingAgent(asks), mode=mode) as ws:
        ws.slack.fail("auth.test", status=500, times=9)
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        assert begun.ack.ok
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)


def _is_order(payload: Mapping[str, Any]) -> bool:
    return "command" in payload or payload.get("event", {}).get("type") == "app_mention"
