"""Somebody who presses every button and answers every form that there is, as anybody, and wants an answer each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.telegram.forms.asking import TEXT
from bot.telegram.forms.clerk import FORM
from tests.products import monkey
from tests.servers.telegram.world import Chat, Message, Payload, User
from tests.telegram.quick import QuickChats

_NEWEST = 150  # messages that are looked through for buttons
ODD = "@everyone *x* \u202e & `y` {{z"
_NAMES = (
    (r"^(Use: |Use \d).*", "Use …"),
    (r"^[☑☐✓] ?\d+ .*|^\d+ .*", "1 …"),
)


def named(label: str) -> str:
    """Return a label without what is different on every card."""
    return monkey.named(label, _NAMES)


@dataclass(frozen=True, kw_only=True)
class Press(monkey.Press):
    """A button that somebody sees."""

    user: User
    message: Message
    data: str

    def __str__(self) -> str:
        return f"{self.label!r} by {self.user.name} on {self.kind}: {self.message.text[:60]!r}"


@dataclass
class Monkey(monkey.Monkey[QuickChats, Press]):
    """Acts at random; only the first two of the people say something."""

    SHOWN_BY = monkey.SHOWN_BY | {
        "Delegate": "people",
        "Revoke …": "rules | rules --project calculator | rule Bash(ls *) --project calculator",
        "Skip": "new | edit t1",
        "Done": "do --project calculator several 1",
        **dict.fromkeys(("The agent", "A new run", "Nobody"), "what is up?"),
    }
    LINES = (*monkey.LINES, "home", "link", "prefer", "what is up?", "new x1", "run t3")

    users: tuple[User, ...]

    async def arrives(self) -> None:
        """Let everybody write to the bot."""
        for user in self.users:
            await self.venue.tg.start(user)
        await self.venue.settled()

    async def speaks(self) -> None:
        """Say something that makes new buttons, in one of the chats; or answer what is asked."""
        user = self.dice.choice(self.users[:2])
        if (asked := self._asked(user)) is not None and self.dice.random() < 0.5:
            text = self.dice.choice(("x1", ODD, "1", "main"))
            await self.noticed(self.venue.tg.say(user, asked.chat, text, reply_to=asked), f"{user.name} answers {text}")
            return
        text = self.wish() or self.line()
        chat = self.dice.choice((self.venue.tg.private(user), self.venue.room))
        if self.dice.random() < 0.3 and (ours := self.venue.ours(chat)[-20:]):
            answered = self.dice.choice(ours)
            await self.noticed(self.venue.tg.say(user, chat, text, reply_to=answered), f"{user.name} answers: {text}")
            return
        plain = ("",) if text.endswith("?") else ("", "/", "/task ")
        drafts = self.venue.scene.core.store.drafts
        if plain == ("",) and (draft := await drafts.newest("telegram", str(chat.id), str(user.id), FORM, TEXT)):
            await drafts.remove(draft.id)  # it would take the text
        slash = "/" if not chat.private else self.dice.choice(plain)
        await self.noticed(
            self.venue.tg.say(user, chat, slash + text), f"{user.name} says {slash + text!r} in {chat.title}"
        )

    def _asked(self, user: User) -> Message | None:
        """Return a message that asks this person for something in words."""
        words = ("Send the", "Reply to this message")
        found = [
            each
            for chat in (self.venue.tg.private(user), self.venue.room)
            for each in self.venue.ours(chat)[-20:]
            if any(word in each.text for word in words) and (each.markup or not chat.private)
        ]
        return self.dice.choice(found) if found else None

    async def does(self, press: Press) -> None:
        """Press it, and see that it does not spin for ever."""
        before = len(self.venue.tg.presses.all)
        await self.noticed(self.venue.tg.press(press.user, press.message, press.data, stale=press.stale), str(press))
        pressed = list(self.venue.tg.presses.all.values())[before:]
        tried = {
            call.args["callback_query_id"] for call in self.venue.tg.called("answerCallbackQuery")
        }  # perhaps too late
        if any(each.id not in tried for each in pressed):
            self.complaints.append(f"still spins: {press}")

    def answers(self) -> int:
        """Count the presses that are answered."""
        return sum(each.answered for each in self.venue.tg.presses.all.values())

    def presses(self) -> Iterator[Press]:
        """Find all that can be pressed now."""
        newest = list(self.venue.tg.world.posted.values())[-_NEWEST:]
        for message in newest:
            if message.sender is self.venue.tg.bot and not message.deleted:
                yield from self._on(message, message.markup)
                for version in message.versions[-2:]:
                    yield from self._on(message, version.markup, stale=True)

    def _on(self, message: Message, markup: Payload | None, *, stale: bool = False) -> Iterator[Press]:
        where = "private" if message.chat.private else "group"
        for row in (markup or {}).get("inline_keyboard", ()):
            for button in row:
                label, data = named(button["text"]), button["callback_data"]
                word = " ".join(part for part in re.sub(r"\.f \S+", ".f", data).split(" ")[:2] if part.isalpha())
                for user in self._there(message.chat):
                    kind = (where, word, user.name, "stale" if stale else "")
                    yield Press(user=user, message=message, data=data, label=label, kind=kind, stale=stale)

    def _there(self, chat: Chat) -> list[User]:
        return [user for user in self.users if user.id in chat.members]
