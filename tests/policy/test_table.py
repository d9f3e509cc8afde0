"""The tables of commands say what policy does."""

from __future__ import annotations

import pytest

from runner.model import Verdict
from tests.policy.stage import documented, listed, ruled


@pytest.mark.parametrize(("command", "verdict", "reason"), list(documented()))
def test_a_row_of_the_document_says_what_happens(command: str, verdict: str, reason: str) -> None:
    """POL-8, POL-9, POL-10, POL-11: verdict and reason of every row are those of `judge`."""
    ruling = ruled(command)
    assert (ruling.verdict.value, ruling.reason) == (verdict, reason)


@pytest.mark.parametrize(("command", "verdict"), list(listed()))
def test_a_listed_command_gets_its_verdict(command: str, verdict: str) -> None:
    """POL-2: each line hides, or openly holds, one command that decides."""
    assert ruled(command).verdict.value == verdict


def test_the_document_has_enough_rows_of_each_kind() -> None:
    """POL-11: at least 120 hostile rows, so that a table that no longer parses is noticed."""
    verdicts = [verdict for _, verdict, _ in documented()]
    assert verdicts.count("refuse") >= 120
    assert verdicts.count("ask") >= 60
    assert verdicts.count("allow") >= 30


def test_refusals_of_the_tables_are_the_floor() -> None:
    """POL-1: what is refused without any rule is refused by the floor."""
    rows = [command for command, verdict, _ in documented() if verdict == "refuse"]
    assert all(ruled(command).floor for command in rows)


def test_reasons_fit_a_phone() -> None:
    """Two reasons at most, and short ones."""
    assert max(len(reason) for _, _, reason in documented()) <= 160


def test_allowed_rows_carry_no_floor() -> None:
    """An allowed line has the verdict, a reason, and nothing of the floor."""
    rows = [ruled(command) for command, verdict, _ in documented() if verdict == "allow"]
    assert all(ruling.verdict is Verdict.ALLOW and ruling.reason and not ruling.floor for ruling in rows)
