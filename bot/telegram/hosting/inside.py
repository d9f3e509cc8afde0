"""What the host asks of the rest: the counter over which things are shown, and Signoff itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.inside import Desk, Register, Threads
from bot.messenger import Card
from bot.telegram.heard import FileRef
from runner.model import Delivery, Enclosed, Origin


class Counter(Protocol):
    """What is given back over the counter: `bot.telegram.sending.messenger.TelegramMessenger`."""

    async def show(self, origin: Origin, card: Card) -> None:
        """Show a card at this place, or replace the one with the same key."""
        ...

    async def place(self, origin: Origin, card: Card, *, reply: str = "") -> bool:
        """Do as `show`; False if the very same card stands there already, so that nothing is to be seen of it."""
        ...

    async def confirm(self, origin: Origin, key: str, action: str) -> None:
        """Ask once more before a command that cannot be taken back."""
        ...

    async def shown_as(self, channel: str, message: int) -> Delivery | None:
        """Return what a message of ours shows, when it is known which one that is."""
        ...

    async def fade(self, channel: str, message: int) -> None:
        """Take the buttons away from a message of ours that we do not know."""
        ...

    async def stands(self, origin: Origin, key: str) -> bool:
        """Whether a card of this key stands at this place."""
        ...

    async def thread_of(self, key: str, channel: str) -> str | None:
        """Return the thread in which a card of this key stands in a chat."""
        ...

    async def resume(self, channel: str) -> None:
        """Write again to a chat that was closed to us."""
        ...


class Line(Protocol):
    """What is asked of Telegram at once: `bot.telegram.sending.direct.Direct`."""

    async def answered(self, query: str, text: str = "", *, alert: bool = False) -> bool:
        """End the waiting of whoever has pressed a button; False if Telegram did not take it any more."""
        ...

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return what people have posted; a file that cannot be had says why."""
        ...

    async def heard(self, voice: FileRef) -> str:
        """Return what is said in a voice message. Raises WrongState where nothing can be done with it."""
        ...

    async def topic(self, channel: str, name: str) -> str | None:
        """Make a topic and return its thread; None where we may not."""
        ...


@dataclass(frozen=True)
class Inside:
    """What the rest of Signoff does for this front end."""

    desk: Desk
    people: Register
    threads: Threads
