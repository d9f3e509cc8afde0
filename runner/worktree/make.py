"""Make the worktree of an execution, in two steps so that the agent can start during the second.

`begin` takes milliseconds: branch and empty directory exist, a process may be started there. `fill` checks the files
out, copies ignored files that the project lists, and runs its set-up command.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import weakref
from hashlib import sha256
from pathlib import Path

from runner.agents import process
from runner.errors import ProjectError, StorageError
from runner.model import HANDLE_LENGTH, ID_LENGTH, Access, Execution, Project, handle, value
from runner.worktree.copy import copy_ignored
from runner.worktree.git import GitFailed, Repository, repository
from runner.worktree.state import ProjectState, inspect, locate

BRANCHES = "task/"
BACKUPS = "refs/signoff/backup/"  # followed by the handle; keeps what a removed worktree held
FILLED = "signoff-filled"  # file in the worktree's git directory: everything is there
_SETUP_SECONDS = 1800.0
_TAIL = 2000  # characters of a failed set-up that people see
_locks: weakref.WeakValueDictionary[Path, asyncio.Lock] = weakref.WeakValueDictionary()


@value
class Worktree:
    """The checkout and branch of one execution and its follow-ups.

    `repository` is the git directory shared with the project. `branch` is empty for a worktree that is only read.
    """

    path: Path
    branch: str
    base_branch: str
    base_commit: str
    repository: Path

    @property
    def handle(self) -> str:
        """The short id that directory, branch and backup are named after."""
        return self.path.name

    @property
    def git_dir(self) -> Path:
        """Git's own directory of this worktree. It is named, never looked up through the file `.git`, which an agent
        can rewrite.
        """
        return self.repository / "worktrees" / self.path.name


async def make(project: Project, conversation_id: str, root: Path) -> Worktree:
    """Make a worktree with all its files. Raises ProjectError; then nothing is left behind but what `prune` finds."""
    state = await inspect(project)
    state.refuse_dirty()
    worktree = await begin(state, conversation_id, root)
    await fill(worktree, project)
    return worktree


async def begin(state: ProjectState, conversation_id: str, root: Path) -> Worktree:
    """Make branch and empty worktree: `reserve` and `register` in one. Raises ProjectError, StorageError."""
    worktree = await reserve(state, conversation_id, root)
    await register(worktree)
    return worktree


async def reserve(state: ProjectState, conversation_id: str, root: Path) -> Worktree:
    """Make the empty directory `root/<project>/<handle>`, in which a process can be started already.

    The worktree has a branch `task/<handle>`, or none if the project is only read. The handle is as much of the id as
    makes both new. Raises ProjectError, StorageError.
    """
    folder = root.resolve() / folder_name(state.project.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name = await _free_handle(await repository(state.repository), conversation_id, folder)
        (folder / name).mkdir()
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be made: {error.strerror}.", hint="See `directory` under [storage] in config.toml."
        ) from error
    return Worktree(
        path=folder / name,
        branch=BRANCHES + name if state.project.access is Access.WRITE else "",
        base_branch=state.base_branch,
        base_commit=state.base_commit,
        repository=state.repository,
    )


async def register(worktree: Worktree) -> None:
    """Make a reserved directory a worktree of its repository. Raises ProjectError; the directory is gone then."""
    try:
        async with lock(worktree.repository):
            await add(await repository(worktree.repository), worktree, worktree.base_commit)
    except BaseException:
        with contextlib.suppress(OSError):
            worktree.path.rmdir()
        raise


async def add(repo: Repository, worktree: Worktree, commit: str, *, branch_exists: bool = False) -> None:
    """Register a worktree without files at a commit. Raises ProjectError."""
    where = ["--detach"] if not worktree.branch else ["-b", worktree.branch]
    target = worktree.branch if branch_exists else commit
    options = [] if branch_exists else where
    try:
        await repo.git("worktree", "add", "--no-checkout", "--quiet", *options, "--", str(worktree.path), target)
    except GitFailed as failed:
        if "cannot lock ref" not in failed.text and "is not a directory" not in failed.text:
            raise
        raise ProjectError(
            f"The branch `{worktree.branch}` cannot be made: {' '.join(failed.text.split())}",
            hint=f"Rename the branch `{BRANCHES.rstrip('/')}` of the project, if there is one.",
        ) from failed


async def fill(worktree: Worktree, project: Project) -> tuple[str, ...]:
    """Check the files out, copy the project's ignored files, run its set-up command.

    Returns what was left out, as sentences. May be called again after it was cut off. Raises ProjectError with the
    end of the set-up command's output when that fails.
    """
    repo = await open_worktree(worktree)
    await repo.git("reset", "--hard", "--quiet", "--no-recurse-submodules")
    left_out = await _copy(worktree, project) if project.copy else ()
    if project.setup:
        await _set_up(worktree, project.setup)
    (worktree.git_dir / FILLED).touch()
    return left_out


def is_filled(worktree: Worktree) -> bool:
    """Say whether the files are there: `fill` came to its end, and the directory has not vanished since."""
    return worktree.path.is_dir() and not worktree.path.is_symlink() and (worktree.git_dir / FILLED).exists()


async def find(project: Project, execution: Execution) -> Worktree:
    """Rebuild the worktree value of an execution from what is stored. Raises ProjectError."""
    _, common, _ = await locate(project)
    return Worktree(
        path=Path(execution.worktree),
        branch=execution.branch,
        base_branch=execution.base_branch,
        base_commit=execution.base_commit,
        repository=common,
    )


async def open_worktree(worktree: Worktree) -> Repository:
    """Return git for the worktree's own index, HEAD and files. Raises ProjectError if it is not there any more, or
    something else stands in its place: a link would make the files of another folder the work of the agent.
    """
    if not worktree.git_dir.is_dir() or not worktree.path.is_dir() or worktree.path.is_symlink():
        raise ProjectError(
            f"The worktree {worktree.path} does not exist any more.",
            hint="Its branch or its backup may; see `restore`.",
        )
    return await repository(worktree.git_dir, worktree.path)


def lock(repository_path: Path) -> asyncio.Lock:
    """Return the lock of a repository: whoever changes its branches or its list of worktrees holds it."""
    return _locks.setdefault(repository_path, asyncio.Lock())


def folder_name(project_name: str) -> str:
    """Turn a project's name into a name for a directory, different for different names."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", project_name).lstrip(".-")
    if plain == project_name:
        return plain
    return f"{plain}-{sha256(project_name.encode()).hexdigest()[:8]}"


async def _free_handle(repo: Repository, conversation_id: str, folder: Path) -> str:
    for length in range(min(HANDLE_LENGTH, len(conversation_id)), ID_LENGTH + 1):
        name = handle(conversation_id, length)
        taken = (folder / name).exists() or (repo.git_dir / "worktrees" / name).exists()
        refs = (f"refs/heads/{BRANCHES}{name}", BACKUPS + name)
        if not taken and not await repo.git("for-each-ref", "--format=x", *refs):
            return name
    raise ProjectError(
        f"Execution {conversation_id} has a worktree already.", hint="Continue in it, or discard it first."
    )


async def _copy(worktree: Worktree, project: Project) -> tuple[str, ...]:
    checkout, _, git_dir = await locate(project)
    source = await repository(git_dir, checkout)
    return await copy_ignored(source, checkout, worktree.path, worktree.git_dir, project.copy)


async def _set_up(worktree: Worktree, command: str) -> None:
    finished = await process.run(command, cwd=worktree.path, timeout=_SETUP_SECONDS)
    if finished.exit == 0 and not finished.timed_out:
        return
    how = f"did not end within {_SETUP_SECONDS / 60:.0f} minutes" if finished.timed_out else f"exit {finished.exit}"
    raise ProjectError(
        f"The set-up command `{command}` failed ({how}):\n{finished.output[-_TAIL:].strip()}",
        hint="Try it in a fresh clone, then correct `setup` of the project.",
    )
