"""The port to a chat product, and the neutral Card it shows.

A Card says what is to be seen, never how: each messenger renders it with the means of its product. Buttons carry a
command line of the one grammar (`bot.commands`), so a press and a typed word take the same way.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from runner.model import Enclosed, Image, Json, Origin, Person, Upload, value


class Tone(StrEnum):
    """The mood of a card: decides colour and sign."""

    NEUTRAL = "neutral"
    RUNNING = "running"
    WAITING = "waiting"
    GOOD = "good"
    BAD = "bad"


class Look(StrEnum):
    """How the body of a section is set."""

    TEXT = "text"  # what people or Signoff wrote, shown as it is
    HINT = "hint"  # what Signoff wrote: what stands between backticks is a command
    PROSE = "prose"  # what an agent wrote: harmless Markdown, never markup of the chat product
    CODE = "code"
    DIFF = "diff"


class Style(StrEnum):
    """How strongly a button calls."""

    PRIMARY = "primary"
    PLAIN = "plain"
    DANGER = "danger"


@value
class Field:
    """A fact: a short label and its value."""

    label: str
    value: str


@value
class Section:
    """A titled part of a card's body."""

    body: str
    title: str = ""
    look: Look = Look.TEXT


@value
class Button:
    """Something to press. `action` is a command line of at most 64 bytes; `label` has at most 12 characters.

    With `asks`, the front end first asks for text (offering `prefill`) and appends it to the action after a space.
    """

    label: str
    action: str
    style: Style = Style.PLAIN
    key: str = ""  # a letter for keyboards
    asks: str = ""
    prefill: str = ""


@value
class Attachment:
    """A file that goes with a card."""

    name: str
    path: str
    size: int  # bytes
    picture: str = ""  # path of its first page as a PNG, if there is one
    alt: str = ""  # what the picture says, in words


@value
class Card:
    """A message without a chat product. A later card with the same `key` takes the place of the earlier one."""

    title: str
    key: str = ""
    tone: Tone = Tone.NEUTRAL
    fields: tuple[Field, ...] = ()
    sections: tuple[Section, ...] = ()
    buttons: tuple[Button, ...] = ()
    files: tuple[Attachment, ...] = ()
    footer: str = ""
    live: bool = False  # still changing: a terminal redraws it in place
    data: Json | None = None  # the same content for scripts (`--json`)
    private: bool = False  # for nobody but the person to whom it is an answer; never kept
    nudge: str = ""  # a line that people have to notice, although the card itself is not new: a reminder

    @property
    def receipt(self) -> bool:
        """Whether it only says that a message was taken for an agent: a front end may show that otherwise."""
        return bool(self.data and self.data.get("receipt"))


@value
class Incoming:
    """What a person said or pressed, freed of the vendor's form."""

    person: Person
    origin: Origin
    text: str
    images: tuple[Image, ...] = ()
    files: tuple[Upload, ...] = ()
    source: str | None = None  # the product's name of the message, see `runner.model.Message`
    identity: str = ""  # the product's name of the person, where accounts can be linked

    @property
    def enclosed(self) -> Enclosed:
        """What goes with the text."""
        return Enclosed(images=self.images, files=self.files)


class Messenger(Protocol):
    """A chat product. Raises SignoffError only for what people can mend; retries the rest by itself."""

    @property
    def name(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        ...

    @property
    def redraw_seconds(self) -> float:
        """Return how often a live card is redrawn at most; approvals and results do not wait."""
        ...

    async def show(self, origin: Origin, card: Card) -> None:
        """Show a card at this place, or replace the one with the same key. A `nudge` is made to be noticed."""
        ...

    async def rewrite(self, card: Card) -> None:
        """Replace the cards with this key that people have asked to see at other places."""
        ...

    async def acknowledge(self, source: str, *, read: bool) -> None:
        """Mark a message of a person as taken for an agent or, with `read`, as read by it. Best effort."""
        ...
