"""How much a preview may cost, and how it is refused."""

from __future__ import annotations

from runner.errors import SignoffError
from runner.model import value


class NoPreview(SignoffError):
    """A preview is not possible; the message says why, for people."""


@value
class PreviewLimits:
    """What a command may use up while it is tried, and how much of the result is kept.

    `files` and `bytes` bound the worktree that is copied; while the command runs it may double them. `processes` counts
    threads as well. `memory`, `bytes` and `file_bytes` (of one file) are bytes, `output` and `patch` characters.
    """

    seconds: float = 20.0
    files: int = 20_000
    bytes: int = 200_000_000
    file_bytes: int = 100_000_000
    processes: int = 256
    memory: int = 2 << 30
    output: int = 4_000
    patch: int = 20_000
    listed: int = 200  # changed files named one by one
    at_once: int = 2
