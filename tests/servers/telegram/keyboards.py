"""What may be under a message: buttons, or a wish for an answer."""

from __future__ import annotations

from typing import Any

from tests.servers.telegram.texts import url_problem
from tests.servers.telegram.world import Payload, Refused, World

_BUTTONS, _A_ROW = 100, 8
_STYLES = ("danger", "primary", "success")
_ACTIONS = ("url", "callback_data", "copy_text", "web_app", "switch_inline_query", "switch_inline_query_current_chat")


def markup_of(world: World, args: Payload, *, inline: bool = False) -> Payload | None:
    """Read a reply_markup; `inline` is for messages that exist already."""
    markup = args.get("reply_markup")
    if markup in (None, "", {}):
        return None
    if not isinstance(markup, dict):
        raise Refused("object expected as reply markup", f"{markup!r}")
    if "inline_keyboard" in markup:
        return _inline(world, markup)
    if inline:
        raise Refused("inline keyboard expected", f"only inline keyboards can be changed: {markup}")
    if markup.get("force_reply") and not 1 <= len(str(markup.get("input_field_placeholder", "x"))) <= 64:
        raise Refused("input field placeholder is invalid", "a placeholder has 1-64 characters")
    if not {"force_reply", "keyboard", "remove_keyboard"} & markup.keys():
        raise Refused("can't parse reply keyboard markup JSON object", f"{markup}")
    return markup


def _inline(world: World, markup: Payload) -> Payload | None:
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refused('field "inline_keyboard" must be an Array of Arrays', f"{rows!r}")
    for row in rows:
        for button in row:
            _button(button)
        if len(row) > _A_ROW:
            world.violate(f"{len(row)} buttons in a row: more than {_A_ROW} cannot be read")
    if sum(map(len, rows)) > _BUTTONS:
        raise Refused("reply markup is too long", f"{sum(map(len, rows))} buttons")
    kept = [row for row in rows if row]
    return {"inline_keyboard": kept} if kept else None


def _button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise Refused("can't parse inline keyboard button: InlineKeyboardButton must be an Object", f"{button!r}")
    if not button["text"].strip():
        raise Refused("BUTTON_TEXT_INVALID", "a button without text")
    if button.get("style", "primary") not in _STYLES:
        raise Refused("can't parse inline keyboard button: invalid button style specified", f"{button['style']!r}")
    does = [each for each in _ACTIONS if button.get(each)]
    if not does:
        raise Refused(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard", f"{button}"
        )
    if len(does) > 1:
        raise Refused("can't parse inline keyboard button: exactly one optional field must be used", f"{does}")
    _action(button, does[0])


def _action(button: Payload, does: str) -> None:
    value = button[does]
    if does == "callback_data" and (not isinstance(value, str) or len(value.encode()) > 64):
        raise Refused("BUTTON_DATA_INVALID", f"callback_data has 1-64 bytes: {value!r}")
    if does == "copy_text" and not 1 <= len(str(value.get("text", ""))) <= 256:
        raise Refused("BUTTON_COPY_TEXT_INVALID", f"copy_text has 1-256 characters: {value!r}")
    if does == "url" and (problem := url_problem(value)):
        raise Refused(f"inline keyboard button URL '{value}' is invalid", problem)
