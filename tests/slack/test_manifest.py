"""The manifest names what is used, and nothing else."""

from __future__ import annotations

import json

import pytest

from bot.slack.heard import MAKE_TASK, NEW_TASK, RUN_THIS
from bot.slack.manifest import EVENTS, SCOPES, manifest
from runner.errors import BadInput

# Which scope each method of the Web API needs that the front end calls (docs.slack.dev).
FREE = {"views.publish", "views.open", "app_home_opened"}  # no scope
NEEDED = {
    "agents.sessions.setStatus": "assistant:write",  # only an app with an agent view has sessions, and the scope
    "agent_session_stopped": "assistant:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history",
    "files.completeUploadExternal": "files:write",
    "reactions.add": "reactions:write",
    "url_private": "files:read",
    "/task": "commands",
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
}


def test_every_scope_is_needed_and_none_is_missing() -> None:
    assert set(SCOPES) == set(NEEDED.values())
    assert set(EVENTS) == {name for name in {*NEEDED, *FREE} if name.startswith(("message.", "app_", "agent_"))}


def test_the_tab_and_the_view_that_its_events_belong_to_are_there() -> None:
    """SLACK-11, SLACK-12: without them Slack sends no opening of the home, and has no session."""
    features = manifest()["features"]
    assert features["app_home"]["home_tab_enabled"]
    assert 0 < len(features["agent_view"]["agent_description"]) <= 300
    assert "assistant:write" in SCOPES


def test_it_is_for_socket_mode_and_short_enough() -> None:
    made = manifest()
    assert json.loads(json.dumps(made)) == made
    assert made["settings"]["socket_mode_enabled"]
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    for shortcut in made["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert shortcut["type"] in {"global", "message"}
    assert {each["callback_id"] for each in made["features"]["shortcuts"]} == {NEW_TASK, MAKE_TASK, RUN_THIS}
    (command,) = made["features"]["slash_commands"]
    assert len(command["command"]) <= 32


@pytest.mark.parametrize(
    ("public", "address"),
    [
        ("https://signoff.example.org", "https://signoff.example.org/slack/events"),
        ("https://example.org:8443/signoff/", "https://example.org:8443/signoff/slack/events"),
        ("https://example.org/slack/events", "https://example.org/slack/events"),
        ("http://127.0.0.1:8750", "http://127.0.0.1:8750/slack/events"),
        ("http://[::1]:8750", "http://[::1]:8750/slack/events"),
        ("http://localhost", "http://localhost/slack/events"),
    ],
)
def test_for_http_everything_comes_to_one_address(public: str, address: str) -> None:
    """SLACK-7: events, the command and interactivity; all else is as for Socket Mode."""
    made = manifest(public)
    settings = made["settings"]
    assert not settings["socket_mode_enabled"]
    assert settings["event_subscriptions"].pop("request_url") == address
    assert settings["interactivity"].pop("request_url") == address
    assert [command.pop("url") for command in made["features"]["slash_commands"]] == [address]
    assert {**made, "settings": {**settings, "socket_mode_enabled": True}} == manifest()


@pytest.mark.parametrize(
    "public",
    [
        "http://signoff.example.org",
        "http://10.0.0.1",
        "http://127.0.0.1.example.org",
        "ftp://example.org",
        "signoff.example.org",
        "https://",
        "https://[::1",
        "https://example.org:port",
        "https://example.org/?a=b",
        "https://example.org/#a",
        "https://me:secret@example.org",
        "https://example.org/a b",
        "https://example.org/\n",
    ],
)
def test_an_address_that_slack_would_not_deliver_to_is_refused(public: str) -> None:
    with pytest.raises(BadInput, match=r"https://signoff\.example\.org") as refused:
        manifest(public)
    assert "`" in refused.value.message
