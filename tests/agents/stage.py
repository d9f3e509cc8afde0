"""What the tests of the agents stand on: a host with a behaviour, and the real CLI against the scripted model."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from runner.agents.claude import ClaudeAgent, ClaudeConfig
from runner.demo import Conversation, Script, ScriptedModel
from runner.model import AgentOptions, Answer, Ruling, ToolCall, Usage, Verdict
from runner.ports import AgentEvent, AgentResult, AgentSession, AgentSpec, Prompt, UsageGrew

KEY = "key-of-the-test-7f3a"
YES = Answer(approve=True)
_E = TypeVar("_E")


def by_tool(**verdicts: Verdict) -> Callable[[ToolCall], Ruling]:
    """Make a policy that knows some tools and asks about all others."""
    return lambda call: Ruling(verdict=verdicts.get(call.tool, Verdict.ASK), reason=f"rule for {call.tool}")


class Host:
    """Policy and person of a test; remembers everything."""

    def __init__(
        self,
        answer: Callable[[ToolCall], Awaitable[Answer]] | Answer = YES,
        policy: Callable[[ToolCall], Ruling] | None = None,
    ) -> None:
        self._answer = answer
        self._policy = policy or by_tool()
        self.judged: list[ToolCall] = []
        self.asked: list[ToolCall] = []
        self.events: list[AgentEvent] = []
        self.withdrawn = 0
        self._news = asyncio.Condition()

    async def judge(self, call: ToolCall) -> Ruling:
        self.judged.append(call)
        return self._policy(call)

    async def ask(self, call: ToolCall) -> Answer:
        self.asked.append(call)
        await self._ring()
        try:
            return self._answer if isinstance(self._answer, Answer) else await self._answer(call)
        except asyncio.CancelledError:
            self.withdrawn += 1
            raise

    async def saw(self, event: AgentEvent) -> None:
        self.events.append(event)
        await self._ring()

    def seen(self, kind: type[_E]) -> list[_E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def usage(self) -> Usage:
        return sum((event.usage for event in self.seen(UsageGrew)), Usage())

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that was asked or seen makes the condition true."""
        async with self._news:
            await self._news.wait_for(lambda: bool(condition()))

    async def _ring(self) -> None:
        async with self._news:
            self._news.notify_all()


class Stage:
    """One model, one agent with a home of its own, one working directory."""

    def __init__(self, model: ScriptedModel, folder: Path) -> None:
        self.model = model
        self.work = folder / "work"
        self.work.mkdir(exist_ok=True)
        self.config = ClaudeConfig(home=folder / "home", base_url=model.url, api_key=KEY, max_retries=1)
        self.spec = AgentSpec(cwd=self.work, options=AgentOptions())

    @asynccontextmanager
    async def session(
        self, spec: AgentSpec | None = None, config: ClaudeConfig | None = None
    ) -> AsyncIterator[AgentSession]:
        session = await ClaudeAgent(config or self.config).open(spec or self.spec)
        try:
            yield session
        finally:
            await session.kill()

    async def run(self, text: str, host: Host, spec: AgentSpec | None = None) -> AgentResult:
        async with self.session(spec) as session:
            return await session.run(said(text), host)

    def spec_with(self, options: AgentOptions) -> AgentSpec:
        return replace(self.spec, options=options)

    @property
    def last(self) -> Conversation:
        return self.model.conversations[-1]


@asynccontextmanager
async def stage(folder: Path, script: Script | None = None) -> AsyncIterator[Stage]:
    """Serve a script to the real CLI; afterwards the CLI must have sent nothing that the API would refuse."""
    async with ScriptedModel(script, api_key=KEY) as model:
        yield Stage(model, folder)
        assert model.violations == []


async def exists(path: Path) -> None:
    """Wait until another process has made this file."""
    while not path.exists():
        await asyncio.sleep(0.01)


def said(text: str) -> Prompt:
    return Prompt(id=str(uuid.uuid4()), text=text)


def bash(command: str) -> tuple[str, dict[str, str]]:
    return "Bash", {"command": command}


def result_texts(conversation: Conversation) -> Sequence[str]:
    return [result.text for result in conversation.results]
