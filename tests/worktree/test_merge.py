"""Merging is all or nothing, and leaves people's own changes alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import ProjectError
from runner.model import Access, Project, new_id
from runner.worktree import Identity, Worktree, make, merge, snapshot
from runner.worktree.git import repository
from runner.worktree.merge import publish
from tests.worktree.repo import Repo

ADA = Identity(name="Ada Lovelace", email="ada@example.org")


@pytest.fixture
async def tree(project: Project, root: Path) -> Worktree:
    return await make(project, new_id(), root)


def everything(repo: Repo) -> tuple[str, str, dict[str, bytes]]:
    """Take down what a merge that fails must not change."""
    refs = repo.git("for-each-ref", "refs/heads/main", "refs/tags", "refs/signoff")
    files = {str(f): f.read_bytes() for f in repo.path.rglob("*") if f.is_file() and ".git" not in f.parts}
    return refs, repo.git("status", "--porcelain"), files


async def test_all_work_becomes_one_commit_by_the_person(repo: Repo, project: Project, tree: Worktree) -> None:
    """TREE-4."""
    before = repo.head
    (tree.path / "one").write_text("1\n")
    await snapshot(tree, "first")
    (tree.path / "two").write_text("not committed\n")
    commit = await merge(tree, project, "Add both\n\nBecause.", ADA)
    assert repo.head == commit
    assert repo.git("rev-parse", "HEAD^@") == before
    assert repo.git("log", "-1", "--format=%an <%ae>|%cn|%B").strip() == (
        "Ada Lovelace <ada@example.org>|Signoff|Add both\n\nBecause."
    )
    assert (repo.path / "two").read_text() == "not committed\n"
    assert repo.git("status", "--porcelain") == ""


async def test_a_base_branch_that_moved_is_merged_three_ways(repo: Repo, project: Project, tree: Worktree) -> None:
    (tree.path / "a.txt").write_text("changed by the agent\n")
    repo.commit({"src/b.txt": "changed by a person\n"})
    await merge(tree, project, "x", ADA)
    assert (repo.path / "a.txt").read_text() == "changed by the agent\n"
    assert (repo.path / "src/b.txt").read_text() == "changed by a person\n"


async def test_a_conflict_names_the_files_and_changes_nothing(repo: Repo, project: Project, tree: Worktree) -> None:
    """TREE-4."""
    (tree.path / "a.txt").write_text("theirs\n")
    (tree.path / "fine").write_text("no conflict here\n")
    repo.commit({"a.txt": "ours\n"})
    before = everything(repo)
    with pytest.raises(ProjectError, match=r"in conflict in: a\.txt\. Nothing was changed") as caught:
        await merge(tree, project, "x", ADA)
    assert everything(repo) == before
    assert "merge `main` into its branch" in caught.value.hint


async def test_uncommitted_changes_that_are_in_the_way_stop_it(repo: Repo, project: Project, tree: Worktree) -> None:
    """TREE-4, TREE-5."""
    (tree.path / "a.txt").write_text("by the agent\n")
    repo.write({"a.txt": "by a person, not committed\n"})
    before = everything(repo)
    with pytest.raises(ProjectError, match=r"uncommitted changes in .*: a\.txt"):
        await merge(tree, project, "x", ADA)
    assert everything(repo) == before


async def test_an_untracked_file_that_is_in_the_way_stops_it(repo: Repo, project: Project, tree: Worktree) -> None:
    (tree.path / "notes").write_text("by the agent\n")
    repo.write({"notes": "by a person\n"})
    before = everything(repo)
    with pytest.raises(ProjectError, match="notes"):
        await merge(tree, project, "x", ADA)
    assert everything(repo) == before


async def test_uncommitted_changes_elsewhere_stay_as_they_are(repo: Repo, project: Project, tree: Worktree) -> None:
    """TREE-5."""
    (tree.path / "a.txt").write_text("by the agent\n")
    repo.write({"src/b.txt": "not committed\n", "new": "untracked\n"})
    await merge(tree, project, "x", ADA)
    assert repo.git("status", "--porcelain") == " M src/b.txt\n?? new"
    assert (repo.path / "a.txt").read_text() == "by the agent\n"


async def test_a_base_branch_that_is_not_checked_out_moves_alone(repo: Repo, project: Project, tree: Worktree) -> None:
    (tree.path / "a.txt").write_text("by the agent\n")
    repo.git("checkout", "--quiet", "-b", "elsewhere")
    repo.write({"a.txt": "not committed\n"})
    commit = await merge(tree, project, "x", ADA)
    assert repo.git("rev-parse", "main") == commit
    assert repo.git("status", "--porcelain") == " M a.txt"


async def test_a_checkout_of_the_base_branch_in_another_worktree_follows(
    repo: Repo, project: Project, tree: Worktree, tmp_path: Path
) -> None:
    repo.git("checkout", "--quiet", "-b", "elsewhere")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "second"), "main")
    (tree.path / "a.txt").write_text("by the agent\n")
    await merge(tree, project, "x", ADA)
    assert (tmp_path / "second/a.txt").read_text() == "by the agent\n"
    assert repo.git("status", "--porcelain", at=tmp_path / "second") == ""
    assert (repo.path / "a.txt").read_text() == "one\n"


async def test_nothing_to_merge_is_an_error(project: Project, tree: Worktree) -> None:
    with pytest.raises(ProjectError, match="has all of"):
        await merge(tree, project, "x", ADA)


async def test_what_is_merged_already_is_not_merged_again(repo: Repo, project: Project, tree: Worktree) -> None:
    (tree.path / "a.txt").write_text("two\n")
    commit = await merge(tree, project, "x", ADA)
    with pytest.raises(ProjectError, match="nothing to merge"):
        await merge(tree, project, "x", ADA)
    assert repo.head == commit


async def test_a_follow_up_in_the_same_lines_merges_without_conflict(
    repo: Repo, project: Project, tree: Worktree
) -> None:
    (tree.path / "a.txt").write_text("two\n")
    await merge(tree, project, "x", ADA)
    repo.commit({"src/b.txt": "moved on\n"})
    (tree.path / "a.txt").write_text("three\n")
    await merge(tree, project, "y", ADA)
    assert (repo.path / "a.txt").read_text() == "three\n"
    assert (repo.path / "src/b.txt").read_text() == "moved on\n"


async def test_a_follow_up_that_took_in_the_base_branch_merges_too(
    repo: Repo, project: Project, tree: Worktree
) -> None:
    (tree.path / "a.txt").write_text("two\n")
    await merge(tree, project, "x", ADA)
    repo.commit({"a.txt": "two and a half\n"})
    repo.git("reset", "--quiet", "--hard", "main", at=tree.path)
    (tree.path / "a.txt").write_text("three\n")
    await merge(tree, project, "y", ADA)
    assert (repo.path / "a.txt").read_text() == "three\n"


async def test_an_agent_that_merged_the_base_branch_has_solved_the_conflict(
    repo: Repo, project: Project, tree: Worktree
) -> None:
    (tree.path / "a.txt").write_text("theirs\n")
    await snapshot(tree, "x")
    repo.commit({"a.txt": "ours\n"})
    repo.git("merge", "--quiet", "--strategy=ours", "-m", "solved", "main", at=tree.path)
    await merge(tree, project, "x", ADA)
    assert (repo.path / "a.txt").read_text() == "theirs\n"


async def test_merges_of_several_executions_at_once_all_arrive(repo: Repo, project: Project, root: Path) -> None:
    """TREE-8."""
    trees = [await make(project, new_id(), root) for _ in range(5)]
    for tree in trees:
        (tree.path / tree.handle).write_text("x")
    async with asyncio.TaskGroup() as group:
        for tree in trees:
            group.create_task(merge(tree, project, f"merge {tree.handle}", ADA))
    assert {tree.handle for tree in trees} < set(repo.files("main"))
    assert repo.git("rev-list", "--count", "main") == "6"


async def test_a_merge_under_way_in_the_checkout_is_not_disturbed(repo: Repo, project: Project, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    (repo.path / ".git/MERGE_HEAD").write_text(repo.head + "\n")
    with pytest.raises(ProjectError, match="in the middle of a merge"):
        await merge(tree, project, "x", ADA)


async def test_a_run_that_only_read_cannot_be_merged(project: Project, root: Path) -> None:
    tree = await make(replace(project, access=Access.READ), new_id(), root)
    with pytest.raises(ProjectError, match="only read"):
        await merge(tree, project, "x", ADA)


async def test_a_run_from_a_detached_head_cannot_be_merged(repo: Repo, project: Project, root: Path) -> None:
    repo.git("checkout", "--quiet", "--detach")
    tree = await make(project, new_id(), root)
    (tree.path / "new").write_text("n")
    with pytest.raises(ProjectError, match="detached HEAD"):
        await merge(tree, project, "x", ADA)


async def test_a_base_branch_that_is_gone_is_named(repo: Repo, project: Project, root: Path) -> None:
    repo.git("branch", "release")
    tree = await make(replace(project, base_branch="release"), new_id(), root)
    repo.git("branch", "-D", "release")
    with pytest.raises(ProjectError, match="`release`"):
        await merge(tree, project, "x", ADA)


@pytest.mark.parametrize("checked_out", [True, False])
async def test_a_base_branch_that_moves_under_our_hands_is_not_overwritten(repo: Repo, *, checked_out: bool) -> None:
    """TREE-4: the merge was made upon a commit that is not the newest any more."""
    base = repo.head
    ours = repo.git("commit-tree", "HEAD^{tree}", "-p", base, "-m", "ours")
    theirs = repo.commit({"new": "by a person\n"})
    if not checked_out:
        repo.git("checkout", "--quiet", "-b", "elsewhere")
    git = await repository(repo.path / ".git", repo.path)
    assert not await publish(git, "refs/heads/main", base, ours)
    assert repo.git("rev-parse", "main") == theirs
