"""The manifest from which a workspace makes its app: exactly the scopes and events that this front end uses."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from bot.slack.heard import MAKE_TASK, NEW_TASK, RUN_THIS
from runner.errors import BadInput
from runner.model import Json

PATH = "/slack/events"  # of events, commands and interactivity over HTTP, all of them

# What each scope is for.
SCOPES = {
    "app_mentions:read": "hear who names us",
    "assistant:write": "show in a thread that an agent is at work, with Slack's own stop button",
    "channels:history": "hear replies in threads of public channels",
    "chat:write": "show cards",
    "commands": "/task and shortcuts",
    "files:read": "fetch what people post for the agent",
    "files:write": "post reports, diffs and logs",
    "groups:history": "hear replies in threads of private channels",
    "im:history": "hear direct messages",
    "im:write": "answer who acts on the App Home or by a shortcut",
    "reactions:write": "show by a reaction that the agent gets or has read a message",
}
SHORTCUTS = (
    ("Run this", "message", RUN_THIS, "Begin a run with this message, in its thread"),
    ("Make this a task", "message", MAKE_TASK, "Save this message as the prompt of a task"),
    ("New task", "global", NEW_TASK, "Save a task that can be run again"),
)
EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
)


def manifest(public: str = "") -> Json:
    """Return the manifest as Slack takes it under "Create New App, From a manifest".

    It is for HTTP where `public` says under which address the world reaches us, else for Socket Mode.
    Raises BadInput for an address that Slack would not deliver to.
    """
    made = _for_sockets()
    if public:
        address = {"request_url": request_url(public)}
        settings = made["settings"]
        settings["socket_mode_enabled"] = False
        settings["event_subscriptions"] = address | settings["event_subscriptions"]
        settings["interactivity"] |= address
        for command in made["features"]["slash_commands"]:
            command["url"] = address["request_url"]
    return made


def request_url(public: str) -> str:
    """Return where Slack is to deliver. Raises BadInput unless it is https, or http on this machine."""
    hint = "Write the one that the world sees, such as https://signoff.example.org."
    parts = _split(public)
    if parts is None:
        raise BadInput(f"`{public}` is no address of a web server.", hint=hint)
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        raise BadInput(f"Slack delivers to https only, and `{public}` is not.", hint=hint)
    return public.rstrip("/").removesuffix(PATH) + PATH


def _split(public: str) -> SplitResult | None:
    try:
        parts = urlsplit(public)
        is_whole = parts.scheme in {"https", "http"} and parts.hostname and (parts.port or True)
    except ValueError:  # brackets or a port that are none
        return None
    return parts if is_whole and public.isprintable() and not {"?", "#", " ", "@"} & {*public} else None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _for_sockets() -> Json:
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "signoff",
            "description": "Run, watch, approve and review the work of coding agents",
            "background_color": "#1F2328",
        },
        "features": {
            "bot_user": {"display_name": "signoff", "always_online": True},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "agent_view": {"agent_description": "Runs coding agents, and asks you before they do what needs a person"},
            "slash_commands": [
                {
                    "command": "/task",
                    "description": "Run, watch and approve the work of coding agents",
                    "usage_hint": "do PROMPT | run NAME | runs | inbox | help",
                    "should_escape": False,
                }
            ],
            "shortcuts": [
                {"name": name, "type": kind, "callback_id": callback, "description": about}
                for name, kind, callback, about in SHORTCUTS
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }
