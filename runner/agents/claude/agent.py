"""Find Claude Code and start it."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

from runner.agents import process
from runner.agents.claude.config import ClaudeConfig, variables
from runner.errors import AgentUnavailable

if TYPE_CHECKING:
    from types import ModuleType

    from runner.ports import AgentSession, AgentSpec

OLDEST = (2, 1, 248)  # the first that takes prompts verbatim: VERBATIM_PROMPTS_MINIMUM... of claude-agent-sdk 0.2.186
_VERSION_TIMEOUT = 30.0  # seconds; the program answers in 0.1, on a cold disk in a few
_HINT = "Reinstall Signoff, which brings Claude Code along, or set `cli` under [agents.claude] to a newer one."


class ClaudeAgent:
    """Claude Code as an agent. One instance for the whole daemon."""

    name = "claude"

    def __init__(self, config: ClaudeConfig) -> None:
        self._config = config
        self._checked: tuple[Path, int] | None = None  # a program of the user's that is new enough, as it was then

    async def warm(self) -> None:
        """Load the SDK (it takes more than a second) so that the first run does not wait for it."""
        await asyncio.to_thread(_driver)

    async def check(self) -> str:
        """Return the version of the installed program. Raises AgentUnavailable."""
        program = self.program()
        folder = self._config.home
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        said = await process.run(
            [str(program), "--version"], cwd=folder, env=variables(self._config), timeout=_VERSION_TIMEOUT
        )
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", said.output)
        if said.exit or not found:
            raise AgentUnavailable(f"{program} does not run: {said.output.strip()[:200]}", hint=_HINT)
        if tuple(map(int, found.groups())) < OLDEST:
            needed = ".".join(map(str, OLDEST))
            raise AgentUnavailable(f"Claude Code {found[0]} is too old; {needed} is needed.", hint=_HINT)
        return found[0]

    async def open(self, spec: AgentSpec) -> AgentSession:
        """Start the program in `spec.cwd` and its protocol. Raises AgentUnavailable, AgentError."""
        program = self.program()
        await self._check_own(program)
        await self.warm()
        session: AgentSession = await _driver().ClaudeSession.open(self._config, program, spec)
        return session

    async def _check_own(self, program: Path) -> None:
        """Check a program that the configuration names, once for each of its versions; the bundled one fits."""
        if self._config.cli_path is None:
            return
        as_it_is = (program, program.stat().st_mtime_ns)
        if as_it_is != self._checked:
            await self.check()
            self._checked = as_it_is

    def program(self) -> Path:
        """Return the path of the program. Raises AgentUnavailable."""
        path = self._config.cli_path or _bundled()
        if path is None or not path.is_file():
            where = path or "in the Claude Agent SDK"
            raise AgentUnavailable(f"Claude Code was not found: {where}.", hint=_HINT)
        return path


def _driver() -> ModuleType:
    return importlib.import_module("runner.agents.claude.session")


def _bundled() -> Path | None:
    """Return where the SDK keeps its copy of the program, without loading the SDK."""
    found = importlib.util.find_spec("claude_agent_sdk")
    return Path(found.origin).with_name("_bundled") / "claude" if found and found.origin else None
