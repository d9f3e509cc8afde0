"""Everything people do reaches an app on the real Bolt, over sockets and over HTTP, in the shapes Bolt understands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.core.clock import HandClock
from tests.servers.loopback import taking
from tests.servers.slack import StrictSlack
from tests.servers.slack.stage import TRANSPORTS, Echo, actions, button, field, modal, over_http, over_sockets
from tests.servers.slack.world import Channel, User


class Scene(NamedTuple):
    slack: StrictSlack
    echo: Echo
    alice: User
    room: Channel


@pytest.fixture(params=TRANSPORTS)
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with StrictSlack(ack_seconds=3) as slack, TRANSPORTS[request.param](slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        yield Scene(slack, echo, alice, slack.channel("C1ROOM", alice))
        await slack.settle()
        assert not slack.violations


async def test_a_command_is_acknowledged_and_its_answer_is_shown_to_who_typed_it(scene: Scene) -> None:
    scene.echo.answers["/task"] = "on it"
    ack = await scene.slack.command(scene.alice, scene.room, "/task", "run nightly")
    assert ack.ok
    assert ack.seconds < 3
    body = scene.echo.bodies[0]
    assert (body["command"], body["text"], body["user_id"]) == ("/task", "run nightly", "U1ALICE")
    [shown] = scene.slack.ephemerals
    assert (shown.text, shown.ephemeral_to) == ("on it", "U1ALICE")


async def test_a_button_is_found_in_the_message_as_it_stands_and_its_answer_replaces_the_message(scene: Scene) -> None:
    posted = await scene.echo.client.chat_postMessage(
        channel="C1ROOM", text="Approve?", blocks=[actions(button("ok", value="42"))]
    )
    [message] = scene.slack.messages(scene.room)
    assert message.ts == posted["ts"]
    assert (await scene.slack.press(scene.alice, message, "ok")).ok
    body = next(each for each in scene.echo.bodies if each["type"] == "block_actions")
    assert body["actions"][0]["value"] == "42"
    assert body["container"]["message_ts"] == message.ts
    await scene.echo.client.chat_update(channel="C1ROOM", ts=message.ts, text="Approved", blocks=[])
    assert (message.text, message.blocks) == ("Approved", [])
    with pytest.raises(LookupError):
        await scene.slack.press(scene.alice, message, "ok")
    assert (await scene.slack.press(scene.alice, message, "ok", stale=True)).ok


async def test_messages_mentions_edits_deletions_reactions_and_files_arrive_as_events(scene: Scene) -> None:
    slack, alice, room = scene.slack, scene.alice, scene.room
    said, ack = await slack.say(alice, room, "hello", files=[("a.txt", b"content")])
    assert ack.ok
    assert (await slack.mention(alice, room, "do it", thread_ts=said.ts)).ack.ok
    assert (await slack.react(alice, said, "eyes")).ok
    assert (await slack.take_back(alice, said, "eyes")).ok
    assert (await slack.edit(alice, said, "hello there")).ok
    assert (await slack.delete(alice, said)).ok
    await slack.settle()
    assert [each.get("subtype") for each in scene.echo.events("message")] == [
        "file_share",
        None,
        "message_changed",
        "message_deleted",
    ]
    [mention] = scene.echo.events("app_mention")
    assert mention["thread_ts"] == said.ts
    assert len(scene.echo.events("reaction_added")) == len(scene.echo.events("reaction_removed")) == 1
    [shared] = scene.echo.events("file_shared")
    info = await scene.echo.client.files_info(file=shared["file_id"])
    assert info["file"]["size"] == 7


async def test_the_direct_messages_and_the_home_tab_are_there(scene: Scene) -> None:
    slack, alice = scene.slack, scene.alice
    await slack.say(alice, slack.dm(alice), "hi")
    assert scene.echo.events("message")[0]["channel_type"] == "im"
    assert (await slack.open_home(alice)).ok
    home = {"type": "home", "blocks": [actions(button("refresh"))]}
    await scene.echo.client.views_publish(user_id=alice.id, view=home)
    shown = slack.home(alice)
    assert shown
    ack = await slack.act(shown, "refresh")
    assert ack
    assert ack.ok
    assert scene.echo.bodies[-1]["view"]["type"] == "home"


async def open_form(scene: Scene, **more: Any) -> None:
    await scene.slack.command(scene.alice, scene.room, "/form")
    trigger = scene.echo.bodies[-1]["trigger_id"]
    await scene.echo.client.views_open(trigger_id=trigger, view=modal(field("prompt"), **more))


async def test_a_form_is_filled_in_and_sent_and_goes_away(scene: Scene) -> None:
    await open_form(scene)
    form = scene.slack.modal(scene.alice)
    assert form
    with pytest.raises(LookupError):
        await scene.slack.submit(form)
    assert (await scene.slack.submit(form, {"prompt": "audit"})).ok
    assert scene.echo.bodies[-1]["view"]["state"]["values"]["prompt"]["typed"]["value"] == "audit"
    assert scene.slack.modal(scene.alice) is None


async def test_errors_updates_and_pushes_in_the_answer_to_a_form(scene: Scene) -> None:
    await open_form(scene)
    form = scene.slack.modal(scene.alice)
    assert form
    scene.echo.answers["form"] = {"response_action": "errors", "errors": {"prompt": "too vague"}}
    await scene.slack.submit(form, {"prompt": "x"})
    assert form.errors == {"prompt": "too vague"}
    scene.echo.answers["form"] = {"response_action": "push", "view": modal(field("why"), callback_id="second")}
    await scene.slack.submit(form)
    upper = scene.slack.modal(scene.alice)
    assert upper
    assert upper.previous_id == form.id
    scene.echo.answers["second"] = {"response_action": "clear"}
    await scene.slack.submit(upper, {"why": "because"})
    assert scene.slack.modal(scene.alice) is None


async def test_a_field_that_dispatches_lets_the_form_grow_and_keeps_what_was_typed(scene: Scene) -> None:
    await open_form(scene)
    form = scene.slack.modal(scene.alice)
    assert form
    assert await scene.slack.act(form, "prompt", "kept to itself") is None
    live = modal(field("prompt", dispatch_action=True), field("name"))
    await scene.echo.client.views_update(view_id=form.id, hash=form.hash, view=live)
    assert form.inputs["prompt", "typed"]["value"] == "kept to itself"
    ack = await scene.slack.act(form, "prompt", "check {{service}}")
    assert ack
    assert ack.ok
    assert scene.echo.bodies[-1]["actions"][0]["value"] == "check {{service}}"


async def test_shortcuts_suggestions_closing_and_the_native_stop(scene: Scene) -> None:
    slack, alice = scene.slack, scene.alice
    said, _ = await slack.say(alice, scene.room, "a prompt")
    assert (await slack.shortcut(alice, "make_task", said)).ok
    assert scene.echo.bodies[-1]["message"]["text"] == "a prompt"
    assert (await slack.shortcut(alice, "new_task")).ok
    menu = {"type": "external_select", "action_id": "project"}
    trigger = scene.echo.bodies[-1]["trigger_id"]
    form = modal(field("project", element=menu), notify_on_close=True)
    await scene.echo.client.views_open(trigger_id=trigger, view=form)
    shown = slack.modal(alice)
    assert shown
    option = {"text": {"type": "plain_text", "text": "api"}, "value": "api"}
    scene.echo.answers["form"] = {"options": [option]}
    assert await slack.suggest(shown, "project", "a") == [option]
    closing = await slack.close(shown)
    assert closing
    assert closing.ok
    with pytest.raises(LookupError):
        await slack.stop_session(alice, scene.room, said.ts)
    await scene.echo.client.agents_sessions_setStatus(channel_id="C1ROOM", thread_ts=said.ts, status="processing")
    assert (await slack.stop_session(alice, scene.room, said.ts)).ok
    assert scene.echo.events("agent_session_stopped")[0]["thread_ts"] == said.ts


async def test_a_response_address_takes_five_answers_and_no_more(scene: Scene) -> None:
    await scene.slack.command(scene.alice, scene.room, "/task")
    address = AsyncWebhookClient(scene.echo.bodies[-1]["response_url"])
    for number in range(5):
        assert (await address.send(text=f"{number}")).status_code == 200
    assert (await address.send(text="one too many")).status_code == 404
    assert len(scene.slack.ephemerals) == 5
    assert scene.slack.forgive("used_url")


async def test_the_app_hears_its_own_messages_and_bolt_drops_them(scene: Scene) -> None:
    await scene.echo.client.chat_postMessage(channel="C1ROOM", text="mine")
    await scene.slack.settle()
    [parcel] = scene.slack.deliveries.sent
    assert parcel.payload["event"]["bot_id"] == scene.slack.world.bot_id
    assert not scene.echo.bodies


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_command_that_nobody_acknowledges_is_a_violation_and_does_not_come_again(transport: str) -> None:
    async with StrictSlack(ack_seconds=0.2) as slack, TRANSPORTS[transport](slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        echo.deaf = True
        ack = await slack.command(alice, slack.channel("C1ROOM", alice), "/task", "run")
        assert (ack.ok, ack.delivered) == (False, True)
        assert len(slack.forgive("slash_commands /task run")) == 1
        await slack.settle()
        assert len(slack.deliveries.sent) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_event_that_nobody_acknowledges_comes_again(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, after one minute, after five; with the same event_id, and with the number of the try."""
    clock = HandClock()
    async with StrictSlack(clock, ack_seconds=0.2) as slack, TRANSPORTS[transport](slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        room = slack.channel("C1ROOM", alice)
        tries: list[str] = []

        async def hang(request: Any) -> None:
            tries.append(request.headers.get("x-slack-retry-num", ["0"])[0])
            await asyncio.Event().wait()

        # Bolt acknowledges an event by itself when its listener ends: only an app that hangs stays silent.
        with monkeypatch.context() as patch:
            patch.setattr(echo.app, "async_dispatch", hang)
            await slack.say(alice, room, "anybody?")
            for number, minutes in ((2, 1), (3, 5)):
                await until(lambda: len(slack.violations), number)
                await clock.move(minutes=minutes)
            await slack.settle()
        parcels = slack.deliveries.sent
        assert tries == ["0", "1", "2", "3"]
        assert len({each.payload["event_id"] for each in parcels}) == 1
        assert len(slack.forgive("not acknowledged")) == 4


async def until(count: Callable[[], int], wanted: int) -> None:
    """Wait until there are so many."""
    async with asyncio.timeout(10):
        while count() != wanted:
            await asyncio.sleep(0.005)


async def test_envelopes_go_round_the_sockets() -> None:
    async with StrictSlack() as slack, over_sockets(slack, 3) as echo:
        alice = slack.user("U1ALICE", "alice")
        room = slack.channel("C1ROOM", alice)
        for _ in range(6):
            await slack.command(alice, room, "/task")
        assert len(echo.bodies) == 6
        assert sorted(place for place, _ in slack.sockets.received) == [0, 0, 1, 1, 2, 2]
        assert not slack.violations


async def test_an_app_comes_back_after_a_cut_and_gets_what_it_missed() -> None:
    clock = HandClock()
    async with StrictSlack(clock) as slack, over_sockets(slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        room = slack.channel("C1ROOM", alice)
        slack.cut()
        _, ack = await slack.say(alice, room, "into the void")
        assert (ack.ok, ack.delivered) == (False, False)
        with pytest.raises(Exception, match=r"disconnected|Cannot connect|reset"):
            await echo.client.auth_test()
        slack.restore()
        await slack.connected()
        await clock.move(minutes=1)
        await slack.settle()
        assert [each["text"] for each in echo.events("message")] == ["into the void"]
        assert not slack.violations


async def test_an_app_follows_when_slack_asks_for_a_new_connection() -> None:
    async with StrictSlack() as slack, over_sockets(slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        await slack.refresh()
        await slack.connected()
        assert (await slack.command(alice, slack.channel("C1ROOM", alice), "/task")).ok
        assert len(echo.bodies) == 1
        assert not slack.violations


async def test_the_eleventh_socket_is_refused() -> None:
    async with StrictSlack() as slack, over_sockets(slack, 10) as echo:
        address = (await echo.client.apps_connections_open(app_token=slack.app_token))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
            assert (await socket.receive_json())["reason"] == "too_many_websockets"
        assert slack.forgive("too_many_websockets")


async def test_a_forged_or_old_signature_is_refused_by_bolt() -> None:
    async with StrictSlack() as slack, over_http(slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        await slack.command(alice, slack.channel("C1ROOM", alice), "/task")
        assert await slack.forge(secret="wrong") == 401
        assert await slack.forge(age=301) == 401
        assert await slack.forge() == 200
        assert (await slack.redeliver()).ok
        assert len(echo.bodies) == 3
        assert not slack.violations


async def test_an_answer_to_a_command_keeps_the_limits_too() -> None:
    async with StrictSlack() as slack, over_sockets(slack) as echo:
        alice = slack.user("U1ALICE", "alice")
        echo.answers["/task"] = {"text": "x", "blocks": [{"type": "sparkles"}]}
        assert (await slack.command(alice, slack.channel("C1ROOM", alice), "/task")).ok
        assert not slack.ephemerals
        assert slack.forgive("acknowledgement: invalid_blocks")


async def test_an_http_app_that_fails_breaks_the_rules_and_may_ask_not_to_hear_it_again() -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    async with taking("/", refuse) as url, StrictSlack() as slack:
        slack.http(url)
        alice = slack.user("U1ALICE", "alice")
        _, ack = await slack.say(alice, slack.channel("C1ROOM", alice), "hello")
        await slack.settle()
        assert ack.failure == "http_error"
        assert len(slack.deliveries.sent) == 1
        assert slack.forgive("http_error")
