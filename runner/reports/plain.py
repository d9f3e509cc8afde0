"""The report as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.model import AskKind
from runner.reports import wording
from runner.reports.document import Decision, Entry, FileChange, ReportDoc, TestRun
from runner.reports.escaping import cell, code, fence, inline, quote
from runner.reports.markup import safe_markdown
from runner.reports.trim import Cuts, shorten, trim

CUTS = Cuts(text=20_000, output=3_000, timeline=100_000, entries=500, file_lines=300, diff_lines=3_000)

_MARKS = {"good": "✅", "bad": "❌", "quiet": "⏹️", "busy": "⏳"}


def render(doc: ReportDoc) -> str:
    """Render the report."""
    shown = trim(doc, CUTS)
    blocks = [
        f"# {inline(doc.title)}",
        f"{_MARKS[doc.outcome.tone]} **{doc.outcome.headline}.** {doc.outcome.sentence}",
        *_trouble(shown),
        _facts(doc),
        *(["## Summary", safe_markdown(shown.summary)] if shown.summary else []),
        "## The prompt",
        *_prompt(shown),
        "## Decisions",
        *_decisions(shown),
        *(_tests(shown.tests) if shown.tests else []),
        "## Changes",
        *_changes(shown),
        "## Timeline",
        *_timeline(shown),
        "---",
        f"Run {code(doc.execution.id)}, report made {wording.moment(doc.made_at, doc.zone)}. Secrets are masked.",
    ]
    return "\n\n".join(blocks) + "\n"


def _folded(label: str, text: str, language: str = "text") -> str:
    return f"<details><summary>{label}</summary>\n\n{fence(text, language)}\n\n</details>"


def _trouble(doc: ReportDoc) -> Iterator[str]:
    if doc.outcome.error:
        yield "## What went wrong"
        yield fence(shorten(doc.outcome.error, 8_000))
    if doc.outcome.hint:
        yield inline(doc.outcome.hint)


def _facts(doc: ReportDoc) -> str:
    rows = [
        f"| {fact.label} | {cell(code(fact.text)) if fact.code else inline(fact.text)} |" for fact in wording.facts(doc)
    ]
    return "\n".join(["| Fact | |", "|---|---|", *rows])


def _prompt(doc: ReportDoc) -> Iterator[str]:
    yield quote(doc.prompt)
    if doc.goal:
        yield f"**Goal:** {inline(doc.goal)}"
    if doc.variables:
        yield "\n".join(f"- {code(name)}: {inline(shorten(text, 2_000))}" for name, text in doc.variables.items())


def _decisions(doc: ReportDoc) -> Iterator[str]:
    if not doc.decisions:
        yield "Nothing needed a decision."
    for decision in doc.decisions:
        yield from _decision(decision, doc.zone)


def _decision(decision: Decision, zone: str) -> Iterator[str]:
    yield f"### {inline(wording.asked_what(decision))}"
    yield _stamp(decision, zone)
    if decision.why or decision.labels:
        yield " ".join([inline(decision.why), *(code(label) for label in decision.labels)]).strip()
    if decision.kind is AskKind.QUESTION:
        yield from _questions(decision)
    else:
        for field in wording.fields(decision.input):
            yield f"{code(field.name)}:\n\n{fence(shorten(field.text, 20_000))}"
    if decision.edited_input is not None:
        yield "**Changed before it ran:**"
        for name, before, after in wording.edited_fields(decision.input, decision.edited_input):
            yield f"{code(name)} before:\n\n{fence(before)}"
            yield f"{code(name)} after:\n\n{fence(after)}"
    if decision.note:
        yield quote(shorten(decision.note, 8_000))
    if decision.rule:
        yield f"Allowed for the rest of the run: {code(decision.rule)}"


def _stamp(decision: Decision, zone: str) -> str:
    by = f" by {inline(decision.answered_by)}" if decision.answered_by else ""
    if decision.answered_at is None or decision.waited_seconds is None:
        return f"**{wording.decided(decision)}**{by}, asked at {wording.clock(decision.asked_at, zone)}"
    when, waited = wording.clock(decision.answered_at, zone), wording.duration(decision.waited_seconds)
    return f"**{wording.decided(decision)}**{by} at {when}, {waited} after it was asked"


def _questions(decision: Decision) -> Iterator[str]:
    for question in decision.questions:
        yield inline(question.text)
        options = [f"- [{'x' if each in question.answers else ' '}] {inline(each)}" for each in question.choices]
        free = [f"- [x] {inline(answer)}" for answer in question.answers if answer not in question.choices]
        if options or free:
            yield "\n".join([*options, *free])


def _tests(tests: TestRun) -> Iterator[str]:
    yield "## Tests"
    yield f"**{wording.test_verdict(tests)}** {code(tests.command)}".strip()
    if tests.output:
        yield _folded("Output", tests.output) if tests.exit == 0 else fence(tests.output)


def _changes(doc: ReportDoc) -> Iterator[str]:
    if not doc.changes:
        yield "No files changed."
        return
    rows = [f"| {cell(_path(file))} | {inline(file.status)} | {_lines(file)} |" for file in doc.changes]
    yield "\n".join(["| File | | Lines |", "|---|---|---|", *rows])
    for file in doc.changes:
        if file.diff:
            yield _folded(f"Diff of {_summary_text(file.path)}", file.diff, "diff")
            if not file.complete:
                yield wording.why_not_whole(file)


def _path(file: FileChange) -> str:
    return f"{code(file.old_path)} → {code(file.path)}" if file.old_path else code(file.path)


def _lines(file: FileChange) -> str:
    return "binary" if file.binary else f"+{file.added} -{file.removed}"


def _summary_text(text: str) -> str:
    """Escape a text for the inside of an HTML element, where Markdown may or may not be read."""
    return re.sub(r"[^\w\s./-]", lambda match: f"&#{ord(match[0])};", " ".join(text.split()))


def _timeline(doc: ReportDoc) -> Iterator[str]:
    if not doc.timeline:
        yield "The agent took no steps."
    for entry in doc.timeline:
        yield _entry(entry, doc.zone)


def _entry(entry: Entry, zone: str) -> str:
    at = wording.clock(entry.at, zone)
    if entry.kind == "message":
        return f"{at} **{inline(entry.who)}:**\n\n{safe_markdown(entry.text)}"
    status = f" **{inline(entry.status)}**" if entry.status not in {"", "ok"} else ""
    seconds = f" ({wording.duration(entry.seconds)})" if entry.seconds else ""
    line = f"{at} {inline(entry.title)}{status}{seconds}"
    if command := wording.command_of(entry):
        line = f"{line}\n\n{fence(shorten(command, 2_000), 'sh')}"
    return f"{line}\n\n{_folded('Output', entry.output)}" if entry.output else line
