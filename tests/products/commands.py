"""Every example of the grammar, said by somebody with names that are there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Generic, Protocol, TypeVar

from bot.commands import ENTRIES
from runner.model import Execution, handle
from runner.tasks import TaskDraft
from tests.products.venue import TimedVenue

# Commands that need a run of their own, since they change it, and what it has to be at.
OWN = dict.fromkeys(("approve", "deny", "stop", "resume", "cancel", "revoke"), "ask") | {"answer": "choose"}
OWN |= dict.fromkeys(("merge", "discard", "retry", "diff", "report"), "done")
_LAST = ("delete", "project", "delegate", "role", "freeze", "release")  # these change what the others find


class Scene(Protocol):
    """A run and where it lives."""

    @property
    def run(self) -> Execution:
        """The run."""


V = TypeVar("V", bound=TimedVenue)
S = TypeVar("S", bound=Scene)


def examples() -> list[str]:
    """Return all examples, those last that change what the others need."""
    lines = [line for entry in ENTRIES for line in entry.examples]
    return sorted(lines, key=lambda line: _LAST.index(line.split()[0]) if line.split()[0] in _LAST else -1)


def one_of_each() -> list[str]:
    """Return one example of each command that needs no run of its own, and an approval."""
    by_word = {line.split()[0]: line for line in reversed(examples())}
    lines = [line for line in examples() if by_word[line.split()[0]] is line and line.split()[0] not in OWN]
    return [*lines, "approve k3f9x2"]


@dataclass
class Visitor(ABC, Generic[V, S]):
    """Somebody who tries every command."""

    venue: V
    _: KW_ONLY
    common: dict[str, S] = field(default_factory=dict)  # by place: the run for all commands that only look

    async def tries_all(self, lines: Sequence[tuple[str, str]]) -> None:
        """Say all lines, each in the way beside it, and see that they are answered."""
        core, actor = self.venue.scene.core, self.venue.scene.actor
        await core.projects.add(actor, "demo", str(self.venue.scene.repository), {})
        draft = TaskDraft(name="fix-tests", prompt="done {{module}}", variables={"module": "x"}, project="demo")
        await core.tasks.define(actor, draft)
        for line, way in lines:
            new = await self._tries(line, way)
            assert new, f"no answer to {line!r} ({way})"
            assert not any("Unexpected error" in each for each in new), (line, way, new)

    async def _tries(self, example: str, way: str) -> frozenset[str]:
        """Say one example; return what people see of us then and did not before."""
        place = self.place(way)
        word = example.split(maxsplit=1)[0]
        prompt = "two" if " 1:" in example else OWN.get(word, "")
        if not prompt and place not in self.common:
            self.common[place] = await self.begin("ask", place)
        scene = await self.begin(prompt, place) if prompt else self.common[place]
        line = await self._named(example, word, scene, place)
        before = self.venue.seen()
        await self.says(scene, line, way)
        new = self.venue.seen() - before
        if prompt:
            await self._end()
        return new

    async def _named(self, example: str, word: str, scene: S, place: str) -> str:
        """Give an example the names of what is there."""
        names = {"k3f9x2": handle(scene.run.id), "~/src/demo": str(self.venue.scene.repository)}
        match word:
            case "approve" | "deny" | "answer" | "view" | "rule":
                names["k3f9x2"] = await self._question(scene)
            case "revoke":
                names["k3f9x2"] = await self._rule(scene)
            case "resume":
                await self.venue.scene.core.runs.stop(self.venue.scene.actor, scene.run.id)
                await self.venue.settled()
            case "new":
                names["fix-tests"] = self.fresh()
        if "m2p4q8" in example:
            names["m2p4q8"] = await self._question(await self.begin("ask", place))
        return " ".join(names.get(part, part) for part in example.split(" "))

    async def _end(self) -> None:
        core, common = self.venue.scene.core, {scene.run.id for scene in self.common.values()}
        for live in await core.store.executions.live():
            if live.id not in common:
                await core.runs.cancel(self.venue.scene.actor, live.id)
        await self.venue.settled()

    async def _question(self, scene: S) -> str:
        (asked,) = await self.venue.scene.core.store.approvals.of(scene.run.id)
        return handle(asked.id)

    async def _rule(self, scene: S) -> str:
        await self.orders(scene, f"approve {await self._question(scene)} --run 1")
        (rule,) = (await self.venue.scene.core.runs.view(scene.run.id)).rules
        return handle(rule.id)

    def fresh(self) -> str:
        """Return a name that no task has."""
        return "another"

    def place(self, way: str) -> str:
        """Return in which of the places something is said in this way; those who share one share its run."""
        del way
        return ""

    @abstractmethod
    async def begin(self, prompt: str, place: str) -> S:
        """Have Ada begin a run at a place, and let everything come of it."""

    @abstractmethod
    async def orders(self, scene: S, line: str) -> None:
        """Have Ada say a line about a run somehow, and let everything come of it."""

    @abstractmethod
    async def says(self, scene: S, line: str, way: str) -> None:
        """Have Ada say a line in this way, and let everything come of it."""
