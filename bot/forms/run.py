"""The form of a run: the values that a task needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot import commands
from bot.forms.fields import Field, Inputs, initial
from bot.forms.unfit import Unfit, confirmed
from runner import prompt
from runner.errors import BadInput
from runner.model import Task

RUN = "run_task"  # kind of form


def missing(task: Task, command: commands.Run) -> tuple[str, ...]:
    """Name the variables without which a task cannot run. Raises BadTemplate."""
    known = {*task.variables, *command.variables}
    return tuple(each.name for each in prompt.variables(task.prompt) if each.default is None and each.name not in known)


def run_fields(
    task: Task, command: commands.Run, last: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[Field, ...]:
    """Ask for what is missing, then offer the defaults and what was given. Raises BadTemplate.

    `last` has values of earlier runs by variable.
    """
    lacking = set(missing(task, command))
    made: list[Field] = []
    offered: list[Field] = []
    for each in prompt.variables(task.prompt):
        known = command.variables.get(each.name, task.variables.get(each.name, each.default or ""))
        field = Field(name=each.name, label=each.name, last=(last or {}).get(each.name, ()))
        if each.name in lacking:
            made.append(replace(field, required=True))
        else:
            offered.append(replace(field, initial=initial(known)))
    return (*made, *offered)


def run_line(memory: str, fields: Inputs) -> str:
    """Return the command that runs the task with the values of a form. Raises Unfit."""
    try:
        command = commands.parse(memory)
    except BadInput as error:
        raise Unfit({_first(list(fields)): error.message}) from error
    if not isinstance(command, commands.Run):
        raise Unfit({_first(list(fields)): "This form is not one of Signoff."})
    given = {name: field.text for name, field in fields.items() if field.now != field.before}
    return confirmed(replace(command, variables={**command.variables, **given}), _first(list(fields)))


def _first(names: Sequence[str]) -> str:
    return names[0] if names else ""
