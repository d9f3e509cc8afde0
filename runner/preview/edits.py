"""What an edit would do to a file: computed, nothing is run."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from runner.model import Json, ToolCall
from runner.preview.compare import COMPARED_FILE, Changed, Content, read_file
from runner.preview.limits import NoPreview
from runner.preview.tree import git_folder
from runner.worktree.git import raw_bytes, shown, text

EDITS = frozenset({"Edit", "MultiEdit", "Write"})


def edited(worktree: Path, call: ToolCall) -> Changed:
    """Return the file before and after an edit. Raises NoPreview if the edit would fail or leave the worktree."""
    path = _inside(worktree, call.input.get("file_path"))
    before = _content(worktree, path)
    written = _text(call.input, "content") if call.tool == "Write" else _replaced(before, call)
    mode = before.mode if before else b"100644"
    return Changed(path=path, before=before, after=Content(mode=mode, data=raw_bytes(written)))


def _inside(worktree: Path, given: object) -> str:
    if not isinstance(given, str) or not given or "\0" in given:
        raise NoPreview("The edit names no file.")
    top = worktree.resolve()
    place = (top / given).resolve()
    if place == top or not place.is_relative_to(top):
        raise NoPreview("The file is outside the worktree.")
    path = str(place.relative_to(top))
    if git_folder(path):
        raise NoPreview("The file is one of git's own.")
    return path


def _content(worktree: Path, path: str) -> Content | None:
    whole = worktree.resolve() / path
    try:
        status = whole.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise NoPreview(f"{shown(raw_bytes(path))} is not a file.")
        data = read_file(whole)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NoPreview(f"{shown(raw_bytes(path))} cannot be read: {error.strerror}.") from error
    if len(data) > COMPARED_FILE:
        raise NoPreview(f"{shown(raw_bytes(path))} is larger than {COMPARED_FILE / 1e6:g} MB.")
    return Content(mode=b"100755" if status.st_mode & stat.S_IXUSR else b"100644", data=data)


def _replaced(before: Content | None, call: ToolCall) -> str:
    """Do the replacements one after another. Line ends are compared as one character and kept as they are."""
    steps = call.input.get("edits") if call.tool == "MultiEdit" else [call.input]
    if not isinstance(steps, list) or not steps:
        raise NoPreview("The edit replaces nothing.")
    whole = text(before.data) if before else ""
    returns = "\r\n" in whole
    whole = whole.replace("\r\n", "\n") if returns else whole
    for step in steps:
        if not isinstance(step, Mapping):
            raise NoPreview("The edit replaces nothing.")
        whole = _replace(whole, step)
    return whole.replace("\n", "\r\n") if returns else whole


def _replace(whole: str, step: Json) -> str:
    old, new = _text(step, "old_string"), _text(step, "new_string")
    if not old:
        if whole:
            raise NoPreview("The edit would fail: the file exists already.")
        return new
    found = whole.count(old)
    if not found:
        raise NoPreview("The edit would fail: the file does not contain the text to be replaced.")
    if found > 1 and step.get("replace_all") is not True:
        raise NoPreview(f"The edit would fail: the text to be replaced occurs {found} times.")
    return whole.replace(old, new)


def _text(given: Json, name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str):
        raise NoPreview(f"The edit has no `{name}`.")
    try:
        raw_bytes(found)
    except UnicodeEncodeError:
        raise NoPreview(f"`{name}` cannot be written to a file.") from None
    return found
