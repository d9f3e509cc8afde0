"""The options of the commands: `--name value` or `--name=value`, in any order, before plain text begins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from rapidfuzz import process

from bot.commands.scan import Scanner, quoted
from runner.errors import BadInput
from runner.model import Access, Dirty, Priority, State, value
from runner.tasks import FORMATS


class Kind(Enum):
    """How the value of an option is read."""

    TEXT = "text"
    NAMES = "names"  # separated by commas, and the option may be repeated
    PATTERN = "pattern"  # one rule pattern; the option may be repeated
    COUNT = "count"
    NUMBER = "number"
    SWITCH = "switch"  # no value; `--no-…` turns it off


@value
class Option:
    """One option. `field` is what it fills; `choices` are the only values, if given."""

    name: str
    kind: Kind
    about: str
    field: str = ""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """Name of the field that this option fills."""
        return self.field or self.name


_PRIORITIES = tuple(priority.value for priority in Priority)
_SHORT = {"md": "markdown", "htm": "html", State.WAITING.value: "waiting"}
_STATES = tuple("waiting" if state is State.WAITING else state.value for state in State)

PROJECT = Option(name="project", kind=Kind.TEXT, about="the project it works on")
PAGE = Option(name="page", kind=Kind.TEXT, about="continue a list", field="after")
MINE = Option(name="mine", kind=Kind.SWITCH, about="only what I began")
PRIORITY = Option(name="priority", kind=Kind.TEXT, about="high, normal or low", choices=_PRIORITIES)
MODEL = Option(name="model", kind=Kind.TEXT, about="the model of the agent")
REPORTS = Option(
    name="reports",
    kind=Kind.NAMES,
    about="formats made at the end",
    choices=(*FORMATS, "none"),
    aliases=("report",),
)

RUN_OPTIONS = (PROJECT, PRIORITY, MODEL, REPORTS)
TASK_OPTIONS = (
    PROJECT,
    Option(name="description", kind=Kind.TEXT, about="one line about the task"),
    Option(name="read", kind=Kind.NAMES, about="projects it may read besides", field="read_projects"),
    Option(name="agent", kind=Kind.TEXT, about="which agent works"),
    MODEL,
    PRIORITY,
    Option(name="goal", kind=Kind.TEXT, about="the sentence that must be true at the end"),
    Option(name="test", kind=Kind.TEXT, about="the command that proves it"),
    Option(name="tools", kind=Kind.NAMES, about="the only tools it has; none: all", aliases=("tool",)),
    Option(
        name="disallow", kind=Kind.NAMES, about="tools it does not have", field="disallowed", aliases=("disallowed",)
    ),
    Option(name="mcp", kind=Kind.NAMES, about="MCP servers of the configuration"),
    REPORTS,
    Option(name="allow", kind=Kind.PATTERN, about="steps that need no approval"),
    Option(name="ask", kind=Kind.PATTERN, about="steps that always need one"),
    Option(name="refuse", kind=Kind.PATTERN, about="steps that never run"),
    Option(name="sandbox", kind=Kind.SWITCH, about="run commands in the agent's sandbox"),
    Option(name="plan", kind=Kind.SWITCH, about="begin with a plan to approve"),
    Option(name="turns", kind=Kind.COUNT, about="limit of turns; 0: none"),
    Option(name="tokens", kind=Kind.COUNT, about="limit of tokens; 0: none"),
    Option(name="cost", kind=Kind.NUMBER, about="limit in US dollars; 0: none"),
    Option(name="minutes", kind=Kind.NUMBER, about="limit of minutes; 0: none"),
)
EDIT_OPTIONS = (Option(name="name", kind=Kind.TEXT, about="a new name"), *TASK_OPTIONS)
LIST_OPTIONS = (PROJECT, MINE, PAGE)
RUNS_OPTIONS = (
    Option(name="state", kind=Kind.NAMES, about="only runs in these states", field="states", choices=_STATES),
    Option(name="task", kind=Kind.TEXT, about="only runs of this task"),
    PROJECT,
    MINE,
    PAGE,
)
ALIKE = Option(name="alike", kind=Kind.SWITCH, about="also all open steps of this kind in its project")
INBOX_OPTIONS = (
    Option(
        name="all", kind=Kind.SWITCH, about="also what waits for others, and why it is not mine", field="everything"
    ),
)
APPROVE_OPTIONS = (  # all but the last take what follows as it stands, so they are read by `bot.commands.deciding`
    Option(name="edit", kind=Kind.TEXT, about="approve with another input"),
    Option(name="run", kind=Kind.TEXT, about="also what fits a pattern, for this run"),
    Option(name="second", kind=Kind.TEXT, about="approve the input that this person proposed"),
    ALIKE,
)
RULES_OPTIONS = (
    Option(name="task", kind=Kind.TEXT, about="standing rules of this task"),
    Option(name="project", kind=Kind.TEXT, about="standing rules of this project"),
)
GRANT_OPTIONS = (
    Option(name="days", kind=Kind.COUNT, about="how long it holds; else as configured"),
    Option(name="grant", kind=Kind.SWITCH, about="put it in force; else it is only shown"),
)
RULE_OPTIONS = (
    *RULES_OPTIONS,
    Option(name="refuse", kind=Kind.SWITCH, about="refuse such steps; else they are allowed"),
    *GRANT_OPTIONS,
)
PROJECT_OPTIONS = (
    Option(name="base", kind=Kind.TEXT, about="base branch; else the one that is checked out"),
    Option(name="access", kind=Kind.TEXT, about="write or read", choices=tuple(Access)),
    Option(name="copy", kind=Kind.TEXT, about="ignored files that a worktree needs, as globs"),
    Option(name="setup", kind=Kind.TEXT, about="command run in a fresh worktree"),
    Option(name="test", kind=Kind.TEXT, about="test command of its tasks"),
    Option(name="dirty", kind=Kind.TEXT, about="block, warn or ignore uncommitted changes", choices=tuple(Dirty)),
)


def read_option(scanner: Scanner, options: Sequence[Option], into: dict[str, Any]) -> bool:
    """Read one option into `into` by field; False if none follows. Raises BadInput for what is unknown or unfit."""
    name = scanner.option()
    if name is None:
        return False
    for option in options:
        if option.kind is Kind.SWITCH and name in {option.name, f"no-{option.name}"}:
            into[option.target] = name == option.name
            return True
        if name == option.name or name in option.aliases:
            into[option.target] = _read(option, scanner.value(), before=into.get(option.target) or ())
            return True
    raise _unknown(name, options)


def read_options(scanner: Scanner, options: Sequence[Option]) -> dict[str, Any]:
    """Read all options that follow. Raises BadInput."""
    found: dict[str, Any] = {}
    while read_option(scanner, options, found):
        pass
    return found


def write_options(options: Sequence[Option], values: Mapping[str, Any]) -> list[str]:
    """Write options so that `read_options` reads these values again; what is None is left out."""
    return [
        written
        for option in options
        if values.get(option.target) is not None
        for written in _write(option, values[option.target])
    ]


def _read(option: Option, text: str, *, before: tuple[str, ...]) -> object:
    match option.kind:
        case Kind.NAMES:
            names = [name.strip() for name in text.split(",") if name.strip()]
            chosen = tuple(_chosen(option, name) for name in names)
            return (*before, *(name for name in chosen if name != "none"))
        case Kind.PATTERN:
            return (*before, *((text,) if text and text != "none" else ()))
        case Kind.COUNT:
            return int(_number(option, text, whole=True))
        case Kind.NUMBER:
            return _number(option, text, whole=False)
        case Kind.TEXT | Kind.SWITCH:
            return _chosen(option, text)


def _write(option: Option, content: object) -> list[str]:
    match option.kind:
        case Kind.SWITCH:
            return [f"--{option.name}" if content else f"--no-{option.name}"]
        case Kind.NAMES if isinstance(content, tuple):
            return [f"--{option.name} {quoted(','.join(content) or 'none')}"]
        case Kind.PATTERN if isinstance(content, tuple):
            return [f"--{option.name} {quoted(pattern)}" for pattern in content or ("none",)]
        case _:
            return [f"--{option.name} {quoted(str(content))}"]


def _chosen(option: Option, text: str) -> str:
    if not option.choices:
        return text
    word = _SHORT.get(text.lower(), text.lower())
    if word in option.choices:
        return word
    match = process.extractOne(word, option.choices, score_cutoff=60)
    hint = f"Did you mean `{match[0]}`?" if match else f"Known: {', '.join(option.choices)}."
    raise BadInput(f"`--{option.name}` cannot be `{text[:40]}`.", hint=hint)


def _number(option: Option, text: str, *, whole: bool) -> float:
    try:
        number = int(text) if whole else float(text.lstrip("$"))
    except ValueError:
        number = math.nan
    if not 0 <= number < 1e12:
        example = "20" if whole else "2.50"
        raise BadInput(
            f"`--{option.name}` takes a number, not `{text[:40]}`.", hint=f"For example: --{option.name} {example}"
        )
    return number


def _unknown(name: str, options: Sequence[Option]) -> BadInput:
    known = [option.name for option in options]
    match = process.extractOne(name, known, score_cutoff=60)
    if match:
        meant = f"Did you mean `--{match[0]}`?"
    else:
        meant = f"Known: {', '.join(f'--{name}' for name in known)}." if known else "It takes no options."
    return BadInput(f"There is no option `--{name[:40]}` here.", hint=f"{meant} Text that begins so goes after ` -- `.")
