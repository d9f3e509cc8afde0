"""Feed and audit entries of the use cases, made in one way."""

from __future__ import annotations

from datetime import datetime

from runner.model import Actor, AuditEntry, Change, ChangeKind, Json
from runner.ports import Batch


def entry(
    actor: Actor,
    kind: ChangeKind,
    event: str,
    subject: str,
    at: datetime,
    *,
    execution_id: str | None = None,
    **details: object,
) -> Batch:
    """Return a batch with one feed entry and its audit entry. `event` is "noun.verb"; details must be JSON."""
    body: Json = {"by": actor.person.id, **details}
    return Batch(
        changes=(Change(kind=kind, event=event, execution_id=execution_id, subject_id=subject, body=body, at=at),),
        audit=(AuditEntry(at=at, person_id=actor.person.id, action=event, subject=subject, details=dict(details)),),
    )
