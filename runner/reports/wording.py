"""Figures and decisions in words, the same in every format that people read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from runner.model import ApprovalState, AskKind, Json, value
from runner.reports.document import Decision, Entry, FileChange, ReportDoc, TestRun, Tone


@value
class Fact:
    """One of the key figures at the top of a report. `code` asks for a type of fixed width."""

    label: str
    text: str
    code: bool = False


@value
class Field:
    """One part of a step's input. `tone` colours what an edit takes away or adds."""

    name: str
    text: str
    tone: str = ""


def facts(doc: ReportDoc) -> tuple[Fact, ...]:
    """Return the key facts that are known, in reading order."""
    run, usage = doc.execution, doc.usage
    commit = run.merged_commit or run.commit
    candidates = (
        Fact(label="Task", text=run.task),
        Fact(label="Project", text=run.project),
        Fact(label="Asked for by", text=run.requested_by),
        Fact(label="Agent", text=run.agent),
        Fact(label="Model", text=run.model),
        Fact(label="Started", text=moment(run.started_at or run.created_at, doc.zone)),
        Fact(label="Duration", text=duration(run.duration_seconds) if run.duration_seconds is not None else ""),
        Fact(label="Waited for people", text=duration(run.waiting_seconds) if run.waiting_seconds >= 1 else ""),
        Fact(label="Turns", text=str(usage.turns) if usage.turns else ""),
        Fact(label="Tokens", text=tokens(usage.tokens) if usage.tokens else ""),
        Fact(label="Cost", text=money(usage.cost_usd) if usage.cost_usd else ""),
        Fact(label="Branch", text=run.branch, code=True),
        Fact(label="Merged as" if run.merged_commit else "Commit", text=commit[:10], code=True),
    )
    return tuple(fact for fact in candidates if fact.text)


def duration(seconds: float) -> str:
    """Write seconds as people say them: 0.4 s, 12 s, 3 min 5 s, 2 h 4 min, 3 d 1 h."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    for size, unit, rest, rest_unit in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            small = whole % size // rest
            return f"{whole // size} {unit} {small} {rest_unit}" if small else f"{whole // size} {unit}"
    return f"{whole} s"


def tokens(count: int) -> str:
    """Write a number of tokens with three digits: 950, 12.4k, 1.2M."""
    if count < 1_000:
        return str(count)
    return f"{count / 1_000:.3g}k" if count < 999_500 else f"{count / 1_000_000:.3g}M"


def money(dollars: float) -> str:
    """Write US dollars in cents, or finer where cents would say nothing."""
    return f"${dollars:.2f}" if dollars >= 0.1 else f"${dollars:.4f}"


def moment(at: datetime, zone: str) -> str:
    """Write a time of the reader's zone with its date: 21 Nov 2026, 14:03 UTC."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M %Z}"


def clock(at: datetime, zone: str) -> str:
    """Write the time of day in the reader's zone, with seconds."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: 1 file, 2 files."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def fields(tool_input: Json) -> tuple[Field, ...]:
    """Spread a step's input for reading; nothing of it is left out."""
    tones = {"old_string": "gone", "new_string": "new"}
    return tuple(Field(name=name, text=_readable(part), tone=tones.get(name, "")) for name, part in tool_input.items())


def _readable(part: object) -> str:
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, indent=2)


def edited_fields(before: Json, after: Json) -> tuple[tuple[str, str, str], ...]:
    """Return name, text before and text after of every part that a person changed, added or took away."""
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        (name, _part(before, name), _part(after, name)) for name in names if before.get(name) != after.get(name)
    )


def _part(content: Mapping[str, object], name: str) -> str:
    return _readable(content[name]) if name in content else ""


_DECIDED: Mapping[ApprovalState, tuple[str, Tone]] = {
    ApprovalState.OPEN: ("Still open", "busy"),
    ApprovalState.APPROVED: ("Approved", "good"),
    ApprovalState.DENIED: ("Denied", "bad"),
    ApprovalState.ANSWERED: ("Answered", "good"),
    ApprovalState.EXPIRED: ("Timed out", "quiet"),
    ApprovalState.WITHDRAWN: ("Withdrawn", "quiet"),
}


def decided(decision: Decision) -> str:
    """Say what became of a question in one short phrase."""
    if decision.edited_input is not None:
        return "Approved with changes"
    return _DECIDED[decision.state][0]


def tone(decision: Decision) -> Tone:
    """Choose the colour of a decision."""
    return _DECIDED[decision.state][1]


def command_of(entry: Entry) -> str:
    """Return the command of a step, if its title does not tell it already."""
    command = entry.input.get("command")
    return command if isinstance(command, str) and command not in entry.title else ""


def asked_what(decision: Decision) -> str:
    """Name what was asked, as the heading of a decision."""
    match decision.kind:
        case AskKind.STEP:
            return decision.title or decision.tool
        case AskKind.QUESTION:
            return decision.title or "A question"
        case AskKind.PLAN:
            return decision.title or "The plan"
        case _:
            assert_never(decision.kind)


def test_verdict(tests: TestRun) -> str:
    """Say how the tests ended."""
    return "Passed" if tests.exit == 0 else f"Failed with exit status {tests.exit}"


def lines_changed(files: tuple[FileChange, ...]) -> tuple[int, int]:
    """Add up the lines added and removed."""
    return sum(file.added for file in files), sum(file.removed for file in files)


def why_not_whole(file: FileChange) -> str:
    """Say why the diff of a file is not shown, or not to its end; empty if it is whole."""
    if file.binary:
        return "A binary file: its content is not shown."
    if file.complete:
        return ""
    shown = sum(line.startswith(("+", "-")) for line in file.diff.split("\n"))
    missing = max(file.added + file.removed - shown, 0)
    what = count(missing, "changed line") if missing else "Unchanged lines"
    return f"{what} left out here; the branch has all of them."
