"""Cards about runs: while they live, when they are over, in lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.messenger import Attachment, Button, Card, Look, Section, Style, Tone
from bot.views import say
from bot.views.parts import button, data, facts, run_name, run_rows, sections
from bot.views.rules import revoking, rules_section
from runner.masking import clean
from runner.model import Author, Execution, Freeze, Message, Report, State, Step, StepKind, handle
from runner.ports import Page
from runner.runs import RunView

UNREAD = "Not read by the agent yet"  # the title of what people have said meanwhile
STEPS_SHOWN = 6  # newest steps on a live card: what a phone shows without scrolling
PROSE_LIMIT = 600  # characters of the agent's last words on a live card
SUMMARY_LIMIT = 2_000  # characters of a summary on a result card; the report has all of it
LOG_ROWS = 200  # newest rows of a log on a card; the report has all
RULES_SHOWN = 3  # rules with a button on a live card; `rules` has all
OUTPUT_LIMIT = 800  # characters from the end of a failed test's output on a result card

_TONES = {
    State.PENDING: Tone.NEUTRAL,
    State.RUNNING: Tone.RUNNING,
    State.WAITING: Tone.WAITING,
    State.STOPPED: Tone.NEUTRAL,
    State.COMPLETED: Tone.GOOD,
    State.FAILED: Tone.BAD,
    State.CANCELLED: Tone.NEUTRAL,
}


def run(view: RunView, now: datetime, *, frozen: Freeze | None = None) -> Card:
    """Show how a run stands, also in a freeze. Its key is `run:<id>`; it is live until the run ends or is stopped."""
    execution = view.execution
    live = not execution.state.final and execution.state is not State.STOPPED
    return Card(
        title=f"{say.STATE_SIGNS[execution.state]} {say.line(execution.title or execution.prompt, 80)}",
        key=f"run:{execution.id}",
        tone=_TONES[execution.state],
        fields=facts(
            ("Run", handle(execution.id)),
            ("State", say.state(execution, frozen=frozen is not None)),
            ("Frozen", f"since {say.moment(frozen.at, now)}: no step begins" if frozen and live else ""),
            ("Project", execution.project or ""),
            ("Elapsed", say.duration(say.elapsed(execution, now)) if execution.started_at else ""),
            *_consumed(execution),
            ("Branch", execution.branch),
            ("Attempt", str(execution.attempt) if execution.attempt > 1 else ""),
        ),
        sections=sections(
            Section(title="Steps", body=_step_lines(view.steps)),
            Section(title="Agent", body=_last_words(view.messages) if live else "", look=Look.PROSE),
            Section(title="Signoff", body=_remark(view.messages) if live else ""),
            _unread(view.messages),
            rules_section(view.rules),
            _trouble(execution),
        ),
        buttons=(*_run_buttons(execution), *(revoking(view.rules, RULES_SHOWN) if live else ())),
        live=live,
        data=data(
            "run",
            execution=execution,
            elapsed_seconds=say.elapsed(execution, now),
            steps=view.steps[-STEPS_SHOWN:],
            rules=view.rules,
            reports=view.reports,
        ),
    )


def result(view: RunView, now: datetime) -> Card:
    """Show what a run came to, with its reports as files. Its key is `result:<id>`."""
    execution = view.execution
    return Card(
        title=f"{say.STATE_SIGNS[execution.state]} {say.line(execution.title or execution.prompt, 60)}: "
        f"{say.state(execution)}",
        key=f"result:{execution.id}",
        tone=_TONES[execution.state],
        fields=facts(
            ("Run", handle(execution.id)),
            ("Project", execution.project or ""),
            ("Changes", execution.diffstat),
            ("Tests", _tests(execution)),
            ("Took", say.duration(say.elapsed(execution, now))),
            *_consumed(execution),
            ("Branch", execution.branch),
            ("Merged", execution.merged_commit[:10]),
            ("Discarded", say.ago(execution.discarded_at, now) if execution.discarded_at else ""),
        ),
        sections=sections(
            _trouble(execution),
            Section(title="Summary", body=say.cut(clean(execution.summary), SUMMARY_LIMIT), look=Look.PROSE),
            _failed_tests(execution),
            rules_section(view.rules),
        ),
        buttons=(*reviewing(execution), *button("Report", f"report {execution.id}", key="p"), *_retry(execution)),
        files=tuple(attachment(execution, report) for report in view.reports),
        data=data(
            "result",
            execution=execution,
            elapsed_seconds=say.elapsed(execution, now),
            reports=view.reports,
            **_answer(view.messages),
        ),
    )


def brief(execution: Execution) -> Card:
    """Show in a few lines what a run came to, or where it was stopped; nothing of it changes with the time."""
    stopped = execution.state is State.STOPPED
    return Card(
        title=f"{say.STATE_SIGNS[execution.state]} {say.line(execution.title or execution.prompt, 60)}: "
        f"{say.state(execution)}",
        tone=_TONES[execution.state],
        fields=facts(
            ("Run", handle(execution.id)),
            ("Project", execution.project or ""),
            ("Changes", execution.diffstat),
            ("Tests", _tests(execution)),
            *_consumed(execution),
            ("Merged", execution.merged_commit[:10]),
            ("Discarded", "yes" if execution.discarded_at else ""),
            ("Why", say.line(execution.error, 200)),
        ),
        buttons=(
            *(button("Resume", f"resume {execution.id}", Style.PRIMARY) if stopped else ()),
            *reviewing(execution),
            *(() if stopped else (*button("Report", f"report {execution.id}"), *_retry(execution))),
        ),
    )


def runs(page: Page[Execution], now: datetime, more: str = "") -> Card:
    """List runs. `more` is the command that continues the list."""
    on = button("More", more, key="m") if page.next and more else ()
    words = f"More: `{more}`" if page.next and more and not on else "`log HANDLE` shows what a run did."
    return Card(
        title="Runs",
        sections=sections(Section(body=run_rows(page.items, now) or "No runs fit.")),
        buttons=on,
        footer=words if page.items else "`do PROMPT` begins a run.",
        data=data("runs", runs=page.items, next=page.next),
    )


def log(view: RunView, now: datetime, people: dict[str, str]) -> Card:
    """Show what a run did and what was said, in order of time. `people` are names by person id."""
    execution = view.execution
    rows = [(step.started_at, _log_step(step)) for step in view.steps]
    rows += [(message.created_at, _log_message(message, people)) for message in view.messages]
    rows = sorted(rows, key=lambda row: row[0])[-LOG_ROWS:]
    return Card(
        title=f"{say.STATE_SIGNS[execution.state]} {run_name(execution)}",
        tone=_TONES[execution.state],
        fields=facts(
            ("State", say.state(execution)),
            ("Elapsed", say.duration(say.elapsed(execution, now))),
            *_consumed(execution),
            ("Branch", execution.branch),
        ),
        sections=sections(
            Section(title="Log", body="\n".join(f"{at:%H:%M:%S} {text}" for at, text in rows) or "Nothing yet."),
            rules_section(view.rules),
            _trouble(execution),
        ),
        buttons=_run_buttons(execution, details=False),
        data=data("log", execution=execution, steps=view.steps, messages=view.messages, approvals=view.approvals),
    )


def reviewing(execution: Execution) -> tuple[Button, ...]:
    """Make the buttons for what an agent has done, as far as there is something and it is still there."""
    there = execution.worktree and not execution.merged_commit and execution.discarded_at is None
    settled = execution.state.final or execution.state is State.STOPPED
    if not (there and settled):
        return ()
    merge = Style.PRIMARY if execution.state is State.COMPLETED else Style.PLAIN
    changed = (
        (
            *button("Merge", f"merge {execution.id}", merge, key="m"),
            *button("Diff", f"diff {execution.id}", key="f"),
        )
        if execution.diffstat
        else ()
    )
    return (*changed, *button("Discard", f"discard {execution.id}", Style.DANGER, key="x"))


def _answer(messages: Sequence[Message]) -> dict[str, str]:
    """Return what the agent said last, if that is more than a card shows."""
    said = next((message.text for message in reversed(messages) if message.author is Author.AGENT), "")
    return {"answer": said} if len(said) > SUMMARY_LIMIT else {}


def attachment(execution: Execution, report: Report) -> Attachment:
    """Make the file of a report, with what its picture says for those who do not see it."""
    suffix = {"markdown": "md"}.get(report.format, report.format)
    return Attachment(
        name=f"report-{handle(execution.id)}.{suffix}",
        path=report.path,
        size=report.size,
        picture=report.picture,
        alt=_in_words(execution) if report.picture else "",
    )


def _in_words(execution: Execution) -> str:
    """Say in words what the first page of a report shows in numbers."""
    facts = [
        f"First page of the report of {run_name(execution)}",
        f"state: {say.state(execution)}",
        f"changes: {execution.diffstat or 'none'}",
        f"tests: {_tests(execution) or 'not run'}",
        f"tokens: {say.tokens(execution.usage.tokens)}",
        f"cost: {say.cost(execution.usage.cost_usd)}",
    ]
    return clean("; ".join(facts)).replace("\N{MINUS SIGN}", "minus ")


def _run_buttons(execution: Execution, *, details: bool = True) -> tuple[Button, ...]:
    stop = button("Stop", f"stop {execution.id}", Style.DANGER, key="s")
    steer = button("Steer", f"say {execution.id}", key="t", asks="What should the agent hear?")
    log_button = button("Details", f"log {execution.id}", key="l") if details else ()
    match execution.state:
        case State.PENDING:
            return (*button("Cancel", f"cancel {execution.id}", Style.DANGER, key="c"), *log_button)
        case State.RUNNING | State.WAITING:
            return (*stop, *steer, *log_button)
        case State.STOPPED:
            return (
                *button("Resume", f"resume {execution.id}", Style.PRIMARY, key="r"),
                *button("Say + resume", f"resume {execution.id}", key="t", asks="What should the agent hear first?"),
                *log_button,
                *button("Cancel", f"cancel {execution.id}", Style.DANGER, key="c"),
            )
        case State.COMPLETED | State.FAILED | State.CANCELLED:
            return log_button


def _retry(execution: Execution) -> tuple[Button, ...]:
    follow = button("Follow up", f"say {execution.id}", key="t", asks="What should the agent do next?")
    return (*button("Retry", f"retry {execution.id}", key="y"), *(follow if execution.session else ()))


def _consumed(execution: Execution) -> tuple[tuple[str, str], ...]:
    usage = execution.usage
    return (
        ("Tokens", say.tokens(usage.tokens) if usage.tokens else ""),
        ("Cost", say.cost(usage.cost_usd) if usage.cost_usd else ""),
    )


def _tests(execution: Execution) -> str:
    if execution.test_exit is None:
        return ""
    return "passed" if execution.test_exit == 0 else f"failed (exit status {execution.test_exit})"


def _failed_tests(execution: Execution) -> Section:
    output = execution.test_output.strip()
    tail = output[-OUTPUT_LIMIT:]
    if tail != output and "\n" in tail:
        tail = tail.partition("\n")[2]  # the first line of the rest is not whole
    body = clean(tail) if execution.test_exit else ""
    return Section(title="Test output" + ("" if tail == output else " (its end)"), body=body, look=Look.CODE)


def _trouble(execution: Execution) -> Section:
    body = "\n".join(part for part in (clean(execution.error), clean(execution.hint)) if part)
    return Section(title="Why", body=say.cut(body, SUMMARY_LIMIT))


def _unread(messages: Sequence[Message]) -> Section:
    rows = [say.line(m.text) for m in messages[1:] if m.author is Author.PERSON and m.delivered_at is None]
    return Section(title=UNREAD, body="\n".join(rows))


def _last_words(messages: Sequence[Message]) -> str:
    said = next((message.text for message in reversed(messages) if message.author is Author.AGENT), "")
    return say.cut(clean(said), PROSE_LIMIT)


def _remark(messages: Sequence[Message]) -> str:
    """Return what Signoff itself remarked, unless the agent has spoken since."""
    newest = messages[-1] if messages else None
    return say.line(newest.text, PROSE_LIMIT) if newest and newest.author is Author.SIGNOFF else ""


def _step_lines(steps: Sequence[Step]) -> str:
    shown = [step for step in steps if step.kind is not StepKind.MESSAGE][-STEPS_SHOWN:]
    return "\n".join(f"{say.STEP_SIGNS[step.status]} {say.line(step.title or step.tool, 70)}" for step in shown)


def _log_step(step: Step) -> str:
    took = (step.finished_at - step.started_at).total_seconds() if step.finished_at else 0.0
    lasted = f" ({say.duration(took)})" if took >= 1 else ""
    return f"{say.STEP_SIGNS[step.status]} {say.line(step.title or step.tool, 100)}{lasted}"


def _log_message(message: Message, people: dict[str, str]) -> str:
    who = people.get(message.person_id or "", message.author.value)
    return f"{who}: {say.line(message.text, 300)}"
