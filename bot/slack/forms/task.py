"""The form of a task as Slack's blocks, which follow what is typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.forms.task import PROMPT, TAGS, VARIABLE, further_fields, task_fields, variable_fields
from bot.slack.forms.inputs import MENU, block, fits, held, name_fits
from bot.slack.rendering.safety import plain
from runner.errors import SignoffError
from runner.model import Json
from runner.tasks import TaskDraft

MORE = "more"  # block id
_NOTE = "note"
_VARIABLES = 40  # fields for variables: with all options a form has less than Slack's 100 blocks

Blocks = Sequence[Json]


def task_blocks(before: TaskDraft, projects: Sequence[str], note: str = "") -> list[Json]:
    """Set the first page: name, prompt, project if there are several, variables, and the way to the rest.

    `before` is what is known already. A prompt that a form cannot hold is not offered, and can only be typed.
    """
    known = before.prompt or ""
    blocks: list[Json] = []
    for field in task_fields(before, projects, menu=MENU):
        if field.name != PROMPT:
            blocks.append(block(field))
            continue
        long = _note("long", f"The prompt has {len(known):,} characters: `edit` in words changes it.")
        blocks += [*([block(field)] if held(field) else long), *(_note("told", note) if note else ())]
    more = {"type": "button", "action_id": MORE, "text": plain("More options", 75), "value": MORE}
    blocks.append({"type": "actions", "block_id": MORE, "elements": [{**more, "accessibility_label": "More options"}]})
    return with_variables(blocks, known, before.variables)


def with_variables(blocks: Blocks, text: str, defaults: Mapping[str, str] | None = None) -> list[Json]:
    """Give the form a field for each variable of the prompt; those that are there already stay as they are.

    While braces are open, nothing changes.
    """
    fitting = {name: default for name, default in (defaults or {}).items() if fits(default)}
    try:
        wanted = [field for field in variable_fields(text, fitting) if name_fits(field.name)]
    except SignoffError:
        return list(blocks)
    there = {known["block_id"]: known for known in blocks if str(known.get("block_id")).startswith(VARIABLE)}
    rest = [known for known in blocks if known.get("block_id") not in there]
    at = next((number for number, known in enumerate(rest) if known.get("block_id") in {MORE, TAGS}), len(rest))
    made = [there.get(field.name) or block(field) for field in wanted[:_VARIABLES]]
    return [*rest[:at], *made, *rest[at:]]


def with_more(blocks: Blocks, before: TaskDraft) -> list[Json]:
    """Put the further options in the place of the button that leads to them, but what a form cannot hold."""
    further = [block(field) for field in further_fields(before) if held(field)]
    kept = [known for known in blocks if known.get("block_id") != MORE]
    return [*kept, *further] if len(kept) < len(blocks) else kept


def _note(name: str, text: str) -> list[Json]:
    return [{"type": "context", "block_id": f"{_NOTE}:{name}", "elements": [plain(text, 2_000)]}]
