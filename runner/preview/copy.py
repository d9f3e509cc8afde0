"""Make and remove throw-away copies: of a worktree, and of what git knows about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from runner.agents import process
from runner.model import value
from runner.preview.limits import NoPreview, PreviewLimits
from runner.preview.tree import measure

OBJECTS = Path("/run/signoff/objects")  # where the sandbox shows the objects of the real repository
# Reflinks share blocks until one side writes; hard links would let a command write into the real files. Owners are not
# kept: in the sandbox only our own files can be written.
_COPY = ("cp", "-R", "-P", "-x", "--preserve=mode,timestamps,links", "--reflink=auto")
_REMOVE = 'rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwx -- "$1"; exec rm -rf -- "$1"; }'
_NOT_NEEDED = frozenset({"objects", "worktrees", "modules", "lfs"})  # of a repository: large, or about others
_HERE = Path("/")


@value
class Git:
    """Where git keeps what it knows about a worktree: shared data of the repository, and the worktree's own.

    `borrowed` are object folders of other repositories that this one relies on.
    """

    common: Path
    own: Path
    borrowed: tuple[Path, ...] = ()


def find_git(worktree: Path) -> Git | None:
    """Find the git data of a worktree; None if it has none elsewhere.

    The file `.git` can be rewritten by an agent, so it counts only if the place it names is a repository that names
    this worktree in turn: else any folder could be led into the sandbox.
    """
    link = worktree / ".git"
    try:
        if link.is_symlink() or not link.is_file():
            return None
        own = Path(os.path.normpath(worktree / link.read_text().removeprefix("gitdir:").strip()))
        common = own.parent.parent
        named = Path((own / "gitdir").read_text().strip())
        shared = Path(os.path.normpath(own / (own / "commondir").read_text().strip()))
    except (OSError, UnicodeDecodeError):
        return None
    proven = named.resolve() == link.resolve() and shared == common and own.parent.name == "worktrees"
    if not proven or not _is_repository(common):
        return None
    return Git(common=common, own=own, borrowed=_borrowed(common / "objects"))


def _is_repository(folder: Path) -> bool:
    objects = folder / "objects"
    return (folder / "HEAD").is_file() and (folder / "refs").is_dir() and objects.is_dir() and not objects.is_symlink()


def _borrowed(objects: Path) -> tuple[Path, ...]:
    try:
        lines = (objects / "info" / "alternates").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    folders = [Path(os.path.normpath(objects / line)) for line in lines if line and not line.startswith("#")]
    return tuple(folder for folder in folders if folder.name == "objects" and _is_repository(folder.parent))


async def copy_worktree(worktree: Path, target: Path, limits: PreviewLimits) -> None:
    """Copy a worktree into a new folder. Raises NoPreview if it is too large or cannot be read."""
    if worktree.is_symlink() or not worktree.is_dir():
        raise NoPreview(f"There is no worktree {worktree}.")
    await _within([worktree], "The worktree", limits)
    target.mkdir()
    await _copy([f"{worktree}/."], target, limits)


async def copy_git(git: Git, target: Path, limits: PreviewLimits) -> None:
    """Copy a repository without its objects into a new folder; the copy looks for them in `OBJECTS`.

    Other worktrees are left out. Raises NoPreview.
    """
    shared = await asyncio.to_thread(lambda: [path for path in git.common.iterdir() if path.name not in _NOT_NEEDED])
    await _within([*shared, git.own], "What git knows about it", limits)
    worktrees = target / "worktrees"
    worktrees.mkdir(parents=True)
    await _copy(map(str, shared), target, limits)
    await _copy([str(git.own)], worktrees, limits)
    for name in ("info", "pack"):
        (target / "objects" / name).mkdir(parents=True)
    lent = "".join(f"{folder}\n" for folder in (OBJECTS, *git.borrowed))
    (target / "objects" / "info" / "alternates").write_text(lent)


async def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, whatever its permissions and however deep."""
    await process.run(["sh", "-c", _REMOVE, "sh", str(folder)], cwd=_HERE)


async def _within(folders: Iterable[Path], name: str, limits: PreviewLimits) -> None:
    try:
        amounts = await asyncio.to_thread(lambda: [measure(folder) for folder in folders])
    except OSError as error:
        raise NoPreview(f"{name} cannot be copied: {error.strerror}.") from error
    files, size = sum(amount.files for amount in amounts), sum(amount.bytes for amount in amounts)
    if files > limits.files:
        raise NoPreview(f"{name} has {files:,} files; up to {limits.files:,} are copied for a preview.")
    if size > limits.bytes:
        raise NoPreview(f"{name} has {size / 1e6:,.0f} MB; up to {limits.bytes / 1e6:,.0f} are copied for a preview.")


async def _copy(sources: Iterable[str], target: Path, limits: PreviewLimits) -> None:
    finished = await process.run([*_COPY, "--", *sources, str(target)], cwd=_HERE, timeout=limits.seconds)
    if finished.timed_out:
        raise NoPreview(f"Copying the worktree took longer than {limits.seconds:g} s.")
    if finished.exit != 0:
        raise NoPreview(f"The worktree cannot be copied: {finished.output.strip()[:500]}")
