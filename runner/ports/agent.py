"""What the core asks of an agent, and what an agent may ask of the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from runner.model import AgentOptions, Answer, Image, Ruling, ToolCall, Usage, value


@value
class McpServer:
    """An MCP server as the agent is told about it; secrets are resolved already and never stored."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@value
class AgentSpec:
    """How to start an agent. Two equal specs may share one kept process.

    `session` is the conversation to resume, None to begin one. `interrupted` says that the conversation ends in a
    turn that was cut off: the agent takes it up by itself and needs no prompt.
    """

    cwd: Path
    options: AgentOptions
    session: str | None = None
    interrupted: bool = False
    instructions: str = ""  # added to the agent's system prompt: CLAUDE.md, AGENTS.md, house rules, goal
    mcp: tuple[McpServer, ...] = ()
    read_dirs: tuple[Path, ...] = ()


@value
class Prompt:
    """Something said to the agent. `id` is a UUID that names it in the conversation."""

    id: str
    text: str
    images: tuple[Image, ...] = ()


@value
class SessionBegan:
    """The agent told the id of its conversation."""

    session: str
    model: str = ""


@value
class TextSaid:
    """The agent said something to people."""

    text: str


@value
class StepBegan:
    """The agent is about to take a step (it may still be asked about or refused)."""

    call: ToolCall


@value
class StepEnded:
    """A step ended; `output` is what the agent saw of it, cut at a limit of the driver.

    `interrupted` says that it is not ok because we ended the turn, or parked the session, before it was done.
    """

    tool_use_id: str
    ok: bool
    output: str
    interrupted: bool = False


@value
class UsageGrew:
    """The agent consumed more; `usage` is the difference to the last such event."""

    usage: Usage


@value
class Retrying:
    """The model's service failed and is being tried again; `text` says why."""

    text: str


@value
class PromptTaken:
    """A prompt or remark has reached the agent's conversation."""

    prompt_id: str


AgentEvent = SessionBegan | TextSaid | StepBegan | StepEnded | UsageGrew | Retrying | PromptTaken


@value
class AgentResult:
    """How a turn ended.

    `status`: "ok"; "limit" (turns or cost used up); "interrupted"; "refused" (the model's service: key, credit,
    model); "failed" (anything else, also a process that died). `error` is for people.
    """

    status: str
    text: str = ""
    error: str = ""


class AgentHost(Protocol):
    """What an agent may call while it works. All three may be called from several places at once."""

    async def judge(self, call: ToolCall) -> Ruling:
        """Say at once what policy says to a step: asked before every step of every tool."""
        ...

    async def ask(self, call: ToolCall) -> Answer:
        """Wait for the answer to a step that policy does not decide. May take days; cancelled when the run ends."""
        ...

    async def saw(self, event: AgentEvent) -> None:
        """Take note of what happened."""
        ...


class AgentSession(Protocol):
    """A living agent process with one conversation."""

    @property
    def session(self) -> str | None:
        """Return the conversation's id, once known."""
        ...

    async def holds(self, prompt_id: str) -> bool:
        """Whether what was said under this id is in the conversation: a process that is killed may lose the newest."""
        ...

    async def run(self, prompt: Prompt | None, host: AgentHost) -> AgentResult:
        """Say the prompt (None: take up the interrupted turn) and return when the agent is really idle.

        Never raises for what the agent or the service does: that is in the result. Raises SessionLost if the
        conversation to resume does not exist. May be called again after an "ok" or "interrupted" result.
        """
        ...

    async def say(self, prompt: Prompt) -> None:
        """Say something while `run` is going on (steering)."""
        ...

    async def interrupt(self) -> None:
        """End the current turn; `run` returns "interrupted". Open asks are cancelled without an answer."""
        ...

    async def park(self) -> None:
        """End the process while a person is being asked, so that the same call is asked again on resumption.

        `run` returns "interrupted"; the session is resumed with `AgentSpec.interrupted`. Open asks are cancelled, and
        nothing answers in the person's place.
        """
        ...

    async def kill(self) -> None:
        """End the whole process tree at once, so that nothing answers an open ask in place of a person."""
        ...

    async def close(self) -> None:
        """End an idle process politely, then surely."""
        ...


class Agent(Protocol):
    """A kind of agent: claude, codex, gemini, any ACP program."""

    @property
    def name(self) -> str:
        """Return the name used in tasks and in the configuration."""
        ...

    async def check(self) -> str:
        """Return the version of the installed program. Raises AgentUnavailable."""
        ...

    async def open(self, spec: AgentSpec) -> AgentSession:
        """Start a process and its protocol, without saying anything yet. Raises AgentUnavailable, AgentError."""
        ...
