"""Cards about what an agent has done: diff, merge, discard, report."""

from __future__ import annotations

from bot.messenger import Card, Look, Section, Style, Tone
from bot.views import say
from bot.views.parts import button, data, facts, run_name, sections
from bot.views.runs import attachment, reviewing
from runner.masking import clean
from runner.model import Diff, DiffFile, Execution, Report

FILES_SHOWN = 30  # rows of files on a diff card
PATCH_LIMIT = 20_000  # characters of a patch on a card; the report and the branch have all of it


def diff(execution: Execution, changes: Diff) -> Card:
    """Show what a run changed."""
    cut = len(changes.patch) > PATCH_LIMIT
    rows = [file_row(file) for file in changes.files[:FILES_SHOWN]]
    left = len(changes.files) - len(rows)
    rows += [f"… and {say.plural(left, 'file')} more"] if left > 0 else []
    return Card(
        title=f"Changes of {run_name(execution)}",
        fields=facts(("Changes", changes.stat), ("Branch", execution.branch), ("Base", execution.base_branch)),
        sections=sections(
            Section(title="Files", body="\n".join(rows) or "Nothing was changed."),
            Section(title="Patch", body=clean(changes.patch[:PATCH_LIMIT]), look=Look.DIFF),
        ),
        buttons=tuple(b for b in reviewing(execution) if not b.action.startswith("diff ")),
        footer=f"Only the beginning. All of it: `git diff {execution.base_branch}...{execution.branch}` or the report."
        if cut or changes.truncated
        else "",
        data=data(
            "diff",
            execution_id=execution.id,
            stat=changes.stat,
            files=changes.files,
            patch=changes.patch,
            truncated=changes.truncated,
        ),
    )


def merged(execution: Execution) -> Card:
    """Say that a run's work is in its base branch."""
    base = execution.base_branch or "the base branch"
    return Card(
        title=f"✓ Merged {run_name(execution)}",
        tone=Tone.GOOD,
        fields=facts(("Into", base), ("Commit", execution.merged_commit[:10]), ("Changes", execution.diffstat)),
        data=data("merged", execution=execution),
    )


def discarded(execution: Execution, backup: str) -> Card:
    """Say that a run's work was thrown away and where its backup is."""
    return Card(
        title=f"Discarded {run_name(execution)}",
        fields=facts(("Backup", backup)),
        sections=(Section(body=f"git branch rescued {backup}", title="To get it back", look=Look.CODE),),
        buttons=button("Retry", f"retry {execution.id}", key="y"),
        data=data("discarded", execution=execution, backup=backup),
    )


def report(execution: Execution, made: Report) -> Card:
    """Hand over a report as a file."""
    return Card(
        title=f"Report of {run_name(execution)}",
        tone=Tone.GOOD,
        fields=facts(("Format", made.format)),
        buttons=tuple(
            b
            for other in ("html", "pdf", "json", "markdown")
            if other != made.format
            for b in button(f"As {other}", f"report {execution.id} {other}", Style.PLAIN)
        ),
        files=(attachment(execution, made),),
        data=data("report", execution_id=execution.id, report=made),
    )


def file_row(file: DiffFile) -> str:
    """Say in a line what happened to a file."""
    sign = {"added": "A", "deleted": "D", "renamed": "R"}.get(file.status, "M")
    lines = "binary" if file.binary else f"+{file.added} −{file.removed}"  # noqa: RUF001 - a real minus sign
    return f"{sign} {say.line(file.path, 70)}  {lines}"
