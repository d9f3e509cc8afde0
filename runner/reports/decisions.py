"""What people were asked, and what they said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from runner.masking import clean, clean_json
from runner.model import Approval, Json, Question, handle
from runner.reports.document import Asked, Decision

_PATHS = ("file_path", "notebook_path", "path")


def decision(approval: Approval, people: Mapping[str, str], worktree: str = "") -> Decision:
    """Tell one approval with the exact input that was shown, secrets apart; paths below `worktree` relative to it."""
    answer = approval.answer
    edited = answer.input if answer is not None and answer.approve else None
    return Decision(
        id=approval.id,
        kind=approval.kind,
        tool=clean(approval.tool),
        title=clean(approval.title),
        why=clean(approval.reason),
        labels=tuple(clean(label) for label in approval.labels),
        input=_shown(approval.input, worktree),
        edited_input=_shown(edited, worktree) if edited is not None and edited != approval.input else None,
        questions=tuple(_asked(question, approval) for question in approval.questions),
        state=approval.state,
        asked_at=approval.asked_at,
        answered_at=approval.answered_at,
        answered_by=name_of(approval.answered_by, people),
        waited_seconds=_waited(approval),
        note=clean(answer.note) if answer is not None else "",
        rule=clean(answer.rule.pattern) if answer is not None and answer.rule is not None else "",
    )


def _shown(tool_input: Json, worktree: str) -> Json:
    root = f"{worktree.rstrip('/')}/"
    inside = {name: str(tool_input[name]).removeprefix(root) for name in _PATHS if worktree and name in tool_input}
    return clean_json({**tool_input, **inside})


def _asked(question: Question, approval: Approval) -> Asked:
    answers = approval.answer.choices.get(question.text, ()) if approval.answer is not None else ()
    return Asked(
        text=clean(question.text),
        header=clean(question.header),
        choices=tuple(clean(choice.label) for choice in question.choices),
        answers=tuple(clean(answer) for answer in answers),
    )


def _waited(approval: Approval) -> float | None:
    if approval.answered_at is None:
        return None
    return (approval.answered_at - approval.asked_at).total_seconds()


def name_of(person_id: str | None, people: Mapping[str, str]) -> str:
    """Return a person's name, the short id of somebody unknown, or nothing for nobody."""
    if not person_id:
        return ""
    return clean(people.get(person_id) or handle(person_id))


def waiting_seconds(approvals: Iterable[Approval], end: datetime) -> float:
    """Add up the time during which at least one approval was open; overlaps count once."""
    total, reached = 0.0, None
    for asked, answered in sorted((each.asked_at, each.answered_at or end) for each in approvals):
        begin = asked if reached is None or asked > reached else reached
        if answered > begin:
            total += (answered - begin).total_seconds()
            reached = answered
    return total
