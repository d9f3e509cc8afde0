"""Which patterns to offer as "approve for this run", and which steps count as alike."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from runner.errors import BadInput
from runner.model import Json, Rule, Scope, ToolCall, Verdict, digest
from runner.policy.context import PolicyContext, names
from runner.policy.describe import visible
from runner.policy.patterns import COMMAND_TOOLS, EDIT_TOOLS, READ_TOOLS, path_of, validate_pattern
from runner.policy.places import normal, under
from runner.policy.verdict import judge, labels, read_call, starts_at
from runner.shell import Command, interpreter, program_source

_ANY_ARGUMENTS = names(
    "pytest py.test ruff mypy pyright flake8 pylint black isort tox nox eslint prettier tsc jest vitest mocha "
    "rspec rubocop phpunit shellcheck yamllint ctest golangci-lint mkdir touch"
)
_ANY_AFTER: dict[str, frozenset[str]] = {
    "cargo": frozenset({"test", "build", "check", "clippy", "fmt", "bench", "doc"}),
    "go": frozenset({"test", "build", "vet", "fmt"}),
    "git": frozenset({"add", "commit"}),
    "dotnet": frozenset({"test", "build"}),
    "mvn": frozenset({"test", "compile"}),
    "gradle": frozenset({"test", "build"}),
}
_NEVER = frozenset({"secrets", "outside worktree", "irreversible", "unreadable"})  # a person has to see each such step
_ONLY_EXACT = frozenset({"network", "deletes", "installs packages"})  # a pattern with a `*` would cover too much
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_NAME = re.compile(r"[\w.-]+")
_MAX_PATTERN = 160  # characters; a longer one cannot be judged on a phone
_MAX_READ = 8_000  # characters of a command line; reading longer ones again and again would take seconds
_MAX_SIGNATURE = 200  # characters
_MAX_TOOL = 100  # characters of a tool's name in a signature


def offers(call: ToolCall, context: PolicyContext) -> tuple[str, ...]:
    """Patterns that would let this step pass for the rest of the run, from narrow to wide: at most two.

    First the step itself: one command spelled out, one file, one host, one tool. Then, where no label speaks against
    it, what a person may want not to be asked again: any arguments of a tool that only tests, checks or stages, or
    the folder of a file. Each pattern is short and printable, and as a rule of this run, beside those in force, it
    really allows the step. Nothing is offered for secrets, outside the worktree, or what cannot be undone or read.
    """
    if len(str(call.input.get("command", ""))) > _MAX_READ:
        return ()
    known = labels(call, context)
    if not _NEVER.isdisjoint(known):
        return ()
    candidates = dict.fromkeys(_candidates(call, context, wide=_ONLY_EXACT.isdisjoint(known)))
    return tuple(pattern for pattern in candidates if _allows(pattern, call, context))


def signature(call: ToolCall, context: PolicyContext) -> str:
    """Name what a step is an instance of, so that earlier decisions on its like can be counted. At most 200 characters.

    Depends on neither rules nor the place of the worktree, and so stays the same from run to run. It is, whichever
    comes first: the widest pattern that could be offered (`Bash(pytest *)`, `Edit(src/**)`); `Bash: PROGRAM ARGUMENT`
    for one plain command, with its first argument that is no option; `TOOL: PATH` for a file; the tool and the
    digest of its input, of which only the command counts for a shell. Only the first form is a pattern.
    """
    found = offers(call, replace(context, rules=()))
    name = found[-1] if found else _kind(call, context)
    if name and name.isprintable() and len(name) <= _MAX_SIGNATURE:
        return name
    text = call.input.get("command")
    given: Json = {"command": text} if call.tool in COMMAND_TOOLS and isinstance(text, str) else call.input
    return f"{visible(call.tool)[:_MAX_TOOL]}#{digest(call.tool, given)}"


def _allows(pattern: str, call: ToolCall, context: PolicyContext) -> bool:
    if len(pattern) > _MAX_PATTERN or not pattern.isprintable():
        return False
    try:
        validate_pattern(pattern)
    except BadInput:
        return False
    rule = Rule(pattern=pattern, verdict=Verdict.ALLOW, scope=Scope.RUN)
    ruling = judge(call, replace(context, rules=(rule, *context.rules)))
    return ruling.verdict is Verdict.ALLOW and ruling.rule == pattern


def _candidates(call: ToolCall, context: PolicyContext, *, wide: bool) -> Iterable[str]:
    """Patterns for a step, narrow before wide, not yet proven to allow it; of commands the wide one only if wanted."""
    path = path_of(call.input, call.tool)
    if call.tool in COMMAND_TOOLS:
        yield from _for_line(call, context, wide=wide)
    elif call.tool in EDIT_TOOLS:
        yield from _for_path("Edit", path, context)
    elif call.tool in READ_TOOLS:
        yield from _for_path("Read", path, context)
    elif call.tool == "WebFetch":
        yield from _for_host(str(call.input.get("url", "")))
    elif call.tool.startswith("mcp__") and _NAME.fullmatch(call.tool):
        yield call.tool


def _for_line(call: ToolCall, context: PolicyContext, *, wide: bool) -> Iterable[str]:
    commands = _only_command(call, context)
    if not commands or any(_brings_code(command) for command in commands):
        return
    words = [word.text for word in commands[0].words]
    yield f"Bash({shlex.join(words)})"
    head = _head(commands[-1]) if wide else []
    if head:
        started = words[: len(words) - len(commands[-1].words)]
        yield f"Bash({shlex.join([*started, *head])} *)"


def _only_command(call: ToolCall, context: PolicyContext) -> tuple[Command, ...]:
    """The one command of a line whose words say all of it, then what it starts, as `uv run pytest` does; else nothing.

    Wrappers that do nothing else do not count.
    """
    script = read_call(call, context)
    spoken = tuple(command for command in script.commands if not command.carries)
    if script.problem or not spoken or not all(map(starts_at, spoken, spoken[1:])):
        return ()
    return spoken if all(map(_is_plain, spoken)) else ()


def _is_plain(command: Command) -> bool:
    plain = bool(command.words) and all(word.known and not word.glob for word in command.words)
    return plain and not (command.redirects or command.assignments or command.guessed)


def _brings_code(command: Command) -> bool:
    return bool(interpreter(command.program)) and program_source(command)[0] in {"text", "stdin"}


def _head(command: Command) -> list[str]:
    """The words of a tool that only tests, checks or stages, whose further arguments may stay open."""
    texts = [word.text for word in command.words]
    if command.program in _ANY_ARGUMENTS and "/" not in texts[0]:
        return texts[:1]
    if len(texts) > 1 and texts[1] in _ANY_AFTER.get(texts[0], ()):
        return texts[:2]
    if interpreter(command.program) and texts[1:3] in (["-m", "pytest"], ["-m", "unittest"], ["-m", "mypy"]):
        return texts[:3]
    return []


def _for_path(tool: str, path: str, context: PolicyContext) -> Iterable[str]:
    """A file, then its folder; not the folder of a file at the top of the worktree or below a hidden folder."""
    shown = _shown(path, context)
    if not path or re.search(r"[*?]", shown):
        return
    yield f"{tool}({shown})"
    folder = posixpath.dirname(shown)
    if folder and not folder.startswith((".", "/")):
        yield f"{tool}({folder}/**)"


def _shown(path: str, context: PolicyContext) -> str:
    """A path relative to the worktree, `.` for itself; a whole one if it lies elsewhere."""
    root = normal(context.worktree)
    whole = normal(path if path.startswith("/") else f"{root}/{path}")
    return posixpath.relpath(whole, root) if whole == root or under(whole, root) else whole


def _for_host(url: str) -> Iterable[str]:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return
    if _HOST.fullmatch(host):
        yield f"WebFetch({host})"


def _kind(call: ToolCall, context: PolicyContext) -> str:
    """What can be said of a step for which no pattern can be offered; empty if it is like no other."""
    if call.tool in COMMAND_TOOLS:
        short = len(str(call.input.get("command", ""))) <= _MAX_READ
        commands = _only_command(call, context) if short else ()
        if len(commands) != 1:
            return ""
        plain = [word.text for word in commands[0].arguments if not word.text.startswith("-")]
        return f"{call.tool}: {' '.join([commands[0].program, *plain[:1]])}"
    path = path_of(call.input, call.tool) if call.tool in EDIT_TOOLS | READ_TOOLS else ""
    return f"{call.tool}: {_shown(path, context)}" if path else ""
