"""What Claude Code is started with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions

from runner.agents.claude.config import ClaudeConfig, agent_folder
from runner.agents.claude.gate import EVERY_STEP, PLAN, Gate
from runner.ports import AgentSpec, McpServer

_LARGEST_MESSAGE = 1 << 28  # bytes; the SDK's own limit of 1 MiB ends the session over one edit of a large file
_UNSUITABLE = (
    *("EnterWorktree", "ExitWorktree"),  # the worktree is ours to choose
    *("CronCreate", "CronDelete", "CronList", "ScheduleWakeup"),  # a session that wakes itself has nobody to answer it
    "ListAgents",  # other sessions on this machine belong to other people
)
_SANDBOX = {
    "enabled": True,
    "failIfUnavailable": True,  # or the CLI would run everything outside, with no more than a warning
    "autoAllowBashIfSandboxed": False,
    "allowUnsandboxedCommands": False,
}


def options(config: ClaudeConfig, spec: AgentSpec, session: str, gate: Gate) -> ClaudeAgentOptions:
    """Build what the SDK is told; `session` is the id of the conversation, to be resumed or begun."""
    wanted = spec.options
    plan = wanted.plan and not (spec.session and _planned(agent_folder(config), session))
    return ClaudeAgentOptions(
        cwd=spec.cwd,
        model=wanted.model,
        system_prompt={"type": "preset", "preset": "claude_code"},
        setting_sources=[],  # or hooks of the repository would run unasked
        strict_mcp_config=True,
        verbatim_prompts=True,  # or "/compact" and "@/etc/passwd" in a chat message would be carried out
        permission_mode="plan" if plan else "default",
        can_use_tool=gate.permit,
        hooks=gate.hooks,
        tools=None if wanted.tools is None else list(wanted.tools),
        disallowed_tools=[*_UNSUITABLE, *wanted.disallowed_tools],
        add_dirs=list(spec.read_dirs),
        max_turns=wanted.limits.turns,
        max_budget_usd=wanted.limits.cost_usd,
        settings=json.dumps(_settings(spec)),
        resume=session if spec.session else None,
        session_id=None if spec.session else session,
        max_buffer_size=_LARGEST_MESSAGE,
    )


def _settings(spec: AgentSpec) -> dict[str, Any]:
    """Return settings of the CLI itself. The callback for every step costs time, so only where the hook may be late."""
    return (EVERY_STEP if spec.session else {}) | ({"sandbox": _SANDBOX} if spec.options.sandbox else {})


def files(spec: AgentSpec) -> list[tuple[str, str]]:
    """Return what would be too long for the command line, or too secret, since everybody can read that."""
    named = [("--append-system-prompt-file", spec.instructions)] if spec.instructions else []
    if spec.mcp:
        servers = {server.name: _server(server) for server in spec.mcp}
        named.append(("--mcp-config", json.dumps({"mcpServers": servers})))
    return named


def _server(server: McpServer) -> dict[str, Any]:
    if server.url:
        return {"type": "http", "url": server.url, "headers": dict(server.headers)}
    return {"type": "stdio", "command": server.command, "args": list(server.args), "env": dict(server.env)}


def holds(folder: Path, session: str, prompt_id: str) -> bool:
    """Say whether something said under this id was written down: prompts keep it, remarks name it as their source."""
    return any(prompt_id in path.read_text("utf-8", errors="replace") for path in _transcripts(folder, session))


def _transcripts(folder: Path, session: str) -> Iterator[Path]:
    return folder.glob(f"projects/*/{session}.jsonl")


def _planned(folder: Path, session: str) -> bool:
    """Say whether a plan was approved in this conversation: the CLI itself forgets the mode when it ends."""
    blocks = [block for path in _transcripts(folder, session) for block in _blocks(path)]
    plans = {block["id"] for block in blocks if block.get("type") == "tool_use" and block.get("name") == PLAN}
    return any(block.get("tool_use_id") in plans and not block.get("is_error") for block in blocks)


def _blocks(transcript: Path) -> Iterator[dict[str, Any]]:
    """Yield the blocks of all messages; the last line may be cut off by a kill."""
    for line in transcript.read_text("utf-8", errors="replace").splitlines():
        if '"tool_' not in line:
            continue
        try:
            content = json.loads(line).get("message", {}).get("content")
        except json.JSONDecodeError:
            continue
        yield from (block for block in content if isinstance(block, dict)) if isinstance(content, list) else ()
