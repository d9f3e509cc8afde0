"""Questions to people, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from runner.model.base import Json, value
from runner.model.previews import Preview
from runner.model.tasks import Rule
from runner.model.words import ApprovalState, AskKind, Nudge, OnExpiry


@value
class ToolCall:
    """A step the agent wants to take. `parent` is the tool-use id of the subagent that asks, if one does."""

    tool: str
    input: Json
    tool_use_id: str = ""
    parent: str | None = None


@value
class Choice:
    """One option of a question."""

    label: str
    description: str = ""


@value
class Question:
    """One question of the agent. Free text is always a possible answer."""

    text: str
    header: str = ""
    choices: tuple[Choice, ...] = ()
    multiple: bool = False


@value
class Answer:
    """What a person said to an approval.

    For a step: `approve`, perhaps with an edited `input`, perhaps with a `rule` for the rest of the run; or a denial,
    perhaps with a `note` that the agent reads. For questions: `choices` by question text. For a plan: `approve`, or
    a denial whose `note` is the feedback.
    """

    approve: bool
    input: Json | None = None
    note: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rule: Rule | None = None


@value
class Terms:
    """On which conditions a question may be answered. Fixed when it is asked, and shown on its card."""

    quorum: int = 1  # how many people have to approve the same content; questions of the agent take one
    requester_may: bool = True  # whether the person who began the run may approve its steps
    approvers: tuple[str, ...] = ()  # names of those who may answer; empty: everybody with the role
    on_call: tuple[str, ...] = ()  # names, in the order in which the question becomes theirs
    on_expiry: OnExpiry = OnExpiry.DENY


@value
class Due:
    """One entry of a question's timetable: what happens when nobody has answered by then. `who`: whose it becomes."""

    at: datetime
    nudge: Nudge
    who: str = ""


@value
class Vote:
    """One person's approval where several are wanted. It holds for one input; None is the one that was asked."""

    person_id: str
    at: datetime
    input: Json | None = None
    on_behalf_of: str | None = None  # person id of whoever lent the right to vote


@value
class History:
    """How people decided on steps of the same signature in the same project before."""

    approved: int = 0
    denied: int = 0
    last_at: datetime | None = None


@value
class Approval:
    """A question to people about one step, with one answer. It holds for exactly the `input` that was shown.

    `signature` names the kind of step, so that decisions can be counted. `done` says how much of the timetable has
    happened. `revision` grows with everything that changes while the question is open.
    """

    id: str
    execution_id: str
    kind: AskKind
    tool: str
    tool_use_id: str
    input: Json
    input_digest: str
    title: str = ""
    reason: str = ""
    labels: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    offers: tuple[str, ...] = ()  # patterns offered as "approve for this run", from narrow to wide
    signature: str = ""
    project: str = ""
    task_id: str | None = None
    history: History = field(default_factory=History)
    terms: Terms = field(default_factory=Terms)
    timetable: tuple[Due, ...] = ()
    preview: Preview | None = None
    done: int = 0
    votes: tuple[Vote, ...] = ()
    revision: int = 0
    state: ApprovalState = ApprovalState.OPEN
    asked_at: datetime
    answer: Answer | None = None
    answered_by: str | None = None  # person id
    on_behalf_of: str | None = None  # person id of whoever lent the right to answer
    answered_at: datetime | None = None
    delivered_at: datetime | None = None  # when the agent was told; an answer is delivered once
    outcome: str = ""  # what became of it, where its state does not tell

    @property
    def next_at(self) -> datetime | None:
        """When something happens next if nobody answers."""
        return self.timetable[self.done].at if self.done < len(self.timetable) else None

    @property
    def expires_at(self) -> datetime | None:
        """When nobody's answer counts any more; None is never."""
        return next((due.at for due in self.timetable if due.nudge is Nudge.EXPIRE), None)

    @property
    def owner(self) -> str:
        """Name of the person whose turn it is; empty: everybody's."""
        told = [due.who for due in self.timetable[: self.done] if due.nudge is Nudge.ESCALATE]
        return told[-1] if told else next(iter(self.terms.on_call), "")


@value
class Delegation:
    """One person lends another the right to answer for a time."""

    id: str
    from_id: str
    to_id: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None  # taken back before its time


@value
class Freeze:
    """Everything is frozen: no step runs and nothing is claimed until somebody releases it."""

    by: str  # person id
    at: datetime
    why: str = ""
