"""Answers to people who pressed a button or wrote something: callback queries and reactions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from telegram.constants import ReactionEmoji

from tests.servers.telegram.arguments import given, needed
from tests.servers.telegram.updates import Updates
from tests.servers.telegram.world import Message, Payload, Refused, User, World

ANSWER, SECONDS = 200, 60.0
_FREE = frozenset(str(each.value) for each in ReactionEmoji)


@dataclass
class Pressed:
    """A press, and what the person was told once it was answered."""

    id: str
    user: User
    message: Message
    data: str
    at: float
    text: str = ""
    show_alert: bool = False
    answers: int = 0
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answered(self) -> bool:
        """Whether the button has stopped spinning."""
        return self.answers > 0

    def answer(self, text: str, *, show_alert: bool) -> None:
        """Tell the person."""
        self.answers += 1
        self.text, self.show_alert = text, show_alert
        self._answered.set()

    async def wait(self, seconds: float = 5) -> str:
        """Wait for the answer, and return its text; TimeoutError if there is none in time."""
        async with asyncio.timeout(seconds):
            await self._answered.wait()
        return self.text


class Presses:
    """answerCallbackQuery and setMessageReaction."""

    def __init__(self, world: World, updates: Updates) -> None:
        self._world = world
        self._updates = updates
        self.all: dict[str, Pressed] = {}
        self.methods: dict[str, Callable[[Payload], Any]] = {
            "answerCallbackQuery": self._answer,
            "setMessageReaction": self._react,
        }

    def press(self, user: User, message: Message, data: str) -> Pressed:
        """Begin a press."""
        number = str(4_000_000_000_000_000_000 + len(self.all))
        made = Pressed(number, user, message, data, self._world.clock.monotonic())
        self.all[made.id] = made
        return made

    def _answer(self, args: Payload) -> bool:
        number = needed(args, "callback_query_id", str)
        text = given(args, "text", str) or ""
        if len(text) > ANSWER:
            raise Refused("MESSAGE_TOO_LONG", f"an answer of {len(text)} characters")
        pressed = self.all.get(number)
        old = "query is too old and response timeout expired or query ID is invalid"
        if pressed is None:
            raise Refused(old, f"nobody pressed {number}")
        if pressed.answered:
            again = pressed.answers >= self._updates.handed("callback_query", number)
            raise Refused(old, "answered before" if again else "")
        if self._world.clock.monotonic() - pressed.at > SECONDS:
            raise Refused(old)
        pressed.answer(text, show_alert=bool(args.get("show_alert")))
        return True

    def _react(self, args: Payload) -> bool:
        chat = self._world.open(args.get("chat_id"))
        found = self._world.message(chat, args.get("message_id"), "message to react")
        wanted = given(args, "reaction", list) or []
        if len(wanted) > 1:
            raise Refused("REACTIONS_TOO_MANY", "a bot has one reaction a message")
        for each in wanted:
            if each.get("type") != "emoji" or each.get("emoji") not in _FREE:
                raise Refused("REACTION_INVALID", f"{each!r} is none of Telegram's")
        found.reactions[self._world.bot.id] = [each["emoji"] for each in wanted]
        return True
