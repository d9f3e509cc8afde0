"""The shapes in which Slack tells an app what happened.

Source: docs.slack.dev, reference of events and of interaction payloads, and the page about slash commands.
"""

from __future__ import annotations

import secrets
from typing import Any

from tests.servers.slack.parts import Payload, choices
from tests.servers.slack.world import Channel, File, Message, User, View, World

_CHOSEN = {"static_select", "external_select", "radio_buttons", "overflow"}
_SEVERAL = {"checkboxes", "multi_static_select", "multi_external_select"}
_SELECTED = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}


def event(world: World, inner: Payload, team: str) -> Payload:
    """Wrap an event of the Events API."""
    return {
        "token": "deprecated",
        "team_id": team,
        "context_team_id": world.team_id,
        "context_enterprise_id": None,
        "enterprise_id": None,
        "api_app_id": world.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": world.new("Ev"),
        "event_time": int(world.clock.now().timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team_id,
                "user_id": world.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": team != world.team_id,
        "event_context": f"4-{secrets.token_hex(8)}",
    }


def message(world: World, found: Message) -> Payload:
    """Describe a message as events and actions carry it."""
    author = world.users[found.user]
    made: Payload = {"type": "message", "user": found.user, "ts": found.ts, "text": found.text, "team": author.team}
    if found.bot_id:
        made |= {"bot_id": found.bot_id, "app_id": world.app_id}
    optional = {
        "blocks": found.blocks,
        "thread_ts": found.thread_ts,
        "files": found.files,
        "metadata": found.metadata,
        "edited": {"user": found.user, "ts": found.ts} if found.edited else None,
    }
    return made | {key: each for key, each in optional.items() if each}


def message_event(world: World, found: Message, channel: Channel) -> Payload:
    """Tell that a message was posted."""
    made = message(world, found) | {"channel": found.channel, "channel_type": channel.kind, "event_ts": found.ts}
    return made | ({"subtype": "file_share"} if found.files else {})


def message_change(world: World, before: Payload, after: Payload | None, channel: Channel) -> Payload:
    """Tell that a message was edited or, without an `after`, deleted."""
    made: Payload = {
        "type": "message",
        "subtype": "message_changed" if after else "message_deleted",
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.kind,
        "ts": (stamp := world.ts()),
        "event_ts": stamp,
        "previous_message": before,
    }
    return made | ({"message": after} if after else {"deleted_ts": before["ts"]})


def _who(user: User) -> Payload:
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team}


def _where(channel: Channel) -> Payload:
    return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}


def _common(world: World, user: User) -> Payload:
    return {
        "team": {"id": user.team, "domain": "signoff"},
        "user": _who(user),
        "api_app_id": world.app_id,
        "token": "deprecated",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def command(world: World, user: User, channel: Channel, typed: tuple[str, str], response_url: str) -> Payload:
    """Describe a slash command; `typed` is the command and its text."""
    return {
        "token": "deprecated",
        "team_id": user.team,
        "team_domain": "signoff",
        "channel_id": channel.id,
        "channel_name": _where(channel)["name"],
        "user_id": user.id,
        "user_name": user.name,
        "command": typed[0],
        "text": typed[1],
        "api_app_id": world.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": world.trigger(user.id),
    }


def actions_on_message(world: World, user: User, found: Message, action: Payload, response_url: str) -> Payload:
    """Describe a press on something in a message."""
    container: Payload = {
        "type": "message",
        "message_ts": found.ts,
        "channel_id": found.channel,
        "is_ephemeral": found.ephemeral_to is not None,
    }
    if found.thread_ts:
        container["thread_ts"] = found.thread_ts
    made = _common(world, user) | {
        "type": "block_actions",
        "container": container,
        "trigger_id": world.trigger(user.id),
        "channel": _where(world.channels[found.channel]),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }
    return made if found.ephemeral_to else made | {"message": message(world, found)}


def actions_in_view(world: World, user: User, shown: View, action: Payload) -> Payload:
    """Describe a press or a choice in a modal or on the home tab."""
    return _common(world, user) | {
        "type": "block_actions",
        "container": {"type": "view", "view_id": shown.id},
        "trigger_id": world.trigger(user.id, shown.id),
        "view": view(world, shown),
        "actions": [action],
    }


def view(world: World, shown: View) -> Payload:
    """Describe a view with what people have put into it."""
    values: dict[str, Payload] = {}
    for (block_id, action_id), state in shown.inputs.items():
        values.setdefault(block_id, {})[action_id] = state
    defaults: Payload = {"private_metadata": "", "callback_id": "", "external_id": "", "submit": None, "close": None}
    return (
        defaults
        | {"clear_on_close": False, "notify_on_close": False}
        | shown.content
        | {
            "id": shown.id,
            "team_id": world.team_id,
            "app_id": world.app_id,
            "app_installed_team_id": world.team_id,
            "bot_id": world.bot_id,
            "hash": shown.hash,
            "root_view_id": shown.root_id,
            "previous_view_id": shown.previous_id,
            "state": {"values": values},
        }
    )


def view_interaction(world: World, user: User, shown: View, kind: str) -> Payload:
    """Describe a view_submission or a view_closed."""
    made = _common(world, user) | {"type": kind, "view": view(world, shown)}
    if kind == "view_closed":
        return made | {"is_cleared": False}
    return made | {"trigger_id": world.trigger(user.id, shown.id), "response_urls": []}


def suggestion(world: World, user: User, shown: View, found: tuple[Payload, Payload], typed: str) -> Payload:
    """Ask for the options of a menu that the app fills."""
    block, element = found
    return _common(world, user) | {
        "type": "block_suggestion",
        "container": {"type": "view", "view_id": shown.id},
        "view": view(world, shown),
        "block_id": block["block_id"],
        "action_id": element["action_id"],
        "value": typed,
    }


def shortcut(world: World, user: User, callback_id: str, on: Message | None, response_url: str) -> Payload:
    """Describe a shortcut, on a message or from anywhere."""
    made = _common(world, user) | {
        "callback_id": callback_id,
        "trigger_id": world.trigger(user.id),
        "action_ts": world.ts(),
    }
    if on is None:
        return made | {"type": "shortcut"}
    return made | {
        "type": "message_action",
        "message_ts": on.ts,
        "channel": _where(world.channels[on.channel]),
        "message": message(world, on),
        "response_url": response_url,
    }


def action(world: World, found: tuple[Payload, Payload], value: Any = None) -> Payload:
    """Describe what was done to one element."""
    block, element = found
    made: Payload = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
        "action_ts": world.ts(),
    }
    if element["type"] in {"button", "icon_button"}:
        return made | {"text": element.get("text"), "value": element.get("value")}
    return made | state(element, value)


def state(element: Payload, value: Any) -> Payload:
    """Describe what an element holds once a person has given it this value; choices are named by their values."""
    kind = element["type"]
    if kind in _CHOSEN:
        return {"type": kind, "selected_option": None if value is None else _option(element, value)}
    if kind in _SEVERAL:
        return {"type": kind, "selected_options": [_option(element, each) for each in value or ()]}
    if kind == "feedback_buttons":
        return {"type": kind, "value": value}
    return {"type": kind, _SELECTED.get(kind, "value"): value}


def _option(element: Payload, value: str) -> Payload:
    for each in choices(element):
        if each.get("value") == value:
            return each
    if "external" in element["type"]:
        return {"text": {"type": "plain_text", "text": value, "emoji": True}, "value": value}
    raise LookupError(f"nobody can choose {value!r} here: {choices(element)}")


def initial(element: Payload) -> Payload:
    """Describe what an element holds before anybody has touched it."""
    kind = element["type"]
    if kind in _CHOSEN:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _SEVERAL:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    key = _SELECTED.get(kind, "value")
    return {"type": kind, key: element.get(key.replace("selected", "initial") if key != "value" else "initial_value")}


def file(world: World, found: File, url: str) -> Payload:
    """Describe a file."""
    return {
        "id": found.id,
        "name": found.name,
        "title": found.title or found.name,
        "mimetype": found.mimetype,
        "filetype": found.name.rpartition(".")[2],
        "user": found.user,
        "size": len(found.content or b""),
        "mode": "hosted",
        "is_external": False,
        "url_private": f"{url}/files-pri/{world.team_id}-{found.id}/{found.name}",
        "url_private_download": f"{url}/files-pri/{world.team_id}-{found.id}/download/{found.name}",
        "permalink": f"{url}/files/{found.user}/{found.id}/{found.name}",
        "channels": list(found.shared),
        "shares": {"public": {channel: [{"channel_name": channel}] for channel in found.shared}},
        "file_access": "visible",
    } | ({"alt_txt": found.alt_text} if found.alt_text else {})
