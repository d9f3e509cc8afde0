"""Cutting reports to what people read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.model import DiffFile
from runner.reports.page import PAPER, SCREEN
from runner.reports.trim import shorten, trim
from tests.reports.samples import nasty_report, report, step


def test_an_ordinary_report_is_not_cut() -> None:
    assert trim(report(), SCREEN) == report()
    assert trim(report(), PAPER) == report()


@given(st.text(max_size=400), st.integers(min_value=20, max_value=300))
def test_a_shortened_text_keeps_both_ends_and_counts_what_is_missing(text: str, limit: int) -> None:
    short = shorten(text, limit)

    if len(text) <= limit:
        assert short == text
    else:
        assert "left out" in short
        assert len(short) <= limit + 40


def test_the_number_of_characters_left_out_is_right() -> None:
    """REP-9: it is what was there less what is left."""
    assert shorten("a" * 60 + "b" * 1_000 + "c" * 40, 100) == f"{'a' * 60}\n… 1,000 characters left out …\n{'c' * 40}"


def test_a_long_file_is_cut_and_says_that_it_is_not_complete() -> None:
    huge, small = trim(nasty_report(), PAPER).changes

    assert len(huge.diff.split("\n")) == PAPER.file_lines
    assert not huge.complete
    assert small.complete


def test_many_files_share_one_budget_of_lines() -> None:
    patch = "".join(
        f"diff --git a/{n} b/{n}\n--- /dev/null\n+++ b/{n}\n@@ -0,0 +1,250 @@\n" + "+x\n" * 250 for n in range(40)
    )
    files = tuple(DiffFile(path=str(n), added=250) for n in range(40))

    shown = trim(report(patch=patch, diff_files=files), PAPER).changes

    assert sum(len(file.diff.split("\n")) for file in shown if file.diff) == PAPER.diff_lines
    assert [file.complete for file in shown] == [True] * 7 + [False] * 33


def test_a_long_timeline_keeps_its_beginning_and_end_with_a_note_between() -> None:
    steps = tuple(step(number, began=number, title=f"Step {number}") for number in range(900))

    timeline = trim(report(steps=steps, messages=()), PAPER).timeline

    titles = [entry.title for entry in timeline]
    assert (len(titles), titles[0], titles[-1]) == (PAPER.entries + 1, "Step 0", "Step 899")
    assert titles[PAPER.entries // 3] == "500 entries left out here"


def test_many_outputs_share_one_budget_of_characters() -> None:
    steps = tuple(step(number, began=number, output="y" * 5_000) for number in range(200))

    timeline = trim(report(steps=steps, messages=()), PAPER).timeline

    assert sum(len(entry.output) for entry in timeline) < PAPER.timeline * 1.3
