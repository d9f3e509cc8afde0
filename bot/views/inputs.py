"""What exactly an agent wants to do: a tool's input, set so that a person can judge it.

Nothing of an input is left out: what has no form of its own is shown as JSON under its key.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping

from bot.messenger import Look, Section
from runner.masking import clean
from runner.model import Approval, Json

MAIN_FIELDS: Mapping[str, str] = {
    "Bash": "command",
    "Write": "content",
    "Edit": "new_string",
    "NotebookEdit": "new_source",
    "WebFetch": "url",
    "WebSearch": "query",
    "Read": "file_path",
    "Glob": "pattern",
    "Grep": "pattern",
    "Task": "prompt",
    "Agent": "prompt",
}
_DIFF_LIMIT = 50_000  # characters up to which lines are matched; matching longer texts could take seconds
_TITLES = {"command": "Command", "content": "Content", "url": "Address", "query": "Query", "prompt": "Prompt"}
_PATHS = ("file_path", "notebook_path", "path")


def shown(tool: str, tool_input: Json, worktree: str = "") -> tuple[Section, ...]:
    """Set an input for people. Paths inside the worktree are shown relative to it."""
    rest = dict(tool_input)
    body = tuple(_body(tool, rest, worktree))
    reason = rest.pop("description", "")
    said = (Section(title="The agent says", body=clean(str(reason)), look=Look.PROSE),) if reason else ()
    more = "\n".join(f"{clean(name)}: {clean(_as_text(content))}" for name, content in rest.items())
    others = (Section(title="Also", body=more, look=Look.CODE),) if more else ()
    return (*body, *others, *said)


def editable(approval: Approval) -> str:
    """Return the text to be offered for editing: the main field of the input, else the input as JSON.

    Empty when what is shown is not exactly what would run (secrets masked, hidden characters made visible): an edit of
    the shown text would then run the marks.
    """
    field = MAIN_FIELDS.get(approval.tool)
    text = approval.input.get(field) if field else None
    if not isinstance(text, str):
        text = json.dumps(approval.input, ensure_ascii=False)
    return text if clean(text) == text else ""


def _body(tool: str, rest: dict[str, object], worktree: str) -> Iterator[Section]:
    """Yield the sections of a known tool's own fields and take these out of `rest`."""
    path = _relative(str(next((rest.pop(key) for key in _PATHS if isinstance(rest.get(key), str)), "")), worktree)
    if isinstance(rest.get("old_string"), str) and isinstance(rest.get("new_string"), str):
        yield _diff(path, str(rest.pop("old_string")), str(rest.pop("new_string")))
    elif isinstance(rest.get("edits"), list) and all(isinstance(edit, dict) for edit in _edits(rest)):
        for edit in _edits(rest):
            yield _diff(path, str(edit.get("old_string", "")), str(edit.get("new_string", "")))
        extra = [{k: v for k, v in edit.items() if k not in {"old_string", "new_string"}} for edit in _edits(rest)]
        del rest["edits"]
        if any(extra):
            rest["edits"] = extra
    else:
        field = MAIN_FIELDS.get(tool, "")
        if isinstance(rest.get(field), str):
            title = _TITLES.get(field, field.replace("_", " ").capitalize())
            yield Section(title=path or title, body=clean(str(rest.pop(field))), look=Look.CODE)
        elif path:
            yield Section(title="Path", body=path, look=Look.CODE)


def _edits(rest: Mapping[str, object]) -> list[dict[str, object]]:
    edits = rest.get("edits")
    return edits if isinstance(edits, list) else []


def _diff(path: str, old: str, new: str) -> Section:
    """Set a replacement as a diff that holds every line of both texts."""
    before, after = old.splitlines(), new.splitlines()
    if len(old) + len(new) > _DIFF_LIMIT:
        lines = [*(f"-{line}" for line in before), *(f"+{line}" for line in after)]
    else:
        context = max(len(before), len(after))
        lines = list(difflib.unified_diff(before, after, n=context, lineterm=""))[3:]
        lines = lines or [f" {line}" for line in before]
    return Section(title=path, body=clean("\n".join(lines)), look=Look.DIFF)


def _relative(path: str, worktree: str) -> str:
    inside = worktree and path.startswith(worktree.rstrip("/") + "/")
    return clean(path[len(worktree.rstrip("/")) + 1 :] if inside else path)


def _as_text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
