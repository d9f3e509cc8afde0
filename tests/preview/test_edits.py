"""The effect of an edit is computed, without a sandbox and without touching a file."""

from __future__ import annotations

import pytest

from runner.model import DiffFile, Preview, ToolCall
from tests.preview.stage import Stage


async def edit(bare: Stage, tool: str, **given: object) -> Preview:
    before = bare.everything()
    seen = await bare.previewer().preview(bare.worktree, ToolCall(tool=tool, input=given))
    assert bare.everything() == before
    assert seen.exit is None
    return seen


async def test_an_edit_shows_its_diff(bare: Stage) -> None:
    path = str(bare.worktree / "b.txt")
    seen = await edit(bare, "Edit", file_path=path, old_string="line 7\n", new_string="seven\n")
    assert seen.files == (DiffFile(path="b.txt", added=1, removed=1),)
    assert "-line 7\n+seven\n" in seen.patch
    assert seen.problem == ""


async def test_a_relative_path_counts_from_the_worktree(bare: Stage) -> None:
    seen = await edit(bare, "Edit", file_path="src/c.py", old_string="1", new_string="2")
    assert [file.path for file in seen.files] == ["src/c.py"]


async def test_several_edits_follow_one_another(bare: Stage) -> None:
    steps = [{"old_string": "one", "new_string": "two"}, {"old_string": "two", "new_string": "three"}]
    seen = await edit(bare, "MultiEdit", file_path="a.txt", edits=steps)
    assert "+three\n" in seen.patch


async def test_writing_shows_new_files_and_replaced_ones(bare: Stage) -> None:
    new = await edit(bare, "Write", file_path="new/file.txt", content="x\ny\n")
    assert new.files == (DiffFile(path="new/file.txt", added=2, status="added"),)
    old = await edit(bare, "Write", file_path="a.txt", content="x\n")
    assert old.files == (DiffFile(path="a.txt", added=1, removed=1),)
    same = await edit(bare, "Write", file_path="a.txt", content="one\n")
    assert (same.files, same.problem) == ((), "")


async def test_all_places_are_replaced_only_if_wanted(bare: Stage) -> None:
    given = {"file_path": "b.txt", "old_string": "line", "new_string": "row"}
    assert (await edit(bare, "Edit", **given)).problem.endswith("occurs 20 times.")
    assert (await edit(bare, "Edit", **given, replace_all=True)).files[0].added == 20


async def test_windows_line_ends_are_kept(bare: Stage) -> None:
    (bare.worktree / "dos.txt").write_bytes(b"a\r\nb\r\n")
    seen = await edit(bare, "Edit", file_path="dos.txt", old_string="a\nb", new_string="a\nc")
    assert seen.files == (DiffFile(path="dos.txt", added=1, removed=1),)


async def test_bytes_that_are_no_text_are_kept(bare: Stage) -> None:
    (bare.worktree / "latin.txt").write_bytes(b"caf\xe9\nold\n")
    seen = await edit(bare, "Edit", file_path="latin.txt", old_string="old", new_string="new")
    assert seen.files == (DiffFile(path="latin.txt", added=1, removed=1),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"file_path": "a.txt", "old_string": "none", "new_string": ""}, "does not contain"),
        ({"file_path": "a.txt", "old_string": "", "new_string": "x"}, "exists already"),
        ({"file_path": "a.txt", "old_string": "one"}, "no `new_string`"),
        ({"file_path": "a.txt", "old_string": "one", "new_string": "\ud800"}, "cannot be written"),
        ({"file_path": "../../../signoff.db", "old_string": "secret", "new_string": ""}, "outside the worktree"),
        ({"file_path": "/etc/passwd", "old_string": "root", "new_string": ""}, "outside the worktree"),
        ({"file_path": ".git", "old_string": "gitdir", "new_string": ""}, "git's own"),
        ({"file_path": "src", "old_string": "x", "new_string": ""}, "not a file"),
        ({"file_path": "a.txt\0", "old_string": "x", "new_string": ""}, "names no file"),
        ({}, "names no file"),
    ],
)
async def test_an_edit_that_cannot_be_made_says_why(bare: Stage, given: dict[str, object], said: str) -> None:
    seen = await edit(bare, "Edit", **given)
    assert said in seen.problem
    assert seen.files == ()


@pytest.mark.parametrize("edits", [[], ["x"], "x"])
async def test_edits_without_form_say_so(bare: Stage, edits: object) -> None:
    assert (await edit(bare, "MultiEdit", file_path="a.txt", edits=edits)).problem == "The edit replaces nothing."


async def test_an_edit_through_a_link_that_leads_out_is_not_shown(bare: Stage) -> None:
    (bare.worktree / "out").symlink_to(bare.state)
    seen = await edit(bare, "Edit", file_path="out/signoff.db", old_string="secret", new_string="x")
    assert (seen.problem, seen.patch) == ("The file is outside the worktree.", "")


async def test_a_file_too_large_to_be_compared_is_said(bare: Stage) -> None:
    (bare.worktree / "large").write_bytes(b"x" * 2_000_001)
    assert "larger than 2 MB" in (await edit(bare, "Write", file_path="large", content="x")).problem
