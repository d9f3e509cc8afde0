"""The scripted model: what stands in for the model's service in the demo, in dry runs and in tests."""

from __future__ import annotations

from runner.demo.model import Received, ScriptedModel
from runner.demo.script import Conversation, Fault, Router, Script, ToolResult, Turn, turns

__all__ = ["Conversation", "Fault", "Received", "Router", "Script", "ScriptedModel", "ToolResult", "Turn", "turns"]
