"""What is written in one transaction beside the thing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from runner.model import Approval, AuditEntry, Change, Message, Preview, Report, Rule, Step, value


@value
class Batch:
    """What is written together with a change of an execution, in the same transaction, or not at all.

    `open` are new approvals; `settle` are approvals that must still be open and get their final state, `amend` those
    that stay open and get votes or another place in their timetable: both must still have the revision they were read
    with. `deliver` are ids of answered approvals whose answer goes to the agent now and must not have gone before.
    `outcomes` say by approval id what became of answers that nobody took, `previews` what the step would do.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()  # inserted, or replaced by id
    messages: tuple[Message, ...] = ()  # inserted, or replaced by id
    open: tuple[Approval, ...] = ()
    settle: tuple[Approval, ...] = ()
    amend: tuple[Approval, ...] = ()
    deliver: tuple[str, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    previews: Mapping[str, Preview] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    reports: tuple[Report, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
