"""A fresh worktree: where it is, what is in it, what is left out."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import ProjectError
from runner.model import Access, Dirty, Project, handle, new_id
from runner.worktree import begin, fill, inspect, is_filled, make
from tests.worktree.repo import Repo


async def test_a_worktree_has_the_base_branch_s_files_on_a_branch_of_its_own(
    repo: Repo, project: Project, root: Path
) -> None:
    """TREE-1."""
    execution = new_id()
    tree = await make(project, execution, root)
    assert tree.path == root / "shop" / handle(execution)
    assert tree.branch == f"task/{handle(execution)}"
    assert (tree.base_branch, tree.base_commit) == ("main", repo.head)
    assert repo.git("status", "--porcelain", "--branch", at=tree.path) == f"## {tree.branch}"
    assert (tree.path / "src/b.txt").read_text() == "b\n"


async def test_the_worktree_begins_at_the_named_branch_not_at_what_is_checked_out(
    repo: Repo, project: Project, root: Path
) -> None:
    """TREE-1."""
    repo.git("branch", "release")
    repo.commit({"later.txt": "x"})
    tree = await make(replace(project, base_branch="release"), new_id(), root)
    assert not (tree.path / "later.txt").exists()


async def test_begin_leaves_the_files_to_fill(project: Project, root: Path) -> None:
    tree = await begin(await inspect(project), new_id(), root)
    assert [file.name for file in tree.path.iterdir()] == [".git"]
    assert not is_filled(tree)
    await fill(tree, project)
    assert (tree.path / "a.txt").exists()
    assert is_filled(tree)


async def test_a_fill_that_was_cut_off_can_be_repeated(repo: Repo, project: Project, root: Path) -> None:
    """TREE-13."""
    tree = await begin(await inspect(project), new_id(), root)
    (tree.path / "a.txt").write_text("half a fi")
    await fill(tree, project)
    assert repo.git("status", "--porcelain", at=tree.path) == ""


async def test_a_handle_that_is_taken_grows(repo: Repo, project: Project, root: Path) -> None:
    execution = new_id()
    repo.git("branch", f"task/{handle(execution)}")
    (root / "shop" / handle(execution, 7)).mkdir(parents=True)
    repo.git("update-ref", f"refs/signoff/backup/{handle(execution, 8)}", repo.head)
    assert (await make(project, execution, root)).handle == handle(execution, 9)


async def test_a_branch_called_task_is_in_the_way_and_named(repo: Repo, project: Project, root: Path) -> None:
    repo.git("branch", "task")
    with pytest.raises(ProjectError) as caught:
        await make(project, new_id(), root)
    assert "Rename the branch `task`" in caught.value.hint


async def test_projects_with_odd_names_get_different_folders(project: Project, root: Path) -> None:
    trees = [await make(replace(project, name=name), new_id(), root) for name in ("../x", "..:x", ".x")]
    assert len({tree.path.parent for tree in trees}) == 3
    assert {tree.path.parent.parent for tree in trees} == {root}


async def test_a_dirty_project_that_blocks_makes_nothing(repo: Repo, project: Project, root: Path) -> None:
    repo.write({"a.txt": "changed\n"})
    with pytest.raises(ProjectError, match="uncommitted"):
        await make(replace(project, dirty=Dirty.BLOCK), new_id(), root)
    assert not root.exists()


async def test_read_access_gives_no_branch(repo: Repo, project: Project, root: Path) -> None:
    """TREE-11."""
    tree = await make(replace(project, access=Access.READ), new_id(), root)
    assert tree.branch == ""
    assert repo.git("branch", "--format=%(refname)") == "refs/heads/main\n".strip()
    assert repo.git("status", "--porcelain", "--branch", at=tree.path) == "## HEAD (no branch)"


async def test_many_at_once_on_one_repository_do_not_disturb_each_other(
    repo: Repo, project: Project, root: Path
) -> None:
    """TREE-8."""
    executions = [new_id() for _ in range(12)]
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(make(project, execution, root)) for execution in executions]
    trees = [each.result() for each in running]
    assert len({tree.branch for tree in trees}) == 12
    assert all(repo.git("status", "--porcelain", at=tree.path) == "" for tree in trees)


async def test_listed_files_that_git_does_not_track_are_copied(repo: Repo, project: Project, root: Path) -> None:
    repo.write({
        ".env": "KEY=1", "deep/er/x.secret": "s", "cache/one": "1", "cache/in/two": "2", "other.secret": "not listed",
        "a.txt": "tracked, and changed here",
    })  # fmt: skip
    project = replace(project, copy=(".env", "deep/**/*.secret", "cache/", "*.txt"))
    tree = await make(project, new_id(), root)
    copied = {
        name: (tree.path / name).read_text() for name in (".env", "deep/er/x.secret", "cache/one", "cache/in/two")
    }
    assert copied == {".env": "KEY=1", "deep/er/x.secret": "s", "cache/one": "1", "cache/in/two": "2"}
    assert not (tree.path / "other.secret").exists()
    assert (tree.path / "a.txt").read_text() == "one\n"


async def test_a_copied_file_keeps_its_mode(repo: Repo, project: Project, root: Path) -> None:
    repo.write({"run.secret": "#!/bin/sh\n"})
    (repo.path / "run.secret").chmod(0o700)
    tree = await make(replace(project, copy=("run.secret",)), new_id(), root)
    assert os.access(tree.path / "run.secret", os.X_OK)


async def test_links_are_copied_only_if_they_stay_inside(
    repo: Repo, project: Project, root: Path, tmp_path: Path
) -> None:
    """TREE-12."""
    (tmp_path / "outside").write_text("private")
    repo.write({"cache/real": "r"})
    (repo.path / "cache/inside").symlink_to("real")
    (repo.path / "cache/up").symlink_to("../../outside")
    (repo.path / "cache/absolute").symlink_to(repo.path / "a.txt")
    tree = await begin(await inspect(project), new_id(), root)
    left_out = await fill(tree, replace(project, copy=("cache",)))
    assert sorted(file.name for file in (tree.path / "cache").iterdir()) == ["inside", "real"]
    assert (tree.path / "cache/inside").is_symlink()
    assert len(left_out) == 2
    assert "`cache/up`" in " ".join(left_out)


async def test_nothing_is_copied_through_a_link_of_the_base_branch(
    repo: Repo, project: Project, root: Path, tmp_path: Path
) -> None:
    """TREE-12: the commit has a link where the checkout has a folder: copying must not write where the link leads."""
    (tmp_path / "outside").mkdir()
    (repo.path / "data").symlink_to(tmp_path / "outside")
    repo.commit({})
    (repo.path / "data").unlink()
    repo.write({"data/x.secret": "s"})
    tree = await begin(await inspect(project), new_id(), root)
    left_out = await fill(tree, replace(project, copy=("data/x.secret",)))
    assert list((tmp_path / "outside").iterdir()) == []
    assert "link" in left_out[0]


async def test_a_glob_that_leads_outside_is_refused(project: Project, root: Path) -> None:
    """TREE-12."""
    with pytest.raises(ProjectError, match="outside") as caught:
        await make(replace(project, copy=("../*",)), new_id(), root)
    assert "`copy`" in caught.value.hint


async def test_the_set_up_command_runs_in_the_worktree(project: Project, root: Path) -> None:
    tree = await make(replace(project, setup="pwd > where.secret && cat a.txt > seen.secret"), new_id(), root)
    assert (tree.path / "where.secret").read_text().strip() == str(tree.path)
    assert (tree.path / "seen.secret").read_text() == "one\n"


async def test_a_failing_set_up_shows_the_end_of_its_output(project: Project, root: Path) -> None:
    project = replace(project, setup="echo the beginning; echo 'no such package' >&2; exit 3")
    tree = await begin(await inspect(project), new_id(), root)
    with pytest.raises(ProjectError, match=r"(?s)exit 3.*no such package"):
        await fill(tree, project)
    assert not is_filled(tree)
