"""An hour without Slack, on a clock that a test moves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.outage import AGAIN, FINISH, Hour
from tests.servers.slack.world import Channel, Message
from tests.slack.quick import QuickWorkspace, quick


@dataclass
class Threads:
    """The workspace and its runs."""

    ws: QuickWorkspace
    channels: dict[str, Channel]  # by prompt
    threads: dict[str, str]

    async def seen(self, prompt: str, *words: str) -> Message:
        """Let time pass until a message in the thread of a run has all these words."""
        async with self.ws.patience():
            while not (found := [m for m in self.thread(prompt) if all(word in self.ws.said(m) for word in words)]):
                await self.ws.clock.move(seconds=0.2)
                await self.ws.moment()
        return found[-1]

    def thread(self, prompt: str) -> list[Message]:
        """Return the messages in the thread of a run."""
        return self.ws.slack.messages(self.channels[prompt], self.threads[prompt])

    async def begin(self) -> None:
        """Begin the runs, and approve the first step of each."""
        for prompt, channel in self.channels.items():
            said = await self.ws.slack.mention(self.ws.ada, channel, prompt)
            self.threads[prompt] = said.message.ts
            await self.ws.press(self.ws.bob, await self.seen(prompt, "Approve?"), "Approve")
            await self.seen(prompt, "Approved")

    async def sent(self) -> None:
        """Let time pass until nothing waits to be sent."""
        async with self.ws.patience():
            while await self.ws.scene.core.store.deliveries.channels("slack"):
                await self.ws.clock.move(seconds=1)
                await self.ws.moment()

    def whole(self, prompt: str) -> None:
        """Hold what people see of a run against what there is: each card and each file once."""
        texts = [message.text.split("\n")[0] for message in self.thread(prompt) if message.text]
        assert len(texts) == len(set(texts)), texts
        assert sum(": completed" in text for text in texts) == 1
        names = [self.ws.slack.files[file["id"]].name for m in self.thread(prompt) for file in m.files]
        assert len(names) == len(set(names)) > 0, names


@pytest.mark.proof
async def test_an_hour_of_outage_ends_with_each_card_and_each_file_delivered_once(tmp_path: Path) -> None:
    """SLACK-5, DEL-9: questions, results and files; what people press afterwards counts."""
    hour, terms = Hour(), {"remind_minutes": (), "expire_minutes": 600}
    async with quick(tmp_path, ActingAgent(hour.part), approvals=terms, worker={"slots": 3}) as ws:
        dev = ws.slack.channel("CDEV", ws.ada, ws.bob)
        there = Threads(ws, {FINISH: ws.ops, "ask here": ws.ops, "ask there": dev}, {})
        await there.begin()
        await hour.passes(ws)
        await there.seen(FINISH, "finished meanwhile")
        await ws.slack.connected(ws.settings.slack.connections, seconds=30)
        for prompt in ("ask here", "ask there"):
            await ws.press(ws.bob, await there.seen(prompt, "Approve?", AGAIN["command"]), "Approve")
            await there.seen(prompt, "ran it again")
        await there.sent()
        for prompt in there.channels:
            there.whole(prompt)
