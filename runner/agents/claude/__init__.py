"""The driver for Claude Code, over the Claude Agent SDK."""

from __future__ import annotations

from runner.agents.claude.agent import OLDEST, ClaudeAgent
from runner.agents.claude.config import ClaudeConfig

__all__ = ["OLDEST", "ClaudeAgent", "ClaudeConfig"]
