"""What Slack sends, read into what a person said or pressed.

Pure, and total: any JSON is read, or dropped for a reason.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.slack import buttons
from bot.slack.forms.inputs import read_inputs
from bot.slack.heard import (
    MAKE_TASK,
    NEW_TASK,
    OPENED,
    RUN_THIS,
    Changed,
    Commanded,
    Dropped,
    FileRef,
    Heard,
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
from runner.errors import BadInput

_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})  # subtypes of messages that people write
_CHANGES = frozenset({"message_changed", "message_deleted"})
_MARKUP = re.compile(r"<([^<>]*)>")
_ID = re.compile(r"[A-Z0-9]{1,64}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{0,63}")  # public, direct, private or of several people
_NAME = re.compile(r"[A-Za-z0-9._:/+=-]{1,255}")
_DEEPEST = 50  # levels; Slack's own deliveries have less than 20
_LONGEST = 200_000  # characters of a text; a prompt may have as many


def read(body: object, me: Me) -> Heard:
    """Read one delivery of Slack. Whatever is not what it should be is dropped for a stated reason."""
    if not isinstance(body, Mapping):
        return Dropped(reason="no object")
    if _is_deep(body):
        return Dropped(reason="nested too deeply")
    if (team := _team(body)) != me.team:
        return Dropped(reason="another workspace" if team else "no workspace")
    if "command" in body:
        heard: Heard = _command(body)
    elif body.get("type") == "block_actions":
        heard = _typing(body) if _text(_part(body, "view"), "type") == "modal" else _press(body)
    elif body.get("type") == "view_submission":
        heard = _submission(body)
    elif _text(body, "type") in {"shortcut", "message_action"}:
        heard = _shortcut(body)
    elif body.get("type") == "event_callback":
        heard = _event(body, me)
    else:
        return Dropped(reason="an unknown kind of delivery")
    return _welcome(heard, me)


def plain(text: str) -> str:
    """Return what somebody typed, without Slack's escapes: links as addresses, names as names."""
    return html.unescape(_MARKUP.sub(_unwrapped, text))


def _unwrapped(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if target.startswith(("@", "#", "!")):
        return f"{target[0] if target[0] != '!' else '@'}{label.lstrip('@#') or target[1:]}"
    return target.removeprefix("mailto:")


def _welcome(heard: Heard, me: Me) -> Heard:
    """Drop what comes from nobody, from nowhere, or from a channel where we may not be used."""
    if isinstance(heard, Dropped):
        return heard
    if not heard.place.user or not (heard.place.channel or heard.place.direct) or not heard.key:
        return Dropped(reason="it does not say who, where or which")
    if heard.place.user == me.user:
        return Dropped(reason="our own")
    if me.channels and not heard.place.direct and heard.place.channel not in me.channels:
        return Dropped(reason="a channel that is not on the list")
    return heard


def _command(body: Mapping[object, object]) -> Heard:
    channel = _channel(body, "channel_id")
    place = Place(
        user=_id(body, "user_id"),
        channel=channel,
        direct=channel.startswith("D"),
        reply_url=_text(body, "response_url"),
    )
    trigger = _name(body, "trigger_id")
    return Commanded(key=trigger, place=place, text=plain(_text(body, "text")).strip(), trigger=trigger)


def _press(body: Mapping[object, object]) -> Heard:
    action = _action(body)
    name, chosen = _name(action, "action_id"), action.get("selected_option")
    carried = _text(chosen, "value") if isinstance(chosen, Mapping) else _text(action, "value")
    if not carried:
        return Dropped(reason="a press that carries nothing")
    try:
        press = buttons.pressed(carried)
    except BadInput:
        return Dropped(reason="a button that is not ours")
    message = _part(body, "message")
    channel = _channel(_part(body, "channel"), "id")
    place = Place(
        user=_id(_part(body, "user"), "id"),
        channel=channel,
        thread=_name(message, "thread_ts") or _name(_part(body, "container"), "thread_ts") or None,  # seen by one alone
        direct=channel.startswith("D") or (not channel and "view" in body),
        reply_url=_text(body, "response_url"),
    )
    return Pressed(
        key=_key(_name(action, "action_ts"), name, place.user),
        place=place,
        press=press,
        trigger=_name(body, "trigger_id"),
        label=_text(_part(action, "text"), "text"),
    )


def _submission(body: Mapping[object, object]) -> Heard:
    view = _part(body, "view")
    if (opened := _form_of(body, view)) is None:
        return Dropped(reason="a form that is not ours")
    place, memory = opened
    key = _key(_name(view, "id"), _name(view, "hash") or "-", place.user)
    return Submitted(key=key, place=place, form=_text(view, "callback_id"), memory=memory, fields=read_inputs(view))


def _typing(body: Mapping[object, object]) -> Heard:
    view, action = _part(body, "view"), _action(body)
    if (opened := _form_of(body, view)) is None:
        return Dropped(reason="a form that is not ours")
    shown = {str(name): part for name, part in view.items()}
    key = _key(_name(action, "action_ts"), _name(view, "id"))
    return Typed(key=key, place=opened[0], action=_text(action, "action_id"), view=shown)


def _form_of(body: Mapping[object, object], view: Mapping[object, object]) -> tuple[Place, str] | None:
    """Return where a form was opened, and what it remembers; None if it is not one of ours."""
    kept = _text(view, "private_metadata").split(" ", 2)
    if len(kept) != len(("channel", "thread", "memory")) or not _text(view, "callback_id"):
        return None
    channel, thread, memory = kept[0].strip("-"), *kept[1:]
    if (channel and not _CHANNEL.fullmatch(channel)) or not _NAME.fullmatch(thread):
        return None
    place = Place(
        user=_id(_part(body, "user"), "id"),
        channel=channel,
        thread=None if thread == "-" else thread,
        direct=channel.startswith("D") or not channel,
    )
    return place, memory


def _shortcut(body: Mapping[object, object]) -> Heard:
    """Read a shortcut: that of a message is used in its thread."""
    name, message = _text(body, "callback_id"), _part(body, "message")
    if name not in {NEW_TASK, MAKE_TASK, RUN_THIS} or (name != NEW_TASK and not message):
        return Dropped(reason="a shortcut that is not ours")
    channel = _channel(_part(body, "channel"), "id")
    place = Place(
        user=_id(_part(body, "user"), "id"),
        channel=channel,
        thread=_name(message, "thread_ts") or _name(message, "ts") or None,
        direct=channel.startswith("D") or not channel,
        reply_url=_text(body, "response_url"),
    )
    return Picked(
        key=_key(_name(body, "action_ts"), name, place.user),
        place=place,
        name=name,
        trigger=_name(body, "trigger_id"),
        text=plain(_text(message, "text")).strip(),
        files=_files(message.get("files")),
    )


def _action(body: Mapping[object, object]) -> Mapping[object, object]:
    actions = body.get("actions")
    return actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}


def _event(body: Mapping[object, object], me: Me) -> Heard:
    event = _part(body, "event")
    kind = _text(event, "type")
    if kind == "app_home_opened":
        return _opened(event, _name(body, "event_id"))
    if kind == "agent_session_stopped":
        return _stopped(event, _name(body, "event_id"))
    if kind not in {"message", "app_mention"}:
        return Dropped(reason="an event that needs nothing")
    if _text(event, "subtype") in _CHANGES:
        return _change(event, me, key=_name(body, "event_id"))
    if event.get("bot_id") or _text(event, "subtype") not in _SPOKEN:
        return Dropped(reason="not a person's message")
    said = _message(event, key=_name(body, "event_id"))
    mention = f"<@{me.user}>"
    if kind == "app_mention" or (said.place.direct and said.text.startswith(mention)):
        text = said.text.replace(mention, "", 1) if said.text.startswith(mention) else said.text
        return replace(said, text=plain(text).strip(), named=True)
    if mention in said.text:
        return Dropped(reason="it comes as a mention as well")
    if not said.place.direct and said.place.thread is None:
        return Dropped(reason="said to others")
    return replace(said, text=plain(said.text).strip())


def _opened(event: Mapping[object, object], event_id: str) -> Heard:
    if _text(event, "tab") != "home":
        return Dropped(reason="a tab that needs nothing")
    place = Place(user=_id(event, "user"), channel="", direct=True)
    return Opened(key=event_id and OPENED + event_id, place=place, blank=not _part(event, "view"))


def _stopped(event: Mapping[object, object], event_id: str) -> Heard:
    channel, thread = _channel(event, "channel"), _name(event, "thread_ts")
    if not thread:
        return Dropped(reason="a session without a thread")
    place = Place(user=_id(event, "user"), channel=channel, thread=thread, direct=channel.startswith("D"))
    return Stopped(key=event_id, place=place)


def _message(event: Mapping[object, object], *, key: str) -> Said:
    channel = _channel(event, "channel")
    thread, ts = _name(event, "thread_ts"), _name(event, "ts")
    direct = _text(event, "channel_type") == "im" or channel.startswith("D")
    place = Place(user=_id(event, "user"), channel=channel, thread=thread or None, direct=direct)
    return Said(key=ts and key, place=place, ts=ts, text=_text(event, "text"), files=_files(event.get("files")))


def _change(event: Mapping[object, object], me: Me, *, key: str) -> Heard:
    """Read what became of a message. Slack tells the same way of previews of links, and of our own edits."""
    before, after = _part(event, "previous_message"), _part(event, "message")
    if not before or before.get("bot_id") or _text(before, "subtype") not in _SPOKEN:
        return Dropped(reason="not a person's message that was changed")
    deleted = _text(event, "subtype") == "message_deleted" or _text(after, "subtype") == "tombstone"
    if not deleted and _text(after, "text") == _text(before, "text"):
        return Dropped(reason="its words are the same")
    channel = _channel(event, "channel")
    direct = _text(event, "channel_type") == "im" or channel.startswith("D")
    thread = _name(before, "thread_ts") or None
    if not direct and thread is None and f"<@{me.user}>" not in _text(before, "text"):
        return Dropped(reason="said to others")
    place = Place(user=_id(before, "user"), channel=channel, thread=thread, direct=direct)
    text = None if deleted else plain(_text(after, "text").removeprefix(f"<@{me.user}>")).strip()
    ts = _name(before, "ts")
    return Changed(key=ts and key, place=place, ts=ts, text=text)


def _files(listed: object) -> tuple[FileRef, ...]:
    files = [file for file in listed if isinstance(file, Mapping)] if isinstance(listed, list) else []
    return tuple(
        FileRef(
            name=_text(file, "name"),
            media_type=_text(file, "mimetype"),
            size=size if isinstance(size := file.get("size"), int) else 0,
            url=_text(file, "url_private_download") or _text(file, "url_private"),
        )
        for file in files
        if _text(file, "mode") != "tombstone"
    )


def _team(body: Mapping[object, object]) -> str:
    """Return the workspace of whoever acts. People of other workspaces in shared channels have their own."""
    actor = _part(body, "user") if isinstance(body.get("user"), Mapping) else _part(body, "event")
    for named in (_text(actor, "user_team"), _text(actor, "team_id"), _text(actor, "team")):
        if named:
            return named
    return _text(body, "team_id") or _text(_part(body, "team"), "id")


def _part(content: Mapping[object, object], name: str) -> Mapping[object, object]:
    part = content.get(name)
    return part if isinstance(part, Mapping) else {}


def _is_deep(body: object) -> bool:
    """Whether a delivery is nested deeper than Slack nests, and than can be stored."""
    level = [body]
    for _ in range(_DEEPEST):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return False
    return True


def _parts(content: object) -> Iterable[object]:
    if isinstance(content, Mapping):
        return content.values()
    return content if isinstance(content, list) else ()


def _id(content: Mapping[object, object], name: str) -> str:
    """Return the id of a person; empty for what can be none."""
    text = content.get(name)
    return text if isinstance(text, str) and _ID.fullmatch(text) else ""


def _channel(content: Mapping[object, object], name: str) -> str:
    """Return the id of a channel; empty for what can be none."""
    text = content.get(name)
    return text if isinstance(text, str) and _CHANNEL.fullmatch(text) else ""


def _name(content: Mapping[object, object], name: str) -> str:
    """Return what Slack calls something, such as a time stamp or a trigger; empty for what can be no such name."""
    text = content.get(name)
    return text if isinstance(text, str) and _NAME.fullmatch(text) else ""


def _key(*parts: str) -> str:
    """Join names to one by which a delivery is known; empty where one is missing."""
    return ".".join(parts) if all(parts) else ""


def _text(content: Mapping[object, object], name: str) -> str:
    text = content.get(name)
    return text[:_LONGEST] if isinstance(text, str) else ""
