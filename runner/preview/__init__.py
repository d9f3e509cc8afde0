"""Try a step in a throw-away copy of the worktree, without network, before a person decides about it."""

from __future__ import annotations

from runner.preview.limits import PreviewLimits
from runner.preview.previewer import Previewer

__all__ = ["PreviewLimits", "Previewer"]
