"""What is wrong with a form, by field; and the proof that a command can be said in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot import commands
from runner.errors import BadInput, SignoffError

_PART = re.compile(r"`([^`]+)`")  # below a field nothing can be set as code
_LONGEST = 200  # characters of a sentence below a field


class Unfit(BadInput):
    """A form that cannot be carried out. `faults` has a sentence for each field, by its block id."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = {name: _PART.sub(r"“\1”", sentence)[:_LONGEST] for name, sentence in faults.items()}


def confirmed(command: commands.Command, field: str) -> str:
    """Write a command as people type it, sure that it is read as the same. Raises Unfit, said at a field."""
    try:
        line = commands.render(command)
        again = commands.parse(line)
    except SignoffError as error:
        raise Unfit({field: f"{error.message} {error.hint}".strip()}) from error
    if again != command:
        raise Unfit({field: "This cannot be said in a form. Say it in words, as `help` shows."})
    return line
