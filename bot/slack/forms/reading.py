"""From a command to the form that it wants, and from a form that was sent to its command. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from bot import commands
from bot.messenger import Button, Card, Style, Tone
from bot.slack.forms.question import ANSWER, answer_line
from bot.slack.forms.run import RUN, run_line
from bot.slack.forms.task import EDIT, NEW, edit_line, new_line
from bot.slack.forms.unfit import Unfit
from bot.slack.heard import Submitted
from bot.slack.surfaces import ASK
from runner.errors import EmptyPrompt, SignoffError
from runner.model import value
from runner.tasks import TaskDraft

_BARE = re.compile(r"\s*/?(?:task\s+)?/?new\s*", re.IGNORECASE)
_ANSWER = re.compile(r"answer ([0-9a-z]{4,26})")
_ACTION = 64  # bytes of a button's command line
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


def form_offer(line: str) -> Card | None:
    """Return a card whose button opens the form for a task, in answer to a message: a message itself opens nothing."""
    want = wanted(line)
    if want is None or isinstance(want.command, commands.Run) or len(want.memory.encode()) > _ACTION:
        return None
    return Card(
        title="A new task" if isinstance(want.command, commands.New) else want.memory.capitalize(),
        tone=Tone.WAITING,
        buttons=(Button(label="Fill in", action=want.memory, style=Style.PRIMARY),),
        footer=f"Or in words: `help {want.memory.split()[0]}` shows how.",
    )


def line_of(sent: Submitted) -> str:
    """Return the command line that a form stands for. Raises Unfit."""
    if sent.form == ASK:
        return f"{sent.memory} {sent.fields['text'].text if 'text' in sent.fields else ''}".strip()
    if sent.form not in _READERS:
        raise Unfit({"": "This form is not one of Signoff any more: say it in words."})
    return _READERS[sent.form](sent.memory, sent.fields)


def said_in(sent: Submitted) -> str:
    """Return all that somebody has put into a form, for giving it back."""
    return "\n".join(f"{name}: {field.text}" for name, field in sent.fields.items() if field.now)


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
