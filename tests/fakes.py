"""Fakes with behaviour, for parts whose real counterpart is too slow or too unpredictable for the case at hand.

`ActingAgent` implements the Agent port without a process: each turn plays a part, a coroutine that a test writes. It
keeps the promises of the port that the core relies on: judge before each step, ask only what is not decided, events in
order, an interrupt that ends the turn, a kill after which nothing is asked or told.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from runner.errors import SessionLost
from runner.model import Answer, Json, ToolCall, Usage, Verdict
from runner.ports import (
    AgentHost,
    AgentResult,
    AgentSession,
    AgentSpec,
    Prompt,
    PromptTaken,
    SessionBegan,
    StepBegan,
    StepEnded,
    TextSaid,
    UsageGrew,
)

Part = Callable[["Turn"], Awaitable[str]]


@dataclass
class Turn:
    """What a part can do: speak, take steps, listen."""

    prompt: Prompt | None
    host: AgentHost
    spec: AgentSpec
    remarks: asyncio.Queue[Prompt]

    @property
    def text(self) -> str:
        return self.prompt.text if self.prompt else ""

    async def say(self, text: str) -> None:
        await self.host.saw(TextSaid(text=text))

    async def step(self, tool: str, tool_input: Json) -> Answer | None:
        """Take a step as an agent does; return the answer of a person if one was asked, None if policy decided."""
        call = ToolCall(tool=tool, input=tool_input, tool_use_id=f"toolu_{uuid.uuid4().hex}")
        await self.host.saw(StepBegan(call=call))
        ruling = await self.host.judge(call)
        answer = await self.host.ask(call) if ruling.verdict is Verdict.ASK else None
        allowed = answer.approve if answer else ruling.verdict is Verdict.ALLOW
        await self.host.saw(StepEnded(tool_use_id=call.tool_use_id, ok=allowed, output="done" if allowed else "no"))
        return answer

    async def write(self, name: str, content: str) -> None:
        """Change a file of the worktree directly, as a step that was allowed would."""
        path = self.spec.cwd / name
        await asyncio.to_thread(path.write_text, content, "utf-8")

    async def remark(self) -> str:
        """Wait for something people say meanwhile."""
        prompt = await self.remarks.get()
        await self.host.saw(PromptTaken(prompt_id=prompt.id))
        return prompt.text


@dataclass
class ActingSession:
    """One conversation of an ActingAgent."""

    agent: ActingAgent
    spec: AgentSpec
    session: str
    remarks: asyncio.Queue[Prompt] = field(default_factory=asyncio.Queue)
    alive: bool = True
    _turn: asyncio.Task[str] | None = None

    async def holds(self, prompt_id: str) -> bool:
        return prompt_id not in self.agent.forgotten

    async def run(self, prompt: Prompt | None, host: AgentHost) -> AgentResult:
        if self.spec.session and self.spec.session not in self.agent.sessions:
            raise SessionLost("No conversation found.")
        self.agent.sessions.add(self.session)
        await host.saw(SessionBegan(session=self.session))
        if prompt:
            await host.saw(PromptTaken(prompt_id=prompt.id))
        turn = Turn(prompt=prompt, host=host, spec=self.spec, remarks=self.remarks)
        self._turn = asyncio.ensure_future(self.agent.part(turn))  # noqa: TID251 - awaited here, cancelled by interrupt
        try:
            text = await self._turn
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return AgentResult(status="interrupted")
        finally:
            self._turn.cancel()
        await host.saw(TextSaid(text=text))
        await host.saw(UsageGrew(usage=Usage(turns=1, input_tokens=100, output_tokens=10, cost_usd=0.001)))
        return AgentResult(status="ok", text=text)

    async def say(self, prompt: Prompt) -> None:
        self.remarks.put_nowait(prompt)

    async def interrupt(self) -> None:
        if self._turn is not None:
            self._turn.cancel()

    async def park(self) -> None:
        self.alive = False
        self.agent.ended.append("parked")
        await self.interrupt()

    async def kill(self) -> None:
        self.alive = False
        self.agent.ended.append("killed")
        await self.interrupt()

    async def close(self) -> None:
        self.alive = False
        self.agent.ended.append("closed")


class ActingAgent:
    """An agent that plays a part in every turn."""

    name = "claude"

    def __init__(self, part: Part) -> None:
        self.part = part
        self.sessions: set[str] = set()
        self.opened: list[AgentSpec] = []
        self.ended: list[str] = []
        self.forgotten: set[str] = set()  # ids of prompts that were not written down before a death
        self.lost_at_once = False  # whether a conversation that is gone is missed already when it is opened

    async def check(self) -> str:
        return "acting"

    async def open(self, spec: AgentSpec) -> AgentSession:
        self.opened.append(spec)
        if self.lost_at_once and spec.session and spec.session not in self.sessions:
            raise SessionLost("No conversation found.")
        return ActingSession(agent=self, spec=spec, session=spec.session or str(uuid.uuid4()))


MAKE = {"command": "make all"}


async def asks(turn: Turn) -> str:
    """Ask for one command, and say what came of it: the simplest part that needs a person."""
    answer = await turn.step("Bash", MAKE)
    assert answer is not None
    ran = answer.input["command"] if answer.input else MAKE["command"]
    return f"ran {ran}" if answer.approve else f"left it: {answer.note}"
