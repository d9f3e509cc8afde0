"""One living Claude Code process with one conversation."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import uuid
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError, Message, ResultMessage

from runner.agents import environment, process
from runner.agents.claude import events
from runner.agents.claude.config import ClaudeConfig, plans_folder, secrets, variables
from runner.agents.claude.gate import Gate
from runner.errors import AgentError, SessionLost
from runner.ports import AgentHost, AgentResult, AgentSpec, McpServer, Prompt, PromptTaken, UsageGrew

_log = logging.getLogger(__name__)
_LARGEST_MESSAGE = 1 << 28  # bytes; the SDK's own limit of 1 MiB ends the session over one edit of a large file
_STDERR_LINES = 20
_LOST = "No conversation found"  # what the CLI says when it cannot resume


class ClaudeSession:
    """A conversation with a living process. Made by `open`."""

    def __init__(
        self, client: ClaudeSDKClient, leash: process.Leash, gate: Gate, *, session: str, errors: deque[str]
    ) -> None:
        self._client = client
        self._leash = leash
        self._gate = gate
        self._session = session
        self._messages = client.receive_messages()  # one for all turns: an iterator that is dropped may lose some
        self._meter = events.Meter()
        self._untaken: set[str] = set()
        self._interrupted = False
        self._ended = False
        self._errors = errors

    @classmethod
    async def open(cls, config: ClaudeConfig, program: Path, spec: AgentSpec) -> Self:
        """Start the program for `spec`. Raises AgentError, SessionLost."""
        session = spec.session or str(uuid.uuid4())
        gate = Gate(plans_folder(config))
        leash = process.Leash(
            [str(program)],
            {**variables(config, resume_turn=spec.interrupted), "PWD": str(spec.cwd)},
            secrets=secrets(config),
            files=_files(spec),
        )
        errors: deque[str] = deque(maxlen=_STDERR_LINES)
        options = _options(spec, session, gate)
        options.cli_path = process.install_launcher(config.home)
        options.env = environment.blanked() | leash.variables
        options.stderr = errors.append
        client = ClaudeSDKClient(options)
        opened = cls(client, leash, gate, session=session, errors=errors)
        try:
            await client.connect()
        except (ClaudeSDKError, OSError) as error:
            leash.drop()
            raise opened._translated(error) from error
        except BaseException:
            leash.drop()
            raise
        return opened

    @property
    def session(self) -> str | None:
        """Return the conversation's id."""
        return self._session

    @property
    def alive(self) -> bool:
        """Whether the process can take another prompt, as far as is known."""
        return not self._ended

    async def run(self, prompt: Prompt | None, host: AgentHost) -> AgentResult:
        """Say the prompt (None: take up the interrupted turn) and return when the agent is really idle."""
        self._gate.host = host
        self._interrupted = False
        try:
            if prompt:
                await self.say(prompt)
            return await self._follow(host)
        except (ClaudeSDKError, OSError) as error:
            failure = self._translated(error)
            if isinstance(failure, SessionLost):
                raise failure from error
            return AgentResult(status="interrupted" if self._interrupted else "failed", error=failure.message)
        finally:
            self._gate.withdraw()
            self._gate.host = None

    async def say(self, prompt: Prompt) -> None:
        """Say something; while a turn goes on, the agent reads it after its current step."""

        async def once() -> AsyncIterator[dict[str, Any]]:
            yield _spoken(prompt)

        self._untaken.add(prompt.id)
        await self._client.query(once())

    async def interrupt(self) -> None:
        """End the current turn; open asks are cancelled without an answer."""
        self._interrupted = True
        self._gate.withdraw()
        await self._client.interrupt()

    async def kill(self) -> None:
        """End the whole process tree at once, and only then let go of it.

        The order matters: a CLI that lives on while we disconnect tells its model that a person refused.
        """
        self._interrupted = True
        self._ended = True
        await asyncio.shield(self._leash.gone())
        await asyncio.shield(self._client.disconnect())

    async def close(self) -> None:
        """End an idle process politely: it writes the conversation to disk. Then surely."""
        self._ended = True
        try:
            await self._client.disconnect()
        finally:
            self._leash.drop()

    async def _follow(self, host: AgentHost) -> AgentResult:
        """Read until a turn has ended, the agent is idle and nothing that was said is still on its way."""
        result: AgentResult | None = None
        idle = False
        async for message in self._messages:
            await self._tell(message, host)
            if refused := events.refusal(message):
                await self.kill()
                return AgentResult(status="refused", error=refused)
            idle = _either(events.is_idle(message), idle)
            if isinstance(message, ResultMessage):
                result = events.result_of(message)
            if result and idle and (self._interrupted or not self._untaken):
                return AgentResult(status="interrupted") if self._interrupted else result
        self._ended = True
        return AgentResult(status="interrupted" if self._interrupted else "failed", error=self._last_words())

    async def _tell(self, message: Message, host: AgentHost) -> None:
        for event in events.events_of(message):
            await host.saw(event)
        for taken in self._untaken.intersection(events.prompts_in(message)):
            self._untaken.discard(taken)
            await host.saw(PromptTaken(prompt_id=taken))
        if isinstance(message, ResultMessage):
            await host.saw(UsageGrew(usage=self._meter.grown(message)))

    def _translated(self, error: Exception) -> AgentError:
        """Say what an error of the SDK means to people."""
        self._ended = True
        said = f"{error} {self._last_words()}"
        if _LOST in said:
            return SessionLost("The agent's conversation is gone.", hint="It begins anew from the prompt.")
        return AgentError(f"Claude Code ended unexpectedly: {self._last_words() or error}")

    def _last_words(self) -> str:
        return " ".join(self._errors)[-1000:]


def _either(news: bool | None, before: bool) -> bool:
    return before if news is None else news


def _options(spec: AgentSpec, session: str, gate: Gate) -> ClaudeAgentOptions:
    wanted = spec.options
    return ClaudeAgentOptions(
        cwd=spec.cwd,
        model=wanted.model,
        system_prompt={"type": "preset", "preset": "claude_code"},
        setting_sources=[],  # or hooks of the repository would run unasked
        strict_mcp_config=True,
        verbatim_prompts=True,  # or "/compact" and "@/etc/passwd" in a chat message would be carried out
        permission_mode="plan" if wanted.plan else "default",
        can_use_tool=gate.permit,
        hooks=gate.hooks,
        tools=None if wanted.tools is None else list(wanted.tools),
        disallowed_tools=list(wanted.disallowed_tools),
        add_dirs=list(spec.read_dirs),
        max_turns=wanted.limits.turns,
        max_budget_usd=wanted.limits.cost_usd,
        sandbox={"enabled": True, "autoAllowBashIfSandboxed": False, "allowUnsandboxedCommands": False}
        if wanted.sandbox
        else None,
        resume=session if spec.session else None,
        session_id=None if spec.session else session,
        max_buffer_size=_LARGEST_MESSAGE,
    )


def _files(spec: AgentSpec) -> list[tuple[str, str]]:
    """Return what would be too long for the command line, or too secret, since everybody can read that."""
    files = [("--append-system-prompt-file", spec.instructions)] if spec.instructions else []
    if spec.mcp:
        servers = {server.name: _server(server) for server in spec.mcp}
        files.append(("--mcp-config", json.dumps({"mcpServers": servers})))
    return files


def _server(server: McpServer) -> dict[str, Any]:
    if server.url:
        return {"type": "http", "url": server.url, "headers": dict(server.headers)}
    return {"type": "stdio", "command": server.command, "args": list(server.args), "env": dict(server.env)}


def _spoken(prompt: Prompt) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": prompt.text}]
    for image in prompt.images:
        data = base64.b64encode(image.data).decode()
        content.append({"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": data}})
    return {
        "type": "user",
        "uuid": prompt.id,
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
    }
