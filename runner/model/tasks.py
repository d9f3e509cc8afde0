"""What is defined before anything runs: tasks, projects, people, rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from runner.model.base import value
from runner.model.words import Access, Dirty, Priority, Role, Scope, Verdict


@value
class Limits:
    """Where an execution ends at the latest. None is no limit."""

    turns: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    minutes: float | None = None


@value
class AgentOptions:
    """How the agent of a task is to be started."""

    agent: str = "claude"
    model: str | None = None
    tools: tuple[str, ...] | None = None  # the only tools it has; None means all. Availability, never permission
    disallowed_tools: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()  # names of configured MCP servers
    sandbox: bool = False
    plan: bool = False  # begin in plan mode: the first thing to be approved is the plan
    limits: Limits = field(default_factory=Limits)


@value
class Goal:
    """What must be true at the end: a sentence, and the command that proves it (exit status 0)."""

    sentence: str = ""
    test_command: str = ""


@value
class Rule:
    """Refuse, ask or allow steps that match `pattern`.

    A pattern is `TOOL` or `TOOL(ARGUMENT)`: `Bash(pytest *)` matches a command by its parsed words, `Edit(src/**)` a
    path inside the worktree, `WebFetch(example.org)` a host, `mcp__server__tool` a tool by name; `*` matches any tool.
    """

    pattern: str
    verdict: Verdict
    scope: Scope = Scope.GLOBAL
    id: str = ""
    scope_id: str = ""  # id of the conversation or task, name of the project
    created_by: str = ""  # person id; empty for rules of the configuration
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


@value
class Ruling:
    """What policy says to one step, and why. `floor` means that no rule and no answer can unlock it."""

    verdict: Verdict
    reason: str = ""
    rule: str = ""
    floor: bool = False
    labels: tuple[str, ...] = ()  # computed facts: "network", "outside worktree", "deletes", "secrets" ...


@value
class Person:
    """A human, linked across front ends by identities such as ("terminal", "ada")."""

    id: str
    name: str
    role: Role
    created_at: datetime
    preferred: str = ""  # the messenger on which questions reach them; empty: where the run was begun


@value
class Project:
    """A git repository known by name."""

    name: str
    path: str
    base_branch: str = ""  # empty: the branch that is checked out
    access: Access = Access.WRITE
    copy: tuple[str, ...] = ()  # ignored files that a fresh worktree needs, as globs
    setup: str = ""  # command run in a fresh worktree
    test_command: str = ""
    dirty: Dirty = Dirty.WARN
    from_config: bool = False


@value
class Task:
    """What someone saved. Never a run."""

    id: str
    owner_id: str
    name: str
    prompt: str
    project: str | None = None
    description: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)  # defaults
    read_projects: tuple[str, ...] = ()
    options: AgentOptions = field(default_factory=AgentOptions)
    goal: Goal = field(default_factory=Goal)
    rules: tuple[Rule, ...] = ()
    reports: tuple[str, ...] = ()  # formats made at the end; others on demand
    tags: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    run_count: int = 0
    completed_count: int = 0
    failed_count: int = 0
    last_run_at: datetime | None = None
