"""Which step is refused, asked or allowed: a deny floor, then rules, over parsed shell commands. Pure."""

from __future__ import annotations

from runner.policy.context import PolicyContext
from runner.policy.describe import MAX_TITLE, changed_lines, describe, visible
from runner.policy.patterns import validate_pattern
from runner.policy.replay import Replay, Replayed, replay
from runner.policy.suggest import offers, signature
from runner.policy.verdict import judge, labels

__all__ = [
    "MAX_TITLE",
    "PolicyContext",
    "Replay",
    "Replayed",
    "changed_lines",
    "describe",
    "judge",
    "labels",
    "offers",
    "replay",
    "signature",
    "validate_pattern",
    "visible",
]
