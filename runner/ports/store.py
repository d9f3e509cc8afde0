"""What the core asks of the store. The heart of it is `ExecutionStore.transition`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from runner.model import (
    Approval,
    AuditEntry,
    AuditRecord,
    Change,
    Execution,
    Freeze,
    History,
    Message,
    Origin,
    Report,
    Rule,
    Scope,
    State,
    Step,
    Task,
    value,
)
from runner.ports.batch import Batch
from runner.ports.chat import ArrivalStore, DraftStore
from runner.ports.deliveries import DeliveryStore
from runner.ports.people import PeopleStore

T = TypeVar("T")


@value
class Page(Generic[T]):
    """Part of a list. `next` continues it (by key, never by offset); None is the end."""

    items: tuple[T, ...]
    next: str | None = None


@value
class TaskQuery:
    """Which tasks to list; newest first. `text` searches name, description, prompt and tags by words."""

    tags: tuple[str, ...] = ()
    project: str | None = None
    owner_id: str | None = None
    text: str = ""
    after: str | None = None
    limit: int = 20


@value
class ExecutionQuery:
    """Which executions to list; newest first. `text` searches title, prompt and summary by words."""

    states: tuple[State, ...] = ()
    task_id: str | None = None
    project: str | None = None
    person_id: str | None = None
    conversation_id: str | None = None
    origin: Origin | None = None  # its thread counts only if given
    text: str = ""
    after: str | None = None
    limit: int = 20


class TaskStore(Protocol):
    """Saved tasks. Names are unique among those not deleted, without regard to case."""

    async def add(self, task: Task, batch: Batch) -> None:
        """Insert a task with its feed and audit entries. Raises NameTaken."""
        ...

    async def replace(self, before: Task, after: Task, batch: Batch) -> bool:
        """Replace a task if it is still as `before` (by `updated_at`); False if not. Raises NameTaken.

        Soft deletion is a replacement that sets `deleted_at`; it frees the name.
        """
        ...

    async def get(self, task_id: str) -> Task | None:
        """Return a task, deleted or not."""
        ...

    async def find(self, name: str) -> Task | None:
        """Return the task of this name that is not deleted."""
        ...

    async def list(self, query: TaskQuery) -> Page[Task]:
        """List tasks that are not deleted."""
        ...

    async def names(self) -> Sequence[str]:
        """Return all names in use, for completion and for the nearest match."""
        ...


class ExecutionStore(Protocol):
    """Executions, their steps and messages. The heart of it is `transition`."""

    async def add(self, execution: Execution, batch: Batch) -> None:
        """Insert a pending execution with its prompt as a message."""
        ...

    async def frozen(self) -> Freeze | None:
        """Return the freeze in force."""
        ...

    async def freeze(self, freeze: Freeze | None, batch: Batch) -> bool:
        """Freeze everything, or release it (None); False if it was so already, and nothing is written then."""
        ...

    async def claim(self, worker: str, at: datetime) -> Execution | None:
        """Take the first pending execution for this worker: by priority, then by age; None if there is none, or if
        everything is frozen.

        One conditional UPDATE: state running, phase preparing, epoch and attempt one higher, worker set, started_at
        kept if set. Passes over executions whose conversation has another one running or waiting, and over those
        that have an older pending one in their conversation. Writes the change "execution.started".
        """
        ...

    async def transition(self, before: Execution, after: Execution, batch: Batch) -> bool:
        """Write `after` and the batch if state and epoch are still those of `before`, and every condition of the
        batch holds; otherwise write nothing and return False.

        Also updates, in the same transaction, the counters of the task and the rollups when `after` is final.
        """
        ...

    async def record(self, execution: Execution, batch: Batch, *, urgent: bool = False) -> bool:
        """Write what a run left without changing the execution; before other runs' records if a person waits for it.
        False (and nothing written) if its epoch is not that of `execution` any more; with `deliver` also if it is not
        running or waiting, or if everything is frozen.
        """
        ...

    async def say(self, message: Message, batch: Batch) -> bool:
        """Store a message of a person for an execution.

        False, and nothing written, once it is final or its phase is none that listens.
        """
        ...

    async def said(self, source: str) -> Message | None:
        """Return the newest message with this `source`, without its pictures."""
        ...

    async def reword(self, message: Message, text: str | None, batch: Batch) -> bool:
        """Give a message another text, or withdraw it (None); False, and nothing written, once it is handed over."""
        ...

    async def hand(self, message: Message, at: datetime) -> Message | None:
        """Note that a message is handed to the agent's program now, and return it as it reads; None if withdrawn."""
        ...

    async def get(self, execution_id: str) -> Execution | None:
        """Return an execution by its whole id."""
        ...

    async def find(self, handle: str) -> Sequence[Execution]:
        """Return up to five executions whose id ends in (or is) this handle of 4 to 26 characters, newest first."""
        ...

    async def list(self, query: ExecutionQuery) -> Page[Execution]:
        """List executions, newest first."""
        ...

    async def live(self, worker: str | None = None) -> Sequence[Execution]:
        """Return all executions that are running or waiting, of one worker or of all."""
        ...

    async def steps(self, execution_id: str, *, last: int | None = None) -> Sequence[Step]:
        """Return the steps in order; only the newest `last` of them if given."""
        ...

    async def messages(self, execution_id: str, *, undelivered: bool = False) -> Sequence[Message]:
        """Return the messages in order; with `undelivered` only those of people the agent has not got."""
        ...

    async def count(self, states: Sequence[State]) -> int:
        """Count executions in these live states (pending, running, waiting)."""
        ...


class ApprovalStore(Protocol):
    """Read side of approvals; they are written by `ExecutionStore.transition`."""

    async def get(self, approval_id: str) -> Approval | None:
        """Return an approval by its whole id."""
        ...

    async def find(self, handle: str) -> Sequence[Approval]:
        """Return up to five approvals whose id ends in (or is) this handle, newest first."""
        ...

    async def of(self, execution_id: str) -> Sequence[Approval]:
        """Return all approvals of an execution in order of asking."""
        ...

    async def open(self, *, after: str = "", limit: int = 100) -> Sequence[Approval]:
        """Return open approvals asked after the one with this id, oldest first."""
        ...

    async def due(self, at: datetime, *, limit: int = 100) -> Sequence[Approval]:
        """Return open approvals for which something happens at or before `at`, the longest due first."""
        ...

    async def history(self, project: str, signature: str) -> History:
        """Count how people decided on steps of one signature in a project; expired and withdrawn ones do not count."""
        ...

    async def decided(self, *, since: datetime, project: str = "", task_id: str = "") -> Sequence[Approval]:
        """Return the steps of a project or a task that people approved or denied since then, newest first, 1,000 at
        most.
        """
        ...

    async def rule(self, rule_id: str) -> Rule | None:
        """Return a rule by its whole id, in force or not."""
        ...

    async def find_rules(self, handle: str) -> Sequence[Rule]:
        """Return up to five rules in force whose id ends in this handle."""
        ...

    async def write(self, batch: Batch) -> None:
        """Write what belongs to no execution's state: rules, previews, outcomes, with feed and audit entries."""
        ...

    async def rules(self, *scopes: tuple[Scope, str]) -> Sequence[Rule]:
        """Return rules that are not revoked of these runs, tasks and projects, in order of the scopes given."""
        ...

    async def revoke(self, rule_id: str, at: datetime, batch: Batch) -> bool:
        """Revoke a rule; False if it was not in force."""
        ...


class FeedStore(Protocol):
    """The feed of changes, the reports, the audit log: what is followed and read."""

    async def after(self, seq: int, *, limit: int = 500) -> Sequence[Change]:
        """Return changes newer than `seq`, in order."""
        ...

    async def newest(self) -> int:
        """Return the newest seq; 0 for an empty feed."""
        ...

    async def cursor(self, reader: str) -> int | None:
        """Return how far this reader has come; None if it is new."""
        ...

    async def advance(self, reader: str, seq: int) -> None:
        """Remember how far this reader has come; never moves backwards."""
        ...

    async def reports(self, execution_id: str) -> Sequence[Report]:
        """Return the newest report of each format."""
        ...

    async def add_report(self, report: Report, batch: Batch) -> None:
        """Insert a report made after the end of an execution."""
        ...

    async def audit(self, *, subject: str = "", limit: int = 100) -> Sequence[AuditEntry]:
        """Return the newest audit entries, of one subject if given."""
        ...

    async def audit_chain(self, after: int, *, limit: int = 500) -> Sequence[AuditRecord]:
        """Return audit entries newer than `after`, in order, exactly as they are stored."""
        ...

    async def audit_head(self) -> tuple[int, str] | None:
        """Return seq and hash that the newest audit entry must have (0 and NO_HASH at first); None if removed."""
        ...


class Store(Protocol):
    """Everything that is remembered. After each commit the store calls the `on_change` it was built with."""

    @property
    def tasks(self) -> TaskStore:
        """Return the saved tasks."""
        ...

    @property
    def executions(self) -> ExecutionStore:
        """Return the executions."""
        ...

    @property
    def approvals(self) -> ApprovalStore:
        """Return the approvals and rules."""
        ...

    @property
    def people(self) -> PeopleStore:
        """Return people and projects."""
        ...

    @property
    def feed(self) -> FeedStore:
        """Return feed, reports and audit log."""
        ...

    @property
    def arrivals(self) -> ArrivalStore:
        """Return what came in from chat products."""
        ...

    @property
    def drafts(self) -> DraftStore:
        """Return what people have begun to say in chats."""
        ...

    @property
    def deliveries(self) -> DeliveryStore:
        """Return what is on its way to chat products."""
        ...
