"""Every example of the grammar, said in each of the ways in which one can say something in Telegram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from runner.model import Execution
from tests.fakes import ActingAgent
from tests.products import commands
from tests.products.acting import act
from tests.products.commands import examples, one_of_each
from tests.products.logs import faults
from tests.servers.telegram.world import Chat, Message, Topic
from tests.telegram.chats import Mode
from tests.telegram.quick import QuickChats, quick

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
class Visitor(commands.Visitor[QuickChats, Scene]):
    """Somebody who tries every command."""

    forum: Chat
    topic: Topic

    def place(self, way: str) -> str:
        """Return the chat of a way."""
        return WAYS[way][0]

    def fresh(self) -> str:
        """Return a name that no task has."""
        return f"another-{len(self.venue.tg.calls)}"

    async def says(self, scene: Scene, line: str, way: str) -> None:
        """Say a line as this way has it; in the open room we read everything."""
        place, form = WAYS[way]
        self.venue.tg.world.reads_all = place == "open"
        word, _, rest = line.partition(" ")
        answered = self._ours(scene) if way == "reply" else None
        await self._says(form.format(line, word=word, rest=rest).strip(), place, answered)

    async def orders(self, scene: Scene, line: str) -> None:
        """Say a line in private."""
        del scene
        await self.venue.says(self.venue.ada, self.venue.home, f"/{line}")

    async def begin(self, prompt: str, place: str) -> Scene:
        """Begin a run in a chat."""
        said = await self._says(f"/do --project demo {prompt} please", place)
        run, *_ = await self.venue.runs()
        return Scene(said, run)

    def _ours(self, scene: Scene) -> Message:
        """Return a message of ours in the chain of a run."""
        return next(each for each in self.venue.ours(scene.said.chat) if each.reply_to == scene.said.id)

    async def _says(self, text: str, place: str, answered: Message | None = None) -> Message:
        t = self.venue
        if place == "home":
            return await t.says(t.ada, t.home, text)
        if place == "topic":
            return await t.says(t.ada, self.forum, text, topic=self.topic.id)
        if place == "forum":
            return await t.says(t.ada, self.forum, text)
        return await t.says(t.ada, t.room, text, reply_to=answered)


async def tried(folder: Path, mode: Mode, lines: Sequence[tuple[str, str]]) -> None:
    """Say all lines, each in the way beside it, and see that they are answered."""
    async with quick(folder, ActingAgent(act), mode=mode) as t:
        await t.tg.start(t.ada)
        forum = t.tg.group(-1002, "Tasks", t.ada, t.bob, bot="administrator", forum=True)
        visitor = Visitor(t, forum, await t.tg.create_topic(t.ada, forum, "Talk"))
        await visitor.tries_all(lines)


@pytest.mark.parametrize("mode", ["polling", pytest.param("webhook", marks=pytest.mark.proof)])
async def test_one_example_of_each_command_is_answered(
    tmp_path: Path, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-50: as below, each command in one way."""
    await tried(tmp_path, mode, list(zip(one_of_each(), cycle(WAYS), strict=False)))
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
