"""The form of a run as Slack's blocks. Pure."""

from __future__ import annotations

from bot import commands
from bot.forms.run import run_fields
from bot.slack.forms.inputs import block, held, name_fits
from runner.model import Json, Task

_MOST = 95  # fields: of Slack's 100 blocks


def run_blocks(task: Task, command: commands.Run) -> list[Json] | None:
    """Ask for what is missing, then offer the defaults and what was given; None where a form cannot ask for it all."""
    asked = run_fields(task, command)
    lacking = [field for field in asked if field.required]
    if len(lacking) > _MOST or not all(name_fits(field.name) for field in lacking):
        return None
    return [block(field) for field in asked if name_fits(field.name) and held(field)][:_MOST]
