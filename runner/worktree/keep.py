"""Keep worktrees in order: discard and restore, prune what is left behind, mend after a crash. No work is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path

from runner.errors import ProjectError
from runner.model import Project, value
from runner.worktree.changes import kept_commit, record, scratch_index
from runner.worktree.git import GitFailed, Repository, repository, text
from runner.worktree.make import BACKUPS, BRANCHES, FILLED, Worktree, add, folder_name, is_filled, lock, open_worktree
from runner.worktree.state import locate


@value
class Adopted:
    """How a worktree was found after a crash. `found` are sentences; empty if all was well. If `filled` is False,
    `fill` has to be called (again) before an agent works in it.
    """

    filled: bool
    found: tuple[str, ...] = ()


@value
class Pruned:
    """A worktree that was removed, and the ref that keeps its newest state."""

    handle: str
    backup: str


async def discard(worktree: Worktree) -> str:
    """Remove worktree and branch, and return the ref that keeps their newest state, uncommitted files included.

    Raises ProjectError, and then nothing was removed. What git ignores is not kept. A branch that is checked out
    somewhere else stays.
    """
    async with lock(worktree.repository):
        repo = await repository(worktree.repository)
        if worktree.path.is_dir():
            await _mend(repo, worktree)
        await _back_up(repo, worktree)
        await _remove(repo, worktree)
    return BACKUPS + worktree.handle


async def restore(worktree: Worktree) -> None:
    """Make a discarded worktree again at its newest state; call `fill` to bring its files back. Raises ProjectError
    if there is no backup, or something stands in the place of worktree or branch.
    """
    backup = BACKUPS + worktree.handle
    async with lock(worktree.repository):
        repo = await repository(worktree.repository)
        commit = await repo.commit_of(backup)
        if commit is None:
            raise ProjectError(f"There is no backup of {worktree.handle}.", hint="Run the prompt again.")
        await add(repo, worktree, commit)
        await repo.git("update-ref", "-d", backup)


async def prune(project: Project, root: Path, keep: Collection[str]) -> tuple[Pruned, ...]:
    """Remove the project's worktrees below `root` whose handle is not in `keep`, and those whose directory vanished.

    The newest state of each stays under its backup ref. Worktrees that other people made are left alone. Raises
    ProjectError.
    """
    _, common, _ = await locate(project)
    folder = root.resolve() / folder_name(project.name)
    repo = await repository(common)
    unwanted = [each for each in await _ours(repo, folder) if each.handle not in keep or not each.path.is_dir()]
    return tuple([Pruned(handle=each.handle, backup=await discard(each)) for each in unwanted])


async def adopt(worktree: Worktree) -> Adopted:
    """Mend a worktree that a crash may have left in pieces; nothing may be running in it.

    A stale lock is removed, a worktree that the repository has forgotten is registered again, the link between the
    two is set right, an unreadable index is made anew: files stay as they are. A vanished directory is made again
    from the branch or its backup. Raises ProjectError if neither worktree nor branch nor backup exists.
    """
    async with lock(worktree.repository):
        repo = await repository(worktree.repository)
        if worktree.path.is_dir():
            found = await _mend(repo, worktree)
        else:
            await _register(repo, worktree)
            found = ["Its directory was gone; what was committed is there."]
    return Adopted(filled=is_filled(worktree), found=tuple(found))


async def _back_up(repo: Repository, worktree: Worktree) -> None:
    if is_filled(worktree):
        async with scratch_index(worktree) as index:
            commit = await record(await open_worktree(worktree), worktree, "State when it was discarded", index)
    else:
        commit = await kept_commit(repo, worktree)
    backup = BACKUPS + worktree.handle
    known = await repo.commit_of(backup)
    # a removal that was cut off has left an older state behind: it must not replace the newer one
    if known and (await repo.run("merge-base", "--is-ancestor", commit, known)).exit == 0:
        return
    await repo.git("update-ref", "--create-reflog", "-m", "signoff: discard", backup, commit)


async def _remove(repo: Repository, worktree: Worktree) -> None:
    try:
        await asyncio.to_thread(_remove_tree, worktree.path)
    except OSError as error:
        raise ProjectError(
            f"{worktree.path} cannot be removed: {error.strerror or error}.",
            hint="Its state is kept; remove it by hand.",
        ) from error
    if worktree.git_dir.exists():
        await repo.git("worktree", "remove", "--force", "--force", str(worktree.path))
    if worktree.branch and await repo.commit_of(f"refs/heads/{worktree.branch}"):
        with contextlib.suppress(GitFailed):  # a person has it checked out: theirs now
            await repo.git("branch", "--quiet", "-D", "--", worktree.branch)


def _remove_tree(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except PermissionError:  # caches of some tools are made of folders that may not be written
        for folder, names, _ in os.walk(path):
            for name in names:
                inner = Path(folder, name)
                if not inner.is_symlink():
                    inner.chmod(stat.S_IRWXU)
        shutil.rmtree(path)


async def _ours(repo: Repository, folder: Path) -> list[Worktree]:
    """Return the worktrees of a repository that lie directly in our folder."""
    listed = text(await repo.git("worktree", "list", "--porcelain", "-z")).split("\0")
    paths = [Path(line.removeprefix("worktree ")) for line in listed if line.startswith("worktree ")]
    heads = text(await repo.git("for-each-ref", "--format=%(refname:lstrip=2)", f"refs/heads/{BRANCHES}")).split("\n")
    return [
        Worktree(
            path=path,
            branch=branch if (branch := BRANCHES + path.name) in heads else "",
            base_branch="",
            base_commit="",
            repository=repo.git_dir,
        )
        for path in paths
        if path.parent == folder
    ]


async def _mend(repo: Repository, worktree: Worktree) -> list[str]:
    """Mend a worktree whose directory exists, and say what was wrong."""
    found = []
    if not worktree.git_dir.is_dir():
        await _register_again(repo, worktree)
        found.append("The repository had forgotten the worktree.")
    found += [*_unlock(worktree), *_link(worktree)]
    own = await open_worktree(worktree)
    found += await _mend_head(own, worktree)
    if not is_filled(worktree):
        return [*found, "Its files were not complete."]
    return [*found, *await _mend_index(own, worktree)]


async def _register(repo: Repository, worktree: Worktree) -> None:
    """Make an empty worktree at what was kept."""
    commit = await kept_commit(repo, worktree)
    if worktree.git_dir.exists():
        await repo.git("worktree", "remove", "--force", "--force", str(worktree.path))
    exists = bool(worktree.branch and await repo.commit_of(f"refs/heads/{worktree.branch}"))
    await add(repo, worktree, commit, branch_exists=exists)


async def _register_again(repo: Repository, worktree: Worktree) -> None:
    """Register a directory full of files: git makes worktrees only in new ones."""
    aside = worktree.path.with_name(f"{worktree.path.name}.aside")
    worktree.path.rename(aside)
    try:
        await _register(repo, worktree)
        _clear(aside / ".git", worktree)
        (worktree.path / ".git").rename(aside / ".git")
        worktree.path.rmdir()
    finally:
        if not worktree.path.exists():
            aside.rename(worktree.path)
    (worktree.git_dir / FILLED).touch()


def _unlock(worktree: Worktree) -> list[str]:
    stale = list(worktree.git_dir.glob("*.lock"))
    for file in stale:
        file.unlink(missing_ok=True)
    return [f"A lock was left behind: {file.name}." for file in stale]


def _link(worktree: Worktree) -> list[str]:
    """Set right the two files by which worktree and repository know each other."""
    there, back = worktree.path / ".git", worktree.git_dir / "gitdir"
    wanted = {there: f"gitdir: {worktree.git_dir}\n", back: f"{there}\n"}
    wrong = [file for file, line in wanted.items() if not file.is_file() or file.read_text(errors="replace") != line]
    for file in wrong:
        _clear(file, worktree)
        file.write_text(wanted[file])
    return ["The link between worktree and repository was broken."] if wrong else []


def _clear(file: Path, worktree: Worktree) -> None:
    """Remove a file; a directory that stands in its place is moved out of the worktree instead."""
    if file.is_dir() and not file.is_symlink():
        shutil.move(file, worktree.git_dir / "found.git")
    file.unlink(missing_ok=True)


async def _mend_head(own: Repository, worktree: Worktree) -> list[str]:
    if await own.commit_of("HEAD"):
        return []
    commit = await kept_commit(own, worktree)
    if not worktree.branch:
        await own.git("update-ref", "--no-deref", "HEAD", commit)
        return ["Its HEAD was broken."]
    ref = f"refs/heads/{worktree.branch}"
    await own.git("update-ref", ref, commit)
    await own.git("symbolic-ref", "HEAD", ref)
    return [f"The branch `{worktree.branch}` was gone."]


async def _mend_index(own: Repository, worktree: Worktree) -> list[str]:
    index = worktree.git_dir / "index"
    if index.exists() and (await own.run("ls-files", "--stage", "-z")).exit == 0:
        return []
    index.unlink(missing_ok=True)
    await own.git("reset", "--quiet", "--mixed", "--no-recurse-submodules")
    return ["The index could not be read and was made anew."]
