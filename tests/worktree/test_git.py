"""How git is run: what is waited for, what is reported, what is stopped."""

from __future__ import annotations

import asyncio
import os
import select
from pathlib import Path

import pytest

from runner.errors import ProjectError, StorageError
from runner.model import Project, new_id
from runner.worktree import inspect, make, snapshot
from runner.worktree.git import GitFailed, repository
from tests.worktree.repo import Repo


async def test_a_lock_of_another_git_is_waited_for(repo: Repo) -> None:
    git = await repository(repo.path / ".git", repo.path)
    lock = repo.path / ".git/index.lock"
    lock.touch()

    async def let_go() -> None:
        while not waiting.done():
            await asyncio.sleep(0.03)
            lock.unlink(missing_ok=True)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(git.git("read-tree", "HEAD"))
        group.create_task(let_go())
    assert not lock.exists()


async def test_a_failure_carries_what_git_said(repo: Repo) -> None:
    git = await repository(repo.path / ".git")
    with pytest.raises(GitFailed, match=r"`git cat-file` failed: .*Not a valid object name nothing"):
        await git.git("cat-file", "blob", "nothing")


async def test_a_full_disk_is_called_that(repo: Repo) -> None:
    git = await repository(repo.path / ".git")
    with pytest.raises(StorageError, match="disk is full"):
        await git.run("archive", "--output=/dev/full", "HEAD")


async def test_a_machine_without_git_is_told_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProjectError, match="not installed"):
        await inspect(project)


async def test_a_cancelled_caller_leaves_nothing_behind(repo: Repo, tmp_path: Path) -> None:
    """The pipe closes when the last program that git has started is gone."""
    git = await repository(repo.path / ".git")
    os.mkfifo(tmp_path / "pipe")
    wait = f"alias.wait=!exec >{tmp_path}/pipe; echo begun; exec sleep 600"
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(git.run("-c", wait, "wait"))
        with await asyncio.to_thread((tmp_path / "pipe").open) as pipe:
            assert await asyncio.to_thread(pipe.readline) == "begun\n"
            waiting.cancel()
            assert await asyncio.to_thread(pipe.read) == ""


@pytest.mark.parametrize("turns", [3, 4, 5, 6])
async def test_a_caller_who_is_cancelled_while_git_starts_leaves_nothing_behind(
    repo: Repo, tmp_path: Path, turns: int
) -> None:
    """Git has begun to work, and the busy loop has not heard of it yet: asyncio alone would kill only git itself."""
    git = await repository(repo.path / ".git")
    os.mkfifo(tmp_path / "pipe")
    wait = f"alias.wait=!exec >{tmp_path}/pipe; echo begun; exec sleep 600"
    waiting = asyncio.get_running_loop().create_task(git.run("-c", wait, "wait"))
    for _ in range(turns):
        await asyncio.sleep(0)
    pipe = os.open(tmp_path / "pipe", os.O_RDONLY)  # nothing else goes on in the loop until somebody writes
    try:
        assert os.read(pipe, 100) == b"begun\n"
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(10):
                await waiting
        assert select.select([pipe], [], [], 10)[0], "somebody still holds the pipe"
        assert os.read(pipe, 100) == b""
    finally:
        os.close(pipe)


async def test_only_the_beginning_of_a_long_output_is_read(repo: Repo) -> None:
    repo.commit({"big": "x" * 5_000_000})
    git = await repository(repo.path / ".git")
    assert await git.head("cat-file", "blob", "HEAD:big", limit=1000) == b"x" * 1000
    assert await git.head("cat-file", "blob", "HEAD:a.txt", limit=1000) == b"one\n"


async def test_a_lock_left_behind_does_not_stop_a_snapshot(repo: Repo, project: Project, root: Path) -> None:
    tree = await make(project, new_id(), root)
    (tree.path / "new").write_text("n")
    (tree.git_dir / "index.lock").touch()
    assert await snapshot(tree, "x")
    assert repo.git("status", "--porcelain", at=tree.path) == ""


async def test_a_link_in_the_place_of_the_worktree_is_not_followed(
    project: Project, root: Path, tmp_path: Path
) -> None:
    """Else the files of another folder would be committed and shown."""
    tree = await make(project, new_id(), root)
    (tmp_path / "private").mkdir()
    tree.path.rename(tmp_path / "moved")
    tree.path.symlink_to(tmp_path / "private")
    with pytest.raises(ProjectError, match="does not exist any more"):
        await snapshot(tree, "x")
