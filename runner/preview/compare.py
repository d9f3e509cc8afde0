"""Tell what a command changed, as a diff: the worktree as it is against the copy the command ran in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from runner.model import Diff, DiffFile, value
from runner.preview.limits import NoPreview, PreviewLimits
from runner.preview.tree import Entry, git_folder, manifest
from runner.worktree import Worktree, diff
from runner.worktree.git import Repository, raw_bytes, shown, start, text

COMPARED_FILE = 2_000_000  # bytes of one file; larger ones are only named
COMPARED = 20_000_000  # bytes in all
_GIT_MODES = {stat.S_IFREG: b"100644", stat.S_IFLNK: b"120000"}
_EXECUTABLE = b"100755"


@value
class Content:
    """A file as git sees it: its kind (such as 100644) and its bytes, or where a link leads."""

    mode: bytes
    data: bytes


@value
class Changed:
    """One file before and after; None where there is none."""

    path: str
    before: Content | None = None
    after: Content | None = None


@value
class Comparison:
    """What became different, to be shown."""

    files: tuple[DiffFile, ...] = ()
    patch: str = ""
    truncated: bool = False


def differences(
    worktree: Path, copy: Path, noted: Mapping[str, Entry]
) -> tuple[tuple[Changed, ...], tuple[DiffFile, ...]]:
    """Return the changes between a worktree and its copy, and those that can only be named.

    `noted` is the copy before the command ran: only what differs from it is read. Raises NoPreview if the worktree
    itself was changed in a file that matters, OSError.
    """
    now = manifest(copy)
    compared: list[Changed] = []
    named: dict[str, DiffFile] = {}
    room = COMPARED
    for path in sorted(noted.keys() | now.keys()):
        old, new = noted.get(path), now.get(path)
        if old == new:
            continue
        if folder := git_folder(path):
            if folder not in named:
                named[folder] = _named(folder, _word(_within(folder, noted), _within(folder, now)))
            continue
        room -= sum(entry.size for entry in (old, new) if entry)
        if room < 0 or not all(_comparable(entry) for entry in (old, new) if entry):
            named[path] = _named(path, _word(old, new))
            continue
        before = _unchanged(worktree, path, old) if old else None
        after = _content(copy, path, new, unlock=True) if new else None
        compared.append(Changed(path=path, before=before, after=after))
    return tuple(compared), tuple(named.values())


def _word(before: object, after: object) -> str:
    return "modified" if before and after else "added" if after else "deleted"


def _within(folder: str, entries: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for path in entries)


def _comparable(entry: Entry) -> bool:
    return stat.S_IFMT(entry.mode) in _GIT_MODES and entry.size <= COMPARED_FILE


def _named(path: str, status: str) -> DiffFile:
    return DiffFile(path=shown(raw_bytes(path)), status=status, binary=True)


def _unchanged(worktree: Path, path: str, noted: Entry) -> Content:
    """Read a file of the worktree that has to be still as it was copied. Raises NoPreview."""
    try:
        found = (worktree / path).lstat()
        if (found.st_mode, found.st_size, found.st_mtime_ns) == (noted.mode, noted.size, noted.modified):
            return _content(worktree, path, noted)
    except OSError:
        pass  # it is gone, or no file any more
    raise NoPreview(f"{shown(raw_bytes(path))} was changed while the command was tried.")


def _content(folder: Path, path: str, entry: Entry, *, unlock: bool = False) -> Content:
    whole = folder / path
    if stat.S_ISLNK(entry.mode):
        return Content(mode=_GIT_MODES[stat.S_IFLNK], data=os.fsencode(whole.readlink()))
    if unlock and not os.access(whole, os.R_OK):
        whole.chmod(0o600)
    mode = _EXECUTABLE if entry.mode & stat.S_IXUSR else _GIT_MODES[stat.S_IFREG]
    return Content(mode=mode, data=read_file(whole))


def read_file(path: Path) -> bytes:
    """Read a regular file up to one byte more than can be compared; never through a link. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(COMPARED_FILE + 1)


async def compare(
    changes: Sequence[Changed], named: Iterable[DiffFile], folder: Path, limits: PreviewLimits
) -> Comparison:
    """Write changes as a diff, with renames found, in the words of git. `folder` is for a scratch repository.

    Raises ProjectError if git fails.
    """
    found = await _diff(changes, folder)
    files, patch = (*found.files, *named), found.patch
    if len(patch) > limits.patch:
        patch = patch[: patch.rfind("\n", 0, limits.patch) + 1]
    cut = found.truncated or len(patch) < len(found.patch) or len(files) > limits.listed
    return Comparison(files=files[: limits.listed], patch=patch, truncated=cut)


async def _diff(changes: Sequence[Changed], folder: Path) -> Diff:
    if not changes:
        return Diff()
    await start(["init", "--quiet", "--bare", "--template=", str(folder)])
    stream = b"".join(
        [_commit(1, ((c.path, c.before) for c in changes)), _commit(2, ((c.path, c.after) for c in changes))]
    )
    repo = Repository(git_dir=folder)
    before, after = text(await repo.git("fast-import", "--quiet", data=stream)).split()
    pair = Worktree(path=folder, branch="", base_branch="", base_commit=before, repository=folder)
    return await diff(pair, commit=after)


def _commit(mark: int, files: Iterable[tuple[str, Content | None]]) -> bytes:
    """Write a commit in the language of git-fast-import(1), and ask for its id."""
    lines = [b"commit refs/heads/%d\nmark :%d\ncommitter <> 0 +0000\ndata 0\n" % (mark, mark)]
    for path, content in files:
        if content:
            quoted = raw_bytes(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
            lines.append(b'M %s inline "%s"\ndata %d\n%s\n' % (content.mode, quoted, len(content.data), content.data))
    return b"".join([*lines, b"get-mark :%d\n" % mark])
