"""Slack comes to us: what it meets at our address, with the whole core behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.ports import ExecutionQuery
from tests.core.clock import HandClock
from tests.fakes import ActingAgent, Turn, asks
from tests.servers.slack import StrictSlack
from tests.slack.workspace import Workspace, configured, serving, workspace


async def runs(ws: Workspace) -> int:
    """Count all runs."""
    return len((await ws.scene.core.store.executions.list(ExecutionQuery(limit=50))).items)


async def test_a_forged_an_old_and_a_recorded_request_leave_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-6: nor a stack trace in the log."""
    async with workspace(tmp_path, ActingAgent(asks), mode="http") as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        assert begun.ack.ok
        assert await ws.slack.forge(secret="guessed") == 401
        assert await ws.slack.forge(age=301) == 401
        body, headers = ws.slack.webhooks.written(ws.slack.deliveries.sent[-1], age=10)
        assert (await ws.slack.webhooks.send(body, headers))[0] == 200
        assert (await ws.slack.webhooks.send(body, headers))[0] == 401
        unsigned = {name: text for name, text in headers.items() if not name.startswith("X-Slack-")}
        another = body.replace(b"Ev", b"Ew")
        assert (await ws.slack.webhooks.send(another, headers))[0] == 401
        assert (await ws.slack.webhooks.send(another, unsigned))[0] == 401
        assert (await ws.slack.webhooks.send(b"x" * (2 << 20), headers))[0] == 413
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        assert await runs(ws) == 1
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.proof
async def test_an_event_comes_again_until_we_are_back_and_is_dealt_with_once(tmp_path: Path) -> None:
    """SLACK-5: a restart in the middle; Slack repeats after one and after five minutes."""
    clock = HandClock()

    async def part(turn: Turn) -> str:
        return f"heard: {turn.prompt}"

    agent = ActingAgent(part)
    async with StrictSlack(clock) as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack, mode="http")
        async with serving(tmp_path, settings, agent) as scene:
            await slack.connected()
        begun = await slack.mention(ada, ops, "do --project calculator Build it")
        assert (begun.ack.ok, begun.ack.delivered) == (False, False)
        async with serving(tmp_path, settings, agent) as scene:
            await slack.connected()
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            await clock.move(minutes=1)
            await slack.settle()
            assert (await slack.redeliver()).ok
            await ws.until(ops, lambda m: "heard: " in ws.said(m), thread=begun.message.ts)
            assert await runs(ws) == 1
        assert {parcel.attempt for parcel in slack.deliveries.sent if "event" in parcel.payload} >= {0, 1, 2}
        assert slack.violations == []


async def test_twenty_commands_at_once_from_five_channels_are_all_answered(tmp_path: Path) -> None:
    """SLACK-7: each to its person alone, within the three seconds that Slack gives."""
    async with workspace(tmp_path, ActingAgent(asks), mode="http") as ws:
        rooms = [ws.slack.channel(f"CROOM{number}", ws.ada) for number in range(5)]
        async with ws.patience(), asyncio.TaskGroup() as group:
            acks = [
                group.create_task(ws.slack.command(ws.ada, rooms[number % 5], "/task", "runs")) for number in range(20)
            ]
        assert all(ack.result().ok for ack in acks)
        assert max(ack.result().seconds for ack in acks) < 3
        async with ws.patience():
            while len(ws.slack.ephemerals) < 20:
                await ws.moment()


async def test_a_command_that_speaks_of_a_payload_is_a_command(tmp_path: Path) -> None:
    """SLACK-7: the word is how Bolt knows a form, and it would drop the command without a word."""
    async with workspace(tmp_path, ActingAgent(asks), mode="http") as ws:
        assert (await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator Mend the payload parser")).ok
        await ws.until(ws.ops, lambda m: "Mend the payload parser" in ws.said(m))
