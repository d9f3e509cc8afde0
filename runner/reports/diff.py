"""Take a unified diff of git apart into files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from runner.masking import clean
from runner.model import DiffFile
from runner.reports.document import FileChange

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\(?:([0-7]{3})|(.))")
_LETTERS = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def file_changes(patch: str, files: Sequence[DiffFile]) -> tuple[FileChange, ...]:
    """Join the counted files with their hunks. A file whose hunks are missing or cut is marked as not complete."""
    sections = {path: (old_path, hunks) for path, old_path, hunks in _sections(patch)}
    known = {file.path for file in files}
    uncounted = [_counted(path, hunks) for path, (_, hunks) in sections.items() if path not in known]
    return tuple(_change(file, sections) for file in (*files, *uncounted))


def _change(file: DiffFile, sections: Mapping[str, tuple[str, str]]) -> FileChange:
    old_path, hunks = sections.get(file.path, ("", ""))
    shown = _counted(file.path, hunks)
    return FileChange(
        path=clean(file.path),
        old_path=clean(old_path) if old_path != file.path else "",
        status=file.status,
        added=file.added,
        removed=file.removed,
        binary=file.binary,
        diff=clean(hunks).rstrip("\n"),
        complete=not file.binary and (shown.added, shown.removed) == (file.added, file.removed),
    )


def _counted(path: str, hunks: str) -> DiffFile:
    lines = hunks.split("\n")
    added = sum(line.startswith("+") for line in lines)
    return DiffFile(path=path, added=added, removed=sum(line.startswith("-") for line in lines))


def _sections(patch: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, old path and hunks of each file."""
    header: list[str] = []
    hunks: list[str] = []
    for inside, line in _lines(patch):
        if not inside and line.startswith("diff --git "):
            if header:
                yield (*_paths(header), "\n".join(hunks))
            header, hunks = [line], []
        elif inside:
            hunks.append(line)
        elif header:
            header.append(line)
    if header:
        yield (*_paths(header), "\n".join(hunks))


def _lines(patch: str) -> Iterator[tuple[bool, str]]:
    """Yield each line and whether it is in a hunk. The hunk's head says how long it is: content can look like heads."""
    old = new = 0
    for line in patch.split("\n"):
        if old > 0 or new > 0:
            yield True, line
            old -= line[:1] in {" ", "-", ""}
            new -= line[:1] in {" ", "+", ""}
        elif head := _HUNK.match(line):
            old, new = (int(count) if count is not None else 1 for count in head.groups())
            yield True, line
        else:
            yield line.startswith("\\ No newline"), line


def _paths(header: Sequence[str]) -> tuple[str, str]:
    """Return the new and the old path that the head of a file names."""
    named = {}
    for line in header:
        for start in ("--- ", "+++ ", "rename from ", "rename to "):
            if line.startswith(start):
                named[start] = _unquoted(line.removeprefix(start).rstrip("\t"))
    if "rename to " in named:
        return named["rename to "], named.get("rename from ", "")
    old, new = (named.get(start, "/dev/null") for start in ("--- ", "+++ "))
    path = old if new == "/dev/null" else new
    if path != "/dev/null":
        return path[2:], path[2:]  # without a/ or b/
    return (same := _same_path(header[0].removeprefix("diff --git "))), same


def _same_path(pair: str) -> str:
    """Return the path from `a/PATH b/PATH`, all that git says of a file without hunks."""
    return _unquoted(pair[: len(pair) // 2])[2:]


def _unquoted(path: str) -> str:
    r"""Undo git's quoting of unusual names, such as `"a/\303\244.txt"`."""
    if len(path) < 2 or not (path[0] == path[-1] == '"'):
        return path
    return _ESCAPE.sub(_character, path[1:-1].encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def _character(escape: re.Match[bytes]) -> bytes:
    octal, letter = escape.groups()
    return bytes([int(octal, 8) & 255]) if octal else _LETTERS.get(letter, letter)
