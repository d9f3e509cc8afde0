"""What a repository tells agents: the text of CLAUDE.md and AGENTS.md.

The agents' own reading of setting files is switched off, because a repository can name programs there; these two
files are only text.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from runner.worktree.git import repository, shown
from runner.worktree.make import Worktree, is_filled

LIMIT = 40_000  # bytes a file
_NAMES = ("CLAUDE.md", "AGENTS.md")
_REGULAR = b"100"  # how the mode of a regular file begins in a tree; a link has 120000


async def instructions(worktree: Worktree) -> str:
    """Return the text of both files, each under its name; empty if there are none.

    They are read from the worktree, or from the base commit while it has no files yet. No link is followed out of
    the worktree; a file that links to the other one appears once. What is longer than LIMIT is cut, and says so.
    """
    if is_filled(worktree):
        found = await asyncio.to_thread(_from_files, worktree.path.resolve())
    else:
        found = await _from_commit(worktree)
    return "\n\n".join(f"# {name}\n\n{_cut(found[name])}" for name in _NAMES if found.get(name))


def _from_files(top: Path) -> dict[str, bytes]:
    files = {(top / name).resolve(): name for name in reversed(_NAMES)}
    found = {}
    for file, name in files.items():
        if file.is_relative_to(top) and file.is_file():
            with file.open("rb") as stream:
                found[name] = stream.read(LIMIT + 1)
    return found


async def _from_commit(worktree: Worktree) -> dict[str, bytes]:
    repo = await repository(worktree.repository)
    listed = await repo.git("ls-tree", "-z", worktree.base_commit, "--", *_NAMES)
    found = {}
    for entry in listed.split(b"\0"):
        kind, _, name = entry.partition(b"\t")
        if kind.startswith(_REGULAR):
            blob = shown(kind.split(b" ")[2])
            found[shown(name)] = await repo.head("cat-file", "blob", blob, limit=LIMIT + 1)
    return found


def _cut(raw: bytes) -> str:
    said = shown(raw[:LIMIT]).strip()
    return f"{said}\n\n[cut after {LIMIT} bytes]" if len(raw) > LIMIT else said
