"""The updates that wait for the app: in order, with rising numbers, for a day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from tests.servers.telegram.world import Payload, World

_DAY = 24 * 3600.0
_ON_REQUEST = ("chat_member", "message_reaction", "message_reaction_count")


@dataclass
class Update:
    """One update, and how often it was handed out; `once` is for one that goes out whatever the app has confirmed."""

    body: Payload
    at: float
    once: bool = False
    handed: int = 0
    done: bool = False

    @property
    def id(self) -> int:
        """Its number; 0 for what a test delivers without a proper one."""
        number = self.body.get("update_id")
        return number if isinstance(number, int) else 0

    @property
    def place(self) -> object:
        """The chat whose order it belongs to."""
        for each in self.body.values():
            if isinstance(each, dict):
                inner = each.get("message", each)
                found = inner.get("chat") if isinstance(inner, dict) else None
                return found.get("id") if isinstance(found, dict) else None
        return None


class Updates:
    """The queue between what happens and the app."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Update] = []
        self._allowed: frozenset[str] | None = None
        self._next = 810_000_000
        self._changed = asyncio.Event()
        self.sent: list[Update] = []

    @property
    def allowed(self) -> list[str] | None:
        """What the app last asked for."""
        return None if self._allowed is None else sorted(self._allowed)

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Take what the app asks for; None leaves it as it was, an empty list means the usual ones."""
        if kinds is not None:
            self._allowed = frozenset(kinds) or None

    def add(self, kind: str, content: Payload) -> Update | None:
        """Let an update wait, if the app wants to hear of this kind."""
        wanted = kind not in _ON_REQUEST if self._allowed is None else kind in self._allowed
        if not wanted:
            return None
        self._next += 1
        return self._queue(Update({"update_id": self._next, kind: content}, self._world.clock.monotonic()))

    def again(self, body: Payload) -> Update:
        """Let a body go out once, even if its number has been confirmed, or makes no sense."""
        return self._queue(Update(body, self._world.clock.monotonic(), once=True))

    def _queue(self, update: Update) -> Update:
        self._waiting.append(update)
        self.sent.append(update)
        self.ring()
        return update

    def pending(self) -> list[Update]:
        """List what waits, without what is older than a day."""
        now = self._world.clock.monotonic()
        fresh = [each for each in self._waiting if now - each.at < _DAY]
        if len(fresh) < len(self._waiting):
            self._keep(fresh)
        return fresh

    def confirm(self, offset: int) -> None:
        """Forget what is below an offset; below 0 it counts from the end."""
        if offset < 0:
            self._keep(self._waiting[offset:])
        elif offset:
            self._keep([each for each in self._waiting if each.id >= offset or each.once])

    def take(self, limit: int) -> list[Payload]:
        """Hand out the first updates; they stay until they are confirmed."""
        taken = self.pending()[:limit]
        for each in taken:
            each.handed += 1
        if any(each.once for each in taken):
            self._keep([each for each in self._waiting if not (each.once and each.handed)])
        return [each.body for each in taken]

    def done(self, update: Update) -> None:
        """Forget one update: it has arrived."""
        self._keep([each for each in self._waiting if each is not update])

    def drop(self) -> None:
        """Forget everything."""
        self._keep([])

    def handed(self, kind: str, key: str) -> int:
        """Say how often the updates of this kind and id were handed out."""
        named = [(each, each.body.get(kind)) for each in self.sent]
        return sum(each.handed for each, part in named if isinstance(part, dict) and part.get("id") == key)

    def _keep(self, kept: list[Update]) -> None:
        stay = {id(each) for each in kept}
        for each in self._waiting:
            each.done = each.done or id(each) not in stay
        self._waiting = kept
        self.ring()

    def ring(self) -> None:
        """Wake up whoever waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next change."""
        await self._changed.wait()
