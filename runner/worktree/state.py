"""Look at a project before anything is done to it."""

from __future__ import annotations

import difflib
from pathlib import Path

from runner.errors import ProjectError
from runner.model import Dirty, Project, value
from runner.worktree.git import Repository, repository, shown, start, text

_SHOWN_FILES = 5
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


@value
class ProjectState:
    """How a project's own checkout stands.

    `repository` is the git directory that all worktrees share. `head` is the branch that is checked out, empty when
    HEAD is detached. `base_branch` is empty only when HEAD is detached and the project names none: then runs start
    from `base_commit` but cannot be merged. `dirty_files` are the first few of `dirty` uncommitted files.
    `operation` is what the checkout is in the middle of: "merge", "rebase" ...; empty for nothing.
    """

    project: Project
    checkout: Path
    repository: Path
    git_dir: Path
    head: str
    base_branch: str
    base_commit: str
    dirty: int = 0
    dirty_files: tuple[str, ...] = ()
    operation: str = ""

    @property
    def line(self) -> str:
        """The state in one line: branch, newest commit, what is uncommitted."""
        where = self.base_branch or "detached HEAD"
        noun = "file" if self.dirty == 1 else "files"
        tree = f"{self.dirty} uncommitted {noun}" if self.dirty else "clean"
        doing = f", in the middle of a {self.operation}" if self.operation else ""
        return f"{where} at {self.base_commit[:8]}, {tree}{doing}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know before a run, as sentences."""
        said = []
        if self.dirty and self.project.dirty is not Dirty.IGNORE:
            said.append(f"{self._dirty_sentence()} The run does not see them.")
        if self.operation:
            said.append(f"`{self.project.name}` is in the middle of a {self.operation}.")
        if not self.base_branch:
            said.append(f"`{self.project.name}` has a detached HEAD and no base branch: the result cannot be merged.")
        return tuple(said)

    def refuse_dirty(self) -> None:
        """Raise ProjectError if the project forbids runs beside uncommitted changes and there are some."""
        if self.dirty and self.project.dirty is Dirty.BLOCK:
            raise ProjectError(self._dirty_sentence(), hint="Commit or stash them, or set `dirty` to warn.")

    def _dirty_sentence(self) -> str:
        files = ", ".join(self.dirty_files)
        more = ", …" if self.dirty > len(self.dirty_files) else ""
        noun = "file" if self.dirty == 1 else "files"
        return f"`{self.project.name}` has uncommitted changes in {self.dirty} {noun}: {files}{more}."


async def inspect(project: Project) -> ProjectState:
    """Look at a project. Raises ProjectError with a hint: no directory, no git repository, bare, inside another
    repository, no commits, unknown base branch.
    """
    checkout, common, git_dir = await locate(project)
    own = await repository(git_dir, checkout)
    commit, head, files = _parse_status(
        await own.git(
            "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"
        )
    )
    branch = project.base_branch or head
    base = commit if branch == head else await own.commit_of(f"refs/heads/{branch}")
    if not base:
        raise await _no_base(own, project, branch)
    return ProjectState(
        project=project,
        checkout=checkout,
        repository=common,
        git_dir=git_dir,
        head=head,
        base_branch=branch,
        base_commit=base,
        dirty=len(files),
        dirty_files=tuple(files[:_SHOWN_FILES]),
        operation=_operation(git_dir),
    )


async def locate(project: Project) -> tuple[Path, Path, Path]:
    """Return a project's checkout, the git directory all its worktrees share, and that of the checkout. Raises
    ProjectError.
    """
    checkout = Path(project.path).expanduser()
    name = f"Project `{project.name}`"
    if not checkout.is_dir():
        raise ProjectError(f"{name}: there is no directory {checkout}.", hint="Correct the path of the project.")
    checkout = checkout.resolve()
    finished = await start(
        [
            "-C",
            str(checkout),
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--git-dir",
            "--is-bare-repository",
            "--is-inside-git-dir",
            "--show-prefix",
        ]
    )
    if finished.exit != 0:
        raise _no_repository(name, checkout, finished.err)
    common, git_dir, bare, inside, prefix, *_ = [*text(finished.out).split("\n"), ""]
    if "true" in {bare, inside}:
        raise ProjectError(
            f"{name}: {checkout} is a bare repository, without files to work on.",
            hint="Clone it and name the clone.",
        )
    if prefix:
        raise ProjectError(f"{name}: {checkout} is a folder inside a git repository.", hint="Name the top of it.")
    return checkout, Path(common), Path(git_dir)


def _no_repository(name: str, checkout: Path, said: str) -> ProjectError:
    if "not a git repository" in said:
        return ProjectError(
            f"{name}: {checkout} is not a git repository.",
            hint=f"Run `git init` and make a first commit in {checkout}.",
        )
    return ProjectError(f"{name}: git refuses {checkout}: {' '.join(said.split())}")


async def _no_base(own: Repository, project: Project, branch: str) -> ProjectError:
    names = shown(await own.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")).split()
    if not names:
        return ProjectError(
            f"Project `{project.name}` has no commits yet.", hint="Make a first commit, then try again."
        )
    nearest = difflib.get_close_matches(branch, names, n=1, cutoff=0.4)
    listed = f"Did you mean `{nearest[0]}`?" if nearest else f"It has: {', '.join(names[:_SHOWN_FILES])}."
    return ProjectError(f"Project `{project.name}` has no commits on a branch `{branch}`.", hint=listed)


def _parse_status(raw: bytes) -> tuple[str, str, list[str]]:
    commit = head = ""
    files: list[str] = []
    entries = iter(raw.split(b"\0"))
    for entry in entries:
        match entry[:2]:
            case b"# ":
                key, _, given = shown(entry[2:]).partition(" ")
                commit = given if key == "branch.oid" and given != "(initial)" else commit
                head = given if key == "branch.head" and given != "(detached)" else head
            case b"1 ":
                files.append(shown(entry.split(b" ", 8)[8]))
            case b"2 ":
                files.append(shown(entry.split(b" ", 9)[9]))
                next(entries)  # the old name
            case b"u ":
                files.append(shown(entry.split(b" ", 10)[10]))
            case b"? ":
                files.append(shown(entry[2:]))
    return commit, head, files


def _operation(git_dir: Path) -> str:
    return next((word for name, word in _OPERATIONS.items() if (git_dir / name).exists()), "")
