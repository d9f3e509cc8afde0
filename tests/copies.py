"""Repositories that many tests begin with: made once in a process, and copied."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


@cache
def _made(make: Callable[[Path], object]) -> TemporaryDirectory[str]:
    holder = TemporaryDirectory(prefix="signoff-copies-")
    make(Path(holder.name) / "repository")
    return holder


def copied(make: Callable[[Path], object], target: Path) -> None:
    """Have at `target` the repository that `make` makes; git is started once for it, not once a step."""
    shutil.copytree(Path(_made(make).name) / "repository", target, symlinks=True)
    # The index remembers inodes: without this a copy looks changed to whoever does not compare contents.
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=target, check=True)
