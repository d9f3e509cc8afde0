"""Texts of others in Markdown, so that they never become structure.

A line of them is escaped sign by sign; a block of them stands in a fence longer than any fence inside it.
"""

from __future__ import annotations

import re

_ACTIVE = re.compile(r"[\\`*\[\]<>|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_BAR = re.compile(r"(?<!\\)\|")
_AT_START = re.compile(r"^( *)(?:([#+=:-])|([0-9]+)(?=[.)]))")
# GitHub makes links of these and notifies people: an empty comment parts them unseen.
_ADDRESS = re.compile(r"\b(h)(?=ttps?://)|\b(w)(?=ww\.)|\b(f)(?=tp://)|(@)(?=[A-Za-z0-9])", re.IGNORECASE)


def inline(text: str) -> str:
    """Escape a text for one line: nothing in it marks up, links or ends a cell."""
    return line_start(words(" ".join(text.split())))


def words(text: str) -> str:
    """Escape a part of a line. Where it may begin one, `line_start` must follow."""
    escaped = _ACTIVE.sub(lambda match: f"\\{match[0]}", text.replace("&", "&amp;"))
    return _ADDRESS.sub(lambda match: f"{match[0]}<!-- -->", escaped)


def line_start(line: str) -> str:
    """Escape what would begin a heading, a list or a rule at the start of an escaped line."""
    return _AT_START.sub(lambda match: f"\\{match[2]}" if match[2] else f"{match[3]}\\", line)


def quote(text: str) -> str:
    """Show a text as a quotation, line by line as it was written."""
    lines = [inline(line) for line in text.strip().split("\n")]
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    return quoted("\n".join(f"{line}\\" if line and following else line for line, following in pairs))


def quoted(markdown: str) -> str:
    """Put finished Markdown into a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in markdown.split("\n"))


def code(text: str) -> str:
    """Show a text as code within a line."""
    one_line = " ".join(text.split())
    ticks = "`" * (_longest_run(one_line) + 1)
    pad = " " if one_line.startswith("`") or one_line.endswith("`") else ""
    return f"{ticks}{pad}{one_line}{pad}{ticks}" if one_line else ""


def cell(markdown: str) -> str:
    """Fit finished Markdown of one line into a cell of a table, where even code ends at a bar."""
    return _BAR.sub(r"\|", markdown)


def fence(text: str, language: str = "text") -> str:
    """Show a text as a block of code that nothing in it can end."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
