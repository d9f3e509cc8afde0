"""The rules of Socket Mode, seen by an app that breaks them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.servers.slack import StrictSlack
from tests.servers.slack.delivery import Ack
from tests.servers.slack.stage import client


@asynccontextmanager
async def socket(slack: StrictSlack) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a socket by hand, and read its hello."""
    address = (await client(slack, slack.app_token).apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as frames:
        hello = await frames.receive_json()
        assert hello["type"] == "hello"
        assert hello["num_connections"] == slack.sockets.connections
        yield frames


async def test_the_shape_of_envelopes() -> None:
    async with StrictSlack() as slack, socket(slack) as frames, asyncio.TaskGroup() as group:
        alice = slack.user("U1ALICE", "alice")
        room = slack.channel("C1ROOM", alice)
        said = group.create_task(slack.say(alice, room, "hello"))
        event = await frames.receive_json()
        assert event.keys() == {
            "envelope_id",
            "type",
            "payload",
            "accepts_response_payload",
            "retry_attempt",
            "retry_reason",
        }
        assert (event["type"], event["accepts_response_payload"], event["retry_attempt"]) == ("events_api", False, 0)
        payload = event["payload"]
        assert payload["authorizations"][0]["user_id"] == slack.world.bot_user
        assert payload["enterprise_id"] is None
        assert payload["event"]["channel_type"] == "channel"
        await frames.send_json({"envelope_id": event["envelope_id"]})
        assert (await said).ack.ok
        typed = group.create_task(slack.command(alice, room, "/task"))
        command = await frames.receive_json()
        assert (command["type"], command["accepts_response_payload"]) == ("slash_commands", True)
        await frames.send_json({"envelope_id": command["envelope_id"], "payload": {"text": "done"}})
        assert (await typed).body == {"text": "done"}
        assert not slack.violations


async def test_acknowledging_twice_or_nothing_or_with_words_is_a_violation() -> None:
    async with StrictSlack() as slack, socket(slack) as frames, asyncio.TaskGroup() as group:
        alice = slack.user("U1ALICE", "alice")
        said = group.create_task(slack.say(alice, slack.channel("C1ROOM", alice), "hello"))
        name = (await frames.receive_json())["envelope_id"]
        await frames.send_json({"envelope_id": name, "payload": {"text": "thanks"}})
        await frames.send_json({"envelope_id": name})
        await frames.send_json({"envelope_id": "made up"})
        await frames.send_str("hello?")
        await said
        async with asyncio.timeout(5):
            while len(slack.violations) < 4:
                await asyncio.sleep(0.005)
        for word in ("answered with a payload", "acknowledged twice", "never sent", "acknowledges nothing"):
            assert len(slack.forgive(word)) == 1


async def test_a_late_acknowledgement_is_one_violation_and_the_event_comes_again() -> None:
    async with StrictSlack(ack_seconds=0.1) as slack, socket(slack) as frames, asyncio.TaskGroup() as group:
        alice = slack.user("U1ALICE", "alice")
        said = group.create_task(slack.say(alice, slack.channel("C1ROOM", alice), "hello"))
        late = await frames.receive_json()
        again = await frames.receive_json()
        assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
        assert again["payload"]["event_id"] == late["payload"]["event_id"]
        for envelope in (again, late):
            await frames.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await said).ack.failure == "timeout"
        await slack.settle()
        assert len(slack.forgive("not acknowledged")) == 1


async def test_an_address_opens_one_socket() -> None:
    async with StrictSlack() as slack, aiohttp.ClientSession() as session:
        address = (await client(slack, slack.app_token).apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(address), session.get(address.replace("ws", "http", 1)) as second:
            assert second.status == 401
        assert slack.forgive("used before")


async def test_what_nobody_could_hear_is_not_the_fault_of_the_app() -> None:
    async with StrictSlack() as slack:
        alice = slack.user("U1ALICE", "alice")
        ack = await slack.command(alice, slack.channel("C1ROOM", alice), "/task")
        assert ack == Ack(failure="connection_failed", delivered=False)
        assert not slack.violations
