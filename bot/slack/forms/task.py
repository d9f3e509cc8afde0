"""The form of a task: to save a new one, and to edit one. What is in it becomes the command that one would type.

Pure. A form remembers the command that opened it; its fields say the rest. A new task takes what stands in the fields,
an edit only what was changed in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot import commands
from bot.commands.options import TASK_OPTIONS, Kind, Option
from bot.slack.forms.inputs import (
    Pick,
    fits,
    long_input,
    name_fits,
    number_input,
    pick_input,
    required,
    text_input,
)
from bot.slack.forms.unfit import Unfit, confirmed
from bot.slack.heard import Input
from bot.slack.safety import plain
from runner import prompt
from runner.errors import BadInput, SignoffError
from runner.model import Json, Task, Verdict
from runner.policy import validate_pattern
from runner.tasks import TaskDraft, checked_name

NEW, EDIT = "new_task", "edit_task"  # callback ids
PROMPT, MORE = "prompt", "more"  # block ids
_NAME, _PROJECT, _TAGS, _VARIABLE, _NOTE = "name", "project", "tags", "variable:", "note"
_VARIABLES = 40  # fields for variables: with all options a form has less than Slack's 100 blocks
_MENU = 100  # options of a menu (Slack)
_SWITCHED = "on"
_FURTHER = tuple(option for option in TASK_OPTIONS if option.name != _PROJECT)
_SPELT = {"mcp": "MCP"}  # names that are no words
_TAG = re.compile(r"\w[\w./-]*")

Fields = Mapping[str, Input]
Blocks = Sequence[Json]


def task_blocks(before: TaskDraft, projects: Sequence[str], note: str = "") -> list[Json]:
    """Set the first page: name, prompt, project if there are several, variables, and the way to the rest.

    `before` is what is known already. A prompt that a form cannot hold is not offered, and can only be typed.
    """
    known = before.prompt or ""
    fitting = fits(known)
    hint = "{{name}} is a value that is given at each run, {{name=text}} one with a default."
    asked = required(long_input(PROMPT, "Prompt", initial=known, hint=hint, live=True))
    blocks: list[Json] = [
        required(text_input(_NAME, "Name", initial=before.name or "", example="fix-tests")),
        *(
            [asked]
            if fitting
            else _note("long", f"The prompt has {len(known):,} characters: `edit` in words changes it.")
        ),
        *(_note("told", note) if note else ()),
    ]
    if 1 < len(projects) <= _MENU:
        picks = [Pick(value=name, label=name) for name in projects]
        blocks.append(pick_input(_PROJECT, "Project", picks, chosen=[before.project or ""]))
    elif len(projects) > _MENU:
        blocks.append(text_input(_PROJECT, "Project", initial=before.project or ""))
    more = {"type": "button", "action_id": MORE, "text": plain("More options", 75), "value": MORE}
    blocks.append({"type": "actions", "block_id": MORE, "elements": [{**more, "accessibility_label": "More options"}]})
    return with_variables(blocks, known, before.variables)


def with_variables(blocks: Blocks, text: str, defaults: Mapping[str, str] | None = None) -> list[Json]:
    """Give the form a field for each variable of the prompt; those that are there already stay as they are.

    While braces are open, nothing changes.
    """
    try:
        wanted = prompt.variables(text)
    except SignoffError:
        return list(blocks)
    named = {f"{_VARIABLE}{each.name}": each for each in wanted if name_fits(f"{_VARIABLE}{each.name}")}
    there = {block["block_id"]: block for block in blocks if str(block.get("block_id")).startswith(_VARIABLE)}
    rest = [block for block in blocks if block.get("block_id") not in there]
    at = next((number for number, block in enumerate(rest) if _is_further(block)), len(rest))
    made = [
        there.get(name) or _variable(name, each, (defaults or {}).get(each.name, ""))
        for name, each in list(named.items())[:_VARIABLES]
    ]
    return [*rest[:at], *made, *rest[at:]]


def with_more(blocks: Blocks, before: TaskDraft) -> list[Json]:
    """Put the further options in the place of the button that leads to them."""
    further = [made for option in _FURTHER if (made := _field(option, before)) is not None]
    tags = text_input(_TAGS, "Tags", initial=", ".join(before.tags or ()), hint="Separated by commas")
    kept = [block for block in blocks if block.get("block_id") != MORE]
    return [*kept, tags, *further] if len(kept) < len(blocks) else kept


def drafted(task: Task) -> TaskDraft:
    """Return a saved task as the draft that would make it."""
    options, limits = task.options, task.options.limits

    def patterns(verdict: Verdict) -> tuple[str, ...]:
        return tuple(rule.pattern for rule in task.rules if rule.verdict is verdict)

    return TaskDraft(
        name=task.name,
        prompt=task.prompt,
        project=task.project,
        description=task.description,
        variables=task.variables,
        tags=task.tags,
        read_projects=task.read_projects,
        agent=options.agent,
        model=options.model,
        priority=task.priority.value,
        goal=task.goal.sentence,
        test=task.goal.test_command,
        tools=options.tools,
        disallowed=options.disallowed_tools,
        mcp=options.mcp,
        reports=task.reports,
        allow=patterns(Verdict.ALLOW),
        ask=patterns(Verdict.ASK),
        refuse=patterns(Verdict.REFUSE),
        sandbox=options.sandbox,
        plan=options.plan,
        turns=limits.turns,
        tokens=limits.tokens,
        cost=limits.cost_usd,
        minutes=limits.minutes,
    )


def started(memory: str) -> TaskDraft:
    """Return the draft of a command `new` that has no prompt yet. Raises BadInput."""
    if memory == "new":
        return TaskDraft()
    command = commands.parse(f"{memory} -- .")
    if not isinstance(command, commands.New):
        raise BadInput("This form is not one of Signoff.", hint="Say the command in words.")
    return replace(command.draft, prompt=None)


def new_line(memory: str, fields: Fields) -> str:
    """Return the command that saves the task of a form. Raises Unfit."""
    given = {**_given(fields), "variables": _variables(fields, changed=False)}
    draft = replace(started(memory), **given)
    _check(draft)
    return confirmed(commands.New(draft=draft), _NAME)


def edit_line(memory: str, fields: Fields) -> str:
    """Return the command that changes a task as a form says. Raises Unfit, also where nothing was changed."""
    changed = {name: field for name, field in fields.items() if _changed(field)}
    given: dict[str, Any] = {
        name: _emptied(name) if content is None else content for name, content in _given(changed).items()
    }
    draft = TaskDraft(**given, variables=_variables(fields, changed=True))
    if draft == TaskDraft():
        raise Unfit({_NAME: "Nothing was changed yet."})
    _check(draft, edits=True)
    return confirmed(commands.Edit(name=memory.removeprefix("edit "), draft=draft), _NAME)


def _changed(field: Input) -> bool:
    return [each.strip() for each in field.before] != [each.strip() for each in field.now]


def _variable(name: str, variable: prompt.Variable, default: str) -> Json:
    written = f"Now: {variable.default}" if variable.default else ""
    initial = default if fits(default) else ""
    hint = "Where it is empty, the value is asked for at each run." if variable.default is None else ""
    return text_input(name, f"Default of {variable.name}", initial=initial, hint=hint, example=written)


def _note(name: str, text: str) -> list[Json]:
    return [{"type": "context", "block_id": f"{_NOTE}:{name}", "elements": [plain(text, 2_000)]}]


def _is_further(block: Json) -> bool:
    return block.get("block_id") in {MORE, _TAGS}


def _field(option: Option, draft: TaskDraft) -> Json | None:
    """Make the field of an option; None where a form cannot hold what it is now."""
    content = getattr(draft, option.target)
    name = _SPELT.get(option.name, option.name.capitalize())
    label = f"{name}: {option.about}"
    match option.kind:
        case Kind.SWITCH:
            pick = Pick(value=_SWITCHED, label=option.about)
            chosen = [_SWITCHED] if content else []
            return pick_input(option.target, name, [pick], chosen=chosen, several=True)
        case Kind.COUNT | Kind.NUMBER:
            return number_input(option.target, label, initial=_number(content), whole=option.kind is Kind.COUNT)
        case _ if option.choices:
            picks = [Pick(value=name, label=name) for name in option.choices if name != "none"]
            chosen = [content] if isinstance(content, str) else list(content or ())
            return pick_input(option.target, label, picks, chosen=chosen, several=option.kind is Kind.NAMES)
        case Kind.PATTERN:
            text = "\n".join(content or ())
            return long_input(option.target, label, initial=text, hint="One pattern a line") if fits(text) else None
        case _:
            text = ", ".join(content or ()) if option.kind is Kind.NAMES else content or ""
            return text_input(option.target, label, initial=text) if fits(text) else None


def _number(number: float | None) -> str:
    return "" if not number else str(int(number)) if number == int(number) else str(number)


def _given(fields: Fields) -> dict[str, Any]:
    """Return what fields say by the draft's names; None for what is empty."""
    given: dict[str, Any] = {}
    for name in (_NAME, PROMPT, _PROJECT):
        if name in fields:
            given[name] = fields[name].text.strip() or None
    if _TAGS in fields:
        tags = [each.removeprefix("#").lower() for each in _split(fields[_TAGS].text)]
        given[_TAGS] = tuple(dict.fromkeys(tags)) or None
    for option in _FURTHER:
        if option.target in fields:
            given[option.target] = _value(option, fields[option.target])
    return given


def _value(option: Option, field: Input) -> object:
    match option.kind:
        case Kind.SWITCH:
            return True if field.now else None
        case Kind.COUNT | Kind.NUMBER:
            return _counted(option, field.text)
        case Kind.NAMES:
            return (field.now if option.choices else tuple(_split(field.text))) or None
        case Kind.PATTERN:
            return tuple(each.strip() for each in field.text.splitlines() if each.strip()) or None
        case _:
            return field.text.strip() or None


def _counted(option: Option, text: str) -> float | None:
    try:
        return None if not text else int(text) if option.kind is Kind.COUNT else float(text)
    except ValueError as error:
        raise Unfit({option.target: "This is not a number."}) from error


def _emptied(name: str) -> object:
    """Return what takes away what an option says."""
    kind = next((option.kind for option in _FURTHER if option.target == name), Kind.TEXT)
    if name == _TAGS or kind in {Kind.NAMES, Kind.PATTERN}:
        return ()
    return {Kind.SWITCH: False, Kind.COUNT: 0, Kind.NUMBER: 0.0}.get(kind, "")


def _variables(fields: Fields, *, changed: bool) -> dict[str, str]:
    named = {name.removeprefix(_VARIABLE): field for name, field in fields.items() if name.startswith(_VARIABLE)}
    return {name: field.text for name, field in named.items() if (_changed(field) if changed else field.now)}


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _check(draft: TaskDraft, *, edits: bool = False) -> None:
    """Check what needs no look at anything else. Raises Unfit with all faults by field."""
    faults: dict[str, str] = {}

    def examine(name: str, check: Callable[[str], object], *content: str) -> None:
        try:
            for each in content:
                check(each)
        except SignoffError as error:
            faults[name] = f"{error.message} {error.hint}".strip()

    if draft.name is not None or not edits:
        examine(_NAME, checked_name, draft.name or "")
    if draft.prompt is not None or not edits:
        examine(PROMPT, prompt.check, draft.prompt or "")
        examine(PROMPT, prompt.variables, draft.prompt or "")
    for name, patterns in (("allow", draft.allow), ("ask", draft.ask), ("refuse", draft.refuse)):
        examine(name, validate_pattern, *patterns or ())
    if odd := [tag for tag in draft.tags or () if not _TAG.fullmatch(tag)]:
        faults[_TAGS] = f"`{odd[0]}` is not a tag: letters, digits, dashes and dots."
    if faults:
        raise Unfit(faults)
