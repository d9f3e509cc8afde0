"""The manifest from which a workspace makes its app: exactly the scopes and events that this front end uses."""

from __future__ import annotations

from runner.model import Json

# What each scope is for.
SCOPES = {
    "app_mentions:read": "hear who names us",
    "channels:history": "hear replies in threads of public channels",
    "chat:write": "show cards",
    "commands": "/task",
    "files:read": "fetch what people post for the agent",
    "files:write": "post reports, diffs and logs",
    "groups:history": "hear replies in threads of private channels",
    "im:history": "hear direct messages",
    "im:write": "answer who acts on the App Home or by a shortcut",
    "reactions:write": "show by a reaction that the agent gets or has read a message",
}
EVENTS = ("app_mention", "message.channels", "message.groups", "message.im")


def manifest() -> Json:
    """Return the manifest for Socket Mode, as Slack takes it under "Create New App, From a manifest"."""
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
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "slash_commands": [
                {
                    "command": "/task",
                    "description": "Run, watch and approve the work of coding agents",
                    "usage_hint": "do PROMPT | run NAME | runs | inbox | help",
                    "should_escape": False,
                }
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
