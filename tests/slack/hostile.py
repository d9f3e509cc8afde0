"""Deliveries as nobody should send them: real ones that are bent, and forged ones, from seeds."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.products.hostile import DEEDS, SCRAPS, WORDS, Bending, deep
from tests.servers.slack import StrictSlack
from tests.servers.slack.delivery import COMMAND, Parcel
from tests.servers.slack.world import Message, User

ASKING = '{{"action":"{0}","asks":"Why?","prefill":"{0}"}}'


@dataclass
class Aim:
    """What there is to attack: a question of somebody else's run, people without rights, an address that listens."""

    slack: StrictSlack
    question: str
    run: str
    weak: Sequence[User]  # who may decide nothing
    strong: Sequence[User]
    canary: str
    longest: int  # characters that a delivery may have
    stock: list[Parcel] = field(default_factory=list)  # what real people have done, to be bent


def hostile(dice: random.Random, aim: Aim) -> Parcel:
    """Make the next delivery."""
    parcel = dice.choice(aim.stock)
    body = copy.deepcopy(parcel.payload)
    way = dice.choice((bent, bent, bent, forged, forged, worded, worded, nested, nonsense))
    body = way(dice, aim, refreshed(dice, aim, body))
    return replace(parcel, payload=_sendable(body) if parcel.kind == COMMAND else body)


def refreshed(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Give a delivery names of its own, or it would be known."""
    world = aim.slack.world
    user = _user(body)
    if "trigger_id" in body:
        body["trigger_id"] = world.trigger(user)
    if "event_id" in body:
        body["event_id"] = world.new("Ev")
    if body.get("response_url"):
        channel = body.get("channel_id") or body["channel"]["id"]
        body["response_url"] = aim.slack.url + world.response_path(user, channel)
    for action in [*body.get("actions", ()), body]:
        if "action_ts" in action:
            action["action_ts"] = world.ts()
    event = body.get("event") or {}
    if "ts" in event and "previous_message" not in event:
        made = Message(event["channel"], world.ts(), user, event["text"], thread_ts=event.get("thread_ts"))
        world.add(made)
        event["ts"] = made.ts
    if "view" in body:
        body["view"]["hash"] = f"h.{dice.random()}"
    return body


def bent(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Replace, drop or double some part at any place."""
    return Bending(WORDS, (aim.canary,), stops=0.4).bent(dice, body)


def forged(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Let somebody who may not do what only others may: by a button, a form, a command or a message."""
    _let(dice, aim, body)
    deed = dice.choice(DEEDS).format(question=aim.question, run=aim.run)
    for action in body.get("actions", ()):
        carried = dice.choice((deed, ASKING.format(deed), '{"action": ' * 9, deed * 300))
        action.update({"selected_option": {"value": carried}} if "selected_option" in action else {"value": carried})
    if "view" in body:
        view = body["view"]
        place = dice.choice(("COPS", "CSECRET", "-", "reactions", "<!here>")), dice.choice(("-", "1.1", "<!here>"))
        view["private_metadata"] = dice.choice((f"{place[0]} {place[1]} {deed}", deed, "- - edit theft", "- - new"))
        view["callback_id"] = dice.choice(("ask", "answer", "new_task", "edit_task", "run_task", "theft"))
        view["state"] = {"values": {name: {"x": {"value": dice.choice(WORDS)}} for name in ("text", "name", "one:1")}}
    _say(body, deed)
    return body


def worded(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Say what is hard to show, however long, with files from elsewhere."""
    text = dice.choice(WORDS)
    if dice.random() < 0.1:
        text = dice.choice(("a", "<@UADA> ", "\u00e9", "\n")) * (aim.longest // 8)
    if dice.random() < 0.3:
        text = dice.choice(("do --project calculator ", "new x", "search ", "run ", "log ", "show ")) + text
    _say(body, text)
    if dice.random() < 0.2:
        body["response_url"] = aim.canary
    event = body.get("event") or body.get("message")
    if isinstance(event, dict) and "files" in event:
        url = dice.choice((aim.canary, "file:///etc/passwd", "https://slack.com.evil.example/x", "\x00", "a" * 9999))
        file = {"name": dice.choice(WORDS), "mimetype": "image/png", "size": dice.choice((0, -1, 1 << 70))}
        event["files"] = [file | {"url_private": url}] * dice.choice((1, 3, 40))
    return body


def nested(dice: random.Random, _: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Nest as deep as a parser just bears."""
    content = deep(dice, "blocks")
    body[dice.choice(list(body))] = content
    return body


def nonsense(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Keep what says whose it is, and make up the rest."""
    names = (
        "type",
        "command",
        "event",
        "view",
        "user",
        "team",
        "team_id",
        "channel",
        "actions",
        "message",
        "trigger_id",
    )
    made = {name: body[name] for name in names if name in body and dice.random() < 0.7}
    return made | {name: dice.choice((*SCRAPS, aim.canary)) for name in names if dice.random() < 0.3}


def _let(dice: random.Random, aim: Aim, body: dict[str, Any]) -> None:
    """Put somebody weak in the place of whoever acted."""
    user = dice.choice(aim.weak)
    if "user_id" in body:
        body |= {"user_id": user.id, "team_id": user.team}
    elif isinstance(body.get("user"), dict):
        body["user"] |= {"id": user.id, "team_id": user.team}
    elif isinstance(body.get("event"), dict):
        body["event"] |= {"user": user.id, "team": user.team}
        if "previous_message" in body["event"]:
            body["event"]["previous_message"]["user"] = user.id


def _say(body: dict[str, Any], text: str) -> None:
    if "command" in body:
        body["text"] = text
    for said in (body.get("event"), body.get("message")):
        if isinstance(said, dict) and "text" in said:
            said["text"] = f"<@U0SIGNOFF> {text}" if said.get("type") == "app_mention" else text
    view = body.get("view")
    if isinstance(view, dict) and isinstance(view.get("state"), dict):
        for fields in view["state"].get("values", {}).values():
            for held in fields.values():
                if isinstance(held, dict) and "value" in held:
                    held["value"] = text


def _user(body: Mapping[str, Any]) -> str:
    inner = body.get("event") or {}
    user = body.get("user") or body.get("user_id") or inner.get("user") or "UADA"
    return str(user["id"] if isinstance(user, dict) else user)


def _sendable(body: dict[str, Any]) -> dict[str, Any]:
    """A command may come as a form, which holds no half characters."""
    return {
        name: part.encode("utf-8", "replace").decode() if isinstance(part, str) else part for name, part in body.items()
    }
