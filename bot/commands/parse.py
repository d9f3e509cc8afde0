"""Text to command."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.commands import model
from bot.commands.deciding import DECIDING
from bot.commands.model import Command
from bot.commands.options import (
    EDIT_OPTIONS,
    LIST_OPTIONS,
    PAGE,
    PROJECT_OPTIONS,
    RUN_OPTIONS,
    RUNS_OPTIONS,
    TASK_OPTIONS,
    Option,
    read_option,
    read_options,
)
from bot.commands.pieces import read_handle, read_handle_and_text, read_name, wrong
from bot.commands.scan import Scanner
from bot.commands.table import PROJECT_WORDS, TABLE, nearest
from runner.errors import EmptyPrompt, TooLarge, UnknownCommand
from runner.model import Priority, State
from runner.runs import RunOptions
from runner.tasks import FORMATS, TaskDraft

TEXT_LIMIT = 200_000  # characters; twice the 100 kB that people paste, and about what a model's context holds

_PREFIX = re.compile(r"[\s\u200b\u2060\ufeff]*(?:/task(?:@\w+)?(?:\s+|$)/?|/|task(?:\s+|$)/?)?", re.IGNORECASE)
_SAID_AS_COMMAND = re.compile(r"[\s\u200b\u2060\ufeff]*(?:/|task\s)", re.IGNORECASE)


def parse(text: str) -> Command:
    """Read a command line.

    Raises UnknownCommand naming the nearest word, TooLarge above TEXT_LIMIT, EmptyPrompt, and BadInput with the right
    form for anything else; never another error.
    """
    if len(text) > TEXT_LIMIT:
        raise TooLarge(
            f"This text has {len(text):,} characters; {TEXT_LIMIT:,} is the limit.",
            hint="Put the long part into a file of the project and name the file in the prompt.",
        )
    scanner = Scanner(text[_end(_PREFIX, text) :])
    said = scanner.word()
    word = said.partition("@")[0].lower()
    if not word:
        return model.Help()
    if word not in _READERS:
        raise UnknownCommand(said[:40], nearest(word))
    command = _READERS[word](scanner)
    if not scanner.done:
        raise wrong(word, f"`{scanner.peek()[:40]}` does not fit there.")
    return command


def addressed(text: str) -> bool:
    """Whether a text is meant as a command by its form (`/…` or `task …`), whatever its words are."""
    return _SAID_AS_COMMAND.match(text) is not None


def _end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def _new(scanner: Scanner) -> Command:
    name = read_name(scanner, "new", "The task needs a name.")
    draft = _draft(scanner, TASK_OPTIONS, name=name)
    if draft.prompt is None:
        raise EmptyPrompt
    return model.New(draft=draft)


def _edit(scanner: Scanner) -> Command:
    name = read_name(scanner, "edit", "Which task?")
    draft = _draft(scanner, EDIT_OPTIONS)
    if draft == TaskDraft():
        raise wrong("edit", "Nothing to change was given.")
    return model.Edit(name=name, draft=draft)


def _draft(scanner: Scanner, options: tuple[Option, ...], **given: str) -> TaskDraft:
    found: dict[str, Any] = dict(given)
    variables: dict[str, str] = {}
    tags: list[str] = []
    while not scanner.done:
        if read_option(scanner, options, found):
            continue
        if tag := scanner.tag():
            tags.append(tag.lower())
        elif pair := scanner.variable():
            variables[pair[0]] = pair[1]
        else:
            break
    prompt = scanner.rest()
    return TaskDraft(
        **found, variables=variables, tags=tuple(dict.fromkeys(tags)) if tags else None, prompt=prompt or None
    )


def _run_options(found: Mapping[str, Any]) -> RunOptions:
    priority = found.get("priority")
    return RunOptions(**{**found, "priority": Priority(priority) if priority else None})


def _run(scanner: Scanner) -> Command:
    name = read_name(scanner, "run", "Which task?")
    found: dict[str, Any] = {}
    variables: dict[str, str] = {}
    while not scanner.done:
        if read_option(scanner, RUN_OPTIONS, found):
            continue
        pair = scanner.variable()
        if pair is None:
            raise wrong("run", f"`{scanner.peek()[:40]}` is neither `name=value` nor an option.")
        variables[pair[0]] = pair[1]
    return model.Run(name=name, variables=variables, options=_run_options(found))


def _do(scanner: Scanner) -> Command:
    options = _run_options(read_options(scanner, RUN_OPTIONS))
    prompt = scanner.rest()
    if not prompt:
        raise EmptyPrompt
    return model.Do(prompt=prompt, options=options)


def _list(scanner: Scanner) -> Command:
    found: dict[str, Any] = {}
    tags: list[str] = []
    while not scanner.done:
        if read_option(scanner, LIST_OPTIONS, found):
            continue
        tag = scanner.tag()
        if tag is None:
            break
        tags.append(tag.lower())
    return model.ListTasks(tags=tuple(dict.fromkeys(tags)), **found)


def _runs(scanner: Scanner) -> Command:
    found = read_options(scanner, RUNS_OPTIONS)
    words = found.pop("states", ())
    states = tuple(State.WAITING if word == "waiting" else State(word) for word in words)
    return model.Runs(states=states, text=scanner.rest(), **found)


def _search(scanner: Scanner) -> Command:
    found = read_options(scanner, (PAGE,))
    text = scanner.rest()
    if not text:
        raise wrong("search", "Search for what?")
    return model.Search(text=text, **found)


def _say(scanner: Scanner) -> Command:
    handle, text = read_handle_and_text(scanner)
    if not text:
        raise wrong("say", "Say what?")
    return model.Say(handle=handle, text=text)


def _resume(scanner: Scanner) -> Command:
    handle, text = read_handle_and_text(scanner)
    return model.Resume(handle=handle, text=text)


def _report(scanner: Scanner) -> Command:
    format_ = _format(scanner)
    handle = "" if format_ else read_handle(scanner)
    return model.Report(handle=handle, format=format_ or _format(scanner))


def _format(scanner: Scanner) -> str:
    word = scanner.peek().lower()
    name = {"md": "markdown"}.get(word, word)
    if name in FORMATS:
        scanner.word()
        return name
    return ""


def _project(scanner: Scanner) -> Command:
    word = scanner.word().lower() or "list"
    match word:
        case "list":
            return model.ProjectList()
        case "show":
            return model.ProjectShow(name=read_name(scanner, "project", "Which project?"))
        case "remove":
            return model.ProjectRemove(name=read_name(scanner, "project", "Which project?"))
        case "add":
            name = read_name(scanner, "project", "The project needs a name.")
            path = "" if scanner.done else scanner.value()
            if not path:
                raise wrong("project", "Where is the repository?")
            return model.ProjectAdd(name=name, path=path, settings=read_options(scanner, PROJECT_OPTIONS))
        case _:
            meant = nearest(word, PROJECT_WORDS)
            raise UnknownCommand(f"project {word[:40]}", f"project {meant}" if meant else None)


def _help(scanner: Scanner) -> Command:
    word = scanner.word().lower()
    if word and word not in TABLE:
        raise UnknownCommand(word[:40], nearest(word))
    return model.Help(word=word)


def _of_handle(make: Callable[..., Command]) -> Callable[[Scanner], Command]:
    return lambda scanner: make(handle=read_handle(scanner))


def _of_name(make: Callable[..., Command], word: str) -> Callable[[Scanner], Command]:
    return lambda scanner: make(name=read_name(scanner, word, "Which task?"))


_READERS: Mapping[str, Callable[[Scanner], Command]] = {
    "new": _new,
    "edit": _edit,
    "show": _of_name(model.Show, "show"),
    "list": _list,
    "search": _search,
    "delete": _of_name(model.Delete, "delete"),
    "run": _run,
    "do": _do,
    "runs": _runs,
    "status": _of_handle(model.Status),
    "log": _of_handle(model.Log),
    "view": _of_handle(model.View),
    "say": _say,
    "stop": _of_handle(model.Stop),
    "resume": _resume,
    "cancel": _of_handle(model.Cancel),
    "retry": _of_handle(model.Retry),
    "report": _report,
    "diff": _of_handle(model.Diff),
    "merge": _of_handle(model.Merge),
    "discard": _of_handle(model.Discard),
    "project": _project,
    "help": _help,
    **DECIDING,
}
