"""Questions to people, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from runner.model.base import Json, value
from runner.model.tasks import Rule
from runner.model.words import ApprovalState, AskKind


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
class Approval:
    """A question to people about one step, with one answer. It holds for exactly the `input` that was shown."""

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
    suggested_rule: str = ""  # pattern offered as "approve for this run"
    state: ApprovalState = ApprovalState.OPEN
    asked_at: datetime
    expires_at: datetime | None = None
    answer: Answer | None = None
    answered_by: str | None = None  # person id
    answered_at: datetime | None = None
    delivered_at: datetime | None = None  # when the agent was told; an answer is delivered once
