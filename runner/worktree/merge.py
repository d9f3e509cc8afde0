"""Bring an execution's work into its base branch as one commit: all of it, or nothing at all."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from runner.errors import ProjectError
from runner.model import Project, value
from runner.worktree.changes import snapshot
from runner.worktree.git import Finished, Repository, repository, shown, text
from runner.worktree.make import Worktree, is_filled, lock
from runner.worktree.state import inspect

_TRIES = 5  # how often the base branch may move under our hands before we give up
_SHOWN_FILES = 10


@value
class Identity:
    """Who is named as the author of a commit."""

    name: str
    email: str


async def merge(worktree: Worktree, project: Project, message: str, author: Identity) -> str:
    """Squash the worktree's work into its base branch and return the new commit.

    What is not committed yet is committed first. A base branch that moved is merged three ways; after an earlier
    merge only what is new is brought in. If the base branch is checked out somewhere, that checkout follows. The
    author is the person, the committer the repository's own identity. Raises ProjectError, and then nothing has
    changed: conflict (files are named), nothing to merge, checkout in the way.
    """
    if not worktree.branch:
        raise ProjectError("This run only read the project.", hint="There is nothing to merge.")
    async with lock(worktree.repository):
        state = await inspect(_based_on(project, worktree))
        if state.operation:
            raise ProjectError(
                f"`{project.name}` is in the middle of a {state.operation}.",
                hint=f"Finish the {state.operation} first.",
            )
        if is_filled(worktree):
            await snapshot(worktree, message)
        repo = await repository(state.git_dir, state.checkout)
        for _ in range(_TRIES):
            if commit := await _try(repo, worktree, message, author):
                return commit
    raise ProjectError(f"The branch `{worktree.base_branch}` keeps moving.", hint="Try again.")


async def _try(repo: Repository, worktree: Worktree, message: str, author: Identity) -> str | None:
    """Merge into the base branch as it is now; None if it moved meanwhile."""
    base_ref = f"refs/heads/{worktree.base_branch}"
    base = await repo.commit_of(base_ref)
    tip = await repo.commit_of(f"refs/heads/{worktree.branch}")
    if not base or not tip:
        gone = worktree.branch if base else worktree.base_branch
        raise ProjectError(f"The branch `{gone}` does not exist any more.", hint="Nothing was merged.")
    tree = await _merged_tree(repo, worktree, base, tip)
    if tree == await repo.line("rev-parse", f"{base}^{{tree}}"):
        raise ProjectError(
            f"`{worktree.base_branch}` has all of `{worktree.branch}` already.", hint="There is nothing to merge."
        )
    signed = {"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email}
    commit = await repo.line(
        "commit-tree", tree, "-p", base, data=message.encode("utf-8", "replace"), environment=signed
    )
    if not await publish(repo, base_ref, base, commit):
        return None
    await repo.git("update-ref", _merged_ref(worktree), tip)
    return commit


async def _merged_tree(repo: Repository, worktree: Worktree, base: str, tip: str) -> str:
    """Merge three ways and return the tree. Raises ProjectError that names files in conflict."""
    ancestor = await _ancestor(repo, worktree, base, tip)
    # git before 2.40 finds the merge base only by itself: give it two commits whose base is the wanted one
    root = await _bare_commit(repo, ancestor)
    ours, theirs = await _bare_commit(repo, base, root), await _bare_commit(repo, tip, root)
    finished = await repo.run("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
    tree, *names = finished.out.split(b"\0")
    if finished.exit == 0:
        return text(tree).strip()
    if finished.exit != 1:
        raise ProjectError(f"The merge failed: {' '.join(finished.err.split())}", hint="Nothing was changed.")
    files = sorted({shown(name) for name in names if name})
    listed = ", ".join(files[:_SHOWN_FILES]) + (", …" if len(files) > _SHOWN_FILES else "")
    raise ProjectError(
        f"`{worktree.branch}` and `{worktree.base_branch}` are in conflict in: {listed}. Nothing was changed.",
        hint=f"Ask the agent to merge `{worktree.base_branch}` into its branch, then merge again.",
    )


async def _ancestor(repo: Repository, worktree: Worktree, base: str, tip: str) -> str:
    """Return the commit both sides are compared with: what was merged the last time, unless the branch has taken in
    a newer state of the base branch since.
    """
    common = await _merge_base(repo, base, tip)
    merged = await repo.commit_of(_merged_ref(worktree))
    if merged and common == await _merge_base(repo, base, merged):
        return merged
    return common or worktree.base_commit


async def _merge_base(repo: Repository, one: str, other: str) -> str:
    finished = await repo.run("merge-base", one, other)
    return text(finished.out).strip()


async def _bare_commit(repo: Repository, content: str, *parents: str) -> str:
    options = [option for parent in parents for option in ("-p", parent)]
    return await repo.line("commit-tree", f"{content}^{{tree}}", *options, "-m", "merge base")


async def publish(repo: Repository, base_ref: str, base: str, commit: str) -> bool:
    """Move a branch, and the checkout that has it, to `commit`; False, and nothing moved, if it is not at `base`.

    Raises ProjectError if uncommitted changes in that checkout are in the way.
    """
    checkout = await _checkout_of(repo, base_ref)
    if checkout is None:
        note = ("-m", "signoff: merge")
        moved = await repo.run("update-ref", *note, base_ref, commit, base)
        return moved.exit == 0
    there = await repository(await _git_dir_of(repo, checkout), checkout)
    finished = await there.run("merge", "--ff-only", "--no-stat", "--quiet", commit)
    if finished.exit == 0:
        return True
    if await repo.commit_of(base_ref) != base:
        return False
    raise _in_the_way(checkout, finished)


async def _checkout_of(repo: Repository, ref: str) -> Path | None:
    """Return the worktree in which a branch is checked out."""
    path: Path | None = None
    for entry in text(await repo.git("worktree", "list", "--porcelain", "-z")).split("\0"):
        word, _, given = entry.partition(" ")
        if word == "worktree":
            path = Path(given)
        elif word == "branch" and given == ref and path and path.is_dir():
            return path
    return None


async def _git_dir_of(repo: Repository, checkout: Path) -> Path:
    elsewhere = Repository(git_dir=checkout / ".git", work_tree=checkout, settings=repo.settings)
    return Path(await elsewhere.line("rev-parse", "--absolute-git-dir"))


def _in_the_way(checkout: Path, finished: Finished) -> ProjectError:
    files = re.findall(r"^\t(.+)$", finished.err, flags=re.MULTILINE)[:_SHOWN_FILES]
    if not files:
        return ProjectError(
            f"The checkout {checkout} cannot follow the merge: {' '.join(finished.err.split())}",
            hint="Nothing was changed.",
        )
    return ProjectError(
        f"The merge would overwrite uncommitted changes in {checkout}: {', '.join(files)}. Nothing was changed.",
        hint="Commit, stash or move them, then merge again.",
    )


def _merged_ref(worktree: Worktree) -> str:
    return f"refs/signoff/merged/{worktree.handle}"


def _based_on(project: Project, worktree: Worktree) -> Project:
    """Look at the base branch of the run, not at what the project names by now."""
    if not worktree.base_branch:
        raise ProjectError(f"The run began on a detached HEAD of `{project.name}`.", hint="Merge its branch by hand.")
    return replace(project, base_branch=worktree.base_branch)
