"""Command to text: what `parse` reads as the same command again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, assert_never

from bot.commands import model
from bot.commands.deciding import span_text
from bot.commands.model import Command
from bot.commands.options import (
    EDIT_OPTIONS,
    GRANT_OPTIONS,
    INBOX_OPTIONS,
    LIST_OPTIONS,
    PAGE,
    PROJECT_OPTIONS,
    RULE_OPTIONS,
    RULES_OPTIONS,
    RUN_OPTIONS,
    RUNS_OPTIONS,
    TASK_OPTIONS,
    Option,
    write_options,
)
from bot.commands.pieces import looks_like_handle
from bot.commands.scan import Scanner, quoted
from bot.commands.table import HERE
from runner.errors import BadInput
from runner.model import State
from runner.tasks import TaskDraft

_OFF = {"mine", "everything", "refuse", "grant", "days"}  # where nothing was said, these are off

_WORDS: Mapping[type[Any], str] = {
    model.Status: "status",
    model.Log: "log",
    model.View: "view",
    model.Stop: "stop",
    model.Cancel: "cancel",
    model.Retry: "retry",
    model.Report: "report",
    model.Diff: "diff",
    model.Merge: "merge",
    model.Discard: "discard",
    model.Revoke: "revoke",
    model.People: "people",
    model.DelegateOff: "delegate off",
    model.Link: "link",
    model.Redeem: "link",
    model.Unlink: "unlink",
    model.Release: "release",
    model.Show: "show",
    model.Delete: "delete",
    model.Help: "help",
    model.ProjectList: "project list",
    model.ProjectShow: "project show",
    model.ProjectRemove: "project remove",
}


def render(command: Command) -> str:
    """Write a command as text. Reading it gives an equal command (texts without white space at their ends)."""
    return " ".join(part for part in _parts(command) if part)


def _parts(command: Command) -> Sequence[str]:
    match command:
        case model.New():
            return ("new", command.draft.name or "", *_draft(command.draft, TASK_OPTIONS))
        case model.Edit():
            return ("edit", command.name, *_draft(command.draft, EDIT_OPTIONS))
        case model.Run():
            return ("run", command.name, *_variables(command.variables), *_options(RUN_OPTIONS, command.options))
        case model.Do():
            return ("do", *_options(RUN_OPTIONS, command.options), _text(command.prompt))
        case model.ListTasks():
            return ("list", *(f"#{tag}" for tag in command.tags), *_options(LIST_OPTIONS, command))
        case model.Search():
            return ("search", *_options((PAGE,), command), _text(command.text))
        case _:
            return _more_parts(command)


def _more_parts(command: Command) -> Sequence[str]:
    match command:
        case model.Runs():
            return _runs(command)
        case model.ProjectAdd():
            settings = write_options(PROJECT_OPTIONS, command.settings)
            return ("project add", command.name, quoted(command.path), *settings)
        case model.Say() | model.Resume() | model.Deny() | model.Answer():
            return _speech(command)
        case _:
            return _deciding_parts(command)


def _deciding_parts(command: Command) -> Sequence[str]:
    match command:
        case model.Approve():
            return _approve(command)
        case model.Inbox():
            return ("inbox", *_options(INBOX_OPTIONS, command))
        case model.Rules():
            return ("rules", command.handle, *_options(RULES_OPTIONS, command))
        case model.RuleNew():
            return _rule(command)
        case model.RuleFrom():
            return ("rule", command.handle, *_options(GRANT_OPTIONS, command))
        case model.GiveRole():
            return ("role", quoted(command.name), command.role.value)
        case model.Delegate():
            return ("delegate", quoted(command.name), span_text(command.span))
        case model.Prefer():
            return ("prefer", command.messenger or HERE)
        case model.Freeze():
            return ("freeze", f"-- {command.why}" if _ends_options(command.why) else command.why)
        case _:  # a word and perhaps names, in the order of the fields
            return (_WORDS[type(command)], *(str(getattr(command, field.name)) for field in fields(command)))


def _speech(command: model.Say | model.Resume | model.Deny | model.Answer) -> Sequence[str]:
    match command:
        case model.Say(text=text):
            word = "say"
        case model.Resume(text=text):
            word = "resume"
        case model.Deny(reason=text):
            word = "deny"
        case model.Answer(text=text):
            word = "answer"
        case _:
            assert_never(command)
    alike = isinstance(command, model.Deny) and command.alike
    ambiguous = not command.handle and not alike and looks_like_handle(Scanner(text).peek())
    ambiguous = ambiguous or (word == "deny" and not alike and Scanner(text).switch("alike"))
    said = f"-- {text}" if ambiguous or _ends_options(text) else text
    return (word, command.handle, "--alike" if alike else "", said)


def _approve(command: model.Approve) -> Sequence[str]:
    head = ("approve", command.handle, *command.more)
    if command.alike:
        return (*head, "--alike")
    if command.second is not None:
        return (*head, "--second", quoted(command.second))
    if command.edit is not None:
        return (*head, "--edit", f"-- {command.edit}" if _ends_options(command.edit) else command.edit)
    if command.rule is not None:
        return (*head, "--run", f"-- {command.rule}" if _ends_options(command.rule) else command.rule)
    return head


def _rule(command: model.RuleNew) -> Sequence[str]:
    """Write a pattern first and as people do, `Bash(pytest *)`, where its end is sure to be found again."""
    options = _options(RULE_OPTIONS, command)
    bare = Scanner(command.pattern).bracketed() == command.pattern
    pattern = command.pattern if bare else quoted(command.pattern)
    last = any(")" in option for option in options)
    return ("rule", *options, pattern) if last else ("rule", pattern, *options)


def _runs(command: model.Runs) -> Sequence[str]:
    names = tuple("waiting" if state is State.WAITING else state.value for state in command.states)
    values = {**_as_values(RUNS_OPTIONS, command), "states": names or None}
    return ("runs", *write_options(RUNS_OPTIONS, values), _text(command.text))


def _draft(draft: TaskDraft, options: Sequence[Option]) -> Sequence[str]:
    tags = [f"#{tag}" for tag in draft.tags or ()]
    return (*tags, *_options(options, draft), *_variables(draft.variables), _text(draft.prompt or ""))


def _variables(variables: Mapping[str, str]) -> Sequence[str]:
    return [f"{name}={quoted(text) if text else ''}" for name, text in variables.items()]


def _options(options: Sequence[Option], holder: object) -> Sequence[str]:
    return write_options(options, _as_values(options, holder))


def _as_values(options: Sequence[Option], holder: object) -> Mapping[str, Any]:
    """Take the options' fields from a value; what is off counts as not given where off is the default."""
    values = {option.target: getattr(holder, option.target) for option in options}
    return {name: content for name, content in values.items() if not (name in _OFF and content == 0)}


def _text(text: str) -> str:
    """Write plain text so that its beginning is not taken for options."""
    scanner = Scanner(text)
    try:
        special = _ends_options(text) or scanner.option() or scanner.tag() or scanner.variable()
    except BadInput:
        special = True
    return f"-- {text}" if special else text


def _ends_options(text: str) -> bool:
    return Scanner(text).ended()
