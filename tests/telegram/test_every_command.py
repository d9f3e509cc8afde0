"""Every example of the grammar, said in each of the ways in which one can say something in Telegram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import pytest

from runner.model import Execution, handle
from runner.tasks import TaskDraft
from tests.fakes import ActingAgent
from tests.servers.telegram.world import Chat, Message, Topic
from tests.slack.acting import act
from tests.slack.test_every_command import _OWN as OWN
from tests.slack.test_every_command import examples
from tests.telegram.chats import Mode
from tests.telegram.town import QuickChats, faults, quick

# How something is said: where, and in which words. `{0}` is a line of the grammar.
WAYS = {
    "task": ("home", "/task {0}"),
    "slash": ("home", "/{0}"),
    "plain": ("home", "{0}"),
    "at": ("room", "/{word}@signoff_bot {rest}"),
    "reply": ("room", "{0}"),
    "mention": ("open", "@signoff_bot {0}"),
    "topic": ("topic", "/{0}"),
    "forum": ("forum", "/task {0}"),
}


@dataclass(frozen=True)
class Scene:
    """A run and the message that began it."""

    said: Message
    run: Execution


@dataclass
class Visitor:
    """Somebody who tries every command."""

    t: QuickChats
    forum: Chat
    topic: Topic
    common: dict[str, Scene] = field(default_factory=dict)  # by place: the run for all commands that only look

    async def tries(self, example: str, way: str) -> frozenset[str]:
        """Say one example with names that are there; return what people see of us then and did not before."""
        where, form = WAYS[way]
        self.t.tg.world.reads_all = where == "open"
        word = example.split(maxsplit=1)[0]
        prompt = "two" if " 1:" in example else OWN.get(word, "")
        if not prompt and where not in self.common:
            self.common[where] = await self._begin("ask", where)
        scene = await self._begin(prompt, where) if prompt else self.common[where]
        line = await self._named(example, word, scene, where)
        before = self.t.seen()
        word, _, rest = line.partition(" ")
        answered = self._ours(scene) if way == "reply" else None
        await self._says(form.format(line, word=word, rest=rest).strip(), where, answered)
        new = self.t.seen() - before
        if prompt:
            await self._end()
        return new

    def _ours(self, scene: Scene) -> Message:
        """Return a message of ours in the chain of a run."""
        return next(each for each in self.t.ours(scene.said.chat) if each.reply_to == scene.said.id)

    async def _says(self, text: str, where: str, answered: Message | None = None) -> Message:
        t = self.t
        if where == "home":
            return await t.says(t.ada, t.home, text)
        if where == "topic":
            return await t.says(t.ada, self.forum, text, topic=self.topic.id)
        if where == "forum":
            return await t.says(t.ada, self.forum, text)
        return await t.says(t.ada, t.room, text, reply_to=answered)

    async def _named(self, example: str, word: str, scene: Scene, where: str) -> str:
        """Give an example the names of what is there."""
        names = {"k3f9x2": handle(scene.run.id), "~/src/demo": str(self.t.scene.repository)}
        match word:
            case "approve" | "deny" | "answer" | "view" | "rule":
                names["k3f9x2"] = await self._question(scene)
            case "revoke":
                names["k3f9x2"] = await self._rule(scene)
            case "resume":
                await self.t.scene.core.runs.stop(self.t.scene.actor, scene.run.id)
                await self.t.settled()
            case "new":
                names["fix-tests"] = f"another-{len(self.t.tg.calls)}"
        if "m2p4q8" in example:
            names["m2p4q8"] = await self._question(await self._begin("ask", where))
        return " ".join(names.get(part, part) for part in example.split(" "))

    async def _begin(self, prompt: str, where: str) -> Scene:
        said = await self._says(f"/do --project demo {prompt} please", where)
        run, *_ = await self.t.runs()
        return Scene(said, run)

    async def _end(self) -> None:
        common = {scene.run.id for scene in self.common.values()}
        for live in await self.t.scene.core.store.executions.live():
            if live.id not in common:
                await self.t.scene.core.runs.cancel(self.t.scene.actor, live.id)
        await self.t.settled()

    async def _question(self, scene: Scene) -> str:
        (asked,) = await self.t.scene.core.store.approvals.of(scene.run.id)
        return handle(asked.id)

    async def _rule(self, scene: Scene) -> str:
        await self.t.says(self.t.ada, self.t.home, f"/approve {await self._question(scene)} --run 1")
        (rule,) = (await self.t.scene.core.runs.view(scene.run.id)).rules
        return handle(rule.id)


async def tried(folder: Path, mode: Mode, lines: Sequence[tuple[str, str]]) -> None:
    """Say all lines, each in the way beside it, and see that they are answered."""
    async with quick(folder, ActingAgent(act), mode=mode) as t:
        core, actor = t.scene.core, t.scene.actor
        await core.projects.add(actor, "demo", str(t.scene.repository), {})
        draft = TaskDraft(name="fix-tests", prompt="done {{module}}", variables={"module": "x"}, project="demo")
        await core.tasks.define(actor, draft)
        await t.tg.start(t.ada)
        forum = t.tg.group(-1002, "Tasks", t.ada, t.bob, bot="administrator", forum=True)
        visitor = Visitor(t, forum, await t.tg.create_topic(t.ada, forum, "Talk"))
        for line, way in lines:
            new = await visitor.tries(line, way)
            assert new, f"no answer to {line!r} ({way})"
            assert not any("Unexpected error" in each for each in new), (line, way, new)


@pytest.mark.parametrize("mode", ["polling", pytest.param("webhook", marks=pytest.mark.proof)])
async def test_one_example_of_each_command_is_answered(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-50: as below, each command in one way."""
    by_word = {line.split()[0]: line for line in reversed(examples())}
    lines = [line for line in examples() if by_word[line.split()[0]] is line and line.split()[0] not in OWN]
    await tried(tmp_path, mode, list(zip([*lines, "approve k3f9x2"], cycle(WAYS), strict=False)))
    assert not faults(caplog)


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("way", WAYS)
async def test_every_example_of_the_grammar_is_answered(
    tmp_path: Path, mode: Mode, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-50: whatever stands in the help is answered, wherever and in whichever way it is said."""
    await tried(tmp_path, mode, [(line, way) for line in examples()])
    assert not faults(caplog)
