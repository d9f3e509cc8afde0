"""A repository with a worktree inside Signoff's own data, as previews meet it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from runner.clock import SystemClock
from runner.model import Preview, ToolCall
from runner.preview import Previewer, PreviewLimits
from tests.worktree.repo import Repo, new_repo


@dataclass
class Stage:
    """Everything under one folder: `state` is Signoff's data, in which the worktree and the scratch folder lie."""

    top: Path
    repo: Repo
    worktree: Path
    limits: PreviewLimits = field(default_factory=PreviewLimits)

    @property
    def state(self) -> Path:
        return self.top / "state"

    @property
    def scratch(self) -> Path:
        return self.state / "previews"

    def previewer(self) -> Previewer:
        return Previewer(scratch=self.scratch, clock=SystemClock(), limits=self.limits)

    async def run(self, command: str) -> Preview:
        return await self.previewer().preview(self.worktree, ToolCall(tool="Bash", input={"command": command}))

    def everything(self) -> dict[str, tuple[int, int, str]]:
        """Return kind, time and content of every file there is, the scratch folder left out."""
        found = {}
        for folder, _, names in os.walk(self.top):
            for name in names:
                path = Path(folder, name)
                status = path.lstat()
                linked = stat.S_ISLNK(status.st_mode)
                data = os.fsencode(path.readlink()) if linked else path.read_bytes()
                found[str(path)] = (status.st_mode, status.st_mtime_ns, hashlib.sha256(data).hexdigest())
        return found


def new_stage(top: Path) -> Stage:
    repo = new_repo(top / "shop")
    repo.commit({"a.txt": "one\n", "b.txt": "".join(f"line {number}\n" for number in range(20)), "src/c.py": "c = 1\n"})
    worktree = top / "state" / "worktrees" / "shop" / "abc123"
    repo.git("worktree", "add", "--quiet", "-b", "task/abc123", str(worktree))
    (top / "state" / "signoff.db").write_text("the-secret-of-the-state")
    return Stage(top=top, repo=repo, worktree=worktree)


def alive(word: str) -> list[int]:
    """Return the processes of this machine whose command line contains a word."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and word.encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


async def gone(word: str) -> None:
    """Wait until no process has it any more: the kernel takes a sandbox down after its starter is told."""
    async with asyncio.timeout(10):
        while alive(word):
            await asyncio.sleep(0.02)
