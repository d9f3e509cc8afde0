"""What is said about a project before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import ProjectError
from runner.model import Dirty, Project
from runner.worktree import inspect
from tests.worktree.repo import Repo, new_repo


def missing(folder: Path) -> Path:
    return folder / "nowhere"


def plain_folder(folder: Path) -> Path:
    (folder / "plain").mkdir()
    return folder / "plain"


def bare(folder: Path) -> Path:
    new_repo(folder / "full").git("clone", "--quiet", "--bare", ".", str(folder / "bare"))
    return folder / "bare"


def empty(folder: Path) -> Path:
    Repo(plain_folder(folder)).git("init", "--quiet")
    return folder / "plain"


def inner(folder: Path) -> Path:
    return new_repo(folder / "full").path / "src"


@pytest.mark.parametrize(
    ("place", "said", "hint"),
    [
        (missing, "no directory", "Correct the path"),
        (plain_folder, "not a git repository", "git init"),
        (bare, "bare repository", "Clone it"),
        (empty, "no commits yet", "first commit"),
        (inner, "folder inside", "top"),
    ],
)
async def test_an_unusable_place_is_named_and_a_way_out_is_given(
    tmp_path: Path, place: Callable[[Path], Path], said: str, hint: str
) -> None:
    """TREE-9."""
    with pytest.raises(ProjectError) as caught:
        await inspect(Project(name="shop", path=str(place(tmp_path))))
    assert said in caught.value.message
    assert "shop" in caught.value.message
    assert hint in caught.value.hint


async def test_a_misspelt_base_branch_gets_its_nearest(repo: Repo, project: Project) -> None:
    """TREE-9."""
    repo.git("branch", "release")
    with pytest.raises(ProjectError, match="`relaese`") as caught:
        await inspect(replace(project, base_branch="relaese"))
    assert caught.value.hint == "Did you mean `release`?"


async def test_a_clean_project_has_nothing_to_warn_of(repo: Repo, project: Project) -> None:
    state = await inspect(project)
    assert (state.base_branch, state.base_commit, state.head) == ("main", repo.head, "main")
    assert state.warnings == ()
    assert state.line == f"main at {repo.head[:8]}, clean"


async def test_uncommitted_files_are_counted_and_the_first_are_named(repo: Repo, project: Project) -> None:
    repo.write({f"new{n}.txt": "x" for n in range(8)} | {"a.txt": "changed\n", "x.secret": "ignored"})
    repo.git("mv", "src/b.txt", "src/c.txt")
    state = await inspect(project)
    assert state.dirty == 10
    assert {"a.txt", "src/c.txt"} < set(state.dirty_files)
    assert "10 files" in state.warnings[0]
    assert "…" in state.warnings[0]


@pytest.mark.parametrize("name", ["-rf", "two\nlines", 'a "quote"', "ünï", "with space", "$(touch x)"])
async def test_any_file_name_can_be_told(repo: Repo, project: Project, name: str) -> None:
    repo.write({name: "x"})
    assert (await inspect(project)).dirty_files == (name,)


@pytest.mark.parametrize(("rule", "warnings"), [(Dirty.WARN, 1), (Dirty.IGNORE, 0)])
async def test_a_dirty_tree_warns_as_configured(repo: Repo, project: Project, rule: Dirty, warnings: int) -> None:
    repo.write({"a.txt": "changed\n"})
    state = await inspect(replace(project, dirty=rule))
    state.refuse_dirty()
    assert len(state.warnings) == warnings


async def test_a_dirty_tree_blocks_if_configured(repo: Repo, project: Project) -> None:
    repo.write({"a.txt": "changed\n"})
    state = await inspect(replace(project, dirty=Dirty.BLOCK))
    with pytest.raises(ProjectError, match=r"uncommitted changes in 1 file: a\.txt"):
        state.refuse_dirty()


async def test_a_detached_head_is_a_base_that_cannot_be_merged_into(repo: Repo, project: Project) -> None:
    repo.git("checkout", "--quiet", "--detach")
    state = await inspect(project)
    assert (state.head, state.base_branch, state.base_commit) == ("", "", repo.head)
    assert "cannot be merged" in state.warnings[0]


async def test_a_merge_under_way_is_reported(repo: Repo, project: Project) -> None:
    repo.git("checkout", "--quiet", "-b", "other")
    repo.commit({"a.txt": "other\n"})
    repo.git("checkout", "--quiet", "main")
    repo.commit({"c.txt": "c\n"})
    repo.git("merge", "--no-commit", "--quiet", "other")
    state = await inspect(project)
    assert state.operation == "merge"
    assert "in the middle of a merge" in " ".join(state.warnings)


async def test_the_project_may_be_a_linked_worktree_itself(repo: Repo, project: Project, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    state = await inspect(replace(project, path=str(tmp_path / "side")))
    assert state.base_branch == "side"
    assert state.repository == repo.path / ".git"
