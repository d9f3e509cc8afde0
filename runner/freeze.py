"""The kill switch: one command freezes everything, one releases it.

While everything is frozen no execution is claimed and no step of any agent begins; what had begun ends. Questions may
be answered, and their steps run after the release. Their times stand still: the release moves what is still to come by
the length of the freeze.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from runner import journal
from runner.errors import StorageError, WrongState
from runner.model import Actor, Approval, ChangeKind, Freeze, Role
from runner.people import require
from runner.ports import Changes, Clock, Store

_TRIES = 20  # each lost try means that somebody answered a question meanwhile
_SUBJECT = "signoff"


class KillSwitch:
    """Freezes and releases; everything that is about to begin a step waits at `passed`.

    `wake` is called after a release: there may be something to claim.
    """

    def __init__(self, store: Store, clock: Clock, changes: Changes, wake: Callable[[], None] = lambda: None) -> None:
        self.wake = wake
        self._store = store
        self._clock = clock
        self._changes = changes

    async def frozen(self) -> Freeze | None:
        """Return the freeze in force."""
        return await self._store.executions.frozen()

    async def passed(self) -> None:
        """Return at once, or after the release when everything is frozen."""
        if await self.frozen() is None:
            return
        async for _ in self._changes.follow(routine=False):
            if await self.frozen() is None:
                return

    async def freeze(self, actor: Actor, why: str) -> Freeze:
        """Freeze everything. Raises NotAllowed, WrongState if it is frozen already."""
        require(actor.person, Role.OPERATOR, "freeze everything")
        now = self._clock.now()
        freeze = Freeze(by=actor.person.id, at=now, why=why)
        entry = journal.entry(actor, ChangeKind.FREEZE, "freeze.begun", _SUBJECT, now, why=why)
        if not await self._store.executions.freeze(freeze, entry):
            raise WrongState("Everything is frozen already.", hint="`release` lets it go on.")
        return freeze

    async def release(self, actor: Actor) -> None:
        """Let everything go on. Raises NotAllowed, WrongState if nothing is frozen."""
        require(actor.person, Role.APPROVER, "release everything")
        for _ in range(_TRIES):
            freeze = await self.frozen()
            if freeze is None:
                raise WrongState("Nothing is frozen.")
            now = self._clock.now()
            entry = journal.entry(actor, ChangeKind.FREEZE, "freeze.released", _SUBJECT, now)
            waiting = tuple(_moved(a, freeze, now) for a in await self._store.approvals.open(limit=100_000))
            if await self._store.executions.freeze(None, replace(entry, amend=waiting)):
                self.wake()
                return
        raise StorageError("The release is overtaken by too many answers.", hint="Try again.")


def _moved(approval: Approval, freeze: Freeze, now: datetime) -> Approval:
    """Move what is still to come by as long as the question waited in the freeze."""
    pause = now - max(freeze.at, approval.asked_at)
    ahead = tuple(replace(due, at=due.at + pause) for due in approval.timetable[approval.done :])
    return replace(approval, timetable=approval.timetable[: approval.done] + ahead)
