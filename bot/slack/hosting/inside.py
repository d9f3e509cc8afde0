"""What serving people in Slack needs: the rest of Signoff, and the means to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.inside import Desk, Register, Threads
from bot.messenger import Card
from bot.slack.heard import FileRef, Opened, Place, Pressed
from runner.model import Enclosed, Origin, Person
from runner.tasks import TaskDraft


class Forms(Protocol):
    """Opens forms: `bot.slack.forms.clerk.Clerk`."""

    async def offered(
        self, person: Person, place: Place, trigger: str, line: str, *, asks: str = "", prefill: str = ""
    ) -> bool:
        """Open the form that a command or a button wants; False if it wants none."""
        ...

    async def new_task(
        self, person: Person, place: Place, trigger: str, draft: TaskDraft, *, memory: str = "new", note: str = ""
    ) -> None:
        """Open the form for a new task."""
        ...


class Beside(Protocol):
    """What people see beside messages: `bot.slack.sending.aside.Aside`."""

    def opened(self, opened: Opened) -> None:
        """Somebody looks at their home."""
        ...

    def acted(self, place: Place) -> None:
        """Somebody did something on their home."""
        ...

    def stopped(self, place: Place) -> None:
        """Somebody pressed Slack's own stop button in a thread."""
        ...


class Counter(Protocol):
    """What is given back over the counter: `bot.slack.sending.messenger.SlackMessenger`."""

    async def show(self, origin: Origin, card: Card) -> None:
        """Show a card for everybody at this place, or replace the one with the same key."""
        ...

    async def place(self, origin: Origin, card: Card) -> bool:
        """Do as `show`; False if the very same card stands there already, so that nothing is to be seen of it."""
        ...

    async def direct(self, place: Place) -> Place:
        """Find the direct messages with somebody who acted in no channel. Raises WrongState if Slack refuses."""
        ...

    async def tell(self, place: Place, card: Card) -> bool:
        """Show a card to this person alone; False if Slack did not."""
        ...

    async def head(self, place: Place, text: str, mark: str, *, again: bool) -> str:
        """Begin a thread with what somebody typed, and return its name; in a thread, go on with it.

        `again`: unless it is there under this mark.
        """
        ...

    async def ask(self, pressed: Pressed) -> None:
        """Open a form for the text that a button needs."""
        ...

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return what people have posted; a file that cannot be had says why."""
        ...


@dataclass(frozen=True)
class Inside:
    """What the rest of Signoff does for this front end."""

    desk: Desk
    people: Register
    threads: Threads
    forms: Forms
    aside: Beside
