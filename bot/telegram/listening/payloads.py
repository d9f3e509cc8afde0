"""What Telegram sends, read into what a person said or pressed.

Pure, and total: any JSON is read, or dropped for a reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.telegram.heard import (
    Changed,
    Dropped,
    FileRef,
    Heard,
    Me,
    Place,
    Pressed,
    Reached,
    Said,
    Started,
)

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")  # what is asked for

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?=\s|$)")
_KINDS = frozenset({"private", "group", "supergroup"})
_DOCUMENTS = ("document", "audio", "video", "animation", "video_note")
_HERE = frozenset({"member", "administrator", "creator", "restricted"})
_LONGEST = 200_000  # characters of a text; Telegram's own have 4,096
_MOST = 1 << 63  # numbers are below
_GENERAL = 1  # the topic of a forum that is none

Part = Mapping[object, object]


def read(update: object, me: Me) -> Heard:
    """Read one update. Whatever is not what it should be is dropped for a stated reason."""
    if not isinstance(update, Mapping):
        return Dropped(reason="no object")
    number = _number(update, "update_id")
    if number is None:
        return Dropped(reason="no number")
    key = str(number)
    if query := _part(update, "callback_query"):
        return _welcome(_pressed(query, key), me)
    if message := _part(update, "message"):
        return _welcome(_message(message, key, me), me)
    if edited := _part(update, "edited_message"):
        return _welcome(_changed(edited, key, me), me)
    if member := _part(update, "my_chat_member"):
        return _welcome(_reached(member, key), me)
    return Dropped(reason="an unknown kind of update")


def channel_of(heard: Heard) -> str:
    """Return the chat in whose order something is dealt with."""
    return "" if isinstance(heard, Dropped) else heard.place.channel


def _welcome(heard: Heard, me: Me) -> Heard:
    """Drop what comes from a group where we may not be used."""
    if isinstance(heard, Dropped):
        return heard
    if heard.place.user == me.id:
        return Dropped(reason="our own")
    if me.chats and not heard.place.direct and heard.place.chat not in me.chats:
        return Dropped(reason="a chat that is not on the list")
    return heard


def _message(message: Part, key: str, me: Me) -> Heard:
    place = _place(message, me)
    if place is None:
        return Dropped(reason="it does not say who, where or which")
    if _part(message, "from").get("is_bot") is True or "via_bot" in message:
        return Dropped(reason="not a person's message")
    text = _text(message, "text") or _text(message, "caption")
    files, voice = _files(message), _voice(message)
    if not text and not files and voice is None:
        return Dropped(reason="nothing that can be read")
    said = Said(
        key=key, place=place, text=text.strip(), files=files, voice=voice, album=_text(message, "media_group_id")
    )
    return _understood(said, me)


def _understood(said: Said, me: Me) -> Heard:
    """See whether it is a command, or names us."""
    if (command := _COMMAND.match(said.text)) is not None:
        word, bot = command[1].lower(), command[2] or ""
        if bot and bot.lower() != me.username.lower():
            return Dropped(reason="a command for another bot")
        rest = said.text[command.end() :].strip()
        if word == "start":
            return Started(key=said.key, place=said.place, payload=rest.split(maxsplit=1)[0] if rest else "")
        line = rest if word == "task" else f"{word} {rest}".strip()
        return replace(said, text=line, command=True)
    text, named = _without_name(said.text, me)
    return replace(said, text=text, named=named)


def _without_name(text: str, me: Me) -> tuple[str, bool]:
    """Take our name away from the beginning; say whether we are named at all."""
    name = re.compile(rf"@{re.escape(me.username)}(?![A-Za-z0-9_])", re.IGNORECASE)
    if not me.username or name.search(text) is None:
        return text, False
    found = name.match(text)
    return (text[found.end() :].lstrip(" ,:\n") if found else text), True


def _changed(message: Part, key: str, me: Me) -> Heard:
    place = _place(message, me)
    if place is None:
        return Dropped(reason="it does not say who, where or which")
    said = _understood(
        Said(key=key, place=place, text=(_text(message, "text") or _text(message, "caption")).strip()), me
    )
    if not isinstance(said, Said) or not said.text:
        return Dropped(reason="an edit that says nothing to anybody")
    return Changed(key=key, place=place, text=said.text)


def _pressed(query: Part, key: str) -> Heard:
    message = _part(query, "message")
    place, name, data = _place(message, None, user=_part(query, "from")), _text(query, "id"), _text(query, "data")
    if place is None or not name or not data:
        return Dropped(reason="a press that does not say who, where or what")
    return Pressed(key=key, place=place, query=name, data=data)


def _reached(member: Part, key: str) -> Heard:
    chat, user = _part(member, "chat"), _number(_part(member, "from"), "id")
    number = _number(chat, "id")
    if number is None or user is None or _text(chat, "type") not in _KINDS:
        return Dropped(reason="it does not say who or where")
    place = Place(user=user, chat=number, message=0, direct=_text(chat, "type") == "private")
    return Reached(key=key, place=place, open=_text(_part(member, "new_chat_member"), "status") in _HERE)


def _place(message: Part, me: Me | None, *, user: Part | None = None) -> Place | None:
    """Return where a message is; None if it does not say so. `user` is who acts, if not its author."""
    chat, answered = _part(message, "chat"), _part(message, "reply_to_message")
    acts = _number(user if user is not None else _part(message, "from"), "id")
    number, kind, name = _number(chat, "id"), _text(chat, "type"), _number(message, "message_id")
    if acts is None or number is None or name is None or kind not in _KINDS:
        return None
    topic = _number(message, "message_thread_id") if message.get("is_topic_message") is True else None
    reply_to = None if "forum_topic_created" in answered else _number(answered, "message_id")
    return Place(
        user=acts,
        chat=number,
        message=name,
        direct=kind == "private",
        forum=chat.get("is_forum") is True or (kind == "private" and me is not None and me.topics),
        topic=None if topic == _GENERAL else topic,
        reply_to=reply_to,
        to_us=reply_to is not None and me is not None and _number(_part(answered, "from"), "id") == me.id,
    )


def _files(message: Part) -> tuple[FileRef, ...]:
    sizes = message.get("photo")
    photos = [size for size in sizes if isinstance(size, Mapping)] if isinstance(sizes, list) else []
    if photos:
        largest = max(photos, key=lambda size: _number(size, "file_size") or 0)
        found = _file(largest, "photo.jpg", "image/jpeg")
        return (found,) if found else ()
    for kind in _DOCUMENTS:
        if (document := _part(message, kind)) and (found := _file(document, kind, "application/octet-stream")):
            return (found,)
    return ()


def _voice(message: Part) -> FileRef | None:
    voice = _part(message, "voice")
    return _file(voice, "voice.ogg", "audio/ogg") if voice else None


def _file(part: Part, name: str, media_type: str) -> FileRef | None:
    if not (file_id := _text(part, "file_id")):
        return None
    return FileRef(
        id=file_id[:512],
        name=_text(part, "file_name")[:255] or name,
        media_type=_text(part, "mime_type")[:100] or media_type,
        size=max(0, _number(part, "file_size") or 0),
    )


def _part(content: Part, name: str) -> Part:
    part = content.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(content: Part, name: str) -> int | None:
    number = content.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) and -_MOST < number < _MOST else None


def _text(content: Part, name: str) -> str:
    text = content.get(name)
    return text[:_LONGEST] if isinstance(text, str) else ""
