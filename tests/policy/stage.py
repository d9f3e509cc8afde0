"""The run that the tests judge for, and the commands they judge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from runner.model import Access, Rule, Ruling, Scope, ToolCall, Verdict
from runner.policy import PolicyContext, judge

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORKTREE = "/srv/work/run"
HOME = "/home/agent"
SEVERITY = [Verdict.ALLOW, Verdict.ASK, Verdict.REFUSE]
DOCUMENT = Path(__file__).parents[2] / "docs" / "policy.md"
COMMANDS = Path(__file__).parent / "commands.txt"
_OFFER = re.compile(r"\| `(?P<tool>\w+): (?P<text>[^`]+)` \| (?P<patterns>(`[^`]+` ?)+|nothing) \|")
_ROW = re.compile(r"\| (`+) ?(?P<command>.*?) ?\1 \| (?P<verdict>refuse|ask|allow) \| (?P<reason>.*) \|")


def context(*rules: Rule, access: Access = Access.WRITE, cwd: str = "") -> PolicyContext:
    """A run in WORKTREE that may also read /srv/lib."""
    return PolicyContext(
        worktree=WORKTREE, home=HOME, read_paths=("/srv/lib",), now=NOW, rules=rules, access=access, cwd=cwd
    )


def rule(pattern: str, verdict: Verdict = Verdict.ALLOW, scope: Scope = Scope.RUN) -> Rule:
    """A rule in force."""
    return Rule(pattern=pattern, verdict=verdict, scope=scope)


def bash(command: str) -> ToolCall:
    """A call of the shell."""
    return ToolCall(tool="Bash", input={"command": command})


def ruled(command: str, *rules: Rule) -> Ruling:
    """What policy says to a command line."""
    return judge(bash(command), context(*rules))


def documented() -> Iterator[tuple[str, str, str]]:
    """Rows of the document: command, verdict, reason."""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        match = _ROW.fullmatch(line)
        if match:
            command, reason = (match[name].replace(r"\|", "|") for name in ("command", "reason"))
            yield command.replace("⏎", "\n"), match["verdict"], reason


def edit(path: str) -> ToolCall:
    """A call that edits a file."""
    return ToolCall(tool="Edit", input={"file_path": path, "old_string": "a", "new_string": "b"})


def offered() -> Iterator[tuple[ToolCall, tuple[str, ...]]]:
    """Rows of the document: a step, and the patterns offered for it."""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        match = _OFFER.fullmatch(line)
        if match:
            tool, text = match["tool"], match["text"]
            key = {"Bash": "command", "WebFetch": "url"}.get(tool, "file_path")
            yield ToolCall(tool=tool, input={key: text}), tuple(re.findall(r"`([^`]+)`", match["patterns"]))


def documented_labels() -> set[str]:
    """Labels that the document explains."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("| Label |")[2].partition("\n\n")[0]
    return {line.split("|")[1].strip() for line in section.splitlines()[2:]}


def listed() -> Iterator[tuple[str, str]]:
    """Commands of commands.txt with their verdict."""
    for line in COMMANDS.read_text(encoding="utf-8").splitlines()[1:]:
        verdict, command = line[:6].strip(), line[7:]
        yield command.replace("⏎", "\n"), verdict
