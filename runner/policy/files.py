"""What a command does to files: writes, deletions and the reading of secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runner.model import Access
from runner.policy.context import Finding, PolicyContext, note, refuse, warn
from runner.policy.effects import deleted, option_values, recursive, written
from runner.policy.guarded import guarded, landings, show
from runner.policy.places import Place, absolute, directory_of, normal, path_parts, place, secret
from runner.shell import Command, Word

_SPEAKERS = frozenset({"echo", "printf", "test", "[", "true", "false", ":", "cd", "pushd", "alias"})
_NETWORK_DEVICE = re.compile(r"/dev/(tcp|udp)/")


def file_findings(command: Command, context: PolicyContext) -> Iterable[Finding]:
    """Judge every path a command writes, deletes or reads."""
    here = directory_of(command, context)
    for redirect in command.redirects:
        if _NETWORK_DEVICE.match(redirect.target.text):
            yield refuse("opens a network connection from the shell", "network")
        elif redirect.writes and not redirect.target.text.startswith(">("):
            yield from writing(redirect.target, here, context)
        elif not redirect.text:
            yield from reading(redirect.target, here, context)
    for word in (*written(command), *landings(command, here, context)):
        yield from writing(word, here, context)
    for word in deleted(command):
        yield from _deleting(command, word, here, context)
    if command.program not in _SPEAKERS:
        folders = [here, *(absolute(word, here, context) for word in option_values(command.arguments, "-C"))]
        for part in (part for word in command.words for part in path_parts(word)):
            for folder in folders:
                yield from reading(part, folder, context)


def writing(word: Word, here: str | None, context: PolicyContext) -> Iterable[Finding]:
    """Judge one path that is created or changed."""
    where = place(word, here, context)
    shown = show(word)
    match where:
        case Place.DEVICE:
            return
        case Place.UNKNOWN:
            yield warn(f"writes to {shown}, which is not known until it runs", "unreadable")
        case Place.OUTSIDE | Place.READ:
            yield refuse(f"writes outside the worktree: {shown}", "outside worktree")
        case Place.GIT:
            yield refuse(f"changes git's own files: {shown}", "git history")
        case Place.SETTINGS:
            yield refuse(f"changes what the agent may do or starts by itself: {shown}")
        case Place.SCRATCH:
            yield warn(f"writes to {shown}, outside the worktree", "outside worktree")
        case Place.ROOT | Place.INSIDE:
            yield from _writing_inside(word, here, context)


def reading(word: Word, here: str | None, context: PolicyContext) -> Iterable[Finding]:
    """Judge one path that may be read: only secrets speak against it."""
    match secret(word, here, context):
        case Place.OUTSIDE:
            yield refuse(f"reads secrets: {show(word)}", "secrets", "outside worktree")
        case Place.INSIDE:
            yield warn(f"may show secrets: {show(word)}", "secrets")
        case _:
            return


def _deleting(command: Command, word: Word, here: str | None, context: PolicyContext) -> Iterable[Finding]:
    whole = recursive(command)
    shown = show(word)
    match place(word, here, context):
        case Place.UNKNOWN if word.text.endswith("/$found"):
            yield note("deletes")
        case Place.UNKNOWN:
            yield warn(f"deletes {shown}, which is not known until it runs", "deletes", "unreadable")
        case Place.OUTSIDE | Place.READ | Place.DEVICE:
            yield refuse(_outside_reason(word, here, context), "deletes", "outside worktree", "irreversible")
        case Place.GIT:
            yield refuse(f"deletes git's own files: {shown}", "deletes", "git history", "irreversible")
        case Place.SETTINGS:
            yield refuse(f"deletes settings of the agent: {shown}", "deletes")
        case Place.ROOT if whole:
            yield refuse("deletes the whole worktree", "deletes", "irreversible")
        case Place.ROOT:
            yield warn("deletes every file at the top of the worktree", "deletes")
        case Place.SCRATCH:
            yield warn(f"deletes {shown}, outside the worktree", "deletes", "outside worktree")
        case Place.INSIDE:
            yield from _deleting_inside(word, here, context)


def _deleting_inside(word: Word, here: str | None, context: PolicyContext) -> Iterable[Finding]:
    yield note("deletes")
    yield from guarded(word, here, context)
    if context.access is Access.READ:
        yield refuse(f"deletes {show(word)}, but this run may only read", "deletes")


def _writing_inside(word: Word, here: str | None, context: PolicyContext) -> Iterable[Finding]:
    if context.access is Access.READ:
        yield refuse(f"changes {show(word)}, but this run may only read")
    if word.glob and place(word, here, context) is Place.ROOT:
        yield warn("changes every file at the top of the worktree")
    yield from guarded(word, here, context)
    if secret(word, here, context):
        yield warn(f"changes a file for secrets: {show(word)}", "secrets")


def _outside_reason(word: Word, here: str | None, context: PolicyContext) -> str:
    path = "" if word.opaque else absolute(word, here, context) or word.text
    if path.rstrip("*") == "/":
        return "deletes everything on this machine"
    if path.rstrip("/*") == normal(context.home):
        return "deletes the whole home directory"
    return f"deletes outside the worktree: {show(word)}"
