"""Remind, escalate, expire: let the timetables of open questions come true.

The times stand in the store, so that a restart loses none: what came due meanwhile happens once, at its latest stage.
The wall clock decides. Set back, it delays; set forward, it makes due what it says is due.
"""

from __future__ import annotations

import logging
from datetime import datetime

from runner.advance import Advance
from runner.errors import SignoffError, WrongState
from runner.freeze import KillSwitch
from runner.lifecycle import Nudged
from runner.model import Approval, AuditEntry, Nudge
from runner.ports import Batch, Clock, Store

log = logging.getLogger(__name__)

_GRAIN = 1.0  # seconds between looks; a look costs one read of an index that holds only what is open


class Timekeeper:
    """Watches the clock for all open questions."""

    def __init__(self, *, store: Store, clock: Clock, advance: Advance, switch: KillSwitch) -> None:
        self._store = store
        self._clock = clock
        self._advance = advance
        self._switch = switch

    async def run(self) -> None:
        """Look at the clock until cancelled."""
        while True:
            try:
                await self.tick()
            except SignoffError as error:
                log.error("timekeeper.failed: %s", error)  # noqa: TRY400 - the message says it all
            await self._clock.sleep(_GRAIN)

    async def tick(self) -> int:
        """Let happen what is due, and return for how many questions. Nothing is due while everything is frozen."""
        seen = self._clock.now()  # read first: a freeze that begins after the look stops the time of all questions
        if await self._switch.frozen() is not None:
            return 0
        due = await self._store.approvals.due(seen)
        for approval in due:
            try:
                nudged = Nudged(approval_id=approval.id, seen=seen)
                await self._advance(approval.execution_id, nudged, batch=_written(approval, seen))
            except WrongState:
                continue  # somebody has answered just now
        return len(due)


def _written(approval: Approval, seen: datetime) -> Batch:
    """Write down what nobody decided: an expiry is a verdict. Reminders are not worth an entry."""
    coming = [due for due in approval.timetable[approval.done :] if due.at <= seen]
    if not any(due.nudge is Nudge.EXPIRE for due in coming):
        return Batch()
    details = {"tool": approval.tool, "shown": dict(approval.input), "verdict": approval.terms.on_expiry.value}
    entry = AuditEntry(at=seen, person_id="", action="approval.expired", subject=approval.id, details=details)
    return Batch(audit=(entry,))
