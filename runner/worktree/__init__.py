"""One git worktree and branch per execution: make, snapshot, diff, merge, remove."""

from __future__ import annotations

from runner.worktree.changes import ChangedFile, Diff, diff, snapshot
from runner.worktree.make import Worktree, begin, fill, find, is_filled, make
from runner.worktree.merge import Identity, merge
from runner.worktree.state import ProjectState, inspect

__all__ = [
    "ChangedFile",
    "Diff",
    "Identity",
    "ProjectState",
    "Worktree",
    "begin",
    "diff",
    "fill",
    "find",
    "inspect",
    "is_filled",
    "make",
    "merge",
    "snapshot",
]
