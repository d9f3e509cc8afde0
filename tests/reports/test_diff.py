"""Taking diffs apart."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from runner.model import DiffFile
from runner.reports.diff import file_changes
from tests.reports.samples import FILES, PATCH


def test_every_file_gets_its_own_hunks() -> None:
    totals, tests, logo = file_changes(PATCH, FILES)

    assert totals.diff.startswith("@@ -1,9 +1,10 @@\n")
    assert "ROUND_HALF_EVEN" in totals.diff
    assert "test_rounding" not in totals.diff
    assert (totals.complete, tests.complete) == (True, True)
    assert (logo.binary, logo.diff, logo.complete) == (True, "", False)


def test_a_file_that_is_cut_off_is_not_complete() -> None:
    cut = PATCH[: PATCH.index("def test_rounding")]

    assert [file.complete for file in file_changes(cut, FILES)] == [True, False, False]


def test_a_file_without_hunks_is_listed_all_the_same() -> None:
    (file,) = file_changes("", (DiffFile(path="a.txt", added=7),))

    assert (file.path, file.added, file.diff, file.complete) == ("a.txt", 7, "", False)


def test_content_that_looks_like_the_head_of_a_file_stays_content() -> None:
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/old\n+++ b/new\n diff --git a/y b/y\n"

    (file,) = file_changes(patch, ())

    assert (file.path, file.added, file.removed) == ("x", 1, 1)


def test_renames_deletions_and_odd_names_of_real_git_are_understood(tmp_path: Path) -> None:
    """Renamed, deleted, quoted, empty and mode-changed files, as git itself writes them."""
    _git(tmp_path, "init", "-q")
    for name in ("old name.txt", "gone.txt", 'naïve\t"q".txt', "mode.sh"):
        (tmp_path / name).write_text(f"{name}\none\ntwo\nthree\n")
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-q", "-m", "begin")
    (tmp_path / "old name.txt").rename(tmp_path / "new name.txt")
    (tmp_path / "gone.txt").unlink()
    (tmp_path / 'naïve\t"q".txt').write_text("one\n--- a/x\n+++ b/y\nfour")
    (tmp_path / "mode.sh").chmod(0o755)
    (tmp_path / "empty file").touch()
    _git(tmp_path, "add", "-A")

    files = {file.path: file for file in file_changes(_git(tmp_path, "diff", "--cached", "-M"), ())}

    assert set(files) == {"new name.txt", "gone.txt", 'naïve\t"q".txt', "mode.sh", "empty file"}
    assert files["new name.txt"].old_path == "old name.txt"
    assert files["gone.txt"].removed == 4
    assert files['naïve\t"q".txt'].added == 3
    assert files['naïve\t"q".txt'].diff.endswith("\\ No newline at end of file")


def _git(cwd: Path, *args: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.fileMode=true", *args]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


@given(st.text(alphabet='ab/"\\+-@ \n,0123456789dif git', max_size=200))
def test_no_text_breaks_the_reading_of_a_patch(noise: str) -> None:
    file_changes(f"diff --git a/x b/x\n{noise}", FILES)
    file_changes(noise, FILES)
