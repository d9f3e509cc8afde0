"""One git worktree and branch per execution: make, snapshot, diff, merge, remove.

`make` is `inspect`, `reserve`, `register` and `fill` in one; who wants to start the agent meanwhile calls the four. All
of it may be called for several worktrees of one repository at once.
"""

from __future__ import annotations

from runner.worktree.changes import Commit, commits, diff, mark, newest, snapshot
from runner.worktree.instructions import instructions
from runner.worktree.keep import Adopted, Pruned, adopt, discard, prune, restore
from runner.worktree.make import Worktree, begin, fill, find, folder_name, is_filled, make, register, reserve
from runner.worktree.merge import Identity, merge
from runner.worktree.state import ProjectState, inspect

__all__ = [
    "Adopted",
    "Commit",
    "Identity",
    "ProjectState",
    "Pruned",
    "Worktree",
    "adopt",
    "begin",
    "commits",
    "diff",
    "discard",
    "fill",
    "find",
    "folder_name",
    "inspect",
    "instructions",
    "is_filled",
    "make",
    "mark",
    "merge",
    "newest",
    "prune",
    "register",
    "reserve",
    "restore",
    "snapshot",
]
