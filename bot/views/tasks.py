"""Cards about saved tasks and projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.messenger import Card, Look, Section, Style, Tone
from bot.views import say
from bot.views.parts import button, data, facts, run_rows, sections
from runner.model import Access, Execution, Project, Task
from runner.ports import Page

PROMPT_LIMIT = 3_000  # characters of a prompt on a card; scripts read all of it
_NO_PROJECT = "No project yet. `project add NAME PATH` adds a git repository."
LINE = 90  # characters of a row in a list


def task(saved: Task, now: datetime, note: str = "") -> Card:
    """Show a saved task. `note` says what has just been done with it."""
    limits = saved.options.limits
    return Card(
        title=f"{note} {saved.name}".strip(),
        tone=Tone.GOOD if note else Tone.NEUTRAL,
        fields=facts(
            ("About", say.line(saved.description, 200)),
            ("Project", saved.project or ""),
            ("Reads", ", ".join(saved.read_projects)),
            ("Tags", " ".join(f"#{tag}" for tag in saved.tags)),
            ("Variables", ", ".join(f"{name}={say.line(text, 40)}" for name, text in saved.variables.items())),
            ("Agent", " ".join(part for part in (saved.options.agent, saved.options.model) if part)),
            ("Mode", ", ".join(_modes(saved))),
            ("Tools", ", ".join(saved.options.tools or ())),
            ("Without", ", ".join(saved.options.disallowed_tools)),
            ("MCP", ", ".join(saved.options.mcp)),
            ("Goal", say.line(saved.goal.sentence, 200)),
            ("Test", say.line(saved.goal.test_command, 200)),
            ("Limits", ", ".join(_limits(limits.turns, limits.tokens, limits.cost_usd, limits.minutes))),
            ("Rules", ", ".join(f"{rule.verdict.value} {rule.pattern}" for rule in saved.rules)),
            ("Reports", ", ".join(saved.reports)),
            ("Priority", saved.priority.value),
            ("Runs", _record(saved, now)),
        ),
        sections=sections(Section(title="Prompt", body=say.cut(saved.prompt, PROMPT_LIMIT), look=Look.CODE)),
        buttons=(
            *button("Run", f"run {saved.name}", Style.PRIMARY, key="r"),
            *button("Last runs", f"runs --task {saved.name}", key="u"),
        ),
        data=data("task", task=saved),
    )


def deleted(gone: Task) -> Card:
    """Say that a task is gone and what stays."""
    return Card(
        title=f"Deleted {gone.name}",
        sections=(Section(body="Its runs, reports and branches stay. The name is free again."),),
        data=data("deleted", task=gone),
    )


def tasks(page: Page[Task], now: datetime, *, more: str = "", found: Sequence[Execution] | None = None) -> Card:
    """List tasks; with `found`, also the runs that a search found. `more` is the command that continues the list."""
    rows = "\n".join(_row(saved) for saved in page.items)
    again = bool(page.next and more)
    on = button("More", more, key="m") if again else ()
    words = "" if page.items else "`new NAME PROMPT` saves a task."
    return Card(
        title="Tasks" if found is None else "Found",
        sections=sections(
            Section(title="" if found is None else "Tasks", body=rows or "No tasks fit."),
            Section(title="Runs", body=run_rows(found or (), now)),
        ),
        buttons=on,
        footer=f"More: `{more}`" if again and not on else words,
        data=data("tasks", tasks=page.items, next=page.next, **({} if found is None else {"runs": found})),
    )


def missing(name: str, names: Sequence[str], given: str, values: Mapping[str, str]) -> Card:
    """Ask for the values a prompt needs. `given` is what was typed after the task's name already."""
    prefill = " ".join([*(f"{wanted}=" for wanted in names), given]).strip()
    asks = f"Values for {', '.join(names)} (with spaces in quotes)"
    return Card(
        title=f"◆ {name} needs {', '.join(names)}",
        tone=Tone.WAITING,
        sections=(Section(body=f"run {name} {prefill}", look=Look.CODE),),
        buttons=button("Fill in", f"run {name}", Style.PRIMARY, key="f", asks=asks, prefill=prefill),
        footer="Nothing has been started yet.",
        data=data("missing", task=name, names=names, given=values),
    )


def project(shown: Project, state: str, note: str = "") -> Card:
    """Show a project and one line about its repository."""
    return Card(
        title=f"{note} {shown.name}".strip(),
        tone=Tone.GOOD if note else Tone.NEUTRAL,
        fields=facts(
            ("Path", shown.path),
            ("State", state),
            ("Base branch", shown.base_branch),
            ("Access", "read only" if shown.access is Access.READ else ""),
            ("Copied", " ".join(shown.copy)),
            ("Set-up", say.line(shown.setup, 200)),
            ("Test", say.line(shown.test_command, 200)),
            ("If dirty", shown.dirty.value),
            ("From", "config.toml" if shown.from_config else ""),
        ),
        data=data("project", project=shown, state=state),
    )


def projects(known: Sequence[Project]) -> Card:
    """List the projects."""
    rows = [f"{shown.name}  {shown.path}{'' if shown.access is Access.WRITE else '  (read)'}" for shown in known]
    return Card(
        title="Projects",
        sections=(Section(body="\n".join(rows) or _NO_PROJECT, look=Look.TEXT if rows else Look.HINT),),
        data=data("projects", projects=known),
    )


def removed(gone: Project) -> Card:
    """Say that a project is forgotten and what stays."""
    return Card(
        title=f"Removed {gone.name}",
        sections=(Section(body=f"The repository in {gone.path} was not touched."),),
        data=data("removed", project=gone),
    )


def _row(saved: Task) -> str:
    tags = " ".join(f"#{tag}" for tag in saved.tags)
    about = say.line(saved.description or saved.prompt, 60)
    return say.cut("  ".join(part for part in (saved.name, tags, about) if part), LINE)


def _modes(saved: Task) -> list[str]:
    return [word for word, on in (("plan first", saved.options.plan), ("sandbox", saved.options.sandbox)) if on]


def _limits(turns: int | None, tokens: int | None, cost: float | None, minutes: float | None) -> list[str]:
    return [
        text
        for text, limit in (
            (say.plural(turns or 0, "turn"), turns),
            (f"{say.tokens(tokens or 0)} tokens", tokens),
            (f"${cost or 0:g}", cost),
            (f"{minutes or 0:g} min", minutes),
        )
        if limit
    ]


def _record(saved: Task, now: datetime) -> str:
    if not saved.run_count:
        return ""
    last = f", last {say.ago(saved.last_run_at, now)}" if saved.last_run_at else ""
    return f"{saved.run_count} ({saved.completed_count} completed, {saved.failed_count} failed){last}"
