"""The configuration: one TOML file, environment variables `SIGNOFF_…`, and secrets by reference.

Unknown keys are errors and named together with the nearest known one; all problems are reported at once.
A secret is written as `env:NAME` or `file:PATH` and read when it is needed; nothing here prints it.
This is the one package (with `runner.agents.environment`) that reads the environment.
"""

from __future__ import annotations

from runner.settings.base import Secret
from runner.settings.fronts import Http, Mcp, Slack, Telegram, User
from runner.settings.loading import CONFIG_NAMES, Settings, find_config, load, resolve
from runner.settings.sections import (
    Agents,
    ApprovalsSection,
    Claude,
    Conditions,
    Policy,
    ProjectSection,
    Quiet,
    Reports,
    Storage,
    Worker,
)

__all__ = [
    "CONFIG_NAMES",
    "Agents",
    "ApprovalsSection",
    "Claude",
    "Conditions",
    "Http",
    "Mcp",
    "Policy",
    "ProjectSection",
    "Quiet",
    "Reports",
    "Secret",
    "Settings",
    "Slack",
    "Storage",
    "Telegram",
    "User",
    "Worker",
    "find_config",
    "load",
    "resolve",
]
