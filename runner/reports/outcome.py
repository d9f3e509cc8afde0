"""How an execution ended, in a headline and one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.masking import clean
from runner.model import Approval, ApprovalState, AskKind, Execution, Reason, State
from runner.reports.document import FileChange, Outcome, Tone
from runner.reports.wording import count

_HEADLINES: Mapping[State, tuple[Tone, str]] = {
    State.PENDING: ("busy", "Pending"),
    State.RUNNING: ("busy", "Running"),
    State.WAITING: ("busy", "Waiting for an answer"),
    State.STOPPED: ("quiet", "Stopped"),
    State.COMPLETED: ("good", "Completed"),
    State.FAILED: ("bad", "Failed"),
    State.CANCELLED: ("quiet", "Cancelled"),
}
_REASONS: Mapping[Reason, str] = {
    Reason.DONE: "The agent finished its work.",
    Reason.GOAL_MET: "The goal is met.",
    Reason.LIMIT_REACHED: "A limit was reached before the work was done.",
    Reason.AGENT_FAILED: "The agent gave up.",
    Reason.AGENT_REFUSED: "The model's service refused.",
    Reason.CHECK_FAILED: "A check after the run failed.",
    Reason.SETUP_FAILED: "The work could not begin.",
    Reason.PERSON: "A person ended it.",
    Reason.INTERNAL: "Signoff met an error of its own.",
}


def outcome(execution: Execution, approvals: Sequence[Approval], files: Sequence[FileChange]) -> Outcome:
    """Say how it ended and what came of it."""
    tone, headline = _HEADLINES[execution.state]
    parts = (_changed(execution, files), _tested(execution), _decided(approvals))
    return Outcome(
        state=execution.state,
        reason=execution.reason,
        tone=tone,
        headline=headline,
        sentence=" ".join(part for part in (_why(execution), *parts) if part),
        error=clean(execution.error),
        hint=clean(execution.hint),
    )


def _why(execution: Execution) -> str:
    if execution.state is State.STOPPED:
        return "It was stopped and can be resumed."
    if execution.reason is not None:
        return _REASONS[execution.reason]
    return "" if execution.state.final else "The run has not ended."


def _changed(execution: Execution, files: Sequence[FileChange]) -> str:
    if files:
        return f"{count(len(files), 'file')} changed."
    return "No files changed." if execution.project and execution.state.final else ""


def _tested(execution: Execution) -> str:
    match execution.test_exit:
        case None:
            return ""
        case 0:
            return "Tests passed."
        case _:
            return "Tests failed."


def _decided(approvals: Sequence[Approval]) -> str:
    """Count what people said yes and no to."""
    denied = sum(approval.state is ApprovalState.DENIED for approval in approvals)
    approved = sum(approval.state is ApprovalState.APPROVED for approval in approvals)
    asked = sum(approval.kind is not AskKind.QUESTION for approval in approvals)
    if asked > 1 and denied == asked:
        return "Everything that was asked for was denied."
    said = [f"{number} {word}" for number, word in ((approved, "approved"), (denied, "denied")) if number]
    return f"People decided: {', '.join(said)}." if said else ""
