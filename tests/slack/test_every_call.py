"""Each call of Slack fails in each way, twice in a row, in a day's work: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.ports import ExecutionQuery
from tests.fakes import ActingAgent
from tests.servers.slack.world import Message, User, View
from tests.slack.acting import act
from tests.slack.quick import QuickWorkspace, faults, quick

# All methods of the Web API that the front end uses; auth.test is asked before anything else is there.
METHODS = frozenset(
    {
        *("chat.postMessage", "chat.update", "chat.postEphemeral", "conversations.open", "agents.sessions.setStatus"),
        *("views.open", "views.update", "views.publish", "reactions.add"),
        *("files.getUploadURLExternal", "files.completeUploadExternal"),
    }
)
_OTHERS = {"auth.test", "apps.connections.open", "conversations.replies", "conversations.history", "files.info"}
_SAMPLE = {("chat.postMessage", "lost")}
_WAYS = {"limited": (429, False), "refused": (500, False), "lost": (500, True)}


def _marks(method: str, way: str) -> list[pytest.MarkDecorator]:
    """Keep a sample for every run."""
    return [] if (method, way) in _SAMPLE else [pytest.mark.proof]


@dataclass
class Day:
    """What people do in a day; whoever is told to do it again does it again."""

    ws: QuickWorkspace

    async def passes(self) -> None:
        """Use everything once."""
        ws, slack = self.ws, self.ws.slack
        await slack.open_home(ws.ada)
        await ws.settled()
        form = await self._form(ws.ada)
        assert (await slack.submit(form, {"name": "t0", "prompt": "done"})).ok
        await ws.settled()
        said = await slack.mention(ws.ada, ws.ops, "ask please")
        await ws.settled()
        question = await self._question(said.message.ts)
        await ws.press(ws.bob, question, "Approve")
        await ws.settled()
        await slack.say(ws.ada, ws.ops, "and more", thread_ts=said.message.ts)
        await ws.settled()
        await slack.say(ws.ada, ws.ops, "nothing", thread_ts=said.message.ts)
        await slack.say(ws.ada, ws.ops, "people", thread_ts=said.message.ts)
        await ws.settled()
        await self._home_again()
        self.whole(said.message.ts)

    async def _form(self, user: User) -> View:
        """Open the form of a new task, again if Slack did not."""
        for _ in range(4):
            await self.ws.slack.command(user, self.ws.ops, "/task", "new")
            await self.ws.settled()
            await self.ws.clock.move(seconds=2)
            form = self.ws.slack.modal(user)
            if form is not None and form.content.get("submit"):
                return form
        raise AssertionError("no form")

    async def _question(self, thread: str) -> Message:
        async with self.ws.patience():
            while True:
                await self.ws.settled()
                found = [m for m in self.ws.slack.messages(self.ws.ops, thread) if m.text.startswith("Approve?")]
                if found:
                    (question,) = found
                    return question

    async def _home_again(self) -> None:
        """Press a button of the home, which is answered among the direct messages."""
        ws = self.ws
        home = ws.slack.home(ws.ada)
        assert home is not None
        direct = ws.slack.dm(ws.ada)
        for _ in range(4):
            ids = [e["action_id"] for b in home.blocks for e in b.get("elements", ()) if e.get("value") == "people"]
            await ws.slack.act(home, ids[0])
            await ws.settled()
            await ws.clock.move(seconds=2)
            if any("People" in ws.said(m) for m in ws.slack.messages(direct)):
                return
        raise AssertionError("no answer")

    def whole(self, thread: str) -> None:
        """See that all is there once."""
        messages = [m for m in self.ws.slack.messages(self.ws.ops, thread) if m.user == self.ws.slack.world.bot_user]
        texts = [m.text.split("\n")[0] + m.text[-80:] for m in messages if m.text]
        assert len(texts) == len(set(texts)), texts
        assert sum("Approved" in text for text in texts) == 1
        names = [self.ws.slack.files[file["id"]].name for m in messages for file in m.files]
        assert len(names) == len(set(names)), names
        assert names, texts
        for view in self.ws.slack.world.homes.values():
            assert "My last results" in str(view.blocks)


@pytest.mark.parametrize(
    ("method", "way"),
    [pytest.param(method, way, marks=_marks(method, way)) for method in sorted(METHODS) for way in _WAYS],
)
async def test_a_call_that_fails_twice_costs_nothing(
    tmp_path: Path, method: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-5: a limit, an error of Slack and an answer that was lost, on each kind of call."""
    async with quick(tmp_path, ActingAgent(act)) as ws:
        status, lost = _WAYS[way]
        ws.slack.fail(method, status=status, times=2, lost=lost)
        await Day(ws).passes()
        used = {call.method for call in ws.slack.calls}
        assert used - _OTHERS <= METHODS
        assert method in used
        assert method != "views.update" or len(ws.slack.called("views.open")) == 1, "the form was filled after all"
        assert len((await ws.scene.core.store.executions.list(ExecutionQuery(limit=9))).items) == 3
        assert await ws.scene.core.store.tasks.find("t0")
    assert not faults(caplog)
