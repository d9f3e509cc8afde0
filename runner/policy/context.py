"""What a judgement depends on besides the call."""

from __future__ import annotations

from datetime import datetime

from runner.model import Access, Rule, Verdict, value


@value
class PolicyContext:
    """Where the agent works and which rules hold.

    Paths are absolute strings; nothing is read from disk. `cwd` is where its shell stands (empty: the worktree).
    `rules` are those of the run, the task, the project and the configuration together; expired and revoked ones are
    ignored.
    """

    worktree: str
    home: str
    access: Access = Access.WRITE
    read_paths: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    now: datetime
    cwd: str = ""


@value
class Finding:
    """One fact that speaks against a step.

    REFUSE findings are the deny floor. ASK findings are warnings: only a rule that spells out the whole command,
    without `*`, lets the step pass unasked. ALLOW findings only carry labels.
    """

    verdict: Verdict
    reason: str
    labels: tuple[str, ...] = ()


def names(listed: str) -> frozenset[str]:
    """Read a table of names that is written as one text, so that it stays readable."""
    return frozenset(listed.split())


def refuse(reason: str, *labels: str) -> Finding:
    """Make a finding that nothing unlocks."""
    return Finding(verdict=Verdict.REFUSE, reason=reason, labels=labels)


def warn(reason: str, *labels: str) -> Finding:
    """Make a finding that a person has to see."""
    return Finding(verdict=Verdict.ASK, reason=reason, labels=labels)


def note(*labels: str) -> Finding:
    """Make a finding that only carries labels."""
    return Finding(verdict=Verdict.ALLOW, reason="", labels=labels)
