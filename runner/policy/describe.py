"""Say in one line what a step is, for cards and logs."""

from __future__ import annotations

import difflib

from runner.model import Json, StepKind, ToolCall
from runner.policy.patterns import COMMAND_TOOLS, EDIT_TOOLS, READ_TOOLS, path_of

_MINUS = "\N{MINUS SIGN}"
MAX_TITLE = 200  # characters
_MAX_LINES = 2_000  # of a text whose changed lines are counted by comparing; longer ones are taken as replaced
_VERBS = {"Read": "read", "NotebookRead": "read", "LS": "list", "Glob": "find", "Grep": "search"}


def describe(call: ToolCall, *, worktree: str = "") -> tuple[StepKind, str]:
    """Name the kind of a step and its title; paths below `worktree` are shown relative to it.

    Characters that a screen would hide or reorder (controls, bidirectional marks, zero widths) are spelled out.
    """
    kind, title = _describe(call, worktree)
    shown = visible(title)
    return kind, shown if len(shown) <= MAX_TITLE else f"{shown[: MAX_TITLE - 1]}…"


def visible(text: str) -> str:
    r"""Spell out what cannot be seen: `\u202e` for a bidirectional override, `⏎` for a line end, `→` for a tab."""
    return "".join(_shown(char) for char in text)


def changed_lines(tool: str, tool_input: Json) -> tuple[int, int]:
    """Count lines an edit adds and removes; what a `Write` replaces is not known here."""
    if tool == "MultiEdit":
        edits = tool_input.get("edits")
        pairs = (
            [changed_lines("Edit", one) for one in edits if isinstance(one, dict)] if isinstance(edits, list) else []
        )
        return sum(added for added, _ in pairs), sum(removed for _, removed in pairs)
    before = _lines(tool_input.get("old_string"))
    after = _lines(tool_input.get("new_string", tool_input.get("content", tool_input.get("new_source"))))
    if len(before) + len(after) > _MAX_LINES:
        return len(after), len(before)
    steps = [line[0] for line in difflib.ndiff(before, after)] if before else ["+"] * len(after)
    return steps.count("+"), steps.count("-")


def _describe(call: ToolCall, worktree: str) -> tuple[StepKind, str]:
    tool, given = call.tool, call.input
    if tool in COMMAND_TOOLS:
        return StepKind.COMMAND, f"$ {_text(given, 'command')}"
    if tool in EDIT_TOOLS:
        added, removed = changed_lines(tool, given)
        verb = "write" if tool == "Write" else "edit"
        counts = f"(+{added})" if verb == "write" else f"(+{added} {_MINUS}{removed})"
        return StepKind.FILE, f"{verb} {_relative(path_of(given, tool), worktree)} {counts}"
    if tool in READ_TOOLS:
        what = _text(given, "pattern")
        where = _relative(path_of(given, tool), worktree)
        return StepKind.TOOL, f"{_VERBS[tool]} {f'{what} in ' if what else ''}{where}"
    if tool == "AskUserQuestion":
        return StepKind.QUESTION, _first_question(given)
    if tool == "ExitPlanMode":
        return StepKind.PLAN, "plan: " + (_text(given, "plan").strip().partition("\n")[0] or "ready to start")
    detail = next(
        (_text(given, key) for key in ("url", "query", "description", "skill", "prompt") if _text(given, key)), ""
    )
    name = tool or "a tool without a name"
    return StepKind.TOOL, f"{name}: {detail}" if detail else name


def _text(given: Json, key: str) -> str:
    text = given.get(key)
    return text if isinstance(text, str) else ""


def _first_question(given: Json) -> str:
    questions = given.get("questions")
    first = questions[0] if isinstance(questions, list) and questions else None
    text = _text(first, "question") if isinstance(first, dict) else ""
    return text or "a question"


def _lines(text: object) -> list[str]:
    return text.splitlines() if isinstance(text, str) else []


def _relative(path: str, worktree: str) -> str:
    root = worktree.rstrip("/") + "/"
    return (path.removeprefix(root) if worktree else path).removeprefix("./")


def _shown(char: str) -> str:
    if char == "\n":
        return " ⏎ "
    if char == "\t":
        return " → "
    if char.isprintable():
        return char
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
