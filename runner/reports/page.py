"""The report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from runner.reports import wording
from runner.reports.document import ReportDoc
from runner.reports.markup import safe_html
from runner.reports.trim import Cuts, shorten, trim

SCREEN = Cuts(text=20_000, output=8_000, timeline=400_000, entries=1_500, file_lines=500, diff_lines=6_000)
# Every output is open on paper, and a page takes about 60 ms to set.
PAPER = Cuts(text=12_000, output=1_500, timeline=60_000, entries=400, file_lines=300, diff_lines=2_000)

_LINE_KINDS = {"+": "add", "-": "del", "@": "hunk", "\\": "note"}
_SHORT_DIFF = 24  # lines of a diff that need no folding on a phone


def render(doc: ReportDoc, cuts: Cuts = SCREEN) -> str:
    """Render the report. All texts are escaped; Markdown of the agent goes through `safe_html`."""
    shown = trim(doc, cuts)
    zone = doc.zone
    return _template().render(
        doc=shown,
        facts=wording.facts(doc),
        lines=wording.lines_changed(doc.changes),
        stamp=partial(_stamp, zone=zone),
        stamp_long=partial(_stamp_long, zone=zone),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "agent_markdown": safe_html,
        "count": wording.count,
        "decided": wording.decided,
        "diff_lines": _diff_lines,
        "duration": wording.duration,
        "fields": wording.fields,
        "shorten": shorten,
        "tone": wording.tone,
        "why_not_whole": wording.why_not_whole,
    }
    environment.globals |= {
        "asked_what": wording.asked_what,
        "command_of": wording.command_of,
        "edited_fields": wording.edited_fields,
        "test_verdict": wording.test_verdict,
        "folded_above": _SHORT_DIFF,
    }
    return environment.get_template("report.html.jinja")


def _stamp(at: datetime, *, zone: str) -> Markup:
    """Write a time of day that machines can read too."""
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), wording.clock(at, zone))


def _stamp_long(at: datetime, *, zone: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), wording.moment(at, zone))


def _diff_lines(diff: str) -> Markup:
    """Colour a diff: one element a line. Built here because thousands of lines are slow in a template."""
    return Markup("").join(_coloured(diff))


def _coloured(diff: str) -> Iterator[Markup]:
    for line in diff.split("\n"):
        kind = _LINE_KINDS.get(line[:1], "same")
        yield Markup(f'<span class="{kind}">{escape(line) or " "}\n</span>')  # noqa: S704 - escaped in place
