"""The closed sets of words: states, verdicts, roles, kinds."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an execution stands. The last three are final."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting_confirmation"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether this state never changes again."""
        return self in {State.COMPLETED, State.FAILED, State.CANCELLED}


class Phase(StrEnum):
    """What a running execution is busy with."""

    PREPARING = "preparing"
    WORKING = "working"
    ANSWERING = "answering"
    CHECKING = "checking"
    REPORTING = "reporting"

    @property
    def listens(self) -> bool:
        """Whether an agent may still take a turn in it."""
        return self not in {Phase.CHECKING, Phase.REPORTING}


class Reason(StrEnum):
    """Why an execution stopped or ended."""

    DONE = "done"
    GOAL_MET = "goal_met"
    LIMIT_REACHED = "limit_reached"
    AGENT_FAILED = "agent_failed"
    AGENT_REFUSED = "agent_refused"
    CHECK_FAILED = "check_failed"
    SETUP_FAILED = "setup_failed"
    PERSON = "person"
    INTERNAL = "internal"


class Trigger(StrEnum):
    """What began an execution."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    RETRY = "retry"
    EVENT = "event"


class Priority(StrEnum):
    """Which pending execution is claimed first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Order of claiming; 0 comes first."""
        return (Priority.HIGH, Priority.NORMAL, Priority.LOW).index(self)


class Access(StrEnum):
    """What an execution may do with a project."""

    WRITE = "write"
    READ = "read"


class Dirty(StrEnum):
    """What uncommitted changes in a project's own checkout mean for a run."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


class Role(StrEnum):
    """What a person may do; each role includes the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Reach of the role; higher reaches further."""
        return list(Role).index(self)


class Verdict(StrEnum):
    """What policy says to a step."""

    REFUSE = "refuse"
    ASK = "ask"
    ALLOW = "allow"


class Scope(StrEnum):
    """How far a rule reaches."""

    RUN = "run"
    TASK = "task"
    PROJECT = "project"
    GLOBAL = "global"


class StepKind(StrEnum):
    """What the agent visibly did."""

    TOOL = "tool"
    COMMAND = "command"
    FILE = "file"
    MESSAGE = "message"
    QUESTION = "question"
    PLAN = "plan"
    NOTE = "note"


class StepStatus(StrEnum):
    """How a step stands."""

    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


class AskKind(StrEnum):
    """What is asked of a person."""

    STEP = "step"
    QUESTION = "question"
    PLAN = "plan"


class ApprovalState(StrEnum):
    """How an approval stands. Everything but OPEN is final."""

    OPEN = "open"
    APPROVED = "approved"
    DENIED = "denied"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Nudge(StrEnum):
    """What happens to a question that stays unanswered."""

    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"


class OnExpiry(StrEnum):
    """What expiry means for the run: the agent is told "timed out" and goes on, or the run is stopped."""

    DENY = "deny"
    STOP = "stop"


class Author(StrEnum):
    """Who wrote a message of a conversation."""

    PERSON = "person"
    AGENT = "agent"
    SIGNOFF = "signoff"


class ChangeKind(StrEnum):
    """What an entry of the feed is about."""

    EXECUTION = "execution"
    STEP = "step"
    APPROVAL = "approval"
    MESSAGE = "message"
    REPORT = "report"
    TASK = "task"
    PROJECT = "project"
    RULE = "rule"
    PERSON = "person"
    FREEZE = "freeze"
