"""What a report is made of, and what it says: values without any format.

The json report is a `ReportDoc` written field by field (see schema.json), so a change here is a change of that format.
All texts of a `ReportDoc` are clean: secrets masked, hidden characters visible. They are still text, never markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from runner.model import (
    Approval,
    ApprovalState,
    AskKind,
    DiffFile,
    Execution,
    Json,
    Message,
    Reason,
    State,
    Step,
    Task,
    Trigger,
    Usage,
    value,
)

SCHEMA_VERSION = 1

Tone = Literal["good", "bad", "quiet", "busy"]
EntryKind = Literal["tool", "command", "file", "message", "question", "plan", "note"]


@value
class Material:
    """Everything known about an execution. `people` maps person ids to names."""

    execution: Execution
    task: Task | None = None
    steps: tuple[Step, ...] = ()
    messages: tuple[Message, ...] = ()
    approvals: tuple[Approval, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    patch: str = ""  # unified diff as git writes it; may be cut at the end
    diff_files: tuple[DiffFile, ...] = ()


@value
class Outcome:
    """How the execution ended, in words: a headline of one or two words and one sentence."""

    state: State
    reason: Reason | None
    tone: Tone
    headline: str
    sentence: str
    error: str = ""
    hint: str = ""


@value
class Particulars:
    """Where, when and by whom. Empty texts are unknown; seconds are wall-clock time."""

    id: str
    handle: str
    task: str
    description: str
    project: str
    branch: str
    base_branch: str
    commit: str
    merged_commit: str
    agent: str
    model: str
    trigger: Trigger
    attempt: int
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None  # from the first start to the end, or to now while it has none
    waiting_seconds: float  # the part of it during which at least one approval was open


@value
class Asked:
    """One question of the agent and what was answered: labels of choices, or free text."""

    text: str
    header: str
    choices: tuple[str, ...]
    answers: tuple[str, ...]


@value
class Decision:
    """A question to people with its answer. `edited_input` is what ran instead of `input`."""

    id: str
    kind: AskKind
    tool: str
    title: str
    why: str
    labels: tuple[str, ...]
    input: Json
    edited_input: Json | None
    questions: tuple[Asked, ...]
    state: ApprovalState
    asked_at: datetime
    answered_at: datetime | None
    answered_by: str
    waited_seconds: float | None
    note: str
    rule: str  # pattern that was allowed for the rest of the run


@value
class Entry:
    """One line of the timeline: a step, or something said. `who` is empty for steps of the agent."""

    at: datetime
    kind: EntryKind
    who: str
    title: str
    tool: str
    input: Json
    text: str  # what was said; may be Markdown if the agent said it
    output: str
    status: str
    seconds: float | None


@value
class FileChange:
    """One changed file. `diff` holds the hunks; it is complete only if `complete` says so."""

    path: str
    old_path: str  # only if renamed
    status: str
    added: int
    removed: int
    binary: bool
    diff: str
    complete: bool


@value
class TestRun:
    """The command that proves the goal, and how it ended."""

    __test__ = False  # the name is for people; pytest need not collect it

    command: str
    exit: int
    output: str


@value
class ReportDoc:
    """What a report says. `zone` is the IANA name of the reader's time zone; all times are UTC."""

    version: int = SCHEMA_VERSION
    title: str
    made_at: datetime
    zone: str
    outcome: Outcome
    execution: Particulars
    usage: Usage
    goal: str
    prompt: str
    variables: Mapping[str, str]
    summary: str
    decisions: tuple[Decision, ...]
    timeline: tuple[Entry, ...]
    changes: tuple[FileChange, ...]
    tests: TestRun | None
