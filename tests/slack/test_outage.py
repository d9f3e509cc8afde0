"""An hour without Slack, on a clock that a test moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.model import Execution, State
from runner.ports import ExecutionQuery
from tests.core.clock import HandClock
from tests.fakes import MAKE, ActingAgent, Turn
from tests.servers.slack import StrictSlack
from tests.servers.slack.world import Channel, Message
from tests.slack.workspace import Workspace, configured, serving

AGAIN = {"command": "make again"}
FINISH = "finish"  # the prompt of the run that ends while Slack is away; the others ask meanwhile


@dataclass
class Hour:
    """The workspace and its runs."""

    ws: Workspace
    clock: HandClock
    channels: dict[str, Channel]  # by prompt
    threads: dict[str, str]

    async def seen(self, prompt: str, *words: str) -> Message:
        """Let time pass until a message in the thread of a run has all these words."""
        async with self.ws.patience():
            while not (found := [m for m in self.thread(prompt) if all(word in self.ws.said(m) for word in words)]):
                await self.clock.move(seconds=0.2)
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

    async def passes(self, away: asyncio.Event) -> None:
        """Let an hour pass without Slack, in which one run ends and the others ask."""
        self.ws.slack.cut()
        away.set()
        async with self.ws.patience():
            while len(await self.ws.scene.core.store.approvals.open()) < 2 or not await self.ended():
                await self.ws.moment()
        for _ in range(60):
            await self.clock.move(minutes=1)
            await self.ws.moment()
        self.ws.slack.restore()

    async def ended(self) -> list[Execution]:
        """Return the runs that have ended, with their reports written."""
        store = self.ws.scene.core.store
        runs = (await store.executions.list(ExecutionQuery(limit=9))).items
        return [run for run in runs if run.state is State.COMPLETED and await store.feed.reports(run.id)]

    async def sent(self) -> None:
        """Let time pass until nothing waits to be sent."""
        async with self.ws.patience():
            while await self.ws.scene.core.store.deliveries.channels("slack"):
                await self.clock.move(seconds=1)
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
    away, clock = asyncio.Event(), HandClock()

    async def part(turn: Turn) -> str:
        if turn.prompt is not None:
            await turn.step("Bash", MAKE)
            await away.wait()
            if turn.text == FINISH:
                await turn.write("new.py", "x = 1\n")
                return "finished meanwhile"
        answer = await turn.step("Bash", AGAIN)
        return "ran it again" if answer and answer.approve else "left it"

    async with StrictSlack(clock) as slack:
        ada, bob = slack.user("UADA", "Ada"), slack.user("UBOB", "Bob")
        ops, dev = slack.channel("COPS", ada, bob), slack.channel("CDEV", ada, bob)
        terms = {"remind_minutes": (), "expire_minutes": 600}
        settings = configured(tmp_path, slack, approvals=terms, worker={"slots": 3})
        async with serving(tmp_path, settings, ActingAgent(part), clock=clock) as scene:
            await slack.connected(settings.slack.connections)
            await scene.project()
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops)
            hour = Hour(ws, clock, {FINISH: ops, "ask here": ops, "ask there": dev}, {})
            await hour.begin()
            await hour.passes(away)
            await hour.seen(FINISH, "finished meanwhile")
            await slack.connected(settings.slack.connections, seconds=30)
            for prompt in ("ask here", "ask there"):
                await ws.press(bob, await hour.seen(prompt, "Approve?", AGAIN["command"]), "Approve")
                await hour.seen(prompt, "ran it again")
            await hour.sent()
            for prompt in hour.channels:
                hour.whole(prompt)
        assert slack.violations == []
