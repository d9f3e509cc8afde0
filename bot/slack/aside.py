"""What people see of Signoff beside its messages, the App Home and the sessions of threads, kept as things are.

It follows the feed of changes. The place that is remembered is that up to which all sessions are shown, so that a
restart leaves none that says that an agent is at work when it is not.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.slack.heard import NAME, OPENED, Opened, Place
from bot.slack.home import KNOWN_FOR, Homes
from bot.slack.sessions import Sessions
from runner.beside import beside
from runner.errors import SignoffError
from runner.model import Change, ChangeKind
from runner.ports import Changes, Clock, Store

_READER = "aside:slack"
_GATHER = 0.1  # seconds: what agents wait for comes first
_LATER = 10.0  # seconds after which a store that failed is asked again
_AT_HOME = frozenset({ChangeKind.EXECUTION, ChangeKind.APPROVAL, ChangeKind.PERSON, ChangeKind.FREEZE})
_OF_RUNS = frozenset({ChangeKind.EXECUTION, ChangeKind.APPROVAL})
_PROGRESS = "execution.progress"  # what a run has consumed is on neither

log = logging.getLogger(__name__)


class Aside:
    """Tells homes and sessions what has happened."""

    def __init__(self, homes: Homes, sessions: Sessions, store: Store, changes: Changes, clock: Clock) -> None:
        self._homes = homes
        self._sessions = sessions
        self._store = store
        self._changes = changes
        self._clock = clock
        self._seq = 0  # of the newest change that was looked at
        self._kept = 0  # of the one that the store remembers

    def opened(self, opened: Opened) -> None:
        """Somebody looks at their home."""
        self._homes.opened(opened.place.user, blank=opened.blank)

    def acted(self, place: Place) -> None:
        """Somebody did something on their home."""
        self._homes.acted(place.user)

    def stopped(self, place: Place) -> None:
        """Somebody pressed Slack's own stop button in a thread."""
        self._sessions.stopped(place.origin.channel, place.thread or "")

    async def run(self) -> None:
        """Keep both as things are, until cancelled. A store that fails for a while only delays it."""
        async with beside(self._homes.run(), self._sessions.run()):
            while True:
                try:
                    await self._begin()
                    await self._follow()
                except SignoffError as error:
                    log.warning("slack.aside: begins anew: %s", error)
                await self._clock.sleep(_LATER)

    async def _begin(self) -> None:
        since = self._clock.now() - KNOWN_FOR
        self._homes.remember(await self._store.arrivals.newest(NAME, OPENED, since))
        stored = await self._store.feed.cursor(_READER)
        if stored is None:  # remembered at once: whatever comes from now on is shown, if not in this life
            stored = await self._store.feed.newest()
            await self._store.feed.advance(_READER, stored)
        self._seq = self._kept = stored

    async def _follow(self) -> None:
        async for _ in self._changes.follow(gather=_GATHER):
            while changes := await self._store.feed.after(self._seq):
                await self._note(changes)
                self._seq = changes[-1].seq
            if self._sessions.idle and self._seq > self._kept:
                await self._store.feed.advance(_READER, self._seq)
                self._kept = self._seq

    async def _note(self, changes: Sequence[Change]) -> None:
        told = [change for change in changes if change.event != _PROGRESS]
        if any(change.kind in _AT_HOME for change in told):
            self._homes.changed()
        for execution_id in dict.fromkeys(c.execution_id for c in told if c.kind in _OF_RUNS and c.execution_id):
            execution = await self._store.executions.get(execution_id)
            origin = execution.origin if execution else None
            if origin is not None and origin.messenger == NAME and origin.thread:
                self._sessions.changed(origin.channel, origin.thread)
