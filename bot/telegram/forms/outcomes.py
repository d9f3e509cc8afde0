"""What may come of a press or a text for a form, and from whom it comes."""

from __future__ import annotations

from bot.messenger import Card
from runner.model import Draft, value


@value
class By:
    """Who says or presses something, and the name of the arrival with which it came."""

    identity: str
    arrival: str


@value
class Shown:
    """The draft as it is now: `screen` makes its card. `left` takes the place of the one before, further up."""

    draft: Draft
    left: Card | None = None


@value
class Carry:
    """A command line to be carried out, once. `card` takes the place of the form; `back` is what was given in it.

    `draft` is kept until it is said to be done: a death in between carries the line out again, never not at all.
    """

    line: str
    card: Card
    draft: Draft
    back: str = ""


@value
class Closed:
    """Nothing is to be carried out, and `card` takes the place of the form."""

    card: Card


@value
class Unsure:
    """A text that may be for a form that stood still for long, or for something else: whoever said it knows."""

    draft: Draft


@value
class Done:
    """What came was dealt with before, by somebody who died then."""


@value
class Told:
    """Something for the eyes of whoever pressed or typed; the form stays as it is."""

    text: str


Outcome = Shown | Carry | Closed | Told | Done
