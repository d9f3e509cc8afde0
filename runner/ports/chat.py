"""What the front ends of chat products ask of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from runner.model import Arrival, Draft


class ArrivalStore(Protocol):
    """What came in from chat products: stored before it is acknowledged, kept until it is dealt with."""

    async def take_in(self, arrival: Arrival) -> bool:
        """Store an arrival; False if it had come before, dealt with or not."""
        ...

    async def waiting(self, messenger: str, *, after: int = 0, limit: int = 100) -> Sequence[Arrival]:
        """Return what is not dealt with yet, in order of coming."""
        ...

    async def newest_seq(self) -> int:
        """Return the place of the newest arrival in the order of coming, whosever it is; 0 if there was none."""
        ...

    async def newest(self, messenger: str, prefix: str, since: datetime) -> Mapping[str, datetime]:
        """Return, by channel, when the newest arrival came whose key begins so, dealt with or not; older ones count
        as none.
        """
        ...

    async def done(self, arrival: Arrival, at: datetime) -> None:
        """Note that an arrival is dealt with. Its key stays known, what it said is forgotten."""
        ...

    async def forget(self, messenger: str, before: datetime) -> None:
        """Forget what was dealt with before this time: the product does not deliver it again."""
        ...


class DraftStore(Protocol):
    """What people have begun to say in chats: forms half filled, texts that were asked for."""

    async def get(self, draft_id: str) -> Draft | None:
        """Return a draft by id."""
        ...

    async def newest(self, messenger: str, channel: str, identity: str, *kinds: str) -> Draft | None:
        """Return what of these kinds somebody has worked on last in a channel."""
        ...

    async def save(self, draft: Draft) -> None:
        """Insert or replace a draft by id."""
        ...

    async def end(self, draft: Draft) -> bool:
        """Put this in the place of the draft with its id, whose kind was another; False if it was ended or is gone."""
        ...

    async def remove(self, draft_id: str) -> bool:
        """Forget a draft; False if it was gone: it is carried out by whoever removes it."""
        ...

    async def forget(self, before: datetime) -> None:
        """Forget the drafts that nobody has changed since."""
        ...
