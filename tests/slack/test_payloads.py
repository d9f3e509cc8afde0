"""Whatever Slack sends is read into what a person meant, or dropped for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.forms.fields import Input
from bot.slack.buttons import Press
from bot.slack.heard import (
    Changed,
    Commanded,
    Dropped,
    FileRef,
    Me,
    Opened,
    Picked,
    Place,
    Pressed,
    Said,
    Stopped,
    Submitted,
    Typed,
)
from bot.slack.payloads import plain, read

ME = Me(team="T1", user="UBOT")
ADA = "U1"


def event(**fields: Any) -> dict[str, Any]:
    """Make an event about a message of Ada's."""
    message = {"type": "message", "user": ADA, "team": "T1", "channel": "C1", "ts": "5.0", "text": "hello"} | fields
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": message}


def press(**action: Any) -> dict[str, Any]:
    """Make a press of a button on a message in a thread."""
    return {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": ADA, "team_id": "T1"},
        "channel": {"id": "C1"},
        "message": {"ts": "6.0", "thread_ts": "5.0"},
        "trigger_id": "t.1",
        "actions": [
            {"action_id": "press:0", "value": "approve 0007", "action_ts": "7.0", "text": {"text": "Go"}} | action
        ],
    }


def command(**fields: Any) -> dict[str, Any]:
    """Make a slash command."""
    return {
        "command": "/task",
        "team_id": "T1",
        "user_id": ADA,
        "channel_id": "C1",
        "trigger_id": "t.1",
        "text": "do it",
    } | fields


def submission(metadata: str, text: str) -> dict[str, Any]:
    """Make the submission of a form with one text."""
    view: dict[str, Any] = {"id": "V1", "hash": "h", "private_metadata": metadata, "callback_id": "ask"}
    view |= {"type": "modal", "state": {"values": {"text": {"text": {"value": text}}}}}
    return {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": ADA, "team_id": "T1"}, "view": view}


def shortcut() -> dict[str, Any]:
    """Make the use of a shortcut on a message."""
    return {
        "type": "message_action",
        "callback_id": "run_this",
        "action_ts": "7.0",
        "team": {"id": "T1"},
        "user": {"id": ADA, "team_id": "T1"},
        "channel": {"id": "C1"},
        "trigger_id": "t.1",
        "message": {"ts": "5.0", "user": "U2", "text": " mend &lt;it&gt; "},
        "response_url": "https://r",
    }


def test_what_is_nested_deeper_than_can_be_kept_is_dropped() -> None:
    """SLACK-1: however deep."""
    for levels in (60, 100_000):
        content: object = "x"
        for _ in range(levels):
            content = [content]
        assert read(command(blocks=content), ME) == Dropped(reason="nested too deeply")
    assert isinstance(read(command(blocks=[[[{"a": []}]]]), ME), Commanded)


def test_a_slash_command_is_read() -> None:
    heard = read(command(text=" do  &lt;b&gt; "), ME)
    assert heard == Commanded(key="t.1", place=Place(user=ADA, channel="C1"), text="do  <b>", trigger="t.1")


def test_a_message_counts_in_a_thread_to_us_alone_or_with_our_name() -> None:
    reply = read(event(thread_ts="4.0"), ME)
    assert reply == Said(key="Ev1", place=Place(user=ADA, channel="C1", thread="4.0"), ts="5.0", text="hello")
    direct = read(event(channel="D1", channel_type="im"), ME)
    assert direct == Said(key="Ev1", place=Place(user=ADA, channel="D1", direct=True), ts="5.0", text="hello")
    named = read(event(type="app_mention", text="<@UBOT> mend the <https://x.org/a?b=1&amp;c=2|test>"), ME)
    assert isinstance(named, Said)
    assert (named.text, named.named) == ("mend the https://x.org/a?b=1&c=2", True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event(), "said to others"),
        (event(text="<@UBOT> do it", thread_ts="4.0"), "it comes as a mention as well"),
        (event(thread_ts="4.0", bot_id="B1"), "not a person's message"),
        (event(thread_ts="4.0", subtype="channel_join"), "not a person's message"),
        (event(thread_ts="4.0", user="UBOT"), "our own"),
        (event(thread_ts="4.0", team="T2"), "another workspace"),
        (event(thread_ts="4.0", user=None), "it does not say who, where or which"),
        (event(type="reaction_added"), "an event that needs nothing"),
        (event(type="app_home_opened", tab="messages"), "a tab that needs nothing"),
        (event(type="app_home_opened", tab="home", user=None), "it does not say who, where or which"),
        (event(type="app_home_opened", tab="home") | {"event_id": ""}, "it does not say who, where or which"),
        (event(type="agent_session_stopped"), "a session without a thread"),
        (event(type="agent_session_stopped", thread_ts="4.0", user=None), "it does not say who, where or which"),
        (press(value="", selected_option=None), "a press that carries nothing"),
        (press(value='{"action": 7}'), "a button that is not ours"),
        (press(value="approve " * 300), "a button that is not ours"),
        (press(action_ts=None), "it does not say who, where or which"),
        (press() | {"channel": {"id": "reactions"}}, "it does not say who, where or which"),
        (command(user_id="U1\n<!here>"), "it does not say who, where or which"),
        (command(channel_id="U1"), "it does not say who, where or which"),
        (event(thread_ts="4.0", ts=5.0), "it does not say who, where or which"),
        (submission("<!here> - deny x", "x"), "a form that is not ours"),
        (submission("elsewhere", "x"), "a form that is not ours"),
        ({"type": "url_verification", "team_id": "T1"}, "an unknown kind of delivery"),
        ({}, "no workspace"),
        ([], "no object"),
    ],
)
def test_what_is_not_for_us_is_dropped_for_a_reason(body: object, reason: str) -> None:
    assert read(body, ME) == Dropped(reason=reason)


def test_only_channels_on_the_list_and_conversations_with_us_alone_are_served() -> None:
    only = Me(team="T1", user="UBOT", channels=frozenset({"C2"}))
    assert read(command(), only) == Dropped(reason="a channel that is not on the list")
    assert read(press(), only) == Dropped(reason="a channel that is not on the list")
    assert isinstance(read(command(channel_id="C2"), only), Commanded)
    assert isinstance(read(command(channel_id="D9"), only), Commanded)


def test_a_press_carries_its_line_and_says_whether_a_text_is_wanted() -> None:
    place = Place(user=ADA, channel="C1", thread="5.0")
    press_ = Press(action="approve 0007")
    pressed = Pressed(key="7.0.press:0.U1", place=place, press=press_, trigger="t.1", label="Go")
    assert read(press(), ME) == pressed
    asked = read(press(value='{"action": "deny 0007", "asks": "Why?", "prefill": ""}'), ME)
    assert isinstance(asked, Pressed)
    assert asked.press == Press(action="deny 0007", asks="Why?")
    chosen = read(press(value=None, selected_option={"value": "deny 0007"}), ME)
    assert isinstance(chosen, Pressed)
    assert chosen.press.action == "deny 0007"


def test_a_form_comes_back_with_the_press_that_opened_it() -> None:
    place = Place(user=ADA, channel="C1", thread="5.0")
    heard = read(submission(place.kept("deny 0007"), "because of 'this'"), ME)
    fields = {"text": Input(now=("because of 'this'",))}
    assert heard == Submitted(key="V1.h.U1", place=place, form="ask", memory="deny 0007", fields=fields)
    loose = Place(user=ADA, channel="D1", direct=True)
    assert read(submission(loose.kept("say x"), "y"), ME) == Submitted(
        key="V1.h.U1", place=loose, form="ask", memory="say x", fields={"text": Input(now=("y",))}
    )


def test_what_is_typed_in_an_open_form_is_told_from_a_press() -> None:
    body = submission("C1 - new", "y") | {"type": "block_actions", "actions": [{"action_id": "p", "action_ts": "7.0"}]}
    heard = read(body, ME)
    assert isinstance(heard, Typed)
    assert (heard.key, heard.place, heard.action) == ("7.0.V1", Place(user=ADA, channel="C1"), "p")


def test_a_shortcut_of_a_message_is_used_in_its_thread_and_a_global_one_nowhere() -> None:
    heard = read(shortcut(), ME)
    place = Place(user=ADA, channel="C1", thread="5.0", reply_url="https://r")
    assert heard == Picked(key="7.0.run_this.U1", place=place, name="run_this", trigger="t.1", text="mend <it>")
    everywhere = {name: part for name, part in shortcut().items() if name not in {"message", "channel", "response_url"}}
    heard = read(everywhere | {"type": "shortcut", "callback_id": "new_task"}, ME)
    assert isinstance(heard, Picked)
    assert heard.place == Place(user=ADA, channel="", direct=True)
    assert read(everywhere, ME) == Dropped(reason="a shortcut that is not ours")


def test_who_opens_the_home_and_who_stops_a_session_is_heard() -> None:
    """SLACK-11, SLACK-12: the answer to what happens on the home goes to that person directly."""
    place = Place(user=ADA, channel="", direct=True)
    opened = event(type="app_home_opened", tab="home")
    assert read(opened, ME) == Opened(key="home.Ev1", place=place, blank=True)
    assert read(event(type="app_home_opened", tab="home", view={"id": "V1"}), ME) == Opened(key="home.Ev1", place=place)
    only = Me(team="T1", user="UBOT", channels=frozenset({"C2"}))
    assert isinstance(read(opened, only), Opened)
    stopped = event(type="agent_session_stopped", thread_ts="4.0")
    assert read(stopped, ME) == Stopped(key="Ev1", place=Place(user=ADA, channel="C1", thread="4.0"))
    assert read(stopped, only) == Dropped(reason="a channel that is not on the list")


def test_files_are_named_by_what_fetches_them() -> None:
    file = {"name": "a.png", "mimetype": "image/png", "size": 5, "url_private": "https://f/a"}
    heard = read(event(thread_ts="4.0", subtype="file_share", files=[file, {"mode": "tombstone"}, 7]), ME)
    assert isinstance(heard, Said)
    assert heard.files == (FileRef(name="a.png", media_type="image/png", size=5, url="https://f/a"),)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a &amp;&amp; b &lt;c&gt;", "a && b <c>"),
        ("<https://x.org|x>", "https://x.org"),
        ("<mailto:a@x.org|a@x.org>", "a@x.org"),
        ("<@U2> <@U2|bob> <#C1|ops> <!here> <!subteam^S1|@ops>", "@U2 @bob #ops @here @ops"),
    ],
)
def test_slacks_escapes_are_undone(typed: str, meant: str) -> None:
    assert plain(typed) == meant


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_KEYS = (
    *("type", "event", "user", "team", "team_id", "id", "channel", "channel_id", "channel_type", "command", "text"),
    *("actions", "action_id", "value", "view", "state", "values", "private_metadata", "message", "ts", "thread_ts"),
    *("files", "subtype", "bot_id", "event_id", "trigger_id", "selected_option", "hash", "action_ts", "mimetype"),
    *("callback_id", "blocks", "block_id", "element", "initial_value", "initial_option", "selected_options", "options"),
    *("shortcut", "message_action", "run_this", "new_task", "modal", "C1 - new", "- - new"),
    *("event_callback", "block_actions", "view_submission", "app_mention", "T1", "U1", "C1", "D1", "im", "<@UBOT>"),
)
_WORDS = st.sampled_from(_KEYS)
_JSON = st.recursive(
    _SCALARS | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=8),
    max_leaves=30,
)


@given(body=_JSON)
def test_any_payload_is_read_or_dropped(body: object) -> None:
    """SLACK-1: nothing that comes from outside makes the reader fail; what is read says who, where and which."""
    _sound(body)


@given(
    base=st.sampled_from(
        [
            event(thread_ts="4.0"),
            event(type="app_home_opened", tab="home"),
            event(type="agent_session_stopped", thread_ts="4.0"),
            press(),
            command(),
            submission("C1 5.0 deny x", "y"),
            shortcut(),
        ]
    ),
    path=st.lists(st.integers(0, 9), max_size=4),
    put=_JSON,
)
def test_a_real_payload_with_any_part_replaced_is_read_or_dropped(
    base: dict[str, Any], path: list[int], put: object
) -> None:
    """SLACK-1: wrong types and missing fields at any place."""
    _sound(_replaced(base, path, put))


def _sound(body: object) -> None:
    heard = read(body, ME)
    if not isinstance(heard, Dropped):
        assert heard.place.user
        assert heard.place.channel or heard.place.direct
        assert heard.key
    else:
        assert heard.reason


def _replaced(content: Any, path: list[int], put: object) -> Any:
    if not path or not isinstance(content, dict) or not content:
        return put
    name = list(content)[path[0] % len(content)]
    return content | {name: _replaced(content[name], path[1:], put)}


def change(before: dict[str, Any], after: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    """Make an event about a message in a thread that was edited or deleted."""
    message = {"user": ADA, "ts": "5.1", "thread_ts": "5.0", "text": "use tabs"}
    made: dict[str, Any] = {"subtype": "message_changed" if after else "message_deleted", "ts": "9.0", "user": ""}
    made["previous_message"] = message | before
    return event(**made | ({"message": message | after} if after else {"deleted_ts": "5.1"}) | fields)


def test_edits_and_deletions_are_read_under_the_name_of_the_message() -> None:
    """SLACK-14: also of one that has replies, which Slack only hides."""
    place = Place(user=ADA, channel="C1", thread="5.0")
    edited = read(change({}, {"text": "use &lt;spaces&gt;"}), ME)
    assert edited == Changed(key="Ev1", place=place, ts="5.1", text="use <spaces>")
    gone = Changed(key="Ev1", place=place, ts="5.1", text=None)
    assert read(change({}, None), ME) == gone
    assert read(change({}, {"subtype": "tombstone", "text": "This message was deleted."}), ME) == gone
    named = {"thread_ts": "", "text": "<@UBOT> mend it"}
    begun = read(change(named, named | {"text": "<@UBOT> leave it"}), ME)
    assert begun == Changed(key="Ev1", place=Place(user=ADA, channel="C1"), ts="5.1", text="leave it")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"attachments": [{"title": "a preview"}]}),
        ({"bot_id": "B1"}, {"bot_id": "B1", "text": "another"}),
        ({"subtype": "channel_join"}, None),
        ({"thread_ts": "", "text": "lunch?"}, {"thread_ts": "", "text": "dinner?"}),
        ({"user": "UBOT"}, {"user": "UBOT", "text": "another"}),
    ],
    ids=["a preview of a link", "a bot", "a notice of Slack", "said to others", "our own"],
)
def test_changes_that_concern_no_agent_are_dropped(before: dict[str, Any], after: dict[str, Any] | None) -> None:
    """SLACK-14: only the words of people count."""
    assert isinstance(read(change(before, after), ME), Dropped)
