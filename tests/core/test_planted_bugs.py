"""Bugs planted by hand, one at a time: the random interleavings find each, and say what it broke.

This holds the tests themselves to account: a promise whose breach they would not see is not proven by them. Each bug
is planted in a copy of the whole project. What the interleavings say is the sentence given with it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.tree import ROOT

HUNT = (
    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    *("--hypothesis-profile=hunt", "--timeout=3000", "tests/core/test_interleavings.py"),
)
_COPIED = ("bot", "runner", "storage", "tests", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Bug:
    """One mistake: what stands in a file, what stands there instead, and what the interleavings say to it."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    said: str


BUGS = (
    Bug(
        "a later answer replaces the first",
        "storage/batches.py",
        (("(columns.state == ApprovalState.OPEN, columns.revision == approval.revision)", "()"),),
        "a settled question was changed",
    ),
    Bug(
        "an answer is found by its run alone, not by what was shown",
        "runner/gate.py",
        (("if approval.input_digest == wanted\n            and", "if"),),
        "an answer went to another step",
    ),
    Bug(
        "a rule goes before the answer that somebody gave to this very step",
        "runner/gate.py",
        (("ruling.verdict is Verdict.ALLOW and await self._stored(call) is not None", "ruling.floor"),),
        "a rule went before an answer to this very step",
    ),
    Bug(
        "parking takes nothing away from the worker that lets go",
        "runner/lifecycle/runs.py",
        (("worker=None, interrupted=True, epoch=before.epoch + 1", "worker=None, interrupted=True"),),
        "a step ran in a run that nobody held",
    ),
    Bug(
        "a worker that was overtaken may still take an answer",
        "storage/executions.py",
        (('executions.c.epoch == sa.bindparam("epoch")', 'executions.c.epoch != -sa.bindparam("epoch")'),),
        "a worker that was overtaken ran a step",
    ),
    Bug(
        "one person is two approvals",
        "runner/lifecycle/questions.py",
        (
            ("if same is not None", "if same is not None and same.at == at"),
            ("(*(v for v in approval.votes if v.person_id != vote.person_id), vote)", "(*approval.votes, vote)"),
        ),
        "not so many people approved this content",
    ),
    Bug(
        "votes for different contents add up",
        "runner/lifecycle/questions.py",
        (("sum(v.input == vote.input for v in votes)", "len(votes)"),),
        "not so many people approved this content",
    ),
    Bug(
        "a lent right counts besides its lender's own",
        "runner/entitlement.py",
        (
            (" or lender.id in spent - {person.id}", ""),
            ("if vote.on_behalf_of == person.id", "if vote.on_behalf_of == person.id == approval.id"),
        ),
        "not so many people approved this content",
    ),
    Bug(
        "whoever began the run may approve where two are demanded",
        "runner/entitlement.py",
        (("if not approval.terms.requester_may and", "if approval.terms.quorum > 2 and"),),
        "the requester approved",
    ),
    Bug(
        "an answer counts until somebody has written the expiry down",
        "runner/lifecycle/questions.py",
        (("if approval.expires_at is not None and approval.expires_at <= at", "if approval.expires_at == at"),),
        "answered after it expired",
    ),
    Bug(
        "time runs on in a freeze",
        "runner/freeze.py",
        (("pause = now - max(freeze.at, approval.asked_at)", "pause = now - now"),),
        "expired before its time",
    ),
    Bug(
        "a freeze keeps nothing from being claimed",
        "storage/claims.py",
        (("~busy, ~frozen)", "~busy)"),),
        "claimed in a freeze",
    ),
    Bug(
        "an answer is handed over in a freeze that began at that moment",
        "storage/executions.py",
        (("unit.require(await unit.row(_FREEZE) is None)", "pass"),),
        "an approved step began in a freeze",
    ),
    Bug(
        "an answer is handed over though the run was stopped at that moment",
        "storage/executions.py",
        (('unit.require(row["state"] in ACTIVE)', "pass"),),
        "a step began though the run was",
    ),
    Bug(
        "what was edited is approved as it was asked",
        "runner/lifecycle/questions.py",
        (
            (
                "answer=event.answer,\n        answered_by",
                "answer=replace(event.answer, input=None),\n        answered_by",
            ),
        ),
        "assert (now.answered_by, now.answer)",
    ),
    Bug(
        "a decision leaves no trace",
        "runner/approvals.py",
        (("return replace(entry, changes=(),", "return replace(entry, audit=(), changes=(),"),),
        "every decision has its entry in the audit log",
    ),
)


@pytest.mark.proof
@pytest.mark.timeout(60 * 60)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_interleavings_find_a_planted_bug(tmp_path: Path, bug: Bug) -> None:
    """A breach of the contract that somebody writes is found, and named for what it is."""
    for name in _COPIED:
        part = ROOT / name
        if part.is_dir():
            shutil.copytree(part, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(part, tmp_path / name)
    plant(bug, tmp_path)
    found = subprocess.run(
        HUNT,
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
    )
    assert found.returncode == pytest.ExitCode.TESTS_FAILED, found.stdout + found.stderr
    assert bug.said in found.stdout, found.stdout[-5000:]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_what_a_bug_replaces_is_there(bug: Bug) -> None:
    """Code that has changed since takes its bugs along."""
    text = (ROOT / bug.file).read_text("utf-8")
    for right, _ in bug.changes:
        assert text.count(right) == 1, right


def plant(bug: Bug, folder: Path) -> None:
    """Make the mistake in a copy of the project."""
    path = folder / bug.file
    text = path.read_text("utf-8")
    for right, wrong in bug.changes:
        text = text.replace(right, wrong)
    path.write_text(text, "utf-8")
