"""What comes again, and a connection that is lost while somebody answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.again import AFTER_PRESS, BEFORE_PRESS, BEFORE_QUESTION, Late, Minute
from tests.products.logs import faults
from tests.servers.slack.world import Message
from tests.slack.day import Day
from tests.slack.quick import MODES, QuickWorkspace, quick
from tests.slack.workspace import Mode

KINDS = {
    "slash_commands",
    "block_actions",
    "view_submission",
    "message_action",
    "shortcut",
    "app_home_opened",
    "app_mention",
    "message",
    "message_changed",
    "file_shared",
}


def kinds(ws: QuickWorkspace) -> set[str]:
    """Return what has been delivered."""
    found = set()
    for parcel in ws.slack.deliveries.sent:
        event = parcel.payload.get("event", {})
        found.add(event.get("subtype") or event.get("type") or parcel.payload.get("type") or parcel.kind)
    return found


async def runs(ws: QuickWorkspace) -> list[str]:
    """Return the ids of all runs."""
    return [run.id for run in await ws.runs()]


@pytest.mark.parametrize("mode", MODES)
async def test_whatever_is_delivered_again_changes_nothing(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-5: each kind of delivery is known when it comes again, also after everything is over."""
    async with quick(tmp_path, ActingAgent(act), mode=mode) as ws:
        await Day(ws).passes()
        said = await ws.slack.say(ws.ada, ws.slack.dm(ws.ada), "done with files", files=[("a.txt", b"text")])
        await ws.slack.edit(ws.ada, said.message, "done with other words")
        await ws.slack.shortcut(ws.ada, "run_this", said.message)
        await ws.slack.shortcut(ws.ada, "new_task")
        await ws.reported()
        assert kinds(ws) >= KINDS
        before, began = ws.seen(), await runs(ws)
        for parcel in list(ws.slack.deliveries.sent):
            assert (await ws.slack.redeliver(parcel)).ok, parcel
        await ws.reported()
        assert ws.seen() == before
        assert await runs(ws) == began
    assert not faults(caplog)


@dataclass
class Asked(Minute[QuickWorkspace, Message]):
    """A question in a thread, and a minute without Slack."""

    ASKING = "Approve?"

    async def begin(self) -> None:
        """Have Ada begin a run that asks."""
        said = await self.venue.slack.mention(self.venue.ada, self.venue.ops, "ask please")
        self.thread = said.message.ts

    async def question(self) -> Message:
        """Wait for its question."""
        await self.venue.settled()
        thread = self.venue.slack.messages(self.venue.ops, self.thread)
        (question,) = [m for m in thread if m.text.startswith(self.ASKING)]
        return question

    async def press(self, question: Message) -> None:
        """Have Bob approve."""
        assert (await self.venue.press(self.venue.bob, question, "Approve")).ok

    def cards(self) -> list[str]:
        """Return what stands in the thread."""
        return [self.venue.said(message) for message in self.venue.slack.messages(self.venue.ops, self.thread)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "when",
    [
        pytest.param(BEFORE_QUESTION, marks=pytest.mark.proof),
        pytest.param(BEFORE_PRESS, marks=pytest.mark.proof),
        AFTER_PRESS,
    ],
)
async def test_a_minute_without_a_connection_in_the_middle_of_an_approval(
    tmp_path: Path, mode: Mode, when: str
) -> None:
    """SLACK-5: the step runs once, and its card says so once, on whichever side of the press the minute lies."""
    agent = Late()
    async with quick(tmp_path, ActingAgent(agent.part), mode=mode) as ws:
        await Asked(ws, agent).is_survived(when)
