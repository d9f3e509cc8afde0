"""A preview says what the command did to the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.model import DiffFile
from runner.preview.compare import differences
from runner.preview.copy import copy_worktree
from runner.preview.limits import NoPreview, PreviewLimits
from runner.preview.tree import manifest
from tests.preview.stage import Stage


async def test_created_edited_deleted_and_renamed_files_are_told_apart(stage: Stage) -> None:
    command = "echo new > new.txt; echo two >> a.txt; rm src/c.py; mv b.txt moved.txt"
    seen = await stage.run(command)
    assert seen.problem == ""
    assert set(seen.files) == {
        DiffFile(path="new.txt", added=1, status="added"),
        DiffFile(path="a.txt", added=1),
        DiffFile(path="src/c.py", removed=1, status="deleted"),
        DiffFile(path="moved.txt", status="renamed", old_path="b.txt"),
    }
    assert "+two\n" in seen.patch
    assert "rename from b.txt" in seen.patch
    assert not seen.truncated


async def test_nothing_outside_the_copy_changes(stage: Stage) -> None:
    before = stage.everything()
    seen = await stage.run(
        "rm -rf -- *; echo x > a.txt; git add -A; git commit -qm gone; git branch -D main; git gc -q"
    )
    assert seen.exit == 0, seen.output
    assert {file.path for file in seen.files} >= {"a.txt", "b.txt", ".git"}
    assert stage.everything() == before


@pytest.mark.parametrize(
    ("command", "status"), [("true", 0), ("exit 3", 3), ("no-such-program", 127), ("kill $$", 143)]
)
async def test_the_exit_status_is_that_of_the_command(stage: Stage, command: str, status: int) -> None:
    seen = await stage.run(command)
    assert (seen.problem, seen.exit) == ("", status)


async def test_output_and_errors_are_kept_in_order(stage: Stage) -> None:
    seen = await stage.run("echo one; echo two >&2; echo three")
    assert seen.output == "one\ntwo\nthree"
    assert 0 < seen.seconds < 20


async def test_commands_run_in_bash_and_in_the_worktrees_own_place(stage: Stage) -> None:
    seen = await stage.run("[[ $PWD == *abc123 ]] && pwd && cat < <(echo bash)")
    assert seen.output == f"{stage.worktree}\nbash"


async def test_a_file_that_was_only_touched_did_not_change(stage: Stage) -> None:
    seen = await stage.run("touch a.txt; cp b.txt x; cat x > b.txt; rm x")
    assert (seen.files, seen.patch, seen.exit) == ((), "", 0)


async def test_an_edit_is_found_although_its_file_time_is_set_back(stage: Stage) -> None:
    seen = await stage.run("touch -r a.txt when; echo six > a.txt; touch -r when a.txt; rm when")
    assert [file.path for file in seen.files] == ["a.txt"]


async def test_binary_files_are_named_and_not_printed(stage: Stage) -> None:
    seen = await stage.run(r"printf '\0\1\2' > data.bin")
    assert seen.files == (DiffFile(path="data.bin", status="added", binary=True),)
    assert "\0" not in seen.patch


async def test_large_files_are_named_without_their_content(stage: Stage) -> None:
    seen = await stage.run("head -c 3000000 /dev/zero | tr '\\0' a > large.txt")
    assert seen.files == (DiffFile(path="large.txt", status="added", binary=True),)
    assert seen.patch == ""


async def test_a_long_patch_is_cut_at_a_line_and_says_so(stage: Stage) -> None:
    seen = await stage.run("seq 100000 > numbers")
    assert seen.truncated
    assert 19_000 < len(seen.patch) <= 20_000
    assert seen.patch.endswith("\n")
    assert seen.files[0].added == 100_000


async def test_many_changed_files_are_cut_and_say_so(stage: Stage) -> None:
    seen = await stage.run("for i in $(seq 300); do echo $i > f$i; done")
    assert (len(seen.files), seen.truncated) == (200, True)


async def test_strange_names_do_no_harm(stage: Stage) -> None:
    seen = await stage.run(
        "echo 1 > $'new\\nline'; echo 2 > 'quo\"te'; echo 3 > $'latin\\xe9'; echo 4 > '-x'; echo 5 > 'a\\b'"
    )
    assert {file.path for file in seen.files} == {"new\nline", 'quo"te', "latin\ufffd", "-x", "a\\b"}
    assert all(file.added == 1 for file in seen.files)


async def test_pipes_and_sockets_are_named_and_never_opened(stage: Stage) -> None:
    seen = await stage.run("mkfifo queue")
    assert seen.files == (DiffFile(path="queue", status="added", binary=True),)


async def test_a_link_that_leads_out_is_shown_as_a_link(stage: Stage) -> None:
    """What the host has at its end is not read."""
    (stage.top / "elsewhere").write_text("content-of-the-host")
    seen = await stage.run(f"ln -s {stage.top}/elsewhere out; cat out")
    assert seen.files == (DiffFile(path="out", added=1, status="added"),)
    assert "content-of-the-host" not in seen.patch + seen.output


async def test_a_link_of_the_worktree_leads_nowhere_in_the_copy(stage: Stage) -> None:
    elsewhere = stage.top / "elsewhere"
    elsewhere.mkdir()
    (stage.worktree / "out").symlink_to(elsewhere)
    seen = await stage.run("echo x > out/file")
    assert seen.exit == 1
    assert not list(elsewhere.iterdir())


async def test_git_knows_the_copy_as_it_knows_the_worktree(stage: Stage) -> None:
    (stage.worktree / "a.txt").write_text("changed\n")
    seen = await stage.run("git status --porcelain; git log --format=%s; git branch --show-current; git diff --stat")
    assert seen.output.splitlines()[0] == " M a.txt"
    assert "task/abc123" in seen.output
    assert seen.files == ()


async def test_a_commit_shows_as_a_change_of_gits_data(stage: Stage) -> None:
    seen = await stage.run("git commit --allow-empty -qm empty && git log -1 --format=%s")
    assert (seen.output, seen.files) == ("empty", (DiffFile(path=".git", binary=True),))


async def test_git_being_thrown_away_is_told(stage: Stage) -> None:
    seen = await stage.run("rm .git; git init -q nested")
    assert set(seen.files) == {
        DiffFile(path=".git", status="deleted", binary=True),
        DiffFile(path="nested/.git", status="added", binary=True),
    }


async def test_uncommitted_and_ignored_files_are_there_too(stage: Stage) -> None:
    (stage.worktree / ".gitignore").write_text("*.log\n")
    (stage.worktree / "run.log").write_text("old\n")
    seen = await stage.run("cat .gitignore run.log; rm run.log")
    assert seen.output == "*.log\nold"
    assert [file.path for file in seen.files] == ["run.log"]


async def test_a_worktree_that_changes_meanwhile_gives_no_wrong_diff(bare: Stage, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await copy_worktree(bare.worktree, copy, PreviewLimits())
    noted = manifest(copy)
    (copy / "a.txt").write_text("by the command\n")
    (bare.worktree / "b.txt").write_text("by somebody, and of no matter here\n")
    changes, _ = differences(bare.worktree, copy, noted)
    assert [change.path for change in changes] == ["a.txt"]
    (bare.worktree / "a.txt").write_text("by somebody else\n")
    with pytest.raises(NoPreview, match=r"a\.txt was changed"):
        differences(bare.worktree, copy, noted)
