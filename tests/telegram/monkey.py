"""Somebody who presses every button and answers every form that there is, as anybody, and wants an answer each time."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.servers.telegram.world import Chat, Message, Payload, User
from tests.telegram.town import QuickChats

_MOST_OPEN = 8
_NEWEST = 150  # messages that are looked through for buttons
ODD = "@everyone *x* \u202e & `y` {{z"
_LINES = (
    *("status", "inbox", "inbox --all", "list", "runs", "people", "rules", "log", "show t0", "new", "edit t1"),
    *("rules --task t0", "rule Bash(ls *) --task t0", "freeze", "run t0", "run the tests", "help", "diff", "report"),
    *("home", "link", "prefer", "what is up?", "new x1", "run t3"),
)
_PROMPTS = ("ask", "net", "long", "fetch", "tool", "edit", "write", "plan", "choose", "several", "open", "two", "done")
_SHOWN_BY = {  # what is rarely seen by accident
    "Approve …": "inbox",
    "Release": "freeze",
    "To the agent": "run the tests",
    "✗ …": "rules --project calculator",
    "Make rule": "rule Bash(ls *) --project calculator",
    "Delegate": "people",
    "Revoke …": "rules",
    "The agent": "what is up?",
    "A new run": "what is up?",
    "Nobody": "what is up?",
}
_NAMES = (
    (r"^(View|✗) .*", r"\1 …"),
    (r"^(Approve|Revoke) \d+$", r"\1 …"),
    (r"^As .*", "As …"),
    (r"^(Use: |Use \d).*", "Use …"),
    (r"^[☑☐✓] ?\d+ .*|^\d+ .*", "1 …"),
)


@dataclass(frozen=True)
class Press:
    """A button that somebody sees. `kind` says where, what it does, for whom and whether it is old."""

    user: User
    message: Message
    data: str
    label: str
    kind: tuple[str, ...]
    stale: bool = False

    def __str__(self) -> str:
        return f"{self.label!r} by {self.user.name} on {self.kind}: {self.message.text[:60]!r}"


@dataclass
class Monkey:
    """Acts at random; `pressed` are the labels, by person."""

    t: QuickChats
    dice: random.Random
    users: tuple[User, ...]
    done: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    pressed: dict[int, set[str]] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def labels(self) -> set[str]:
        """Return the labels of all that was pressed by anybody."""
        return set().union(*self.pressed.values())

    async def acts(self, times: int, until: frozenset[str]) -> None:
        """Do so many things, and more until all these labels were pressed, but no more than ten times as many."""
        for user in self.users:
            await self.t.tg.start(user)
        await self.t.settled()
        for count in range(times * 10):
            if count >= times and until <= self.labels:
                return
            self.wanted = sorted(until - self.labels)
            await self._acts()

    async def _acts(self) -> None:
        await self._tidies()
        found = [press for press in self._presses() if (press.label, press.kind) not in self.done]
        fresh = [press for press in found if press.label not in self.labels]
        if fresh and self.dice.random() < 0.5:
            await self._presses_one(self.dice.choice(fresh))
        elif found and self.dice.random() < 0.7:
            await self._presses_one(self.dice.choice(found))
        else:
            await self._speaks()

    async def _tidies(self) -> None:
        """Leave few runs open, each costs time whenever time passes; and no freeze for long: nothing happens in it."""
        core = self.t.scene.core
        if await core.switch.frozen() and self.dice.random() < 0.2:
            await core.switch.release(self.t.scene.actor)
        for run in sorted(await core.store.executions.live(), key=lambda run: run.id)[:-_MOST_OPEN]:
            await core.runs.cancel(self.t.scene.actor, run.id)

    async def _speaks(self) -> None:
        """Say something that makes new buttons, in one of the chats; or answer what is asked."""
        user = self.dice.choice(self.users[:2])
        if (asked := self._asked(user)) is not None and self.dice.random() < 0.5:
            text = self.dice.choice(("x1", ODD, "1", "main"))
            await self._noticed(self.t.tg.say(user, asked.chat, text, reply_to=asked), f"{user.name} answers {text}")
            return
        wishes = [_SHOWN_BY[label] for label in self.wanted if label in _SHOWN_BY]
        if wishes and self.dice.random() < 0.4:
            text = self.dice.choice(wishes)
        elif self.dice.random() < 0.6:
            text = f"do --project calculator {self.dice.choice(_PROMPTS)} {self.dice.randrange(9)}"
        else:
            text = self.dice.choice(_LINES)
        chat = self.dice.choice((self.t.tg.private(user), self.t.room))
        if self.dice.random() < 0.3 and (ours := self.t.ours(chat)[-20:]):
            answered = self.dice.choice(ours)
            await self._noticed(self.t.tg.say(user, chat, text, reply_to=answered), f"{user.name} answers: {text}")
            return
        plain = ("",) if text.endswith("?") else ("", "/", "/task ")
        drafts = self.t.scene.core.store.drafts
        if plain == ("",) and (draft := await drafts.newest("telegram", str(chat.id), str(user.id))):
            await drafts.remove(draft.id)  # it would take the text
        slash = "/" if not chat.private else self.dice.choice(plain)
        await self._noticed(
            self.t.tg.say(user, chat, slash + text), f"{user.name} says {slash + text!r} in {chat.title}"
        )

    def _asked(self, user: User) -> Message | None:
        """Return a message that asks this person for something in words."""
        words = ("Send the", "Reply to this message")
        found = [
            each
            for chat in (self.t.tg.private(user), self.t.room)
            for each in self.t.ours(chat)[-20:]
            if any(word in each.text for word in words) and (each.markup or not chat.private)
        ]
        return self.dice.choice(found) if found else None

    async def _presses_one(self, press: Press) -> None:
        self.done.add((press.label, press.kind))
        self.pressed.setdefault(press.user.id, set()).add(press.label)
        before = len(self.t.tg.presses.all)
        await self._noticed(self.t.tg.press(press.user, press.message, press.data, stale=press.stale), str(press))
        pressed = list(self.t.tg.presses.all.values())[before:]
        tried = {call.args["callback_query_id"] for call in self.t.tg.called("answerCallbackQuery")}  # perhaps too late
        if any(each.id not in tried for each in pressed):
            self.complaints.append(f"still spins: {press}")

    async def _noticed(self, act: Any, what: str) -> None:
        """Do something, and see that it is answered and no surprise to us."""
        before, patience = self.t.seen(), self.t.clock.monotonic() + 60
        presses = sum(each.answered for each in self.t.tg.presses.all.values())
        await act
        await self.t.settled()
        async with self.t.patience():
            while not (new := self.t.seen() - before) and self.t.clock.monotonic() < patience:
                await self.t.clock.move(seconds=1)
                await self.t.settled()
        if not new and sum(each.answered for each in self.t.tg.presses.all.values()) == presses:
            self.complaints.append(f"no answer: {what}")
        elif not new:
            self.complaints.append(f"nothing to be seen: {what}")
        if any("Unexpected error" in each for each in new):
            self.complaints.append(f"unexpected: {what}")

    def _presses(self) -> Iterator[Press]:
        """Find all that can be pressed now."""
        newest = list(self.t.tg.world.posted.values())[-_NEWEST:]
        for message in newest:
            if message.sender is self.t.tg.bot and not message.deleted:
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
                    yield Press(user, message, data, label, kind, stale)

    def _there(self, chat: Chat) -> list[User]:
        return [user for user in self.users if user.id in chat.members]


def named(label: str) -> str:
    """Return a label without what is different on every card."""
    for pattern, replacement in _NAMES:
        label = re.sub(pattern, replacement, label)
    return label
