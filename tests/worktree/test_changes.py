"""What the agent changed: snapshots, diffs, the list of commits."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from runner.model import Access, DiffFile, Project, new_id
from runner.worktree import Worktree, changes, commits, diff, discard, make, snapshot
from tests.worktree.repo import Repo

ODD_NAMES = ["-rf", "--help", "two\nlines", 'a "quote"', "ünï", "with space", "tab\there", "*", ":(top)x", "a\\b"]


@pytest.fixture
async def tree(project: Project, root: Path) -> Worktree:
    return await make(project, new_id(), root)


async def test_a_snapshot_takes_everything_that_git_does_not_ignore(repo: Repo, tree: Worktree) -> None:
    """TREE-3."""
    (tree.path / "a.txt").write_text("two\n")
    (tree.path / "src/b.txt").unlink()
    (tree.path / "new").mkdir()
    (tree.path / "new/file").write_text("n\n")
    (tree.path / "x.secret").write_text("s")
    commit = await snapshot(tree, "All of it\n\nand why")
    assert commit == repo.git("rev-parse", tree.branch)
    assert repo.files(commit) == {".gitignore": "*.secret\ncache/", "a.txt": "two", "new/file": "n"}
    assert repo.git("log", "-1", "--format=%B", commit).strip() == "All of it\n\nand why"
    assert repo.git("status", "--porcelain", at=tree.path) == ""


async def test_a_snapshot_of_nothing_new_is_none(tree: Worktree) -> None:
    assert await snapshot(tree, "nothing") is None
    (tree.path / "new").write_text("n")
    assert await snapshot(tree, "something")
    assert await snapshot(tree, "nothing again") is None


async def test_the_author_is_signoff_where_the_repository_names_nobody(repo: Repo, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    commit = await snapshot(tree, "x")
    assert repo.git("log", "-1", "--format=%an <%ae>", str(commit)) == "Signoff <signoff@localhost>"


async def test_the_repository_s_own_identity_is_kept(repo: Repo, tree: Worktree) -> None:
    repo.git("config", "user.name", "Grace")
    repo.git("config", "user.email", "grace@example.org")
    (tree.path / "new").write_text("n")
    commit = await snapshot(tree, "x")
    assert repo.git("log", "-1", "--format=%cn <%ce>", str(commit)) == "Grace <grace@example.org>"


async def test_copied_files_are_no_work_of_the_agent(repo: Repo, project: Project, root: Path) -> None:
    """TREE-3."""
    repo.write({"local.cfg": "mine", "x.secret": "ignored"})
    tree = await make(replace(project, copy=("local.cfg", "x.secret")), new_id(), root)
    assert await snapshot(tree, "x") is None
    (tree.path / "new").write_text("n")
    commit = await snapshot(tree, "x")
    assert set(repo.files(str(commit))) == {".gitignore", "a.txt", "src/b.txt", "new"}
    assert [file.path for file in (await diff(tree)).files] == ["new"]


async def test_a_worktree_that_is_only_read_is_reported_but_never_committed(project: Project, root: Path) -> None:
    """TREE-11."""
    tree = await make(replace(project, access=Access.READ), new_id(), root)
    (tree.path / "a.txt").write_text("touched\n")
    assert await snapshot(tree, "x") is None
    assert [file.path for file in (await diff(tree)).files] == ["a.txt"]


async def test_what_the_agent_committed_elsewhere_becomes_part_of_the_branch(repo: Repo, tree: Worktree) -> None:
    """The agent left the branch for one of its own, committed there, and left a file uncommitted."""
    repo.git("checkout", "--quiet", "-b", "feature/mine", at=tree.path)
    (tree.path / "one").write_text("1")
    repo.git("add", "one", at=tree.path)
    repo.git("commit", "--quiet", "-m", "mine", at=tree.path)
    (tree.path / "two").write_text("2")
    commit = await snapshot(tree, "the rest")
    assert repo.git("rev-parse", f"{tree.branch}^") == repo.git("rev-parse", "feature/mine")
    assert repo.files(str(commit)).keys() >= {"one", "two"}
    assert repo.git("symbolic-ref", "--short", "HEAD", at=tree.path) == tree.branch


async def test_commits_on_two_sides_are_both_kept(repo: Repo, tree: Worktree) -> None:
    for branch, name in ((tree.branch, "one"), ("other", "two")):
        if branch == "other":
            repo.git("checkout", "--quiet", "-b", "other", "main", at=tree.path)
        (tree.path / name).write_text(name)
        repo.git("add", name, at=tree.path)
        repo.git("commit", "--quiet", "-m", name, at=tree.path)
    await snapshot(tree, "joined")
    assert set(repo.git("log", "--format=%s", f"main..{tree.branch}").split("\n")) == {"joined", "one", "two"}


async def test_a_repository_inside_the_worktree_is_taken_as_files(repo: Repo, tree: Worktree) -> None:
    """TREE-3: scaffolding tools run `git init`: as a link to another repository the files would be lost."""
    for inner, commit in (("app", False), ("deep/lib", True)):
        folder = tree.path / inner
        folder.mkdir(parents=True)
        repo.git("init", "--quiet", at=folder)
        (folder / "main.py").write_text("1")
        if commit:
            repo.git("add", ".", at=folder)
            repo.git("commit", "--quiet", "-m", "inner", at=folder)
    first = await snapshot(tree, "x")
    (tree.path / "app/main.py").write_text("2")
    second = await snapshot(tree, "x")
    assert repo.files(str(first)).keys() >= {"app/main.py", "deep/lib/main.py"}
    assert repo.files(str(second))["app/main.py"] == "2"


async def test_any_file_name_survives(repo: Repo, tree: Worktree) -> None:
    """TREE-10."""
    for name in ODD_NAMES:
        (tree.path / name).write_text(name)
    assert {file.path for file in (await diff(tree)).files} == set(ODD_NAMES)
    commit = await snapshot(tree, "x")
    assert repo.files(str(commit)).items() >= {name: name for name in ODD_NAMES}.items()


async def test_names_and_contents_that_are_not_utf_8_can_be_shown(tree: Worktree) -> None:
    """TREE-10."""
    (tree.path / "caf\udce9").write_bytes(b"latin-1: \xe9\n")
    difference = await diff(tree)
    assert difference.files == (DiffFile(path="caf\ufffd", added=1, status="added"),)
    assert "+latin-1: \ufffd" in difference.patch
    difference.patch.encode("utf-8")
    assert await snapshot(tree, "message with \udce9")


async def test_a_diff_tells_what_became_of_each_file(tree: Worktree) -> None:
    (tree.path / "a.txt").write_text("one\ntwo\nthree\n")
    (tree.path / "src/b.txt").rename(tree.path / "moved.txt")
    (tree.path / ".gitignore").unlink()
    (tree.path / "new.bin").write_bytes(bytes(range(256)))
    difference = await diff(tree)
    assert set(difference.files) == {
        DiffFile(path=".gitignore", removed=2, status="deleted"),
        DiffFile(path="a.txt", added=2, status="modified"),
        DiffFile(path="moved.txt", status="renamed", old_path="src/b.txt"),
        DiffFile(path="new.bin", status="added", binary=True),
    }
    assert difference.stat == "4 files, +2 -2"
    assert "+two\n" in difference.patch
    assert "rename from src/b.txt" in difference.patch


async def test_a_diff_without_changes_says_so(tree: Worktree) -> None:
    difference = await diff(tree)
    assert (difference.stat, difference.files, difference.patch) == ("no changes", (), "")


async def test_a_diff_changes_neither_index_nor_branch(repo: Repo, tree: Worktree) -> None:
    (tree.path / "new").write_text("n")
    before = repo.git("status", "--porcelain", at=tree.path)
    await diff(tree)
    assert repo.git("status", "--porcelain", at=tree.path) == before == "?? new"


async def test_a_diff_covers_commits_as_well(tree: Worktree) -> None:
    (tree.path / "one").write_text("1\n")
    await snapshot(tree, "x")
    (tree.path / "two").write_text("2\n")
    assert [file.path for file in (await diff(tree)).files] == ["one", "two"]


async def test_a_patch_is_cut_at_the_end_of_a_line_and_says_so(tree: Worktree) -> None:
    """TREE-10."""
    (tree.path / "big").write_text("ü" * 99 + "\n" * 1 + ("line of the file\n" * 200_000))
    difference = await diff(tree)
    assert difference.truncated
    assert changes.PATCH_LIMIT - 200 < len(difference.patch.encode()) <= changes.PATCH_LIMIT
    assert difference.patch.endswith("+line of the file\n")
    assert difference.files[0].added == 200_001


@pytest.mark.parametrize("place", ["worktree", "repository"])
async def test_attributes_of_the_repository_cannot_hide_a_change(
    tree: Worktree, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """TREE-10: also when the daemon was started in the worktree."""
    monkeypatch.chdir(tree.path)
    file = tree.path / ".gitattributes" if place == "worktree" else tree.repository / "info/attributes"
    file.write_text("* -diff binary linguist-generated\n")
    (tree.path / "a.txt").write_text("one\nand a back door\n")
    assert "+and a back door" in (await diff(tree)).patch


async def test_a_repository_with_longer_names_works_the_same(project: Project, root: Path, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "sha256")
    repo.path.mkdir()
    repo.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    repo.commit({"a.txt": "one\n"})
    tree = await make(replace(project, path=str(repo.path)), new_id(), root)
    (tree.path / "a.txt").write_text("two\n")
    assert "+two" in (await diff(tree)).patch
    assert len(str(await snapshot(tree, "x"))) == 64


async def test_replaced_objects_cannot_hide_a_change(repo: Repo, tree: Worktree) -> None:
    """TREE-10."""
    (tree.path / "a.txt").write_text("one\nand a back door\n")
    commit = await snapshot(tree, "x")
    repo.git("replace", f"{commit}^{{tree}}", "main^{tree}")
    assert repo.git("diff", "main", str(commit)) == ""
    assert "+and a back door" in (await diff(tree)).patch


async def test_an_edit_right_after_the_checkout_is_seen(tree: Worktree) -> None:
    """TREE-10: within the same second, with the same length, and looked at a second later."""
    for name in ("a.txt", "src/b.txt"):
        file = tree.path / name
        file.write_text(file.read_text().upper())
    await asyncio.sleep(1.01)
    assert [file.path for file in (await diff(tree)).files] == ["a.txt", "src/b.txt"]


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
async def test_a_mark_in_the_index_cannot_hide_a_change(repo: Repo, tree: Worktree, mark: str) -> None:
    """TREE-10."""
    repo.git("update-index", mark, "a.txt", at=tree.path)
    (tree.path / "a.txt").write_text("one\nand a back door\n")
    assert repo.git("status", "--porcelain", at=tree.path) == ""
    assert "+and a back door" in (await diff(tree)).patch
    assert await snapshot(tree, "x")


async def test_a_set_back_file_time_cannot_hide_a_change(repo: Repo, tree: Worktree) -> None:
    """The content changes, its length and time do not. Git compares whole seconds of the time that nobody can set."""
    file = tree.path / "a.txt"
    repo.git("config", "core.trustctime", "false")
    os.utime(file, (0, 0))
    repo.git("update-index", "--refresh", at=tree.path)
    await asyncio.sleep(1.01)
    file.write_text("two\n")
    os.utime(file, (0, 0))
    assert repo.git("status", "--porcelain", at=tree.path) == ""
    assert "+two" in (await diff(tree)).patch


async def test_a_sparse_checkout_deletes_nothing(repo: Repo, project: Project, root: Path) -> None:
    tree = await make(project, new_id(), root)
    repo.git("sparse-checkout", "set", "nowhere", at=tree.path)
    assert not (tree.path / "src/b.txt").exists()
    assert (await diff(tree)).files == ()


async def test_the_diff_of_a_discarded_worktree_is_that_of_its_backup(tree: Worktree) -> None:
    (tree.path / "new").write_text("n\n")
    before = await diff(tree)
    await discard(tree)
    assert await diff(tree) == before


async def test_commits_are_listed_newest_first(repo: Repo, tree: Worktree) -> None:
    for number in range(3):
        (tree.path / "new").write_text(str(number))
        await snapshot(tree, f"change {number}")
    listed = await commits(tree)
    assert [commit.message.strip() for commit in listed] == ["change 2", "change 1", "change 0"]
    assert listed[0].id == repo.git("rev-parse", tree.branch)
    assert listed[0].author == "Signoff"
    assert listed[0].at.utcoffset() is not None
