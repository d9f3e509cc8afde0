"""What a messenger implements for the outbox: four requests to its product, and how they can end."""

from __future__ import annotations

from typing import Protocol

from runner.model import Json, Slot

ASKED = "asked to wait "  # what the error of a limited delivery begins with: a later life of ours keeps the pause
EVERYWHERE, PROGRESS_ONLY = " everywhere", " with progress"


class Outcome(Exception):
    """A request did not end as wished. The subclass says whether, when and how it is made again."""


class Limited(Outcome):
    """The product took nothing and wants to be left alone for `retry_after` seconds.

    It means this channel or, with `everywhere`, all of the messenger; with `progress` only progress has to keep still.
    """

    def __init__(self, retry_after: float, *, everywhere: bool = False, progress: bool = False) -> None:
        where, what = EVERYWHERE if everywhere else "", PROGRESS_ONLY if progress else ""
        super().__init__(f"{ASKED}{retry_after:g} s{where}{what}")
        self.retry_after = retry_after
        self.everywhere = everywhere
        self.progress = progress


class Unreachable(Outcome):
    """The product certainly took nothing: no connection, an error of its own. Tried again for ever."""


class Unknown(Outcome):
    """The product may have taken it: the answer was lost. It is asked (`Carrier.find`) before anything is sent anew."""


class Rejected(Outcome):
    """The product will never take this content. Not for errors that pass: nobody sees what is rejected."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Gone(Outcome):
    """The message to be edited, or the channel to be written to, is not there any more."""


class Carrier(Protocol):
    """Makes one request to the chat product and retries nothing. Raises an Outcome for anything but success.

    Each call ends within `outbox.LONGEST_SEND` seconds. Errors that are no Outcome count as Unknown.
    """

    async def post(self, slot: Slot, payload: Json, nonce: str) -> str:
        """Put a new message there and return the product's name of it.

        The nonce goes with it, hidden from people, where the product has a place for such a mark.
        """
        ...

    async def edit(self, slot: Slot, message_ref: str, payload: Json) -> None:
        """Replace the content of a message. Editing to the same content is a success."""
        ...

    async def upload(self, slot: Slot, payload: Json, nonce: str) -> str:
        """Put a new file there and return the product's name of it."""
        ...

    async def find(self, slot: Slot, nonce: str) -> str | None:
        """Return the name of the message or file with this nonce; None if there is none, or none can be found.

        A product that cannot look makes it None, and a send whose answer was lost may then appear twice.
        """
        ...
