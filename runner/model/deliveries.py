"""What is on its way to a chat product."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from runner.model.base import Json, value


class Lane(StrEnum):
    """How urgent a delivery is. `rank` 0 goes first."""

    INTERACTIVE = "interactive"  # approvals, questions, answers to commands
    FINAL = "final"  # results, files
    PROGRESS = "progress"  # only the latest counts

    @property
    def rank(self) -> int:
        """Place in the order of sending."""
        return list(Lane).index(self)


class Form(StrEnum):
    """What a delivery becomes: a message can be edited, a file is put there anew."""

    MESSAGE = "message"
    FILE = "file"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"  # the chat product shows what is wanted
    GONE = "gone"  # somebody removed the message: progress does not come back, anything else does
    DEAD = "dead"  # refused for what it is: never tried again, unless something else is put there


@value
class Slot:
    """A place for one message. What is put under the same key takes the place of what was there."""

    messenger: str
    channel: str
    key: str
    thread: str = ""


@value
class Delivery:
    """What a slot is to show, what it shows, and how far that has come.

    Contents are told apart by their digests: `digest` is what is wanted, `trying` what the send in hand (or in doubt)
    carries, `shown` what the product has confirmed. `revision` grows with each write.
    """

    id: str
    messenger: str
    channel: str
    key: str
    thread: str = ""
    execution_id: str | None = None
    lane: Lane
    form: Form = Form.MESSAGE
    payload: Json
    digest: str
    trying: str = ""
    shown: str = ""
    message_ref: str | None = None  # the product's name of the message
    nonce: str  # our name of the message that is to be made
    doubt: bool = False  # a message with this nonce may be there already
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0  # since something was sent
    error: str = ""
    turn: str  # order within the lane
    next_at: datetime  # not before
    lease_owner: str | None = None
    lease_until: datetime | None = None
    created_at: datetime
    waiting_since: datetime
    sent_at: datetime | None = None
    changed_at: datetime
    revision: int = 0

    @property
    def slot(self) -> Slot:
        """The place it belongs to."""
        return Slot(messenger=self.messenger, channel=self.channel, key=self.key, thread=self.thread)


@value
class Backlog:
    """How the deliveries of a channel stand."""

    messenger: str
    channel: str
    waiting: int  # on their way included
    dead: int
    oldest: datetime | None = None  # since when the longest waiting one waits
    error: str = ""  # the newest one that is not overcome
