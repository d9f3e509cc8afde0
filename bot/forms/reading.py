"""From a command to the form that it wants, and from a form that was sent to its command. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from bot import commands
from bot.forms.fields import Inputs
from bot.forms.question import ANSWER, answer_line
from bot.forms.run import RUN, run_line
from bot.forms.task import EDIT, NEW, edit_line, new_line
from bot.forms.unfit import Unfit
from runner.errors import EmptyPrompt, SignoffError
from runner.model import value
from runner.tasks import TaskDraft

_BARE = re.compile(r"\s*/?(?:task\s+)?/?new\s*", re.IGNORECASE)
_ANSWER = re.compile(r"answer ([0-9a-z]{4,26})")
_READERS = {NEW: new_line, EDIT: edit_line, RUN: run_line, ANSWER: answer_line}


@value
class Wanted:
    """A form that a command may want: `commands.New` and `commands.Edit` without a prompt, a run, or an answer."""

    command: commands.New | commands.Edit | commands.Run | commands.Answer

    @property
    def memory(self) -> str:
        """Return the beginning of the command that the form completes."""
        match self.command:
            case commands.New():
                return commands.render(self.command).strip()
            case commands.Edit(name=name):
                return f"edit {name}"
            case commands.Run():
                return commands.render(self.command)
            case commands.Answer(handle=short):
                return f"answer {short}"
            case _:
                assert_never(self.command)


def wanted(line: str, asks: str = "", prefill: str = "") -> Wanted | None:
    """Return the form that a command line may want, or a button that asks; None for what is complete as it stands."""
    if asks:
        return _asked(line, prefill)
    if _BARE.fullmatch(line):
        return Wanted(command=commands.New(draft=TaskDraft()))
    command: commands.Command | None
    try:
        command = commands.parse(line)
    except EmptyPrompt:
        command = _completed(line)
        if not isinstance(command, commands.New):
            return None
        return Wanted(command=commands.New(draft=replace(command.draft, prompt=None)))
    except SignoffError:
        command = _completed(line)
        if not isinstance(command, commands.Edit) or command.draft != TaskDraft(prompt="."):
            return None
        return Wanted(command=commands.Edit(name=command.name, draft=TaskDraft()))
    return Wanted(command=command) if isinstance(command, commands.Run) else None


def line_of(form: str, memory: str, fields: Inputs) -> str:
    """Return the command line that a form of this kind stands for, which completes `memory`. Raises Unfit."""
    if form not in _READERS:
        raise Unfit({"": "This form is not one of Signoff any more: say it in words."})
    return _READERS[form](memory, fields)


def _asked(line: str, prefill: str) -> Wanted | None:
    """Return the form in the place of a text for several values: that of a run, or of a question."""
    if match := _ANSWER.fullmatch(line):
        return Wanted(command=commands.Answer(handle=match[1], text=""))
    try:
        command = commands.parse(f"{line} {prefill}")
    except SignoffError:
        return None
    if not isinstance(command, commands.Run):
        return None
    given = {name: text for name, text in command.variables.items() if text}
    return Wanted(command=replace(command, variables=given))


def _completed(line: str) -> commands.Command | None:
    try:
        return commands.parse(f"{line} -- .")
    except SignoffError:
        return None
