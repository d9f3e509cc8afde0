"""What may follow what has been typed so far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.commands.options import Kind, Option
from bot.commands.table import HERE, PRODUCTS, PROJECT_WORDS, TABLE, Entry, Target
from runner.model import Role, value
from runner.tasks import FORMATS

_HEAD = re.compile(r"\s*/?(?:task\s+)?/?", re.IGNORECASE)
_SPLIT = re.compile(r"\S+|(?<=\s)$|^$")
_TYPED_LIMIT = 2_000  # characters; nobody waits for the completion of a name at the end of a pasted page


@value
class Names:
    """The names there are now. Handles and approvals are what `runner.model.handle` shows."""

    tasks: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@value
class Completion:
    """One way to go on: `text` replaces the last `replaces` characters; `about` says what it is."""

    text: str
    replaces: int
    about: str = ""


def complete(text: str, names: Names) -> list[Completion]:
    """List what may stand at the end of `text`, best first."""
    if len(text) > _TYPED_LIMIT:
        return []
    head = _HEAD.match(text)
    words = _SPLIT.findall(text[head.end() if head else 0 :])
    typed = words[-1] if words else ""
    if len(words) <= 1:
        return _fitting(typed, ((entry.word, entry.about) for entry in TABLE.values()))
    entry = TABLE.get(words[0].lower())
    return _fitting(typed, _choices(entry, words[1:], names)) if entry else []


def _choices(entry: Entry, words: Sequence[str], names: Names) -> Iterable[tuple[str, str]]:
    typed = words[-1]
    before = words[-2] if len(words) > 1 else ""
    option = _option(entry, before)
    if option is not None:
        return _values(option, names)
    if typed.startswith("--"):
        return [(f"--{option.name}", option.about) for option in entry.options]
    if typed.startswith("#"):
        return [(f"#{tag}", "tag") for tag in names.tags] if entry.tags else []
    if entry.word == "project":
        return _project(words, names)
    if entry.word == "report" and before:
        return [(name, "format") for name in FORMATS]
    if entry.word == "role" and len(words) == 2:
        return [(role.value, "role") for role in Role]
    several = entry.word == "approve" and not any(word.startswith("--") for word in words)
    return _first(entry, names) if len(words) == 1 or several else []


def _first(entry: Entry, names: Names) -> Iterable[tuple[str, str]]:
    """List what the first word after the command may be."""
    match entry.target:
        case Target.TASK:
            return [(name, "task") for name in names.tasks]
        case Target.RUN:
            return [(name, "run") for name in names.handles]
        case Target.APPROVAL:
            return [(name, "question") for name in names.approvals]
        case Target.PERSON:
            return [(name, "person") for name in names.people]
        case Target.PRODUCT:
            return [(word, "") for word in ((*PRODUCTS, HERE) if entry.word == "prefer" else PRODUCTS)]
        case Target.PROJECT | Target.WORD | Target.NOTHING:
            return [(other.word, other.about) for other in TABLE.values()] if entry.word == "help" else []


def _project(words: Sequence[str], names: Names) -> Iterable[tuple[str, str]]:
    if len(words) == 1:
        return [(word, "") for word in PROJECT_WORDS]
    known = words[0] in {"show", "remove"} and len(words) == 2
    return [(name, "project") for name in names.projects] if known else []


def _option(entry: Entry, word: str) -> Option | None:
    """Find the option whose value comes next."""
    return next(
        (
            option
            for option in entry.options
            if option.kind is not Kind.SWITCH
            and word.lower() in {f"--{option.name}", *(f"--{a}" for a in option.aliases)}
        ),
        None,
    )


def _values(option: Option, names: Names) -> Iterable[tuple[str, str]]:
    if option.name in {"project", "read"}:
        return [(name, "project") for name in names.projects]
    if option.name == "second":
        return [(name, "person") for name in names.people]
    if option.name == "task":
        return [(name, "task") for name in names.tasks]
    return [(choice, "") for choice in option.choices]


def _fitting(typed: str, choices: Iterable[tuple[str, str]]) -> list[Completion]:
    """Keep what begins with the typed text, then what contains it."""
    small = typed.lower()
    fitting = [(text, about) for text, about in choices if small in text.lower() and text.lower() != small]
    fitting.sort(key=lambda pair: not pair[0].lower().startswith(small))
    return [Completion(text=text, replaces=len(typed), about=about) for text, about in fitting]
