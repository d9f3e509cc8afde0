"""What of a conversation reaches a bot, and what Telegram finds in what people write.

Privacy mode as core.telegram.org/bots/features#privacy-mode and the bots FAQ have it: commands meant for the bot,
general commands unless another bot was the last to speak, and answers to its messages. Plain mentions are not on
that list; `World.mentions_reach` lets them through, as people report it.
"""

from __future__ import annotations

import re

from tests.servers.telegram.texts import units
from tests.servers.telegram.world import Message, Payload, World

_FOUND = re.compile(
    r"(?<![\w/@])(?:(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)|(?P<mention>@\w{4,32})|(?P<url>https?://[^\s<>\"]+))"
)


def entities(text: str) -> list[Payload]:
    """Find commands, mentions and addresses."""
    return [
        {"type": found.lastgroup, "offset": units(text[: found.start()]), "length": units(found[0])}
        for found in _FOUND.finditer(text)
    ]


def reaches(world: World, said: Message) -> bool:
    """Whether the bot hears of a message."""
    chat = said.chat
    if chat.private:
        return not chat.blocked
    if chat.bot not in {"member", "administrator"} or said.sender.bot:
        return False
    if said.service or world.reads_all or chat.bot == "administrator":
        return True
    answered = world.posted.get((chat.id, said.reply_to or 0))
    if answered and answered.sender is world.bot:
        return True
    return _is_meant(world, said)


def _is_meant(world: World, said: Message) -> bool:
    name = f"@{world.bot.username}".lower()
    for found in _FOUND.finditer(said.text):
        word = found[0].lower()
        if found.lastgroup == "mention" and word == name and world.mentions_reach:
            return True
        if found.lastgroup == "bot_command":
            _, at, whom = word.partition("@")
            if at + whom == name or (not at and said.chat.last_bot in {None, world.bot.id}):
                return True
    return False
