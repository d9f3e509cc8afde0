"""The form of a run: the values that a task needs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot import commands
from bot.slack.forms.inputs import fits, name_fits, required, text_input
from bot.slack.forms.task import Fields
from bot.slack.forms.unfit import Unfit, confirmed
from runner import prompt
from runner.errors import BadInput
from runner.model import Json, Task

RUN = "run_task"  # callback id
_MOST = 95  # fields: of Slack's 100 blocks


def missing(task: Task, command: commands.Run) -> tuple[str, ...]:
    """Name the variables without which a task cannot run. Raises BadTemplate."""
    known = {*task.variables, *command.variables}
    return tuple(each.name for each in prompt.variables(task.prompt) if each.default is None and each.name not in known)


def run_blocks(task: Task, command: commands.Run) -> list[Json] | None:
    """Ask for what is missing, then offer the defaults and what was given; None where a form cannot ask for it all."""
    lacking = set(missing(task, command))
    made: list[Json] = []
    offered: list[Json] = []
    for each in prompt.variables(task.prompt):
        known = command.variables.get(each.name, task.variables.get(each.name, each.default or ""))
        if each.name in lacking:
            made.append(required(text_input(each.name, each.name)))
        elif fits(known):
            offered.append(text_input(each.name, each.name, initial=known))
    if len(made) > _MOST or not all(name_fits(name) for name in lacking):
        return None
    return [*made, *[block for block in offered if name_fits(str(block["block_id"]))]][:_MOST]


def run_line(memory: str, fields: Fields) -> str:
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
