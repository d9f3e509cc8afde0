"""Decisions about an open question: asked, answered, voted on, nudged, expired, withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from runner.errors import AlreadyAnswered, WrongState
from runner.lifecycle.common import LIVE, approval_change, change, require
from runner.lifecycle.events import Answered, Asked, Case, Decision, Nudged, StopRequested, Withdrawn
from runner.lifecycle.runs import stopped
from runner.model import Answer, Approval, ApprovalState, AskKind, Nudge, OnExpiry, Phase, State, Vote

TIMED_OUT = "Timed out: nobody answered in time. Nobody denied it; go on without this step, or say what you need."
_NOT_ASKED_AGAIN = "The agent ended its turn without coming back to this step."


def asked(case: Case, event: Asked, at: datetime) -> Decision:
    """Let an execution wait for people. Raises WrongState."""
    require(case.execution, LIVE, "ask")
    after = replace(case.execution, state=State.WAITING, phase=None)
    return Decision(
        execution=after,
        open=(event.approval,),
        changes=(approval_change(event.approval, "approval.asked", at),),
        wake=True,  # whoever waits holds no slot
    )


def about(case: Case, event: Answered | Nudged | Withdrawn, at: datetime) -> Decision:
    """Decide what becomes of a question that is open. Raises WrongState, AlreadyAnswered."""
    approval = _open_approval(case, event.approval_id)
    match event:
        case Answered():
            return _answered(case, approval, event, at)
        case Nudged():
            return _nudged(case, approval, event.seen, at)
        case Withdrawn():
            settled = replace(approval, state=ApprovalState.WITHDRAWN, answered_at=at, outcome=_NOT_ASKED_AGAIN)
            return _settled(case, settled, "approval.withdrawn", at)
        case _:
            assert_never(event)


def _answered(case: Case, approval: Approval, event: Answered, at: datetime) -> Decision:
    """Take an answer; at the time of expiry it comes too late, also while nobody has written the expiry down yet."""
    if approval.expires_at is not None and approval.expires_at <= at:
        raise WrongState(
            f"This question expired at {approval.expires_at:%H:%M:%S} UTC: nobody's answer counts any more."
        )
    if event.answer.approve and approval.terms.quorum > 1:
        return _voted(case, approval, event, at)
    return _answer(case, approval, event, at)


def _answer(case: Case, approval: Approval, event: Answered, at: datetime) -> Decision:
    settled = replace(
        approval,
        state=_answer_state(approval, event.answer),
        answer=event.answer,
        answered_by=event.by,
        on_behalf_of=event.on_behalf_of,
        answered_at=at,
    )
    return _settled(case, settled, "approval.answered", at, name=event.name)


def _voted(case: Case, approval: Approval, event: Answered, at: datetime) -> Decision:
    """Count one approval of several. Votes hold for one content: those for another input do not add up.

    Raises AlreadyAnswered if the person has approved the same content already.
    """
    vote = Vote(person_id=event.by, at=at, input=event.answer.input, on_behalf_of=event.on_behalf_of)
    same = next((v for v in approval.votes if (v.person_id, v.input) == (vote.person_id, vote.input)), None)
    if same is not None:
        raise AlreadyAnswered("approved", event.name, same.at)
    votes = (*(v for v in approval.votes if v.person_id != vote.person_id), vote)
    counted = replace(approval, votes=votes)
    if sum(v.input == vote.input for v in votes) >= approval.terms.quorum:
        return _answer(case, counted, event, at)
    news = approval_change(counted, "approval.voted", at, name=event.name)
    return Decision(execution=case.execution, amend=(counted,), changes=(news,))


def _nudged(case: Case, approval: Approval, seen: datetime, at: datetime) -> Decision:
    """Let the timetable's entries come true up to then: all that is due counts, and people hear of the last.

    Raises WrongState if nothing is due.
    """
    due = tuple(entry for entry in approval.timetable[approval.done :] if entry.at <= seen)
    if not due:
        raise WrongState("Nothing is due for this question.")
    if any(entry.nudge is Nudge.EXPIRE for entry in due):
        return _expired(case, approval, at)
    told = replace(approval, done=approval.done + len(due))
    escalated = any(entry.nudge is Nudge.ESCALATE for entry in due)
    news = approval_change(told, "approval.escalated" if escalated else "approval.reminded", at, owner=told.owner)
    return Decision(execution=case.execution, amend=(told,), changes=(news,))


def _expired(case: Case, approval: Approval, at: datetime) -> Decision:
    settled = replace(approval, state=ApprovalState.EXPIRED, answered_at=at)
    if approval.terms.on_expiry is OnExpiry.DENY:
        told = replace(settled, answer=Answer(approve=False, note=TIMED_OUT))
        return _settled(case, told, "approval.expired", at)
    others = tuple(a for a in case.open if a.id != approval.id)
    ended = stopped(Case(execution=case.execution, open=others), StopRequested(by=""), at)
    news = approval_change(settled, "approval.expired", at)
    return replace(ended, settle=(settled, *ended.settle), changes=(news, *ended.changes))


def _settled(case: Case, settled: Approval, event: str, at: datetime, **body: str) -> Decision:
    """One approval less: the execution goes on when none is left."""
    require(case.execution, {State.WAITING}, "take an answer")
    news = approval_change(settled, event, at, **body)
    if len(case.open) > 1:
        return Decision(execution=case.execution, settle=(settled,), changes=(news,))
    if case.execution.worker is None:
        after = replace(case.execution, state=State.PENDING, interrupted=True)
        changes = (news, change(after, "execution.requeued", at))
        return Decision(execution=after, settle=(settled,), changes=changes, wake=True)
    after = replace(case.execution, state=State.RUNNING, phase=Phase.WORKING)
    return Decision(execution=after, settle=(settled,), changes=(news,))


def _open_approval(case: Case, approval_id: str) -> Approval:
    for approval in case.open:
        if approval.id == approval_id:
            return approval
    raise WrongState("This question is not open any more.", hint="`inbox` shows what waits for an answer.")


def check_open(approval: Approval, name: str) -> None:
    """Raise AlreadyAnswered (naming who was faster: `name`) or WrongState if an approval is not open any more."""
    if approval.state is ApprovalState.OPEN:
        return
    if approval.answered_by is not None and approval.answered_at is not None:
        raise AlreadyAnswered(approval.state.value, name, approval.answered_at)
    raise WrongState(
        f"This question was {approval.state.value}: nobody waits for its answer any more.",
        hint="`inbox` shows what waits for an answer.",
    )


def _answer_state(approval: Approval, answer: Answer) -> ApprovalState:
    if approval.kind is AskKind.QUESTION and answer.approve:
        return ApprovalState.ANSWERED
    return ApprovalState.APPROVED if answer.approve else ApprovalState.DENIED
