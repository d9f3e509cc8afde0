"""Somebody who presses every button and sends every form that there is, as anybody, and wants an answer each time."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.products import monkey
from tests.servers.slack import blocks as kit
from tests.servers.slack.delivery import Ack
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Message, User, View
from tests.slack.quick import QuickWorkspace

ODD = "<!channel> *x* \u202e & `y` {{z"


@dataclass(frozen=True, kw_only=True)
class Press(monkey.Press):
    """A button or an option that somebody sees."""

    user: User
    surface: Message | View
    action_id: str
    value: str | None

    def __str__(self) -> str:
        return f"{self.label!r} by {self.user.id} on {self.kind}"


@dataclass
class Monkey(monkey.Monkey[QuickWorkspace, Press]):
    """Acts at random; only the first two of the people say something."""

    SHOWN_BY = monkey.SHOWN_BY | {"Fill in": "new"}

    users: tuple[User, ...]

    async def arrives(self) -> None:
        """Let everybody open the home."""
        for user in self.users:
            await self.venue.slack.open_home(user)

    async def speaks(self) -> None:
        """Say something that makes new buttons."""
        user, slack = self.dice.choice(self.users[:2]), self.venue.slack
        if text := self.wish():
            await self.noticed(self._writes(user, text), f"{user.id} writes: {text}")
            return
        text = self.line()
        if self.dice.random() < 0.7:
            await self.noticed(slack.command(user, self.venue.ops, "/task", text), f"{user.id}: /task {text}")
            await self._fills(user)
        else:
            await self.noticed(self._writes(user, text), f"{user.id} writes: {text}")

    async def _writes(self, user: User, text: str) -> Ack:
        return (await self.venue.slack.say(user, self.venue.slack.dm(user), text)).ack

    async def does(self, press: Press) -> None:
        """Press it, and send the form that it opens."""
        slack = self.venue.slack
        if isinstance(press.surface, View):
            act: Any = slack.act(press.surface, press.action_id, press.value)
        else:
            act = slack.press(press.user, press.surface, press.action_id, press.value, stale=press.stale)
        await self.noticed(act, str(press))
        await self._fills(press.user)

    async def _fills(self, user: User) -> None:
        """Send the form that is open, as it is or with odd texts; what cannot be sent is closed."""
        form = self.venue.slack.modal(user)
        if form is None or not form.content.get("submit"):
            return
        for odd in self.dice.sample((False, True), 2):
            values = dict(_texts(form, odd=odd))
            try:
                await self.noticed(
                    self.venue.slack.submit(form, values), f"{user.id} sends {form.content['callback_id']}"
                )
            except LookupError:
                continue
            if not form.is_open:
                return
        await self.venue.slack.close(form)

    async def noticed(self, act: Awaitable[object], what: str) -> None:
        """See to it, and leave few of the messages that one person alone was shown."""
        await super().noticed(act, what)
        self.venue.slack.world.ephemerals[:-40] = []

    def faults(self, outcome: Ack | None) -> Iterator[str]:
        """Tell whether Slack was not acknowledged what it delivered."""
        if outcome is None or not outcome.ok:
            yield f"not acknowledged ({outcome})"

    def presses(self) -> Iterator[Press]:
        """Find all that can be pressed now."""
        world = self.venue.slack.world
        for message in [*world.posted.values(), *world.ephemerals]:
            if message.user == world.bot_user and not message.deleted:
                mine = [user for user in self.users if message.ephemeral_to in {None, user.id}]
                if message.channel != self.venue.ops.id:
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
                    label = monkey.named(choice["text"]["text"])
                    value = choice["value"] if "options" in each else None
                    word = choice["value"].removeprefix('{"action":"').split(" ")[0]
                    for user in users:
                        kind = (where, word, user.id, "stale" if stale else "")
                        yield Press(
                            user=user,
                            surface=surface,
                            action_id=each["action_id"],
                            value=value,
                            label=label,
                            kind=kind,
                            stale=stale,
                        )


def _texts(form: View, *, odd: bool) -> Iterator[tuple[str, str]]:
    """Fill in what has to be; with `odd`, all texts."""
    for block in form.blocks:
        element = block.get("element", {})
        empty = not element.get("initial_value")
        if element.get("type") == "plain_text_input" and (odd or (empty and not block.get("optional"))):
            yield block["block_id"], ODD if odd else "x1"
