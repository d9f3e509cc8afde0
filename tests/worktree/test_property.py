"""Whatever the agent does to the files: merging gives the base with exactly these edits."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import ProjectError
from runner.model import Project, new_id
from runner.worktree import Identity, diff, make, merge, snapshot
from tests.worktree.repo import new_repo

ADA = Identity(name="Ada", email="ada@example.org")

# Folders and files have different letters, so that every history of edits can be carried out.
FOLDERS = st.sampled_from(["", "d/", "d/e/", "ü d/"])
FILES = st.builds("".join, st.tuples(FOLDERS, st.sampled_from(["a.txt", "b", "-c", "x\ny", '"q"', "*"])))
CONTENTS = st.binary(max_size=40).filter(lambda raw: b"\r" not in raw) | st.sampled_from([b"one\n", b"", b"\0\n"])


@dataclass(frozen=True)
class Write:
    """The agent writes a file."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Delete:
    """The agent deletes a file, if it is there."""

    name: str


@dataclass(frozen=True)
class Save:
    """A snapshot is made in between."""


EDITS = st.lists(st.builds(Write, FILES, CONTENTS) | st.builds(Delete, FILES) | st.builds(Save), max_size=12)


def contents(top: Path) -> dict[str, bytes]:
    """Return all files below a directory but git's own."""
    return {
        str(file.relative_to(top)): file.read_bytes()
        for file in top.rglob("*")
        if file.is_file() and ".git" not in file.relative_to(top).parts
    }


@settings(max_examples=settings().max_examples // 3)
@given(edits=EDITS)
async def test_merging_gives_the_base_with_the_agent_s_edits(edits: list[Write | Delete | Save]) -> None:
    """TREE-4: also: the files of the diff are those that differ, and a person's own change meanwhile stays."""
    folder = Path(tempfile.mkdtemp(prefix="signoff-test-")).resolve()
    try:
        repo = new_repo(folder / "shop")
        project = Project(name="shop", path=str(repo.path))
        tree = await make(project, new_id(), folder / "worktrees")
        before = contents(tree.path)
        for edit in edits:
            match edit:
                case Write(name, content):
                    (tree.path / name).parent.mkdir(parents=True, exist_ok=True)
                    (tree.path / name).write_bytes(content)
                case Delete(name):
                    (tree.path / name).unlink(missing_ok=True)
                case Save():
                    await snapshot(tree, "in between")
        after = contents(tree.path)
        shown = await diff(tree)
        told = {file.path for file in shown.files} | {file.old_path for file in shown.files if file.old_path}
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert told == changed
        repo.commit({"by a person": "p\n"})
        if changed:
            await merge(tree, project, "x", ADA)
        else:
            with pytest.raises(ProjectError, match="nothing to merge"):
                await merge(tree, project, "x", ADA)
        assert contents(repo.path) == after | {"by a person": b"p\n"}
        assert repo.git("status", "--porcelain") == ""
    finally:
        shutil.rmtree(folder)
