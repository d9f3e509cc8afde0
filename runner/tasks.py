"""The use cases about saved tasks: define, edit, delete, show, list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any

from rapidfuzz import process

from runner import journal, prompt
from runner.errors import BadInput, NameTaken, NotFound, WrongState
from runner.model import (
    Actor,
    AgentOptions,
    ChangeKind,
    Goal,
    Priority,
    Role,
    Rule,
    Scope,
    Task,
    Verdict,
    new_id,
    value,
)
from runner.people import require
from runner.policy import validate_pattern
from runner.ports import Clock, Page, Store, TaskQuery
from runner.settings import Settings

NAME_LIMIT = 64  # characters; fits a phone's line and a chat product's button value
FORMATS = ("html", "pdf", "json", "markdown")


@value
class TaskDraft:
    """What somebody typed about a task. None means: not given; editing keeps the old value then."""

    name: str | None = None
    prompt: str | None = None
    project: str | None = None
    description: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    read_projects: tuple[str, ...] | None = None
    agent: str | None = None
    model: str | None = None
    priority: str | None = None
    goal: str | None = None
    test: str | None = None
    tools: tuple[str, ...] | None = None
    disallowed: tuple[str, ...] | None = None
    mcp: tuple[str, ...] | None = None
    reports: tuple[str, ...] | None = None
    allow: tuple[str, ...] | None = None
    ask: tuple[str, ...] | None = None
    refuse: tuple[str, ...] | None = None
    sandbox: bool | None = None
    plan: bool | None = None
    turns: int | None = None
    tokens: int | None = None
    cost: float | None = None
    minutes: float | None = None


class Tasks:
    """Saved tasks. Every method that changes something takes the actor, whose role is checked."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    async def define(self, actor: Actor, draft: TaskDraft) -> Task:
        """Save a new task; one that its owner has saved just so already is returned as it is.

        Raises NotAllowed, BadInput, EmptyPrompt, BadTemplate, NameTaken, NotFound (project).
        """
        require(actor.person, Role.OPERATOR, "save a task")
        now = self._clock.now()
        blank = Task(id=new_id(), owner_id=actor.person.id, name="", prompt="", created_at=now, updated_at=now)
        task = await self._drafted(blank, draft)
        other = await self._store.tasks.find(task.name)
        if other is not None and task == replace(other, id=task.id, created_at=now, updated_at=now):
            return other
        _check_name_free(blank, task, other)
        await self._store.tasks.add(
            task, journal.entry(actor, ChangeKind.TASK, "task.created", task.id, now, name=task.name)
        )
        return task

    async def edit(self, actor: Actor, name: str, draft: TaskDraft) -> Task:
        """Change what the draft gives and keep the rest. Raises like `define`, and WrongState if edited meanwhile."""
        require(actor.person, Role.OPERATOR, "edit a task")
        before = await self.show(name)
        now = self._clock.now()
        after = replace(await self._drafted(before, draft), updated_at=now)
        _check_name_free(before, after, await self._store.tasks.find(after.name))
        changed = [f.name for f in fields(Task) if getattr(before, f.name) != getattr(after, f.name)]
        entry = journal.entry(actor, ChangeKind.TASK, "task.edited", after.id, now, name=after.name, changed=changed)
        if not await self._store.tasks.replace(before, after, entry):
            raise WrongState(
                f"{name} was edited by somebody else meanwhile.", hint=f"Look at `show {name}` and try again."
            )
        return after

    async def delete(self, actor: Actor, name: str) -> Task:
        """Delete a task softly: its name is free again, its executions stay. Raises NotAllowed, NotFound."""
        require(actor.person, Role.OPERATOR, "delete a task")
        before = await self.show(name)
        now = self._clock.now()
        after = replace(before, deleted_at=now, updated_at=now)
        entry = journal.entry(actor, ChangeKind.TASK, "task.deleted", after.id, now, name=after.name)
        if not await self._store.tasks.replace(before, after, entry):
            raise WrongState(
                f"{name} was edited by somebody else meanwhile.", hint=f"Look at `show {name}` and try again."
            )
        return after

    async def show(self, name: str) -> Task:
        """Return a task by name. Raises NotFound, naming the nearest."""
        task = await self._store.tasks.find(name)
        if task is not None:
            return task
        match = process.extractOne(name, await self._store.tasks.names(), score_cutoff=55)
        hint = f"Did you mean `{match[0]}`?" if match else "`list` shows all tasks."
        raise NotFound(f"There is no task `{name}`.", hint=hint)

    async def list(self, query: TaskQuery) -> Page[Task]:
        """List tasks, newest first."""
        return await self._store.tasks.list(query)

    async def names(self) -> Sequence[str]:
        """Return the names of all tasks."""
        return await self._store.tasks.names()

    async def _drafted(self, task: Task, draft: TaskDraft) -> Task:
        """Put a draft over a task and check the result."""
        plain = _given(draft, "prompt", "description", "tags", "read_projects", "reports")
        if draft.name is not None or not task.name:
            plain["name"] = checked_name(draft.name or "")
        if draft.priority is not None:
            plain["priority"] = _checked_priority(draft.priority)
        after = replace(
            task,
            **plain,
            project=await self._project(draft.project) if draft.project is not None else task.project,
            variables={**task.variables, **draft.variables},
            options=_options(task.options, draft),
            goal=Goal(
                sentence=task.goal.sentence if draft.goal is None else draft.goal,
                test_command=task.goal.test_command if draft.test is None else draft.test,
            ),
            rules=_rules(task.rules, draft),
        )
        prompt.check(after.prompt)
        prompt.variables(after.prompt)
        self._check_words(after)
        return after

    async def _project(self, name: str) -> str | None:
        if not name:
            return None
        project = await self._store.people.project(name)
        if project is None:
            known = [p.name for p in await self._store.people.projects()]
            listed = ", ".join(known) or "none yet"
            raise NotFound(
                f"There is no project `{name}`.", hint=f"Known: {listed}. `project add {name} PATH` adds one."
            )
        return project.name

    def _check_words(self, task: Task) -> None:
        """Check names that the configuration must know. Raises BadInput."""
        for server in task.options.mcp:
            if server not in self._settings.mcp and not any(server in u.mcp for u in self._settings.users.values()):
                raise BadInput(f"There is no MCP server `{server}`.", hint="MCP servers are named in config.toml.")
        for fmt in task.reports:
            if fmt not in FORMATS:
                raise BadInput(f"There is no report format `{fmt}`.", hint=f"Known: {', '.join(FORMATS)}.")
        if task.options.agent != "claude":
            raise BadInput(f"There is no agent `{task.options.agent}`.", hint="Known: claude.")


def _check_name_free(before: Task, after: Task, other: Task | None) -> None:
    if other is not None and other.id != before.id:
        raise NameTaken(f"There is a task `{after.name}` already.", hint=f"`edit {after.name} …` changes it.")


def _given(draft: TaskDraft, *names: str) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in names if getattr(draft, name) is not None}


def _options(before: AgentOptions, draft: TaskDraft) -> AgentOptions:
    """Put the draft's options over the old ones; 0 takes a limit away. Raises BadInput."""
    limits: dict[str, Any] = {
        "turns": draft.turns,
        "tokens": draft.tokens,
        "cost_usd": draft.cost,
        "minutes": draft.minutes,
    }
    for name, limit in limits.items():
        if limit is not None and limit < 0:
            raise BadInput(f"A limit ({name}) cannot be negative.", hint="0 takes the limit away.")
    given = {name: limit or None for name, limit in limits.items() if limit is not None}
    tools = {} if draft.tools is None else {"tools": draft.tools or None}
    disallowed = {} if draft.disallowed is None else {"disallowed_tools": draft.disallowed}
    model = {} if draft.model is None else {"model": draft.model or None}
    changes: dict[str, Any] = {**_given(draft, "agent", "mcp", "sandbox", "plan"), **tools, **disallowed, **model}
    return replace(before, **changes, limits=replace(before.limits, **given))


def _rules(before: tuple[Rule, ...], draft: TaskDraft) -> tuple[Rule, ...]:
    """Replace the patterns of each verdict that the draft gives. Raises BadInput for a malformed pattern."""
    given = {Verdict.ALLOW: draft.allow, Verdict.ASK: draft.ask, Verdict.REFUSE: draft.refuse}
    rules = [rule for rule in before if given[rule.verdict] is None]
    for verdict, patterns in given.items():
        for pattern in patterns or ():
            validate_pattern(pattern)
            rules.append(Rule(pattern=pattern, verdict=verdict, scope=Scope.TASK))
    return tuple(rules)


def checked_name(name: str) -> str:
    """Return a name that a task can have. Raises BadInput."""
    if not name:
        raise BadInput("The task needs a name.", hint="For example: new fix-tests Fix the failing tests.")
    if len(name) > NAME_LIMIT or not all(c.isalnum() or c in "-_." for c in name):
        raise BadInput(
            f"`{name[:80]}` is not a task name.",
            hint=f"Use up to {NAME_LIMIT} letters, digits, dashes, dots and underscores, without spaces.",
        )
    return name


def _checked_priority(word: str) -> Priority:
    try:
        return Priority(word.lower())
    except ValueError as error:
        raise BadInput(f"There is no priority `{word}`.", hint="Known: high, normal, low.") from error
