"""Patterns of rules: check their form, and match them against calls and commands."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from urllib.parse import urlsplit

from runner.errors import BadInput
from runner.model import Json, ToolCall, value
from runner.policy.context import PolicyContext
from runner.policy.places import normal, under
from runner.shell import Command, Word, parse

EDIT_TOOLS = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
READ_TOOLS = frozenset({"Read", "Glob", "Grep", "LS", "NotebookRead"})
COMMAND_TOOLS = frozenset({"Bash"})
HOST_TOOLS = frozenset({"WebFetch"})
_WILD = re.compile(r"[*?]")
_TOOL = re.compile(r"\*|[A-Za-z_][\w.-]*\*?")
_FORM = re.compile(r"(?P<tool>[^()\s]*)(?:\((?P<argument>.*)\))?", re.DOTALL)
_EXAMPLE = "Examples: Bash(pytest *), Edit(src/**), Read, WebFetch(docs.python.org), mcp__github__*."
_MAX_LENGTH = 500


@value
class Pattern:
    """A rule's pattern taken apart; `argument` is None for all calls of the tool."""

    tool: str
    argument: str | None = None


def validate_pattern(text: str) -> None:
    """Check the form of a rule's pattern; raises BadInput with what to write instead."""
    pattern = read_pattern(text)
    if pattern.argument is None:
        return
    if pattern.tool in COMMAND_TOOLS:
        _validate_command(pattern.argument)
    elif pattern.tool not in EDIT_TOOLS | READ_TOOLS | HOST_TOOLS:
        raise BadInput(f"{pattern.tool} takes no argument in a rule.", hint=f"Write {pattern.tool} alone. {_EXAMPLE}")


def read_pattern(text: str) -> Pattern:
    """Take a pattern apart; raises BadInput if it is none."""
    match = _FORM.fullmatch(text.strip())
    if match is None or not _TOOL.fullmatch(match["tool"] or "") or len(text) > _MAX_LENGTH:
        raise BadInput(f"`{text[:80]}` is not a pattern for a rule.", hint=_EXAMPLE)
    argument = match["argument"]
    if argument is not None and not argument.strip():
        raise BadInput(
            f"`{text[:80]}` has nothing between its brackets.",
            hint=f"Write {match['tool']} alone to match all its calls.",
        )
    return Pattern(tool=match["tool"], argument=None if argument is None else argument.strip())


def matches_tool(pattern: Pattern, tool: str) -> bool:
    """Whether a pattern speaks of this tool; edit tools count as one, and so do read tools."""
    for family in (EDIT_TOOLS, READ_TOOLS):
        if pattern.tool in family and tool in family:
            return pattern.argument is not None or pattern.tool == tool or pattern.tool in {"Edit", "Read"}
    return fnmatch.fnmatchcase(tool, pattern.tool)


def matches_call(pattern: Pattern, call: ToolCall, context: PolicyContext) -> bool:
    """Whether a pattern matches a call that is not a shell command."""
    if not matches_tool(pattern, call.tool):
        return False
    if pattern.argument is None:
        return True
    if call.tool in EDIT_TOOLS | READ_TOOLS:
        return _matches_path(pattern.argument, path_of(call.input, call.tool), context)
    if call.tool in HOST_TOOLS:
        return _matches_host(pattern.argument, str(call.input.get("url", "")))
    return False


def matches_command(pattern: Pattern, command: Command) -> bool:
    """Whether a pattern matches one parsed command, word by word; a last `*` stands for any further words."""
    if pattern.argument is None:
        return True
    wanted = _before_rest(pattern.argument)
    words = command.words
    if len(wanted) < len(pattern_words(pattern.argument)):
        words = words[: len(wanted)]
    return len(words) == len(wanted) and all(
        _matches_word(want, word) for want, word in zip(wanted, words, strict=True)
    )


def names_word(pattern: Pattern, index: int) -> bool:
    """Whether a command pattern says itself what the word at `index` is, with no sign for any text."""
    wanted = _before_rest(pattern.argument or "")
    return index < len(wanted) and not wanted[index].glob


def is_exact(pattern: Pattern) -> bool:
    """Whether a pattern spells out one whole command, path or host."""
    if pattern.argument is None:
        return False
    if pattern.tool in COMMAND_TOOLS:
        return not any(word.glob for word in pattern_words(pattern.argument))
    return not _WILD.search(pattern.argument)


@functools.lru_cache(maxsize=512)
def pattern_words(argument: str) -> tuple[Word, ...]:
    """Read the argument of a `Bash(...)` pattern as words."""
    commands = parse(argument).commands
    return commands[0].words if commands else ()


def path_of(tool_input: Json, tool: str) -> str:
    """The path a file tool works on; Glob and Grep work in the current folder if they name none."""
    for key in ("file_path", "notebook_path", "path"):
        text = tool_input.get(key)
        if isinstance(text, str) and text:
            return text
    return "" if tool in EDIT_TOOLS | {"Read", "NotebookRead"} else "."


def _before_rest(argument: str) -> tuple[Word, ...]:
    """The words of a command pattern without a last `*`."""
    words = pattern_words(argument)
    return words[:-1] if words and words[-1].text == "*" and words[-1].glob else words


def _validate_command(argument: str) -> None:
    script = parse(argument)
    plain = len(script.commands) == 1 and not script.problem
    first = script.commands[0] if script.commands else Command()
    if not plain and not first.words:
        raise BadInput(f"`{argument[:80]}` is not one command.", hint=_EXAMPLE)
    outer = [command for command in script.commands if not command.wrappers]
    if (
        script.problem
        or len(outer) != 1
        or first.redirects
        or first.assignments
        or any(word.opaque for word in first.words)
    ):
        hint = "A rule names one command: no pipes, ;, &&, redirections, variables or $(...). " + _EXAMPLE
        raise BadInput(f"`{argument[:80]}` is not one plain command.", hint=hint)
    if first.words[0].glob:
        raise BadInput(
            "The program of a rule needs a whole name.", hint=f"Write Bash alone to match all commands. {_EXAMPLE}"
        )


def _matches_word(want: Word, word: Word) -> bool:
    if not word.known or word.glob:
        return want.text == word.text and word.known
    return fnmatch.fnmatchcase(word.text, want.text) if want.glob else word.text == want.text


def _matches_path(pattern: str, path: str, context: PolicyContext) -> bool:
    if not path:
        return False
    root = normal(context.worktree)
    whole = normal(path if path.startswith("/") else f"{root}/{path}")
    wanted = pattern if pattern.startswith("/") else f"{root}/{posixpath.normpath(pattern)}"
    if not pattern.startswith("/") and not under(whole, root) and whole != root:
        return False
    return bool(_glob(wanted).fullmatch(whole))


@functools.lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    """Translate a path glob: `*` stays within a folder, `**` does not, `dir/**` holds for dir as well."""
    parts = re.split(r"(/\*\*$|/\*\*/|\*\*|\*|\?)", pattern)
    table = {"/**": r"(?:/.*)?", "/**/": r"/(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(table.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _matches_host(pattern: str, url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    return bool(host) and fnmatch.fnmatchcase(host.casefold(), pattern.removeprefix("domain:").casefold())
