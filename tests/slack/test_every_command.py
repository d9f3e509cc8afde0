"""Every example of the grammar, said in a channel, in the thread of a run and to the app directly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import pytest

from bot.commands import ENTRIES
from runner.model import Execution, handle
from runner.ports import ExecutionQuery
from runner.tasks import TaskDraft
from tests.fakes import ActingAgent
from tests.servers.slack.delivery import Ack
from tests.servers.slack.world import Channel
from tests.slack.acting import act
from tests.slack.quick import MODES, QuickWorkspace, faults, quick
from tests.slack.workspace import Mode

# Commands that need a run of their own, since they change it, and what it has to be at.
_OWN = dict.fromkeys(("approve", "deny", "stop", "resume", "cancel", "revoke"), "ask") | {"answer": "choose"}
_OWN |= dict.fromkeys(("merge", "discard", "retry", "diff", "report"), "done")
WAYS = ("command", "thread", "direct")
_LAST = ("delete", "project", "delegate", "role", "freeze", "release")  # these change what the others find


@dataclass(frozen=True)
class Scene:
    """A run and where it lives."""

    channel: Channel
    thread: str
    run: Execution


@dataclass
class Visitor:
    """Somebody who tries every command."""

    ws: QuickWorkspace
    begun: int = 0
    common: list[Scene] = field(default_factory=list)  # the run for all commands that only look

    async def tries(self, example: str, way: str) -> frozenset[str]:
        """Say one example with names that are there; return what people see of us then and did not before.

        `way` is where it is said: by a slash command, in the thread of the run, or to the app directly.
        """
        word = example.split(maxsplit=1)[0]
        prompt = "two" if " 1:" in example else _OWN.get(word, "")
        if not prompt and not self.common:
            self.common.append(await self._begin("ask"))
        scene = await self._begin(prompt) if prompt else self.common[0]
        line = await self._named(example, word, scene)
        before = self.ws.seen()
        assert (await self._say(scene, line, way)).ok
        await self.ws.settled()
        new = self.ws.seen() - before
        if prompt:
            await self._end()
        return new

    async def _named(self, example: str, word: str, scene: Scene) -> str:
        """Give an example the names of what is there."""
        names = {"k3f9x2": handle(scene.run.id), "~/src/demo": str(self.ws.scene.repository)}
        match word:
            case "approve" | "deny" | "answer" | "view" | "rule":
                names["k3f9x2"] = await self._question(scene)
            case "revoke":
                names["k3f9x2"] = await self._rule(scene)
            case "resume":
                await self.ws.scene.core.runs.stop(self.ws.scene.actor, scene.run.id)
                await self.ws.settled()
            case "new":
                names["fix-tests"] = "another"
        if "m2p4q8" in example:
            names["m2p4q8"] = await self._question(await self._begin("ask"))
        return " ".join(names.get(part, part) for part in example.split(" "))

    async def _begin(self, prompt: str) -> Scene:
        self.begun += 1
        channel = self.ws.slack.channel(f"C{self.begun:04}", self.ws.ada, self.ws.bob)
        said = await self.ws.slack.mention(self.ws.ada, channel, f"do --project demo {prompt} please")
        await self.ws.settled()
        (run,) = (await self.ws.scene.core.store.executions.list(ExecutionQuery(limit=1))).items
        return Scene(channel, said.message.ts, run)

    async def _end(self) -> None:
        common = {scene.run.id for scene in self.common}
        for live in await self.ws.scene.core.store.executions.live():
            if live.id not in common:
                await self.ws.scene.core.runs.cancel(self.ws.scene.actor, live.id)
        await self.ws.settled()

    async def _question(self, scene: Scene) -> str:
        (asked,) = await self.ws.scene.core.store.approvals.of(scene.run.id)
        return handle(asked.id)

    async def _rule(self, scene: Scene) -> str:
        line = f"approve {await self._question(scene)} --run 1"
        await self.ws.slack.command(self.ws.ada, scene.channel, "/task", line)
        await self.ws.settled()
        (rule,) = (await self.ws.scene.core.runs.view(scene.run.id)).rules
        return handle(rule.id)

    async def _say(self, scene: Scene, line: str, way: str) -> Ack:
        ada, slack = self.ws.ada, self.ws.slack
        match way:
            case "command":
                return await slack.command(ada, scene.channel, "/task", line)
            case "thread":
                return (await slack.say(ada, scene.channel, line, thread_ts=scene.thread)).ack
            case _:
                return (await slack.say(ada, slack.dm(ada), line)).ack


def examples() -> list[str]:
    """Return all examples, those last that change what the others need."""
    lines = [line for entry in ENTRIES for line in entry.examples]
    return sorted(lines, key=lambda line: _LAST.index(line.split()[0]) if line.split()[0] in _LAST else -1)


async def tried(folder: Path, mode: Mode, lines: Sequence[tuple[str, str]]) -> None:
    """Say all lines, each in the way beside it, and see that they are answered."""
    async with quick(folder, ActingAgent(act), mode=mode) as ws:
        core, actor = ws.scene.core, ws.scene.actor
        await core.projects.add(actor, "demo", str(ws.scene.repository), {})
        draft = TaskDraft(name="fix-tests", prompt="done {{module}}", variables={"module": "x"}, project="demo")
        await core.tasks.define(actor, draft)
        visitor = Visitor(ws)
        for line, way in lines:
            new = await visitor.tries(line, way)
            assert new, f"no answer to {line!r} ({way})"
            assert not any("Unexpected error" in each for each in new), (line, way, new)


@pytest.mark.parametrize("mode", MODES)
async def test_one_example_of_each_command_is_answered(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-1, SLACK-7: as below, with few runs."""
    by_word = {line.split()[0]: line for line in reversed(examples())}
    lines = [line for line in examples() if by_word[line.split()[0]] is line and line.split()[0] not in _OWN]
    await tried(tmp_path, mode, list(zip([*lines, "approve k3f9x2"], cycle(WAYS), strict=False)))
    assert not faults(caplog)


@pytest.mark.proof
@pytest.mark.parametrize("way", WAYS)
async def test_every_example_of_the_grammar_is_answered(
    tmp_path: Path, mode: Mode, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-1, SLACK-7: whatever stands in the help is acknowledged and answered, wherever it is said."""
    await tried(tmp_path, mode, [(line, way) for line in examples()])
    assert not faults(caplog)
