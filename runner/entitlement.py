"""Who may answer a question, at the moment of answering. Pure.

A person may answer by a right of their own, or by one that somebody else has lent them for a time. Nobody answers what
they began themselves where the terms forbid it, neither with a right of their own nor with a borrowed one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.errors import AlreadyAnswered, NotAllowed
from runner.model import Approval, Delegation, Person, Role, value


@value
class Right:
    """By whose right a person answers; None is their own."""

    on_behalf_of: str | None = None


@value
class Directory:
    """Everybody by id, and the delegations in force at this moment."""

    people: Mapping[str, Person]
    delegations: Sequence[Delegation] = ()

    def name(self, person_id: str | None) -> str:
        """Return a person's name; empty for nobody."""
        person = self.people.get(person_id or "")
        return person.name if person else ""


def right(person: Person, approval: Approval, requester_id: str, directory: Directory) -> Right:
    """Return the right by which a person may answer.

    Raises NotAllowed with the reason, and AlreadyAnswered if their vote was given by somebody else on their behalf.
    """
    person = directory.people.get(person.id, person)  # the role of this moment, not of when they came in
    if not approval.terms.requester_may and person.id == requester_id:
        raise NotAllowed(
            f"{person.name} began this run: somebody else has to answer.", hint="The rules of this step demand two."
        )
    if _own(person, approval):
        for vote in approval.votes:
            if vote.on_behalf_of == person.id:
                raise AlreadyAnswered(f"approved for {person.name}", directory.name(vote.person_id), vote.at)
        return Right()
    spent = {voter for vote in approval.votes for voter in (vote.person_id, vote.on_behalf_of)}
    for delegation in directory.delegations:
        lender = directory.people.get(delegation.from_id)
        if lender is None or delegation.to_id != person.id or lender.id in spent - {person.id}:
            continue
        barred = lender.id == requester_id and not approval.terms.requester_may
        if _own(lender, approval) and not barred and person.role.rank >= Role.OPERATOR.rank:
            return Right(on_behalf_of=lender.id)
    raise _refusal(person, approval)


def _own(person: Person, approval: Approval) -> bool:
    named = approval.terms.approvers
    return person.role.rank >= Role.APPROVER.rank and (not named or person.name in named)


def _refusal(person: Person, approval: Approval) -> NotAllowed:
    named = approval.terms.approvers
    if named:
        return NotAllowed(f"Only {' and '.join(named)} may answer this.", hint="One of them can `delegate` for a time.")
    return NotAllowed(
        f"To answer takes the role {Role.APPROVER.value}; {person.name} is {person.role.value}.",
        hint="An admin can change that; an approver can `delegate` for a time.",
    )
