"""What the messengers' outbox asks of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from runner.model import Backlog, Delivery, Slot


class DeliveryStore(Protocol):
    """Deliveries, one a slot. Every write is one short transaction on the condition that nobody wrote meanwhile."""

    async def get(self, slot: Slot) -> Delivery | None:
        """Return what is in a slot."""
        ...

    async def save(self, before: Delivery | None, after: Delivery) -> Delivery | None:
        """Replace `before` (None: insert) by `after` and return it with its new revision.

        None, and nothing is written, if the slot is not as `before` any more.
        """
        ...

    async def places(self, messenger: str, key: str) -> Sequence[Slot]:
        """Return where something stands under this key."""
        ...

    async def shown_as(self, messenger: str, channel: str, message_ref: str) -> Delivery | None:
        """Return what the message of this name shows; the newest, should the product have used the name twice."""
        ...

    async def channels(self, messenger: str) -> Sequence[str]:
        """Return the channels in which something waits or is on its way."""
        ...

    async def heads(self, messenger: str, channel: str) -> Sequence[Delivery]:
        """Return the first post and the first edit of each lane of a channel: the one on its way, or next in turn.

        Progress is in turn by `next_at`, the other lanes strictly by `turn`.
        """
        ...

    async def stranded(self, messenger: str, owner: str, at: datetime, *, limit: int = 100) -> Sequence[Delivery]:
        """Return deliveries on their way whose lease belongs to `owner` or is over."""
        ...

    async def prune(self, before: datetime, *, limit: int = 500) -> int:
        """Forget deliveries that nothing happened to since `before`, and return how many.

        Those that wait stay, and those of executions that have not ended: their messages are still edited.
        """
        ...

    async def backlog(self, messenger: str | None = None) -> Sequence[Backlog]:
        """Return the channels in which something waits or is dead, by name; of all messengers unless one is given."""
        ...
