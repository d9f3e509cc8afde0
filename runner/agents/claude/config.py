"""How Claude Code is configured, and the environment it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from runner.agents import environment
from runner.model import value

_FIXED = {
    "CLAUDE_BASH_MAINTAIN_PROJECT_WORKING_DIR": "1",  # relative paths mean what policy and people read
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",  # one run's notes would steer another's
    "CLAUDE_CODE_DISABLE_CRON": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",  # the only sign that a session is really idle
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
}
KEY_PIPE = "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR"  # the CLI reads the key from there: no child of it ever sees it


@value
class ClaudeConfig:
    """What the settings say about Claude Code.

    `home` is a folder of our own: the agent's HOME, with its sessions, unless `inherit_home`, which leaves it the
    user's own home and login. `cli_path` None is the program that comes with the SDK. `max_retries` is how often the
    CLI repeats a failed request; its own default of ten takes minutes.
    """

    home: Path
    inherit_home: bool = False
    cli_path: Path | None = None
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    env: Mapping[str, str] = field(default_factory=dict)
    max_retries: int = 4


def variables(config: ClaudeConfig, *, resume_turn: bool = False) -> dict[str, str]:
    """Build the whole environment of the CLI. `resume_turn` makes it take up the turn that was cut off."""
    own = {**_FIXED, "CLAUDE_CODE_MAX_RETRIES": str(config.max_retries)}
    if not config.inherit_home:
        own |= {"HOME": str(config.home), "CLAUDE_CONFIG_DIR": str(config.home / ".claude")}
    if config.base_url:
        own["ANTHROPIC_BASE_URL"] = config.base_url
    if resume_turn:
        own["CLAUDE_CODE_RESUME_INTERRUPTED_TURN"] = "1"
    return environment.clean({**own, **config.env})


def secrets(config: ClaudeConfig) -> dict[str, str]:
    """Return what reaches the CLI through pipes, by the variable that names the pipe."""
    return {KEY_PIPE: config.api_key} if config.api_key else {}


def agent_folder(config: ClaudeConfig) -> Path:
    """Return where the CLI keeps what it knows: conversations, plans."""
    home = Path.home() if config.inherit_home else config.home
    return Path(config.env.get("CLAUDE_CONFIG_DIR", home / ".claude"))


def plans_folder(config: ClaudeConfig) -> Path:
    """Return where the CLI keeps the plans of its agents."""
    return agent_folder(config) / "plans"
