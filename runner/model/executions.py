"""A run and what it leaves behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from runner.model.base import Json, value
from runner.model.tasks import AgentOptions, Goal, Person
from runner.model.words import (
    Author,
    ChangeKind,
    Phase,
    Priority,
    Reason,
    State,
    StepKind,
    StepStatus,
    Trigger,
)


@value
class Origin:
    """Where a command came from and where its results go."""

    messenger: str  # "terminal", "slack", "telegram"
    channel: str
    thread: str | None = None


@value
class Actor:
    """Who does something, and from where."""

    person: Person
    origin: Origin
    source: str | None = None  # the chat product's name of the message in which it was said, see `Message`


@value
class Usage:
    """What an execution has consumed so far."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def tokens(self) -> int:
        """All tokens, cached ones included."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    def __add__(self, other: Usage) -> Usage:
        """Add two consumptions field by field."""
        return Usage(
            turns=self.turns + other.turns,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
        )


@value
class Execution:
    """One run of a task, or of an ad-hoc prompt.

    `conversation_id` is the id of the first execution of a conversation; follow-ups share its session, worktree and
    branch, and run one after another. `epoch` grows with every claim: a write with an older epoch changes nothing.
    """

    id: str
    conversation_id: str
    person_id: str
    prompt: str
    task_id: str | None = None
    task_name: str = ""
    title: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    project: str | None = None
    read_projects: tuple[str, ...] = ()
    options: AgentOptions = field(default_factory=AgentOptions)
    goal: Goal = field(default_factory=Goal)
    reports: tuple[str, ...] = ()
    trigger: Trigger = Trigger.MANUAL
    retry_of: str | None = None
    schedule_id: str | None = None
    fire_at: datetime | None = None
    origin: Origin | None = None
    priority: Priority = Priority.NORMAL
    state: State = State.PENDING
    phase: Phase | None = None
    reason: Reason | None = None
    error: str = ""
    hint: str = ""
    epoch: int = 0
    attempt: int = 0
    worker: str | None = None
    session: str | None = None
    interrupted: bool = False  # the session ends in an unfinished turn that must be taken up, not begun anew
    mark: str = ""  # names the state of worktree and base branch when it was parked
    base_branch: str = ""
    base_commit: str = ""
    worktree: str = ""
    branch: str = ""
    commit: str = ""  # newest commit of the branch when the run ended
    merged_commit: str = ""
    discarded_at: datetime | None = None
    diffstat: str = ""
    test_exit: int | None = None
    test_output: str = ""
    usage: Usage = field(default_factory=Usage)
    worked: float = 0.0  # seconds, without those spent waiting for people
    summary: str = ""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def listens(self) -> bool:
        """Whether an agent is there, or will be, that reads what people say to it."""
        return not self.state.final and (self.phase is None or self.phase.listens)


@value
class Step:
    """One visible act of the agent."""

    id: str
    execution_id: str
    attempt: int
    kind: StepKind
    tool: str = ""
    title: str = ""
    input: Json = field(default_factory=dict)
    output: str = ""
    status: StepStatus = StepStatus.RUNNING
    tool_use_id: str = ""
    approval_id: str | None = None
    started_at: datetime
    finished_at: datetime | None = None


@value
class Image:
    """A picture that goes to the agent with a message."""

    media_type: str
    data: bytes


@value
class Upload:
    """A file that somebody posted for the agent; with `trouble` it is not there, and that says why."""

    name: str
    data: bytes = b""
    trouble: str = ""


@value
class Attached:
    """A file that is kept for the agent. Without a `path` it is missing, and `trouble` says why."""

    name: str
    size: int = 0  # bytes
    path: str = ""
    trouble: str = ""


@value
class Enclosed:
    """What goes with a text: pictures, which an agent sees at once, and files, which it can open."""

    images: tuple[Image, ...] = ()
    files: tuple[Upload, ...] = ()


@value
class Message:
    """One thing said in a conversation: a prompt, a steering remark, an answer of the agent.

    `source` names the message of a chat product in which it was said, as "messenger:channel:message". What a person has
    said can be changed until it is handed to the agent's program; the agent reads it after its current step.
    """

    id: str
    execution_id: str
    author: Author
    text: str
    person_id: str | None = None
    images: tuple[Image, ...] = ()
    files: tuple[Attached, ...] = ()
    source: str | None = None
    created_at: datetime
    handed_at: datetime | None = None  # when the agent's program got it; only for messages of people
    delivered_at: datetime | None = None  # when the agent read it; only for messages of people


@value
class Report:
    """One file made from an execution."""

    id: str
    execution_id: str
    format: str  # html, pdf, json, markdown
    path: str
    size: int  # bytes
    picture: str = ""  # path of its first page as a PNG, if there is one
    created_at: datetime


_ROUTINE = frozenset({"execution.progress", "execution.retrying", "message.said", "message.taken"})


@value
class Change:
    """One entry of the feed. `seq` is given by the store."""

    kind: ChangeKind
    event: str  # what happened: "execution.started", "approval.asked" ...
    execution_id: str | None = None
    subject_id: str = ""
    body: Json = field(default_factory=dict)
    at: datetime
    seq: int = 0

    @property
    def routine(self) -> bool:
        """Whether it is one of the many things that an agent at work does and says, by which nothing is decided."""
        return self.kind is ChangeKind.STEP or self.event in _ROUTINE


@value
class AuditEntry:
    """Who did what to which thing; append-only."""

    at: datetime
    person_id: str
    action: str  # "task.created", "approval.approved" ...
    subject: str
    details: Json = field(default_factory=dict)


NO_HASH = "0" * 64  # what the first entry of the audit log follows
_AUDIT_FORMAT = "signoff-audit-1"  # of the text that is hashed


@value
class AuditRecord:
    """One entry of the audit log exactly as it is stored, and its place in the chain of hashes.

    The fields hold what the database holds, also where somebody has put in what is no time or no JSON.
    """

    seq: int  # 1, 2, 3 … without a gap
    at: int  # microseconds since 1970 UTC
    person_id: str
    action: str
    subject: str
    details: str  # JSON, keys sorted, no blanks, ASCII
    prev_hash: str
    hash: str = ""

    @property
    def proof(self) -> str:
        """The hash that the entry must have: SHA-256 over all other fields, written as one line of canonical JSON.

        The text of the details is put in as it is, so it is the stored letters that are proven, not their meaning.
        """
        known = [_AUDIT_FORMAT, self.seq, self.prev_hash, self.at, self.person_id, self.action, self.subject]
        line = f"{json.dumps(known, separators=(',', ':'))[:-1]},{self.details}]"
        return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()


@value
class DiffFile:
    """One file of a diff. `status` is added, modified, deleted or renamed; lines of binary files are not counted."""

    path: str
    added: int = 0
    removed: int = 0
    status: str = "modified"
    binary: bool = False
    old_path: str = ""  # only of renamed files


@value
class Diff:
    """What an execution changed: `stat` in one line, `patch` as a unified diff that may be `truncated`."""

    stat: str = ""
    files: tuple[DiffFile, ...] = ()
    patch: str = ""
    truncated: bool = False
