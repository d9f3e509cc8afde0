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
from bot.commands.options import TASK_OPTIONS, Option
from bot.commands.options import Kind as Options
from bot.forms.fields import MENU, Field, Input, Inputs, Kind, Pick, chosen, initial
from bot.forms.unfit import Unfit, confirmed
from runner import prompt
from runner.errors import BadInput, SignoffError
from runner.model import Task, Verdict
from runner.policy import validate_pattern
from runner.tasks import TaskDraft, checked_name

NEW, EDIT = "new_task", "edit_task"  # kinds of forms
NAME, PROMPT, PROJECT, TAGS, VARIABLE = "name", "prompt", "project", "tags", "variable:"  # names of fields
SWITCHED = "on"
_FURTHER = tuple(option for option in TASK_OPTIONS if option.name != PROJECT)
_SPELT = {"mcp": "MCP"}  # names that are no words
_TAG = re.compile(r"\w[\w./-]*")


def task_fields(before: TaskDraft, projects: Sequence[str], *, menu: int = MENU) -> tuple[Field, ...]:
    """Ask for name, prompt, and project if there are several: what everybody thinks of.

    `before` is what is known already. More projects than fit a menu are not to choose from: a name is typed.
    """
    hint = "{{name}} is a value that is given at each run, {{name=text}} one with a default."
    asked = (
        Field(name=NAME, label="Name", initial=initial(before.name), example="fix-tests", required=True),
        Field(
            name=PROMPT,
            label="Prompt",
            kind=Kind.LONG,
            initial=initial(before.prompt),
            hint=hint,
            required=True,
            live=True,
        ),
    )
    if len(projects) <= 1:
        return asked
    if len(projects) > menu:
        return (*asked, Field(name=PROJECT, label="Project", initial=initial(before.project)))
    picks = tuple(Pick(value=name, label=name) for name in projects)
    held = chosen(picks, before.project)
    return (*asked, Field(name=PROJECT, label="Project", kind=Kind.PICK, picks=picks, initial=held))


def variable_fields(text: str, defaults: Mapping[str, str] | None = None) -> tuple[Field, ...]:
    """Ask for the default of each variable of a prompt. Raises BadTemplate, for example while braces are open."""
    return tuple(_variable(each, (defaults or {}).get(each.name, "")) for each in prompt.variables(text))


def further_fields(before: TaskDraft) -> tuple[Field, ...]:
    """Ask for what few think of: tags and all options."""
    tags = Field(name=TAGS, label="Tags", initial=initial(", ".join(before.tags or ())), hint="Separated by commas")
    return (tags, *(_field(option, before) for option in _FURTHER))


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


def new_line(memory: str, fields: Inputs) -> str:
    """Return the command that saves the task of a form. Raises Unfit."""
    given = {**_given(fields), "variables": _variables(fields, changed=False)}
    draft = replace(started(memory), **given)
    _check(draft)
    return confirmed(commands.New(draft=draft), NAME)


def edit_line(memory: str, fields: Inputs) -> str:
    """Return the command that changes a task as a form says. Raises Unfit, also where nothing was changed."""
    changed = {name: field for name, field in fields.items() if _changed(field)}
    given: dict[str, Any] = {
        name: _emptied(name) if content is None else content for name, content in _given(changed).items()
    }
    draft = TaskDraft(**given, variables=_variables(fields, changed=True))
    if draft == TaskDraft():
        raise Unfit({NAME: "Nothing was changed yet."})
    _check(draft, edits=True)
    return confirmed(commands.Edit(name=memory.removeprefix("edit "), draft=draft), NAME)


def _changed(field: Input) -> bool:
    return [each.strip() for each in field.before] != [each.strip() for each in field.now]


def _variable(variable: prompt.Variable, default: str) -> Field:
    return Field(
        name=f"{VARIABLE}{variable.name}",
        label=f"Default of {variable.name}",
        initial=initial(default),
        hint="Where it is empty, the value is asked for at each run." if variable.default is None else "",
        example=f"Now: {variable.default}" if variable.default else "",
        default=variable.default or "",
    )


def _field(option: Option, draft: TaskDraft) -> Field:
    content = getattr(draft, option.target)
    called = _SPELT.get(option.name, option.name.capitalize())
    field = Field(name=option.target, label=f"{called}: {option.about}")
    match option.kind:
        case Options.SWITCH:
            switch = Pick(value=SWITCHED, label=option.about)
            held = (SWITCHED,) if content else ()
            return replace(field, label=called, kind=Kind.SWITCH, picks=(switch,), initial=held)
        case Options.COUNT | Options.NUMBER:
            kind = Kind.COUNT if option.kind is Options.COUNT else Kind.NUMBER
            return replace(field, kind=kind, initial=initial(_number(content)))
        case _ if option.choices:
            picks = tuple(Pick(value=name, label=name) for name in option.choices if name != "none")
            known = chosen(picks, *([content] if isinstance(content, str) else content or ()))
            kind = Kind.SEVERAL if option.kind is Options.NAMES else Kind.PICK
            return replace(field, kind=kind, picks=picks, initial=known)
        case Options.PATTERN:
            patterns = initial("\n".join(content or ()))
            return replace(field, kind=Kind.LONG, initial=patterns, hint="One pattern a line")
        case _:
            text = ", ".join(content or ()) if option.kind is Options.NAMES else content or ""
            return replace(field, initial=initial(text))


def _number(number: float | None) -> str:
    return "" if not number else str(int(number)) if number == int(number) else str(number)


def _given(fields: Inputs) -> dict[str, Any]:
    """Return what fields say by the draft's names; None for what is empty."""
    given: dict[str, Any] = {}
    for name in (NAME, PROMPT, PROJECT):
        if name in fields:
            given[name] = fields[name].text.strip() or None
    if TAGS in fields:
        tags = [each.removeprefix("#").lower() for each in _split(fields[TAGS].text)]
        given[TAGS] = tuple(dict.fromkeys(tags)) or None
    for option in _FURTHER:
        if option.target in fields:
            given[option.target] = _value(option, fields[option.target])
    return given


def _value(option: Option, field: Input) -> object:
    match option.kind:
        case Options.SWITCH:
            return True if field.now else None
        case Options.COUNT | Options.NUMBER:
            return _counted(option, field.text)
        case Options.NAMES:
            return (field.now if option.choices else tuple(_split(field.text))) or None
        case Options.PATTERN:
            return tuple(each.strip() for each in field.text.splitlines() if each.strip()) or None
        case _:
            return field.text.strip() or None


def _counted(option: Option, text: str) -> float | None:
    try:
        return None if not text else int(text) if option.kind is Options.COUNT else float(text)
    except ValueError as error:
        raise Unfit({option.target: "This is not a number."}) from error


def _emptied(name: str) -> object:
    """Return what takes away what an option says."""
    kind = next((option.kind for option in _FURTHER if option.target == name), Options.TEXT)
    if name == TAGS or kind in {Options.NAMES, Options.PATTERN}:
        return ()
    return {Options.SWITCH: False, Options.COUNT: 0, Options.NUMBER: 0.0}.get(kind, "")


def _variables(fields: Inputs, *, changed: bool) -> dict[str, str]:
    named = {name.removeprefix(VARIABLE): field for name, field in fields.items() if name.startswith(VARIABLE)}
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
        examine(NAME, checked_name, draft.name or "")
    if draft.prompt is not None or not edits:
        examine(PROMPT, prompt.check, draft.prompt or "")
        examine(PROMPT, prompt.variables, draft.prompt or "")
    for name, patterns in (("allow", draft.allow), ("ask", draft.ask), ("refuse", draft.refuse)):
        examine(name, validate_pattern, *patterns or ())
    if odd := [tag for tag in draft.tags or () if not _TAG.fullmatch(tag)]:
        faults[TAGS] = f"`{odd[0]}` is not a tag: letters, digits, dashes and dots."
    if faults:
        raise Unfit(faults)
