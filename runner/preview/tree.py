"""Look at folders without following a link: what is in them, how much, what became different."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from runner.model import value

_QUIET = frozenset({"index", "logs", "objects", "COMMIT_EDITMSG", "ORIG_HEAD", "FETCH_HEAD"})


@value
class Entry:
    """What tells that a file changed. No program can set `changed` (ctime) back."""

    mode: int
    size: int
    modified: int  # ns
    changed: int  # ns


@value
class Amount:
    """How many files there are, and how many bytes in them."""

    files: int = 0
    bytes: int = 0


def walk(folder: Path, *, unlock: bool = False) -> Iterator[tuple[str, os.stat_result]]:
    """Yield everything in a folder that is no folder itself: its relative path and its status.

    Folders that may not be read raise PermissionError; with `unlock`, for copies of ours, they are opened first.
    """
    front = [""]
    while front:
        inner = front.pop()
        for name, status in _listed(folder / inner, unlock=unlock):
            path = f"{inner}/{name}" if inner else name
            if stat.S_ISDIR(status.st_mode):
                front.append(path)
            else:
                yield path, status


def _listed(folder: Path, *, unlock: bool) -> list[tuple[str, os.stat_result]]:
    if unlock and not os.access(folder, os.R_OK | os.X_OK):
        folder.chmod(0o700)
    with os.scandir(folder) as found:
        return [(item.name, item.stat(follow_symlinks=False)) for item in found]


def manifest(folder: Path) -> dict[str, Entry]:
    """Note the state of every file of a copy of ours. Raises OSError."""
    return {
        path: Entry(mode=status.st_mode, size=status.st_size, modified=status.st_mtime_ns, changed=status.st_ctime_ns)
        for path, status in walk(folder, unlock=True)
    }


def git_state(folder: Path) -> dict[str, Entry]:
    """Note what matters of git's own data: HEAD, branches, settings, hooks; not what every `git status` renews."""
    return {path: entry for path, entry in manifest(folder).items() if not _QUIET & {*_of_worktree(path)[:1]}}


def _of_worktree(path: str) -> list[str]:
    parts = path.split("/")
    return parts[2:] if parts[0] == "worktrees" else parts


def measure(folder: Path) -> Amount:
    """Count files and bytes; a file counts as a folder with one. Raises OSError."""
    if not folder.is_dir() or folder.is_symlink():
        return Amount(files=1, bytes=folder.lstat().st_size)
    files = size = 0
    for _, status in walk(folder):
        files += 1
        size += status.st_size
    return Amount(files=files, bytes=size)


def room_taken(folder: Path) -> Amount:
    """Count files and folders and the bytes they take on the disk, in a folder that changes meanwhile."""
    files = size = 0
    front = [folder]
    while front:
        try:
            listed = _listed(front[-1], unlock=False)
        except OSError:  # gone or locked by now
            listed = []
        inner = front.pop()
        for name, status in listed:
            files += 1
            size += status.st_blocks * 512
            if stat.S_ISDIR(status.st_mode):
                front.append(inner / name)
    return Amount(files=files, bytes=size)


def git_folder(path: str) -> str:
    """Return the `.git` that a relative path is or lies in; empty if it is none of git's own data."""
    parts = path.split("/")
    return "/".join(parts[: parts.index(".git") + 1]) if ".git" in parts else ""
