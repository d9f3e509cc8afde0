"""Discarding, restoring, pruning and mending lose no work."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import ProjectError
from runner.model import Access, Execution, Project, new_id
from runner.worktree import (
    Identity,
    Worktree,
    adopt,
    begin,
    diff,
    discard,
    fill,
    find,
    inspect,
    is_filled,
    make,
    merge,
    newest,
    prune,
    restore,
    snapshot,
)
from tests.worktree.repo import Repo


@pytest.fixture
async def tree(project: Project, root: Path) -> Worktree:
    return await make(project, new_id(), root)


async def test_discarding_keeps_the_newest_state_under_a_backup_ref(repo: Repo, tree: Worktree) -> None:
    """TREE-6."""
    (tree.path / "new").write_text("not committed")
    backup = await discard(tree)
    assert backup == f"refs/signoff/backup/{tree.handle}"
    assert repo.files(backup)["new"] == "not committed"
    assert not tree.path.exists()
    assert repo.git("branch", "--format=%(refname:short)") == "main"
    assert repo.git("worktree", "list").count("\n") == 0


async def test_discarding_twice_is_discarding_once(repo: Repo, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    backup = await discard(tree)
    before = repo.git("rev-parse", backup)
    assert await discard(tree) == backup
    assert repo.git("rev-parse", backup) == before


async def test_a_removal_that_was_cut_off_does_not_lose_the_backup(repo: Repo, tree: Worktree) -> None:
    """TREE-13: the directory is gone, the branch (with an older state) still there."""
    (tree.path / "new").write_text("n")
    backup = await discard(tree)
    repo.git("branch", tree.branch, "main")
    await discard(tree)
    assert "new" in repo.files(backup)
    assert repo.git("branch", "--format=%(refname:short)") == "main"


async def test_restoring_brings_everything_back(repo: Repo, project: Project, tree: Worktree) -> None:
    """TREE-6."""
    (tree.path / "a.txt").write_text("changed\n")
    (tree.path / "new").write_text("n\n")
    before = await diff(tree)
    backup = await discard(tree)
    await restore(tree)
    await fill(tree, project)
    assert await diff(tree) == before
    assert (tree.path / "new").read_text() == "n\n"
    assert repo.git("for-each-ref", backup) == ""


async def test_restoring_without_a_backup_says_so(tree: Worktree) -> None:
    with pytest.raises(ProjectError, match="no backup"):
        await restore(tree)


async def test_changes_in_a_worktree_that_was_only_read_are_kept_too(repo: Repo, project: Project, root: Path) -> None:
    tree = await make(replace(project, access=Access.READ), new_id(), root)
    (tree.path / "new").write_text("n")
    assert repo.files(await discard(tree))["new"] == "n"


async def test_a_branch_that_a_person_has_checked_out_is_theirs(repo: Repo, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    await snapshot(tree, "x")
    repo.git("checkout", "--quiet", "--ignore-other-worktrees", tree.branch)
    await discard(tree)
    assert repo.git("rev-parse", "--abbrev-ref", "HEAD") == tree.branch
    assert repo.git("status", "--porcelain") == ""


async def test_a_merged_worktree_can_be_discarded(repo: Repo, project: Project, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    commit = await merge(tree, project, "x", Identity(name="Ada", email="ada@example.org"))
    await discard(tree)
    assert repo.head == commit
    assert "new" in repo.files("main")


async def test_discarding_many_at_once_leaves_nothing_but_backups(repo: Repo, project: Project, root: Path) -> None:
    trees = [await make(project, new_id(), root) for _ in range(5)]
    async with asyncio.TaskGroup() as group:
        for tree in trees:
            group.create_task(discard(tree))
    assert list((root / "shop").iterdir()) == []
    assert len(repo.git("for-each-ref", "refs/signoff/backup").split("\n")) == 5


async def test_pruning_removes_what_nobody_knows_and_keeps_its_work(
    repo: Repo, project: Project, root: Path, tmp_path: Path
) -> None:
    """TREE-7."""
    kept, unknown, vanished = [await make(project, new_id(), root) for _ in range(3)]
    repo.git("worktree", "add", "--quiet", "-b", "personal", str(tmp_path / "personal"))
    (unknown.path / "new").write_text("n")
    (unknown.git_dir / "index.lock").touch()
    (vanished.path / "new").write_text("v")
    await snapshot(vanished, "x")
    shutil.rmtree(vanished.path)
    pruned = await prune(project, root, {kept.handle, vanished.handle})
    assert {each.handle for each in pruned} == {unknown.handle, vanished.handle}
    assert all("new" in repo.files(each.backup) for each in pruned)
    assert kept.path.exists()
    assert (tmp_path / "personal/a.txt").exists()
    assert set(repo.git("branch", "--format=%(refname:short)").split("\n")) == {"main", "personal", kept.branch}


async def test_pruning_a_worktree_whose_making_was_cut_off(repo: Repo, project: Project, root: Path) -> None:
    tree = await begin(await inspect(project), new_id(), root)
    (tree.git_dir / "locked").write_text("initializing")
    assert [each.handle for each in await prune(project, root, ())] == [tree.handle]
    assert not tree.path.exists()


async def test_a_worktree_in_order_is_adopted_as_it_is(tree: Worktree) -> None:
    adopted = await adopt(tree)
    assert adopted.filled
    assert adopted.found == ()


def stale_lock(tree: Worktree) -> None:
    (tree.git_dir / "index.lock").touch()


def broken_index(tree: Worktree) -> None:
    (tree.git_dir / "index").write_bytes(b"DIRC half an index")


def no_index(tree: Worktree) -> None:
    (tree.git_dir / "index").unlink()


def no_link(tree: Worktree) -> None:
    (tree.path / ".git").unlink()


def wrong_link(tree: Worktree) -> None:
    (tree.path / ".git").write_text("gitdir: /nowhere\n")


def folder_for_link(tree: Worktree) -> None:
    no_link(tree)
    Repo(tree.path).git("init", "--quiet")


def wrong_link_back(tree: Worktree) -> None:
    (tree.git_dir / "gitdir").write_text("/nowhere/.git\n")


def forgotten(tree: Worktree) -> None:
    shutil.rmtree(tree.git_dir)


def no_branch(tree: Worktree) -> None:
    (tree.repository / "refs/heads" / tree.branch).unlink()


@pytest.mark.parametrize(
    "damage",
    [
        stale_lock,
        broken_index,
        no_index,
        no_link,
        wrong_link,
        folder_for_link,
        wrong_link_back,
        forgotten,
        no_branch,
    ],
)
async def test_damage_is_told_and_mended_and_the_work_is_whole(
    repo: Repo, project: Project, tree: Worktree, damage: Callable[[Worktree], None]
) -> None:
    """TREE-13."""
    (tree.path / "a.txt").write_text("changed\n")
    (tree.path / "new").write_text("n\n")
    damage(tree)
    adopted = await adopt(tree)
    assert adopted.filled
    assert len(adopted.found) >= 1
    assert (await adopt(tree)).found == ()
    assert repo.git("status", "--porcelain", "--branch", at=tree.path) == f"## {tree.branch}\n M a.txt\n?? new"
    assert [file.path for file in (await diff(tree)).files] == ["a.txt", "new"]
    assert await snapshot(tree, "x")


async def test_a_directory_that_vanished_is_made_again_from_the_branch(project: Project, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    await snapshot(tree, "x")
    shutil.rmtree(tree.path)
    adopted = await adopt(tree)
    assert not adopted.filled
    assert "gone" in adopted.found[0]
    await fill(tree, project)
    assert (tree.path / "new").read_text() == "n"


async def test_a_discarded_worktree_can_be_adopted_from_its_backup(project: Project, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    await discard(tree)
    await adopt(tree)
    await fill(tree, project)
    assert (tree.path / "new").read_text() == "n"


async def test_files_that_were_not_complete_have_to_be_filled_again(project: Project, root: Path) -> None:
    tree = await begin(await inspect(project), new_id(), root)
    (tree.git_dir / "index.lock").touch()
    assert not (await adopt(tree)).filled
    await fill(tree, project)
    assert is_filled(tree)


async def test_a_worktree_is_found_again_from_what_is_stored(
    project: Project, tree: Worktree, an_execution: Execution
) -> None:
    stored = replace(
        an_execution,
        worktree=str(tree.path),
        branch=tree.branch,
        base_branch=tree.base_branch,
        base_commit=tree.base_commit,
    )
    assert await find(project, stored) == tree


async def test_the_newest_commit_is_known_before_and_after_discarding(repo: Repo, tree: Worktree) -> None:
    assert await newest(tree) == tree.base_commit
    (tree.path / "new").write_text("n")
    commit = await snapshot(tree, "x")
    assert await newest(tree) == commit
    await discard(tree)
    assert await newest(tree) == commit
