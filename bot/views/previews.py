"""What a step did when it was tried in a throw-away copy of the worktree, before anybody has decided."""

from __future__ import annotations

from bot.messenger import Look, Section
from bot.views import say
from bot.views.review import file_row
from runner.masking import clean
from runner.model import Preview

OUTPUT_LIMIT = 500  # characters, and OUTPUT_LINES lines, from the end of the output on a card; the full view has all
OUTPUT_LINES = 8
FILES_SHOWN = 8  # changed files on a card


def tried(preview: Preview | None, *, whole: bool) -> tuple[Section, ...]:
    """Set a preview. It is no part of what is approved, so it may be cut: unless `whole`, the patch is left out."""
    if preview is None:
        return ()
    files = preview.files if whole else preview.files[:FILES_SHOWN]
    more = len(preview.files) - len(files)
    rows = [_told(preview), *(file_row(file) for file in files)]
    rows += [f"… and {say.plural(more, 'file')} more"] if more else []
    output = clean(preview.output).strip()
    tail = output if whole else "\n".join(output[-OUTPUT_LIMIT:].splitlines()[-OUTPUT_LINES:])
    cut = "" if tail == output else " (its end)"
    return (
        Section(title="Tried in a copy without network", body="\n".join(row for row in rows if row)),
        Section(title=f"It printed{cut}", body=tail, look=Look.CODE),
        Section(title="It changed", body=clean(preview.patch) if whole else "", look=Look.DIFF),
    )


def _told(preview: Preview) -> str:
    """Say in a line how the attempt ended."""
    exits = "" if preview.exit is None else f"exit status {preview.exit}"
    took = f"after {say.duration(preview.seconds)}" if preview.seconds else ""
    files = f"{say.plural(len(preview.files), 'file')} changed" if preview.files else ""
    nothing = "nothing was changed" if not preview.files and preview.exit is not None else ""
    network = "it wanted the network, so the real step may do more" if preview.network_tried else ""
    ended = " ".join(part for part in (exits, took) if part)
    cut = "not all of it is shown here" if preview.truncated else ""
    said = ", ".join(part for part in (ended, files or nothing, network, cut) if part)
    known = "Only a part of the" if preview.files or preview.exit is not None else "No"
    problem = f"{known} preview: {say.line(preview.problem, 200)}" if preview.problem else ""
    return "\n".join(part for part in (problem, said) if part)
