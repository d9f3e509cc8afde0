"""What a question demands and how it stands, in words: risks, earlier decisions, votes, whose turn, what comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.views import say
from runner.entitlement import Directory
from runner.model import (
    Approval,
    ApprovalState,
    AskKind,
    Execution,
    Freeze,
    History,
    Json,
    Nudge,
    OnExpiry,
    Vote,
    digest,
)

# Labels of policy in the words of a card; those first that a person must not overlook.
_RISKS = {
    "irreversible": "cannot be undone",
    "secrets": "may show secrets",
    "unreadable": "cannot be read for certain",
    "outside worktree": "outside the worktree",
    "deletes": "deletes",
    "git history": "changes git history",
    "CI": "changes CI",
    "network": "network",
    "installs packages": "installs packages",
    "lock file": "changes a lock file",
    "hooks": "changes git hooks",
}
_CONTENT_DIGITS = 8  # enough to tell the proposals for one question apart
_ORDER = {label: place for place, label in enumerate(_RISKS)}


def touches(labels: Sequence[str]) -> str:
    """Say what a step touches, the gravest first; labels without words of their own come last, as they are."""
    ordered = sorted(labels, key=lambda label: _ORDER.get(label, len(_ORDER)))
    return ", ".join(_RISKS.get(label) or say.line(label, 40) for label in ordered)


def before(history: History, asked_at: datetime) -> str:
    """Say how people decided on steps of this kind before; the age is that when the question was asked."""
    if not history.approved and not history.denied:
        return ""
    said = [f"{count} {word}" for count, word in ((history.approved, "approved"), (history.denied, "denied")) if count]
    last = f", last {say.ago(history.last_at, asked_at)}" if history.last_at else ""
    return f"{', '.join(said)}{last}"


def votes(asked: Approval, directory: Directory, content: Json | None = None) -> str:
    """Say who has approved this content of how many that have to; empty where one person is enough."""
    if asked.terms.quorum < 2:
        return ""
    given = [vote for vote in asked.votes if vote.input == content]
    names = f": {', '.join(voter(vote, directory) for vote in given)}" if given else ""
    return f"{len(given)} of {asked.terms.quorum}{names}"


def voter(vote: Vote, directory: Directory) -> str:
    """Name a voter, and for whom they voted."""
    return on_behalf(vote.person_id, vote.on_behalf_of, directory)


def on_behalf(person_id: str | None, lender_id: str | None, directory: Directory) -> str:
    """Name a person, and for whom they acted."""
    name = say.line(directory.name(person_id) or "somebody", 40) if person_id else ""
    return f"{name} (for {say.line(directory.name(lender_id) or 'somebody', 40)})" if lender_id else name


def proposed(asked: Approval) -> Sequence[tuple[Vote, ...]]:
    """Return the votes for other inputs than the one that was asked, those for the same input together."""
    groups: list[list[Vote]] = []
    for vote in asked.votes:
        if vote.input is None:
            continue
        same = next((group for group in groups if group[0].input == vote.input), None)
        if same is None:
            groups.append([vote])
        else:
            same.append(vote)
    return [tuple(group) for group in groups]


def content(asked: Approval, vote: Vote) -> str:
    """Name what a vote approves by its content, so that a button means what was shown and nothing that came later."""
    whole = digest(asked.tool, asked.input if vote.input is None else vote.input)
    return f"#{whole[:_CONTENT_DIGITS]}"


def who(asked: Approval, execution: Execution, directory: Directory) -> str:
    """Say who may answer if not everybody with the role."""
    terms = asked.terms
    requester = directory.name(execution.person_id)
    barred = "" if terms.requester_may else requester or "whoever began the run"
    if not terms.approvers:
        return f"everybody but {say.line(barred, 40)}, who began the run" if barred else ""
    left = [name for name in terms.approvers if name != barred]
    return f"only {listed(left)}" if left else "nobody: only whoever began the run is named"


def turn(asked: Approval) -> str:
    """Say whose turn it is, and whose it becomes; empty where it is everybody's from the start."""
    if not asked.terms.on_call:
        return ""
    mine = say.line(asked.owner, 40) or "everybody who may"
    coming = next((due for due in asked.timetable[asked.done :] if due.nudge is Nudge.ESCALATE), None)
    if coming is None:
        return mine
    return f"{mine}; from {say.moment(coming.at, asked.asked_at)} {say.line(coming.who, 40) or 'everybody who may'}"


def reminded(asked: Approval) -> str:
    """Say when people were reminded or the question was passed on."""
    told = [due for due in asked.timetable[: asked.done] if due.nudge is not Nudge.EXPIRE]
    return ", ".join(say.moment(due.at, asked.asked_at) for due in told[-3:])


def expiry(asked: Approval) -> str:
    """Say when the question expires and what happens then."""
    if asked.expires_at is None:
        return ""
    then = "the run stops" if asked.terms.on_expiry is OnExpiry.STOP else "the agent is told that nobody answered"
    return f"{say.moment(asked.expires_at, asked.asked_at)}, then {then}"


def frozen(freeze: Freeze | None, directory: Directory, reference: datetime) -> str:
    """Say that everything is frozen, and what that means for a question."""
    if freeze is None:
        return ""
    return f"{since(freeze, directory, reference)}: the step runs after the release"


def since(freeze: Freeze, directory: Directory, reference: datetime) -> str:
    """Say since when everything is frozen, by whom, and why."""
    why = f" ({say.line(freeze.why, 100)})" if freeze.why else ""
    by = say.line(directory.name(freeze.by) or "somebody", 40)
    return f"since {say.moment(freeze.at, reference)} by {by}{why}"


def nudge(asked: Approval, title: str) -> str:
    """Say that a question still waits, and whose turn it is now; empty if nothing has come due or it is decided."""
    if asked.state is not ApprovalState.OPEN or not asked.done:
        return ""
    last = asked.timetable[asked.done - 1]
    waited = say.minutes((last.at - asked.asked_at).total_seconds())
    if last.nudge is Nudge.ESCALATE:
        return f"Still waiting ({waited}), now for {say.line(asked.owner, 40) or 'everybody who may'}: {title}"
    return f"Still waiting ({waited}): {title}"


def special(asked: Approval) -> bool:
    """Whether this takes more than one person with the role: then no rule spares the next such question."""
    terms = asked.terms
    return asked.kind is not AskKind.STEP or terms.quorum > 1 or bool(terms.approvers) or not terms.requester_may


def listed(names: Iterable[str]) -> str:
    """Join names: `ada`, `ada and bob`, `ada, bob and carol`."""
    said = [say.line(name, 40) for name in names]
    return " and ".join(part for part in (", ".join(said[:-1]), said[-1] if said else "") if part)
