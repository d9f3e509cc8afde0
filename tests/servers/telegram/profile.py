"""What the bot says about itself: its name, its commands, its description, its menu."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.servers.telegram import objects
from tests.servers.telegram.arguments import given
from tests.servers.telegram.world import Payload, Refused, World

_SCOPES: dict[str, tuple[str, ...]] = {
    "all_chat_administrators": (),
    "all_group_chats": (),
    "all_private_chats": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
    "default": (),
}
_MOST = 100


class Profile:
    """getMe, commands, descriptions and menu buttons."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.commands: dict[tuple[str, str], list[Payload]] = {}
        self.descriptions: dict[str, str] = {}
        self.short_descriptions: dict[str, str] = {}
        self.menu: Payload = {"type": "commands"}
        self.methods: dict[str, Callable[[Payload], Any]] = {
            "deleteMyCommands": lambda args: self.commands.pop(self._key(args), []) is not None,
            "getChatMenuButton": self._get_menu,
            "getMe": lambda _args: objects.me(self._world),
            "getMyCommands": lambda args: self.commands.get(self._key(args), []),
            "getMyDescription": lambda args: {"description": self.descriptions.get(_language(args), "")},
            "getMyShortDescription": lambda args: {
                "short_description": self.short_descriptions.get(_language(args), "")
            },
            "setChatMenuButton": self._set_menu,
            "setMyCommands": self._set_commands,
            "setMyDescription": lambda args: _describe(self.descriptions, args, "description", 512),
            "setMyShortDescription": lambda args: _describe(self.short_descriptions, args, "short_description", 120),
        }

    def _key(self, args: Payload) -> tuple[str, str]:
        scope = given(args, "scope", dict) or {"type": "default"}
        kind = scope.get("type")
        if kind not in _SCOPES:
            raise Refused("can't parse BotCommandScope: unsupported type specified", f"{scope!r}")
        for each in _SCOPES[kind]:
            if not isinstance(scope.get(each), int):
                raise Refused(f"can't parse BotCommandScope: {each} is required", f"{scope!r}")
        if "chat_id" in scope:
            self._world.find(scope["chat_id"])
        return json.dumps(scope, sort_keys=True), _language(args)

    def _set_commands(self, args: Payload) -> bool:
        key = self._key(args)
        commands = given(args, "commands", list) or []
        if len(commands) > _MOST:
            raise Refused("BOT_COMMANDS_TOO_MUCH", f"{len(commands)} commands")
        for each in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", str(each.get("command", ""))):
                raise Refused("BOT_COMMAND_INVALID", f"{each!r}")
            if not 1 <= len(str(each.get("description", ""))) <= 256:
                raise Refused("BOT_COMMAND_DESCRIPTION_INVALID", f"{each!r}")
        self.commands[key] = commands
        return True

    def _set_menu(self, args: Payload) -> bool:
        button = given(args, "menu_button", dict) or {"type": "default"}
        if button.get("type") not in {"commands", "default", "web_app"}:
            raise Refused("MenuButton has unsupported type", f"{button!r}")
        if (chat_id := given(args, "chat_id", int)) is None:
            self.menu = button
            return True
        chat = self._world.open(chat_id)
        if not chat.private:
            raise Refused("chat not found", "only private chats have a menu button")
        chat.menu = button
        return True

    def _get_menu(self, args: Payload) -> Payload:
        chat_id = given(args, "chat_id", int)
        own = self._world.open(chat_id).menu if chat_id is not None else None
        return own or self.menu


def _describe(kept: dict[str, str], args: Payload, name: str, longest: int) -> bool:
    text = given(args, name, str) or ""
    if len(text) > longest:
        raise Refused(f"{name} is too long", f"{len(text)} characters")
    kept[_language(args)] = text
    return True


def _language(args: Payload) -> str:
    code = given(args, "language_code", str) or ""
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise Refused("invalid language code specified", f"{code!r}")
    return code
