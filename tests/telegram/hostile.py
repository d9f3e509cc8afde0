"""Updates as nobody should send them: real ones that are bent, and forged ones, from seeds."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.products.hostile import DEEDS as COMMON
from tests.products.hostile import SCRAPS, Bending, deep
from tests.products.hostile import WORDS as OTHERS
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.world import User

LIVE = "@signoff_bot @ada /start /freeze@signoff_bot @everyone <b>x</b> [x](tg://user?id=11) #tag $CASH ada@example.com"
WORDS = (*OTHERS, LIVE, "say -- " + LIVE, "a" * 4096, "\N{WAVING BLACK FLAG}" * 2048, "\n" * 4096)
COMMANDS = ("do ", "new x ", "search ", "run ", "log ", "show ", "start ", "link ", "task ", "")
DEEDS = (*COMMON, ".f x save 0 0", ".s x send", ".", "?deny {question}")  # which only some may do


@dataclass
class Aim:
    """What there is to attack: a question of somebody else's run, and people without rights."""

    tg: StrictTelegram
    question: str
    run: str
    weak: Sequence[User]  # who may decide nothing
    stock: list[dict[str, Any]] = field(default_factory=list)  # what real people have done, to be bent
    number: int = 500_000_000


def hostile(dice: random.Random, aim: Aim) -> dict[str, Any]:
    """Make the next update."""
    body = copy.deepcopy(dice.choice(aim.stock))
    aim.number += 1
    body["update_id"] = aim.number  # or it would be known
    way = dice.choice((bent, bent, bent, forged, forged, worded, worded, nested, nonsense))
    return way(dice, aim, body)


def bent(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Replace, drop or double some part at any place."""
    return Bending(WORDS, (11, 12, -1001, aim.tg.bot.id), stops=0.3).bent(dice, body)


def forged(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Let somebody who may not do what only others may: by a button, a command or a message."""
    user = dice.choice(aim.weak)
    who = {"id": user.id, "is_bot": False, "first_name": user.name, "username": dice.choice(("ada", "x", LIVE))}
    deed = dice.choice(DEEDS).format(question=aim.question, run=aim.run)
    for each in body.values():
        if isinstance(each, dict):
            each["from"] = who
            if "data" in each:
                each["data"] = dice.choice((deed, deed * 300, dice.choice(WORDS)))
            if "text" in each:
                each["text"] = dice.choice(("/", "", "@signoff_bot ", "/task ")) + deed
    return body


def worded(dice: random.Random, aim: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Say what is hard to show, however long, with files from elsewhere."""
    text = dice.choice(("/", "")) + dice.choice(COMMANDS) + dice.choice(WORDS)
    if dice.random() < 0.1:
        text = dice.choice(("a", "@ada ", "\u00e9", "\n")) * 20_000
    for each in body.values():
        if isinstance(each, dict) and ("text" in each or "caption" in each):
            each["text"] = text
            if dice.random() < 0.3:
                each["document"] = {
                    "file_id": dice.choice(("x", "../../etc/passwd", "\x00", "a" * 9999, 7)),
                    "file_name": dice.choice(WORDS),
                    "file_size": dice.choice((0, -1, 1 << 70, 30_000_000, None)),
                }
    del aim
    return body


def nested(dice: random.Random, _: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Nest as deep as a parser just bears."""
    content = deep(dice, "message")
    kind = dice.choice([name for name in body if name != "update_id"])
    body[kind][dice.choice(("reply_to_message", "chat", "from", "entities", "new"))] = content
    return body


def nonsense(dice: random.Random, _: Aim, body: dict[str, Any]) -> dict[str, Any]:
    """Keep the number, and make up the rest."""
    kinds = ("message", "edited_message", "callback_query", "my_chat_member", "channel_post", "inline_query", "poll")
    names = ("message_id", "from", "chat", "text", "date", "data", "id", "message", "photo", "voice", "new_chat_member")
    made = {name: copy.deepcopy(dice.choice(SCRAPS)) for name in names if dice.random() < 0.5}
    return {"update_id": body["update_id"], dice.choice(kinds): dice.choice((made, made, *SCRAPS))}
