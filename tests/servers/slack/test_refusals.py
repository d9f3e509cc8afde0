"""What Slack refuses is refused to the real client, in Slack's words, and remembered as a violation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.core.clock import HandClock
from tests.servers.slack import StrictSlack
from tests.servers.slack.stage import actions, button, client, field, modal
from tests.servers.slack.world import Channel, Message, User

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
HOME = {"type": "home", "blocks": [SECTION]}


class Scene(NamedTuple):
    slack: StrictSlack
    clock: HandClock
    bot: AsyncWebClient
    alice: User
    room: Channel
    theirs: Message
    ours: Message

    def trigger(self) -> str:
        return self.slack.world.trigger(self.alice.id)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A room with a message of Alice and one of the bot, a room without the bot, and no app that listens."""
    clock = HandClock()
    async with StrictSlack(clock, in_flight=0) as slack:
        alice = slack.user("U1ALICE", "alice")
        slack.user("U2BOB", "bob")
        room = slack.channel("C1ROOM", alice)
        slack.channel("C2OTHER", alice, bot=False)
        theirs = (await slack.say(alice, room, "hello")).message
        bot = client(slack)
        await bot.chat_postMessage(channel="C1ROOM", text="ours")
        yield Scene(slack, clock, bot, alice, room, theirs, slack.messages(room)[-1])


async def refused(call: Awaitable[Any]) -> str:
    """Return the error with which a call was refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


Act = Callable[[Scene], Awaitable[Any]]

VIOLATIONS: dict[str, tuple[Act, str]] = {
    "a channel that is not there": (lambda s: s.bot.chat_postMessage(channel="C9", text="x"), "channel_not_found"),
    "a channel without the bot": (lambda s: s.bot.chat_postMessage(channel="C2OTHER", text="x"), "not_in_channel"),
    "nothing to say": (lambda s: s.bot.api_call("chat.postMessage", json={"channel": "C1ROOM"}), "no_text"),
    "a thread that is not there": (
        lambda s: s.bot.chat_postMessage(channel="C1ROOM", text="x", thread_ts="1.000001"),
        "thread_not_found",
    ),
    "an unknown block": (
        lambda s: s.bot.chat_postMessage(channel="C1ROOM", text="x", blocks=[{"type": "sparkles"}]),
        "invalid_blocks",
    ),
    "too much in all blocks together": (
        lambda s: s.bot.chat_postMessage(
            channel="C1ROOM",
            text="x",
            blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2500}}] * 5,
        ),
        "msg_blocks_too_long",
    ),
    "markdown beside text": (
        lambda s: s.bot.chat_postMessage(channel="C1ROOM", text="x", markdown_text="y"),
        "markdown_text_conflict",
    ),
    "metadata of another shape": (
        lambda s: s.bot.chat_postMessage(channel="C1ROOM", text="x", metadata={"run": "1"}),
        "invalid_metadata_format",
    ),
    "an update of what never was": (
        lambda s: s.bot.chat_update(channel="C1ROOM", ts="1.000001", text="x"),
        "message_not_found",
    ),
    "an update of another's message": (
        lambda s: s.bot.chat_update(channel="C1ROOM", ts=s.theirs.ts, text="x"),
        "cant_update_message",
    ),
    "deleting another's message": (
        lambda s: s.bot.chat_delete(channel="C1ROOM", ts=s.theirs.ts),
        "cant_delete_message",
    ),
    "a whisper to somebody outside": (
        lambda s: s.bot.chat_postEphemeral(channel="C1ROOM", user="U2BOB", text="x"),
        "user_not_in_channel",
    ),
    "an emoji that is none": (
        lambda s: s.bot.reactions_add(channel="C1ROOM", timestamp=s.ours.ts, name=":eyes:"),
        "invalid_name",
    ),
    "a trigger that was never given": (
        lambda s: s.bot.views_open(trigger_id="1.2.3", view=modal(field("a"))),
        "invalid_trigger_id",
    ),
    "a modal without a button to send it": (
        lambda s: s.bot.views_open(trigger_id=s.trigger(), view=without(modal(field("a")), "submit")),
        "invalid_arguments",
    ),
    "a home tab as a modal": (lambda s: s.bot.views_open(trigger_id=s.trigger(), view=HOME), "invalid_arguments"),
    "a push from outside of a modal": (
        lambda s: s.bot.views_push(trigger_id=s.trigger(), view=modal(field("a"))),
        "not_found",
    ),
    "a view that is not there": (lambda s: s.bot.views_update(view_id="V9", view=modal(field("a"))), "not_found"),
    "a person who is not there": (lambda s: s.bot.users_info(user="U9"), "user_not_found"),
    "an upload of nothing": (
        lambda s: s.bot.files_getUploadURLExternal(filename="a.txt", length=0),
        "invalid_arguments",
    ),
    "a file that was not uploaded": (
        lambda s: s.bot.files_completeUploadExternal(files=[{"id": "F9", "title": "x"}]),
        "file_not_found",
    ),
    "a method that is not there": (lambda s: s.bot.api_call("chat.shout"), "unknown_method"),
    "the token of the app for the bot's work": (
        lambda s: client(s.slack, s.slack.app_token).auth_test(),
        "not_allowed_token_type",
    ),
    "the token of the bot for a socket": (
        lambda s: s.bot.apps_connections_open(app_token=s.slack.bot_token),
        "not_allowed_token_type",
    ),
    "a token that nobody has": (lambda s: client(s.slack, "xoxb-nobody").auth_test(), "invalid_auth"),
    "no token": (lambda s: client(s.slack, "").auth_test(), "not_authed"),
}


def without(content: dict[str, Any], key: str) -> dict[str, Any]:
    """Leave one key out."""
    return {name: each for name, each in content.items() if name != key}


@pytest.mark.parametrize("case", VIOLATIONS)
async def test_refused_and_remembered(scene: Scene, case: str) -> None:
    act, error = VIOLATIONS[case]
    assert await refused(act(scene)) == error
    assert len(scene.slack.forgive(error)) == 1
    assert scene.slack.calls[-1].error == error
    assert not scene.slack.violations


async def test_what_can_happen_to_the_best_app_is_refused_without_blame(scene: Scene) -> None:
    """Reactions made twice, messages that people deleted, views that changed or were closed."""
    bot, slack = scene.bot, scene.slack
    await bot.reactions_add(channel="C1ROOM", timestamp=scene.ours.ts, name="eyes")
    assert await refused(bot.reactions_add(channel="C1ROOM", timestamp=scene.ours.ts, name="eyes")) == "already_reacted"
    await bot.reactions_remove(channel="C1ROOM", timestamp=scene.ours.ts, name="eyes")
    gone = bot.reactions_remove(channel="C1ROOM", timestamp=scene.ours.ts, name="eyes")
    assert await refused(gone) == "no_reaction"
    await slack.delete(scene.alice, scene.ours)
    assert await refused(bot.chat_update(channel="C1ROOM", ts=scene.ours.ts, text="x")) == "message_not_found"
    await bot.views_publish(user_id=scene.alice.id, view=HOME)
    assert await refused(bot.views_publish(user_id=scene.alice.id, view=HOME, hash="old")) == "hash_conflict"
    await bot.views_open(trigger_id=scene.trigger(), view=modal(field("a")))
    form = slack.modal(scene.alice)
    assert form
    await slack.close(form)
    assert await refused(bot.views_update(view_id=form.id, view=modal(field("a")))) == "not_found"
    assert not slack.violations


async def test_a_trigger_is_good_once_and_for_three_seconds(scene: Scene) -> None:
    view = modal(field("a"))
    used, old = scene.trigger(), scene.trigger()
    await scene.clock.move(seconds=3)
    await scene.bot.views_open(trigger_id=used, view=view)
    assert await refused(scene.bot.views_open(trigger_id=used, view=view)) == "exchanged_trigger_id"
    await scene.clock.move(seconds=0.1)
    assert await refused(scene.bot.views_open(trigger_id=old, view=view)) == "expired_trigger_id"
    assert scene.slack.forgive("trigger_id")


async def test_modals_are_three_deep(scene: Scene) -> None:
    await scene.bot.views_open(trigger_id=scene.trigger(), view=modal(field("a")))
    for _ in range(2):
        top = scene.slack.modal(scene.alice)
        assert top
        await scene.bot.views_push(trigger_id=scene.slack.world.trigger("U1ALICE", top.id), view=modal(field("a")))
    deepest = scene.slack.modal(scene.alice)
    assert deepest
    trigger = scene.slack.world.trigger("U1ALICE", deepest.id)
    assert await refused(scene.bot.views_push(trigger_id=trigger, view=modal(field("a")))) == "push_limit_reached"
    assert scene.slack.forgive("push_limit_reached")


async def test_blocks_without_text_and_texts_that_are_cut_are_posted_and_remembered(scene: Scene) -> None:
    await scene.bot.api_call("chat.postMessage", json={"channel": "C1ROOM", "blocks": [SECTION]})
    await scene.bot.chat_postMessage(channel="C1ROOM", text="x" * 40_001)
    assert len(scene.slack.messages(scene.room)[-1].text) == 40_000
    assert scene.slack.forgive("lock screen")
    assert scene.slack.forgive("was cut at 40000")
    assert not scene.slack.violations


async def test_an_update_without_blocks_leaves_the_buttons_and_is_remembered(scene: Scene) -> None:
    posted = await scene.bot.chat_postMessage(channel="C1ROOM", text="x", blocks=[actions(button("ok"))])
    await scene.bot.chat_update(channel="C1ROOM", ts=posted["ts"], text="y")
    assert scene.slack.messages(scene.room)[-1].element("ok")
    assert scene.slack.forgive("a text alone")
    await scene.bot.chat_update(channel="C1ROOM", ts=posted["ts"], text="y", blocks=[])
    assert not scene.slack.messages(scene.room)[-1].element("ok")
    assert not scene.slack.violations


async def test_an_app_finds_its_messages_again_by_their_metadata(scene: Scene) -> None:
    metadata = {"event_type": "run", "event_payload": {"id": "7f3c"}}
    await scene.bot.chat_postMessage(channel="C1ROOM", text="x", metadata=metadata, thread_ts=scene.ours.ts)
    plain = await scene.bot.conversations_replies(channel="C1ROOM", ts=scene.ours.ts)
    assert [each.get("metadata") for each in plain["messages"]] == [None, None]
    full = await scene.bot.conversations_replies(channel="C1ROOM", ts=scene.ours.ts, include_all_metadata=True)
    assert full["messages"][1]["metadata"] == metadata
    history = await scene.bot.conversations_history(channel="C1ROOM")
    assert [each["text"] for each in history["messages"]] == ["ours", "hello"]


async def test_a_response_address_ends_after_half_an_hour(scene: Scene) -> None:
    address = scene.slack.url + scene.slack.world.response_path("U1ALICE", "C1ROOM", scene.ours.ts)
    async with aiohttp.ClientSession() as session:
        await scene.clock.move(minutes=30)
        async with session.post(address, json={"text": "new", "replace_original": True}) as response:
            assert response.status == 200
        assert scene.ours.text == "new"
        await scene.clock.move(seconds=1)
        async with session.post(address, json={"text": "late"}) as response:
            assert response.status == 404
    assert scene.slack.forgive("expired_url")


async def test_forms_are_understood_as_well_as_json(scene: Scene) -> None:
    headers = {"Authorization": f"Bearer {scene.slack.bot_token}"}
    form = {"channel": "C1ROOM", "text": "x", "blocks": '[{"type": "divider"}]'}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{scene.slack.base_url}chat.postMessage", data=form, headers=headers) as response,
    ):
        assert (await response.json())["message"]["blocks"][0]["type"] == "divider"


async def test_a_file_goes_up_in_three_steps_and_comes_down_with_a_token(scene: Scene) -> None:
    root = scene.ours.ts
    await scene.bot.files_upload_v2(filename="r.txt", content=b"report", channel="C1ROOM", thread_ts=root, title="R")
    [_, shown] = scene.slack.messages(scene.room, root)
    address = shown.files[0]["url_private"]
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {scene.slack.bot_token}"}
        async with session.get(address, headers=headers) as response:
            assert await response.read() == b"report"
        assert not scene.slack.violations
        async with session.get(address) as response:
            assert "Sign in" in await response.text()
    assert scene.slack.forgive("without the bot's token")


async def test_an_upload_of_another_length_or_a_second_completion_is_refused(scene: Scene) -> None:
    begun = await scene.bot.files_getUploadURLExternal(filename="a.txt", length=3)
    files = [{"id": begun["file_id"], "title": "a"}]
    async with aiohttp.ClientSession() as session:
        async with session.post(begun["upload_url"], data=b"four") as response:
            assert response.status == 400
        assert scene.slack.forgive("4 came")
        assert await refused(scene.bot.files_completeUploadExternal(files=files)) == "file_not_found"
        async with session.post(begun["upload_url"], data=b"abc") as response:
            assert response.status == 200
        await scene.bot.files_completeUploadExternal(files=files)
        assert await refused(scene.bot.files_completeUploadExternal(files=files)) == "file_not_found"
        async with session.post(begun["upload_url"], data=b"abc") as response:
            assert response.status == 404
    assert len(scene.slack.forgive("file_not_found")) == 2


async def test_prompts_with_a_thread_do_nothing_and_say_ok(scene: Scene) -> None:
    prompts = [{"title": "New", "message": "new task"}]
    await scene.bot.assistant_threads_setSuggestedPrompts(channel_id="C1ROOM", prompts=prompts, thread_ts="1.1")
    assert not scene.slack.world.prompts
    assert scene.slack.forgive("do nothing")


async def test_a_method_can_be_missing_from_the_workspace(scene: Scene) -> None:
    scene.slack.off("agents.sessions.setStatus")
    call = scene.bot.agents_sessions_setStatus(channel_id="C1ROOM", thread_ts=scene.ours.ts, status="active")
    assert await refused(call) == "unknown_method"
    assert not scene.slack.violations


async def test_forgiving_what_did_not_happen_is_an_error(scene: Scene) -> None:
    with pytest.raises(LookupError):
        scene.slack.forgive("anything")
