"""What comes in from a chat product, kept until it is dealt with."""

from __future__ import annotations

from datetime import datetime

from runner.model.base import Json, value


@value
class Arrival:
    """Something that a chat product has handed over and will not send again once it is acknowledged.

    `key` is the product's own name of it, by which a second delivery is known. What comes from one `channel` is dealt
    with in order. `payload` is what the messenger made of it.
    """

    key: str
    messenger: str
    channel: str
    payload: Json
    at: datetime
    seq: int = 0  # its place in the order of coming, counted by the store
