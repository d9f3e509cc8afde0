"""Cut a report to what people read, and say so at every cut. The json report is never cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.model import value
from runner.reports.document import Entry, FileChange, ReportDoc
from runner.reports.wording import count


@value
class Cuts:
    """How much is shown, in characters, lines and entries. All texts of the timeline share `timeline` characters."""

    text: int  # characters of prompt, summary, notes, test output
    output: int  # characters of one step's output, at most
    timeline: int  # characters of all outputs together
    entries: int
    file_lines: int
    diff_lines: int  # lines of all files together
    width: int = 2_000  # characters of one line of a diff; longer ones are minified code


LEAST_OUTPUT = 200  # characters of output every step may show, however many steps there are


def trim(doc: ReportDoc, cuts: Cuts) -> ReportDoc:
    """Return the report with long texts, long files and long timelines cut."""
    tests = doc.tests
    return replace(
        doc,
        prompt=shorten(doc.prompt, cuts.text),
        summary=shorten(doc.summary, cuts.text),
        timeline=_timeline(doc.timeline, cuts),
        changes=_changes(doc.changes, cuts),
        tests=replace(tests, output=shorten(tests.output, cuts.text, head=0.25)) if tests is not None else None,
    )


def shorten(text: str, limit: int, *, head: float = 0.6) -> str:
    """Cut the middle out of a text, at line ends if there are some near, and say how much is missing."""
    if len(text) <= limit:
        return text
    first, last = text[: int(limit * head)], text[len(text) - int(limit * (1 - head)) :]
    if "\n" in first[len(first) // 2 :]:
        first = first.rpartition("\n")[0]
    if "\n" in last[: len(last) // 2]:
        last = last.partition("\n")[2]
    missing = len(text) - len(first) - len(last)
    return f"{first}\n… {count(missing, 'character')} left out …\n{last}".strip("\n")


def _timeline(entries: Sequence[Entry], cuts: Cuts) -> tuple[Entry, ...]:
    share = max(LEAST_OUTPUT, min(cuts.output, cuts.timeline // max(len(entries), 1)))
    return tuple(
        replace(entry, text=shorten(entry.text, cuts.output), output=shorten(entry.output, share))
        for entry in _some(entries, cuts.entries)
    )


def _some(entries: Sequence[Entry], most: int) -> Sequence[Entry]:
    """Keep the beginning and the end of a long timeline, and put a note between them."""
    if len(entries) <= most:
        return entries
    first, last = entries[: most // 3], entries[len(entries) - (most - most // 3) :]
    gap = f"{len(entries) - most:,} entries left out here"
    note = Entry(
        at=last[0].at, kind="note", who="", title=gap, tool="", input={}, text="", output="", status="", seconds=None
    )
    return (*first, note, *last)


def _changes(files: Sequence[FileChange], cuts: Cuts) -> tuple[FileChange, ...]:
    """Cut long files, and what comes after too many lines in all."""
    left, shown = cuts.diff_lines, []
    for file in files:
        lines = file.diff.split("\n") if file.diff else []
        allowed = min(left, cuts.file_lines)
        left -= min(len(lines), allowed)
        shown.append(_cut_file(file, lines, allowed, cuts.width))
    return tuple(shown)


def _cut_file(file: FileChange, lines: Sequence[str], allowed: int, width: int) -> FileChange:
    kept = [_cut_line(line, width) for line in lines[:allowed]]
    return replace(file, diff="\n".join(kept), complete=file.complete and len(lines) <= allowed)


def _cut_line(line: str, width: int) -> str:
    missing = len(line) - width
    return line if missing <= 0 else f"{line[:width]}… {count(missing, 'character')} left out"
