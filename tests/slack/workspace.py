"""A real core with the front end for Slack, in a workspace that refuses what Slack refuses; the agent plays a part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.fronts import Fronts
from bot.slack.front import slack as slack_front
from bot.slack.manifest import PATH
from runner.ports import Agent, Clock
from runner.settings import Settings
from tests.core.stage import Stage, settings_in, stage
from tests.products.serving import at_work, free_port
from tests.products.venue import Venue
from tests.servers.slack import StrictSlack
from tests.servers.slack.delivery import Ack
from tests.servers.slack.world import Channel, Message, User, View

Mode = Literal["sockets", "http"]

USERS = {"ada": {"role": "admin", "slack": "UADA"}, "bob": {"role": "approver", "slack": "UBOB"}}


@dataclass
class Workspace(Venue):
    """A workspace with its people, and the core behind it."""

    slack: StrictSlack
    scene: Stage
    ada: User
    bob: User
    ops: Channel

    async def press(self, user: User, message: Message, label: str) -> Ack:
        """Press the button with this label, or choose it in a menu. Raises LookupError."""
        for block in message.blocks:
            for element in block["elements"] if block["type"] == "actions" else ():
                if element["type"] == "button" and element["text"]["text"] == label:
                    return await self.slack.press(user, message, element["action_id"])
                for option in element.get("options", ()):
                    if option["text"]["text"] == label:
                        return await self.slack.press(user, message, element["action_id"], option["value"])
        raise LookupError(f"no button {label!r} in {message.text!r}")

    def said(self, message: Message) -> str:
        """Return all words of a message, those of its blocks included."""
        return f"{message.text}\n{_words(message.blocks)}"

    async def form(self, user: User) -> View:
        """Wait until a form that can be sent is open before somebody, and return it."""
        async with self.patience():
            while (form := self.slack.modal(user)) is None or not form.content.get("submit"):
                await self.moment()
        return form

    async def told(self, user: User, words: str) -> Message:
        """Wait until somebody alone is told this, and return it."""
        async with self.patience():
            while True:
                for message in self.slack.ephemerals:
                    if message.ephemeral_to == user.id and words in self.said(message):
                        return message
                await self.moment()

    async def until(
        self, channel: Channel, condition: Callable[[Message], object], *, thread: str | None = None
    ) -> Message:
        """Wait until a message of the channel, or of a thread, is as wanted, and return the newest such."""
        async with self.patience():
            while not (found := [each for each in self.slack.messages(channel, thread) if condition(each)]):
                await self.moment()
        return found[-1]


def _words(content: Any) -> str:
    if isinstance(content, dict):
        return " ".join(_words(part) for part in content.values())
    if isinstance(content, list):
        return " ".join(_words(part) for part in content)
    return content if isinstance(content, str) else ""


def configured(folder: Path, slack: StrictSlack, *, mode: Mode = "sockets", **sections: Any) -> Settings:
    """Make settings with the tokens of a workspace; Ada is its admin, Bob an approver."""
    for name, secret in (("bot", slack.bot_token), ("app", slack.app_token), ("signing", slack.signing_secret)):
        (folder / name).write_text(secret, "utf-8")
    way = {"app_token": f"file:{folder}/app"}
    if mode == "http":
        way = {"signing_secret": f"file:{folder}/signing"}
        listen = f"127.0.0.1:{free_port()}"
        sections["http"] = {"listen": listen}
        slack.http(f"http://{listen}{PATH}")
    return settings_in(
        folder,
        slack={"bot_token": f"file:{folder}/bot", **way, "base_url": slack.base_url},
        **{"users": USERS, **sections},
    )


@asynccontextmanager
async def workspace(
    folder: Path,
    *agents: Agent,
    mode: Mode = "sockets",
    burst: int = 5,
    fronts: Fronts | None = None,
    **sections: Any,
) -> AsyncIterator[Workspace]:
    """Open a workspace with one project and one channel. Nothing that Slack refuses may have been sent in the end.

    `burst`: how many messages a channel takes at once. `fronts`: which chat products are on, beside this one.
    """
    async with StrictSlack(burst=burst) as slack:
        ada, bob = slack.user("UADA", "Ada"), slack.user("UBOB", "Bob")
        ops = slack.channel("COPS", ada, bob)
        settings = configured(folder, slack, mode=mode, **sections)
        async with serving(folder, settings, *agents, fronts=fronts) as scene:
            await slack.connected(settings.slack.connections)
            yield Workspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops)
        assert slack.violations == []


@asynccontextmanager
async def serving(
    folder: Path, settings: Settings, *agents: Agent, clock: Clock | None = None, fronts: Fronts | None = None
) -> AsyncIterator[Stage]:
    """Run core, with one project, watch and front end; doing so again is a restart. `fronts`: which are on besides."""
    async with stage(folder, settings, *agents, clock=clock) as scene:
        await scene.furnish()
        async with (
            slack_front(settings.slack, scene.core.store, scene.core.clock) as front,
            at_work(scene.core, settings, front, fronts),
        ):
            yield scene
