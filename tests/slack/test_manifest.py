"""The manifest names what is used, and nothing else."""

from __future__ import annotations

import json

from bot.slack.manifest import EVENTS, SCOPES, manifest

# Which scope each method of the Web API needs that the front end calls (docs.slack.dev).
NEEDED = {
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
    assert set(EVENTS) == {name for name in NEEDED if name.startswith(("message.", "app_"))}


def test_it_is_for_socket_mode_and_short_enough() -> None:
    made = manifest()
    assert json.loads(json.dumps(made)) == made
    assert made["settings"]["socket_mode_enabled"]
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    (command,) = made["features"]["slash_commands"]
    assert len(command["command"]) <= 32
