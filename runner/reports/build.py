"""Decide what a report says: from everything known about an execution to a `ReportDoc`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from runner.masking import clean, clean_json
from runner.model import Author, Execution, Message, Step, StepKind, handle
from runner.reports.decisions import decision, name_of, waiting_seconds
from runner.reports.diff import file_changes
from runner.reports.document import Entry, Material, Particulars, ReportDoc, TestRun
from runner.reports.outcome import outcome

TITLE_LENGTH = 90


def build(material: Material, *, now: datetime, zone: ZoneInfo) -> ReportDoc:
    """Make the report of an execution in any state. `now` is aware; `zone` is the reader's."""
    execution = material.execution
    files = file_changes(material.patch, material.diff_files)
    return ReportDoc(
        title=_title(execution),
        made_at=now,
        zone=zone.key,
        outcome=outcome(execution, material.approvals, files),
        execution=_particulars(material, now),
        usage=execution.usage,
        goal=clean(execution.goal.sentence),
        prompt=clean(execution.prompt),
        variables={clean(name): _variable(name, text) for name, text in execution.variables.items()},
        summary=clean(execution.summary),
        decisions=tuple(decision(approval, material.people, execution.worktree) for approval in material.approvals),
        timeline=tuple(sorted(_entries(material), key=lambda entry: entry.at)),
        changes=files,
        tests=_tests(execution),
    )


def _title(execution: Execution) -> str:
    first_line = execution.prompt.strip().partition("\n")[0]
    title = " ".join(clean(execution.title or execution.task_name or first_line).split()) or "Untitled run"
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1].rstrip() + "…"


def _variable(name: str, text: str) -> str:
    return str(clean_json({name: text})[clean(name)])


def _particulars(material: Material, now: datetime) -> Particulars:
    execution, task = material.execution, material.task
    end = execution.finished_at or now
    return Particulars(
        id=execution.id,
        handle=handle(execution.id),
        task=clean(execution.task_name or (task.name if task else "")),
        description=clean(task.description) if task else "",
        project=clean(execution.project or ""),
        branch=clean(execution.branch),
        base_branch=clean(execution.base_branch),
        commit=execution.commit,
        merged_commit=execution.merged_commit,
        agent=clean(execution.options.agent),
        model=clean(execution.options.model or ""),
        trigger=execution.trigger,
        attempt=execution.attempt,
        requested_by=name_of(execution.person_id, material.people),
        created_at=execution.created_at,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        duration_seconds=(end - execution.started_at).total_seconds() if execution.started_at else None,
        waiting_seconds=waiting_seconds(material.approvals, end),
    )


def _tests(execution: Execution) -> TestRun | None:
    if execution.test_exit is None:
        return None
    command, output = clean(execution.goal.test_command), clean(execution.test_output)
    return TestRun(command=command, exit=execution.test_exit, output=output)


def _entries(material: Material) -> Iterator[Entry]:
    """Yield steps and what was said; the prompt and the summary have places of their own."""
    execution = material.execution
    told = {execution.prompt.strip(), execution.summary.strip(), ""}
    for step in material.steps:
        yield _step(step, execution)
        if step.kind is StepKind.MESSAGE:
            told |= {step.output.strip(), step.title.strip()}
    for message in material.messages:
        if message.text.strip() not in told:
            yield _said(message, execution, material.people)


def _step(step: Step, execution: Execution) -> Entry:
    talk = step.kind is StepKind.MESSAGE
    seconds = (step.finished_at - step.started_at).total_seconds() if step.finished_at else None
    return Entry(
        at=step.started_at,
        kind=step.kind.value,
        who=clean(execution.options.agent) if talk else "",
        title="" if talk else clean(step.title or step.tool),
        tool=clean(step.tool),
        input=clean_json(step.input),
        text=clean(step.output or step.title) if talk else "",
        output="" if talk else clean(step.output),
        status=step.status.value,
        seconds=seconds,
    )


def _said(message: Message, execution: Execution, people: Mapping[str, str]) -> Entry:
    speakers = {
        Author.PERSON: name_of(message.person_id, people) or "A person",
        Author.AGENT: clean(execution.options.agent),
        Author.SIGNOFF: "Signoff",
    }
    return Entry(
        at=message.created_at,
        kind="message",
        who=speakers[message.author],
        title="",
        tool="",
        input={},
        text=clean(message.text),
        output="",
        status="",
        seconds=None,
    )
