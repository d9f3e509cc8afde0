"""Copy the ignored files that a fresh worktree needs, such as `.env` or `node_modules`."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from runner.errors import ProjectError
from runner.worktree.git import Repository, shown, text

COPIED = "signoff-copied"  # file in the worktree's git directory: copied files that git would not ignore


async def copy_ignored(
    source: Repository, checkout: Path, target: Path, note_dir: Path, globs: Sequence[str]
) -> tuple[str, ...]:
    """Copy untracked files of a checkout that match the globs (as in .gitignore with all slashes written out).

    Git itself lists them, so a tracked file or one outside the repository is never among them. Links are copied as
    links, and only if they stay inside. Returns a sentence for each file left out. Raises ProjectError for a glob
    that leads out of the repository.
    """
    for glob in globs:
        if PurePosixPath(glob).is_absolute() or ".." in PurePosixPath(glob).parts:
            raise ProjectError(
                f"The files to copy lie outside the repository: `{glob}`.",
                hint="Correct `copy` of the project: globs relative to the top of the repository.",
            )
    pathspecs = [f":(top,glob){glob.rstrip('/')}" for glob in globs]
    pathspecs += [f"{pathspec}/**" for pathspec in pathspecs]
    matching = await source.git("ls-files", "--others", "-z", "--", *pathspecs)
    plain = await source.git("ls-files", "--others", "--exclude-standard", "-z", "--", *pathspecs)
    names = [name for name in matching.split(b"\0") if name and not name.endswith(b"/")]
    left_out = await asyncio.to_thread(_copy_all, names, checkout, target)
    await asyncio.to_thread((note_dir / COPIED).write_bytes, plain)
    return left_out


def copied_but_not_ignored(note_dir: Path) -> list[str]:
    """Return the names of copied files that git would take for work of the agent."""
    note = note_dir / COPIED
    return [text(name) for name in note.read_bytes().split(b"\0") if name] if note.exists() else []


def _copy_all(names: Sequence[bytes], checkout: Path, target: Path) -> tuple[str, ...]:
    left_out = []
    for name in names:
        relative = os.fsdecode(name)
        reason = _copy_one(checkout / relative, target / relative, checkout, target)
        if reason:
            left_out.append(f"`{shown(name)}` was not copied: {reason}.")
    return tuple(left_out)


def _copy_one(source: Path, copy: Path, checkout: Path, target: Path) -> str:
    """Copy one file; return why not, or nothing."""
    if source.is_symlink() and not _stays_inside(source, checkout):
        return "it is a link that leads out of the project"
    if not copy.parent.resolve().is_relative_to(target.resolve()):
        return "its folder is a link that leads out of the worktree"
    if os.path.lexists(copy):
        return "the branch has a file of this name"
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy, follow_symlinks=False)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _stays_inside(link: Path, checkout: Path) -> bool:
    return not link.readlink().is_absolute() and link.resolve().is_relative_to(checkout)
