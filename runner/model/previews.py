"""What a command or an edit would do, found out before a person decides."""

from __future__ import annotations

from runner.model.base import value
from runner.model.executions import DiffFile


@value
class Preview:
    """What a step did in a throw-away copy of the worktree.

    `problem` says why there is no preview, or why it is not whole; empty if all went well. `exit` is the status of the
    command, 128 + n after signal n, None if it did not come to its end. `output` is the end of what it printed, not yet
    masked. `files` are at most the first few hundred changed files, `patch` is a unified diff of them; `truncated` if
    either is cut. A file too large to be compared counts as binary; git's own data are one entry, `.git`. `seconds` is
    how long the command ran. `network_tried`: it wanted to reach something outside itself, which was not there.
    """

    problem: str = ""
    exit: int | None = None
    output: str = ""
    files: tuple[DiffFile, ...] = ()
    patch: str = ""
    truncated: bool = False
    seconds: float = 0.0
    network_tried: bool = False
