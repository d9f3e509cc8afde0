"""Stored messages as the library sends them."""

from __future__ import annotations

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from runner.model import Json


def entities(payload: Json) -> list[MessageEntity]:
    """Return what is special about the text of a stored message."""
    return [
        MessageEntity(
            type=str(each["type"]),
            offset=int(each["offset"]),
            length=int(each["length"]),
            url=each.get("url"),
            language=each.get("language"),
        )
        for each in payload.get("entities", ())
    ]


def keyboard(payload: Json) -> InlineKeyboardMarkup | ForceReply | None:
    """Return the buttons of a stored message; where it asks for a text (`reply`), the field for it instead."""
    if payload.get("reply"):
        return ForceReply(input_field_placeholder=str(payload["reply"])[:64])
    return inline(payload)


def inline(payload: Json) -> InlineKeyboardMarkup | None:
    """Return the buttons of a stored message."""
    rows: list[list[Json]] = [list(row) for row in payload.get("keyboard", ())]
    return InlineKeyboardMarkup([[_button(key) for key in row] for row in rows]) if rows else None


def _button(key: Json) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=str(key["text"]), callback_data=str(key["data"]), style=key.get("style") or None)
