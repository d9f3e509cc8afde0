"""A real core with the front end for Slack, in a workspace that refuses what Slack refuses; the agent plays a part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.handlers import Handlers
from bot.slack.front import slack as slack_front
from bot.watch import Watch
from runner.beside import beside
from runner.ports import Agent
from runner.settings import Settings
from tests.core.stage import Stage, settings_in, stage
from tests.servers.slack import StrictSlack
from tests.servers.slack.delivery import Ack
from tests.servers.slack.world import Channel, Message, User, View

USERS = {"ada": {"role": "admin", "slack": "UADA"}, "bob": {"role": "approver", "slack": "UBOB"}}
PATIENCE = 20.0  # seconds until something that should show counts as lost


@dataclass
class Workspace:
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

    def patience(self) -> asyncio.Timeout:
        """Limit how long something is waited for."""
        return asyncio.timeout(PATIENCE)

    async def form(self, user: User) -> View:
        """Wait until a form is open before somebody, and return it."""
        async with self.patience():
            while (form := self.slack.modal(user)) is None:
                await self.moment()
        return form

    async def moment(self) -> None:
        """Let others do something before the next look."""
        await asyncio.sleep(0.01)

    async def until(
        self, channel: Channel, condition: Callable[[Message], object], *, thread: str | None = None
    ) -> Message:
        """Wait until a message of the channel, or of a thread, is as wanted, and return the newest such."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = [each for each in self.slack.messages(channel, thread) if condition(each)]
                if found:
                    return found[-1]
                await asyncio.sleep(0.01)


def _words(content: Any) -> str:
    if isinstance(content, dict):
        return " ".join(_words(part) for part in content.values())
    if isinstance(content, list):
        return " ".join(_words(part) for part in content)
    return content if isinstance(content, str) else ""


def configured(folder: Path, slack: StrictSlack, **sections: Any) -> Settings:
    """Make settings with the tokens of a workspace; Ada is its admin, Bob an approver."""
    for name, token in (("bot", slack.bot_token), ("app", slack.app_token)):
        (folder / name).write_text(token, "utf-8")
    return settings_in(
        folder,
        slack={"bot_token": f"file:{folder}/bot", "app_token": f"file:{folder}/app", "base_url": slack.base_url},
        **{"users": USERS, **sections},
    )


@asynccontextmanager
async def workspace(folder: Path, *agents: Agent, **sections: Any) -> AsyncIterator[Workspace]:
    """Open a workspace with one project and one channel. Nothing that Slack refuses may have been sent in the end."""
    async with StrictSlack() as slack:
        ada, bob = slack.user("UADA", "Ada"), slack.user("UBOB", "Bob")
        ops = slack.channel("COPS", ada, bob)
        settings = configured(folder, slack, **sections)
        async with serving(folder, settings, *agents) as scene:
            await slack.connected(settings.slack.connections)
            await scene.project()
            yield Workspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops)
        assert slack.violations == []


@asynccontextmanager
async def serving(folder: Path, settings: Settings, *agents: Agent) -> AsyncIterator[Stage]:
    """Run core, watch and front end; doing so again is a restart."""
    async with (
        stage(folder, settings, *agents) as scene,
        slack_front(settings.slack, scene.core.store, scene.core.clock) as front,
    ):
        watch = Watch(scene.core, [front.messenger])
        serve = front.run(Handlers(scene.core), scene.core.people, scene.core.runs)
        async with beside(watch.run(), serve):
            yield scene
