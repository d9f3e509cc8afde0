"""Somebody who presses every button and sends every form that there is, as anybody, and wants an answer each time."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.servers.slack import blocks as kit
from tests.servers.slack.delivery import Ack
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Message, User, View
from tests.slack.quick import QuickWorkspace

_MOST_OPEN = 8
ODD = "<!channel> *x* \u202e & `y` {{z"
_LINES = (
    *("status", "inbox", "inbox --all", "list", "runs", "people", "rules", "log", "show t0", "new", "edit t1"),
    *("rules --task t0", "rule Bash(ls *) --task t0", "freeze", "run t0", "run the tests", "help", "diff", "report"),
)
_PROMPTS = ("ask", "net", "long", "fetch", "tool", "edit", "write", "plan", "choose", "several", "open", "two", "done")
_SHOWN_BY = {  # what is rarely seen by accident
    "Approve …": "inbox",
    "Fill in": "new",
    "Release": "freeze",
    "To the agent": "run the tests",
    "✗ …": "rules --project calculator",
    "Make rule": "rule Bash(ls *) --project calculator",
}
_NAMES = ((r"^(View|✗) .*", r"\1 …"), (r"^(Approve|Revoke) \d+$", r"\1 …"), (r"^As .*", "As …"))


@dataclass(frozen=True)
class Press:
    """A button or an option that somebody sees. `kind` says on what sort of card, for whom and whether it is old."""

    user: User
    surface: Message | View
    action_id: str
    value: str | None
    label: str
    kind: tuple[str, ...]
    stale: bool = False

    def __str__(self) -> str:
        return f"{self.label!r} by {self.user.id} on {self.kind}"


@dataclass
class Monkey:
    """Acts at random; `pressed` are the labels, by person."""

    ws: QuickWorkspace
    dice: random.Random
    users: tuple[User, ...]
    done: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    pressed: dict[str, set[str]] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def labels(self) -> set[str]:
        """Return the labels of all that was pressed by anybody."""
        return set().union(*self.pressed.values())

    async def acts(self, times: int, until: frozenset[str]) -> None:
        """Do so many things, and more until all these labels were pressed, but no more than ten times as many."""
        for user in self.users:
            await self.ws.slack.open_home(user)
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
        core = self.ws.scene.core
        if await core.switch.frozen() and self.dice.random() < 0.2:
            await core.switch.release(self.ws.scene.actor)
        for run in sorted(await core.store.executions.live(), key=lambda run: run.id)[:-_MOST_OPEN]:
            await core.runs.cancel(self.ws.scene.actor, run.id)

    async def _speaks(self) -> None:
        """Say something that makes new buttons."""
        user, slack = self.dice.choice(self.users[:2]), self.ws.slack
        wishes = [_SHOWN_BY[label] for label in self.wanted if label in _SHOWN_BY]
        if wishes and self.dice.random() < 0.4:
            text = self.dice.choice(wishes)
            await self._noticed(self._writes(user, text), f"{user.id} writes: {text}")
            return
        if self.dice.random() < 0.6:
            text = f"do --project calculator {self.dice.choice(_PROMPTS)} {self.dice.randrange(9)}"
        else:
            text = self.dice.choice(_LINES)
        if self.dice.random() < 0.7:
            await self._noticed(slack.command(user, self.ws.ops, "/task", text), f"{user.id}: /task {text}")
            await self._fills(user)
        else:
            await self._noticed(self._writes(user, text), f"{user.id} writes: {text}")

    async def _writes(self, user: User, text: str) -> Ack:
        return (await self.ws.slack.say(user, self.ws.slack.dm(user), text)).ack

    async def _presses_one(self, press: Press) -> None:
        self.done.add((press.label, press.kind))
        self.pressed.setdefault(press.user.id, set()).add(press.label)
        slack = self.ws.slack
        if isinstance(press.surface, View):
            act: Any = slack.act(press.surface, press.action_id, press.value)
        else:
            act = slack.press(press.user, press.surface, press.action_id, press.value, stale=press.stale)
        await self._noticed(act, str(press))
        await self._fills(press.user)

    async def _fills(self, user: User) -> None:
        """Send the form that is open, as it is or with odd texts; what cannot be sent is closed."""
        form = self.ws.slack.modal(user)
        if form is None or not form.content.get("submit"):
            return
        for odd in self.dice.sample((False, True), 2):
            values = dict(_texts(form, odd=odd))
            try:
                await self._noticed(
                    self.ws.slack.submit(form, values), f"{user.id} sends {form.content['callback_id']}"
                )
            except LookupError:
                continue
            if not form.is_open:
                return
        await self.ws.slack.close(form)

    async def _noticed(self, act: Any, what: str) -> None:
        """Do something, and see that it is acknowledged, answered and no surprise to us."""
        before, patience = self.ws.seen(), self.ws.clock.monotonic() + 60
        ack = await act
        if ack is None or not ack.ok:
            self.complaints.append(f"not acknowledged: {what}: {ack}")
        await self.ws.settled()
        async with self.ws.patience():
            while not (new := self.ws.seen() - before) and self.ws.clock.monotonic() < patience:
                await self.ws.clock.move(seconds=1)
                await self.ws.settled()
        if not new:
            self.complaints.append(f"no answer: {what}")
        if any("Unexpected error" in each for each in new):
            self.complaints.append(f"unexpected: {what}")
        self.ws.slack.world.ephemerals[:-40] = []

    def _presses(self) -> Iterator[Press]:
        """Find all that can be pressed now."""
        world = self.ws.slack.world
        for message in [*world.posted.values(), *world.ephemerals]:
            if message.user == world.bot_user and not message.deleted:
                mine = [user for user in self.users if message.ephemeral_to in {None, user.id}]
                if message.channel != self.ws.ops.id:
                    mine = [user for user in mine if user.id in world.channels[message.channel].members]
                yield from self._on(message, message.blocks, mine)
                for version in message.versions[-2:]:
                    yield from self._on(message, version, mine, stale=True)
        for user_id, home in world.homes.items():
            yield from self._on(home, home.blocks, [world.users[user_id]])

    def _on(
        self, surface: Message | View, blocks: list[Payload], users: list[User], *, stale: bool = False
    ) -> Iterator[Press]:
        at_home = isinstance(surface, View)
        where = "home" if at_home else "alone" if surface.ephemeral_to else "message"  # type: ignore[union-attr]
        for block in kit.walk(blocks):
            for each in kit.elements(block):
                if not str(each.get("action_id", "")).startswith(("press:", "ask:", "more:")):
                    continue
                choices = each.get("options") or [each]
                for choice in choices:
                    label = named(choice["text"]["text"])
                    value = choice["value"] if "options" in each else None
                    word = choice["value"].removeprefix('{"action":"').split(" ")[0]
                    for user in users:
                        kind = (where, word, user.id, "stale" if stale else "")
                        yield Press(user, surface, each["action_id"], value, label, kind, stale)


def named(label: str) -> str:
    """Return a label without what is different on every card."""
    for pattern, replacement in _NAMES:
        label = re.sub(pattern, replacement, label)
    return label


def _texts(form: View, *, odd: bool) -> Iterator[tuple[str, str]]:
    """Fill in what has to be; with `odd`, all texts."""
    for block in form.blocks:
        element = block.get("element", {})
        empty = not element.get("initial_value")
        if element.get("type") == "plain_text_input" and (odd or (empty and not block.get("optional"))):
            yield block["block_id"], ODD if odd else "x1"
