"""The fields of forms, and what stands in them when they come back.

What a field holds is a tuple of texts, whatever its kind: a text is one, an empty field none, several choices are
several.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from runner.model import value

MENU = 100  # choices that a person can find their way in: more of them are typed


class Kind(Enum):
    """How a field is filled."""

    TEXT = "text"  # one line
    LONG = "long"  # several lines
    COUNT = "count"  # a whole number, not negative
    NUMBER = "number"  # a number, not negative
    PICK = "pick"  # one of the picks
    SEVERAL = "several"  # any of the picks
    SWITCH = "switch"  # its one pick, or nothing


@value
class Pick:
    """One choice of a field: what it stands for, its label, and what to know about it."""

    value: str
    label: str
    about: str = ""


@value
class Field:
    """Something that a form asks for. What it is at first is `initial`, and `last` what it was at earlier times.

    `default` is what holds where it stays empty. `live`: other fields follow what stands in it. `words_of`: it takes
    own words in the place of another field's picks, or beside them where that one takes several.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    initial: tuple[str, ...] = ()
    picks: tuple[Pick, ...] = ()
    hint: str = ""
    example: str = ""
    required: bool = False
    live: bool = False
    default: str = ""
    last: tuple[str, ...] = ()
    words_of: str = ""

    @property
    def text(self) -> str:
        """Return what it is at first, as one text."""
        return "\n".join(self.initial)

    @property
    def several(self) -> bool:
        """Whether it can hold more than one of its picks, or be without any."""
        return self.kind in {Kind.SEVERAL, Kind.SWITCH}


@value
class Input:
    """What stands in a field: at first, and now."""

    before: tuple[str, ...] = ()
    now: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return what it holds, as one text."""
        return "\n".join(self.now)


Inputs = Mapping[str, Input]


def initial(text: str | None) -> tuple[str, ...]:
    """Return what a field holds at first that shows this text."""
    return (text,) if text else ()


def chosen(picks: tuple[Pick, ...], *values: str | None) -> tuple[str, ...]:
    """Return what a field of picks holds where these are chosen: those that there are, in their order."""
    return tuple(pick.value for pick in picks if pick.value in values)
