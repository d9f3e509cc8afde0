"""Which narrow rule to offer as "approve for this run"."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import replace
from urllib.parse import urlsplit

from runner.errors import BadInput
from runner.model import Rule, Scope, ToolCall, Verdict
from runner.policy.context import PolicyContext, names
from runner.policy.patterns import COMMAND_TOOLS, EDIT_TOOLS, READ_TOOLS, path_of, validate_pattern
from runner.policy.places import normal, under
from runner.policy.verdict import judge, line_findings, read_call
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
_UNSAFE_LABELS = frozenset(
    {"network", "outside worktree", "deletes", "secrets", "irreversible", "installs packages", "unreadable"}
)
_MAX_PATTERN = 160  # characters; a longer one cannot be judged on a phone


def suggest_rule(call: ToolCall, context: PolicyContext) -> str:
    """Offer a narrow pattern that would let this step pass, or nothing where no safe one exists.

    A pattern is only offered if, as a rule of this run, it really allows the step.
    """
    pattern = _candidate(call, context)
    if not pattern or len(pattern) > _MAX_PATTERN:
        return ""
    try:
        validate_pattern(pattern)
    except BadInput:
        return ""
    rule = Rule(pattern=pattern, verdict=Verdict.ALLOW, scope=Scope.RUN)
    ruling = judge(call, replace(context, rules=(rule,)))
    return pattern if ruling.verdict is Verdict.ALLOW and ruling.rule == pattern else ""


def _candidate(call: ToolCall, context: PolicyContext) -> str:
    if call.tool in COMMAND_TOOLS:
        return _for_line(call, context)
    if call.tool in EDIT_TOOLS:
        return _for_path("Edit", path_of(call.input, call.tool), context)
    if call.tool in READ_TOOLS:
        return _for_path("Read", path_of(call.input, call.tool), context)
    if call.tool == "WebFetch":
        return _for_host(str(call.input.get("url", "")))
    return call.tool if call.tool.startswith("mcp__") else ""


def _for_line(call: ToolCall, context: PolicyContext) -> str:
    script = read_call(call, context)
    judged = line_findings(script, context)
    spoken = [command for command, _ in judged if not command.carries]
    labels = {label for _, found in judged for finding in found for label in finding.labels}
    if script.problem or len(spoken) != 1 or labels & _UNSAFE_LABELS:
        return ""
    command = spoken[0]
    plain = all(word.known and not word.glob for word in command.words)
    if not plain or not command.words or command.redirects or command.assignments or command.guessed:
        return ""
    if interpreter(command.program) and program_source(command)[0] in {"text", "stdin"}:
        return ""
    return f"Bash({_generalised(command)})"


def _generalised(command: Command) -> str:
    """Spell the command out; for tools that only test, check or stage, leave their arguments open."""
    texts = [word.text for word in command.words]
    head = texts[0] if command.program in _ANY_ARGUMENTS and "/" not in texts[0] else ""
    if not head and len(texts) > 1 and texts[1] in _ANY_AFTER.get(texts[0], ()):
        head = " ".join(texts[:2])
    if (
        not head
        and interpreter(command.program)
        and texts[1:3] in (["-m", "pytest"], ["-m", "unittest"], ["-m", "mypy"])
    ):
        head = " ".join(texts[:3])
    return f"{head} *" if head else " ".join(shlex.quote(text) for text in texts)


def _for_path(tool: str, path: str, context: PolicyContext) -> str:
    """Offer the folder of a file; a file at the top of the worktree only for itself."""
    root = normal(context.worktree)
    whole = normal(path if path.startswith("/") else f"{root}/{path}")
    if not path or any(char in whole for char in "*?[]()"):
        return ""
    if not under(whole, root):
        return f"{tool}({whole})" if tool == "Read" else ""
    relative = whole[len(root) + 1 :]
    folder = posixpath.dirname(relative)
    return f"{tool}({folder}/**)" if folder and not folder.startswith(".") else f"{tool}({relative})"


def _for_host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return f"WebFetch({host})" if host else ""
