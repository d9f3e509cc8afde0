"""Make ready what an execution works with: worktree, agent process, bounds of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from runner import checks, inbox
from runner import worktree as trees
from runner.agents.keeper import SessionKeeper
from runner.asking import Asking
from runner.errors import ProjectError, SessionLost
from runner.gate import Bounds
from runner.model import Execution, Project, Rule, Scope, Verdict, value
from runner.ports import AgentResult, AgentSession, AgentSpec, ExecutionQuery, McpServer, Store
from runner.settings import Mcp, ProjectSection, Settings, resolve

_GOAL = "The work is done when this is true: {sentence}"
_TESTS = "Signoff runs `{command}` at the end; it must exit with 0."

LOST = "The agent's conversation was lost: it begins anew with the prompt."

Placed = Callable[[trees.Worktree], Awaitable[None]]
_Opened = tuple[AgentSession, AgentSpec]


@value
class Workspace:
    """What one attempt works with."""

    project: Project
    worktree: trees.Worktree
    spec: AgentSpec
    session: AgentSession
    bounds: Bounds
    warnings: tuple[str, ...] = ()
    meanwhile: str = ""  # what changed while the execution was parked

    def on(self, execution: Execution) -> Execution:
        """Return the execution as it is in this workspace."""
        spec = self.spec
        return replace(placed(execution, self.worktree), session=spec.session, interrupted=spec.interrupted)


class Workspaces:
    """Makes workspaces, and takes up those of earlier attempts and of the conversation so far."""

    def __init__(self, *, store: Store, settings: Settings, keepers: Mapping[str, SessionKeeper]) -> None:
        self._store = store
        self._settings = settings
        self._keepers = keepers

    async def prepare(self, execution: Execution, placed: Placed) -> Workspace:
        """Return a workspace with a living agent that has not been told anything yet.

        `placed` is called with the worktree while the agent starts. Raises ProjectError, AgentUnavailable, AgentError,
        ConfigError; nothing lives on then.
        """
        project = await self._project(execution.project or "")
        execution = await self._inherited(execution)
        tree, warnings = await self._tree(execution, project)
        meanwhile = await self._meanwhile(execution, tree)
        spec = await self._spec(execution, project, tree)
        session, opened = await self._filled(tree, project, spec, placed)
        if spec.session and not opened.session:
            warnings = (*warnings, LOST)
        bounds = Bounds(
            worktree=tree.path,
            read_dirs=(*spec.read_dirs, self._settings.files / inbox.folder(execution.conversation_id)),
            home=Path.home(),
            access=project.access,
            asking=Asking.of(self._settings, project.name),
            rules=await self._rules(execution, project),
        )
        return Workspace(
            project=project,
            worktree=tree,
            spec=opened,
            session=session,
            bounds=bounds,
            warnings=warnings,
            meanwhile=meanwhile,
        )

    async def mark(self, workspace: Workspace) -> str:
        """Name the state of worktree and base branch, so that a change is noticed later."""
        try:
            return await trees.mark(workspace.worktree)
        except ProjectError:  # it cannot be named; then nothing is said about changes either
            return ""

    async def _meanwhile(self, execution: Execution, tree: trees.Worktree) -> str:
        """Say what others changed while the execution was parked. An answer holds for its input, so it still counts."""
        if not execution.mark or not execution.interrupted or not trees.is_filled(tree):
            return ""
        files, _, base = execution.mark.partition(" ")
        now_files, _, now_base = (await trees.mark(tree)).partition(" ")
        said = "While it waited, somebody changed files in the worktree." if files != now_files else ""
        return f"{said} While it waited, {tree.base_branch} moved on.".strip() if base != now_base else said

    async def reopen(self, workspace: Workspace) -> Workspace:
        """Begin a new conversation in the same worktree: the one to be resumed is gone."""
        spec = replace(workspace.spec, session=None, interrupted=False)
        session = await self._keeper(spec).open(spec)
        return replace(workspace, spec=spec, session=session)

    async def release(self, workspace: Workspace, result: AgentResult) -> None:
        """Keep the agent for a follow-up if its turn ended well; else end it politely, so that it can be resumed."""
        if result.status != "ok":
            await workspace.session.close()
            return
        spec = replace(workspace.spec, session=workspace.session.session, interrupted=False)
        await self._keeper(spec).release(workspace.session, spec)

    async def _project(self, name: str) -> Project:
        project = await self._store.people.project(name)
        if project is None:
            raise ProjectError(f"The project `{name}` is gone.", hint="`project add` it again, then `retry`.")
        return project

    async def _inherited(self, execution: Execution) -> Execution:
        """Give the first attempt of a follow-up the session and worktree of the conversation."""
        if execution.worktree or execution.conversation_id == execution.id:
            return execution
        query = ExecutionQuery(conversation_id=execution.conversation_id, limit=50)
        for earlier in (await self._store.executions.list(query)).items:
            if earlier.id < execution.id and earlier.worktree:
                execution = replace(execution, session=execution.session or earlier.session)
                gone = earlier.merged_commit or earlier.discarded_at
                return execution if gone else _in_same_tree(execution, earlier)
        return execution

    async def _tree(self, execution: Execution, project: Project) -> tuple[trees.Worktree, tuple[str, ...]]:
        """Take up the worktree there is, or reserve one; it may still be without files, or no worktree of git's yet."""
        if execution.worktree:
            tree = await trees.find(project, execution)
            if execution.attempt == 1 and tree.path.exists() and trees.is_filled(tree):
                return tree, ()  # a follow-up: nothing has crashed in it
            with suppress(ProjectError):  # neither worktree nor branch nor backup is left: a new one, then
                return tree, (await trees.adopt(tree)).found
        state = await trees.inspect(project)
        warnings = checks.before(state)
        return await trees.reserve(state, execution.id, self._settings.worktrees), warnings

    async def _filled(self, tree: trees.Worktree, project: Project, spec: AgentSpec, placed: Placed) -> _Opened:
        """Start the agent while git makes the worktree: neither needs the other until the prompt is said."""
        opening = asyncio.ensure_future(self._open(spec))  # noqa: TID251 - awaited below on every path
        await asyncio.sleep(0)  # it goes first: starting the CLI takes longer than all of git
        try:
            if not tree.git_dir.is_dir():
                await trees.register(tree)
            if not trees.is_filled(tree):
                await trees.fill(tree, project)
            await placed(tree)
        except BaseException:
            await _dismiss(opening)
            raise
        return await opening

    async def _open(self, spec: AgentSpec) -> _Opened:
        """Start the agent. Return with it what it really started from: a conversation that is gone begins anew."""
        keeper = self._keeper(spec)
        try:
            return await keeper.open(spec), spec
        except SessionLost:
            fresh = replace(spec, session=None, interrupted=False)
            return await keeper.open(fresh), fresh

    def _keeper(self, spec: AgentSpec) -> SessionKeeper:
        return self._keepers[spec.options.agent]

    async def _spec(self, execution: Execution, project: Project, tree: trees.Worktree) -> AgentSpec:
        options = execution.options
        if options.model is None and self._settings.agents.claude.model:
            options = replace(options, model=self._settings.agents.claude.model)
        notes = [await trees.instructions(tree)]
        if execution.goal.sentence:
            notes.append(_GOAL.format(sentence=execution.goal.sentence))
        command = execution.goal.test_command or project.test_command
        if command:
            notes.append(_TESTS.format(command=command))
        read_dirs = [Path((await self._project(name)).path) for name in execution.read_projects]
        return AgentSpec(
            cwd=tree.path,
            options=options,
            session=execution.session,
            interrupted=execution.interrupted and execution.session is not None,
            instructions="\n\n".join(note for note in notes if note),
            mcp=await self._servers(execution),
            read_dirs=tuple(read_dirs),
        )

    async def _servers(self, execution: Execution) -> tuple[McpServer, ...]:
        """Find the MCP servers of the task: the person's own go before those of everybody. Secrets are read here."""
        person = await self._store.people.person(execution.person_id)
        user = self._settings.users.get(person.name) if person else None
        known = {**self._settings.mcp, **(user.mcp if user else {})}
        return tuple(_server(name, known[name]) for name in execution.options.mcp if name in known)

    async def _rules(self, execution: Execution, project: Project) -> tuple[Rule, ...]:
        task = await self._store.tasks.get(execution.task_id) if execution.task_id else None
        section = self._settings.projects.get(project.name)
        return (
            *(task.rules if task else ()),
            *(rules_of(section, Scope.PROJECT) if section else ()),
            *rules_of(self._settings.policy, Scope.GLOBAL),
        )


def rules_of(section: ProjectSection | object, scope: Scope) -> tuple[Rule, ...]:
    """Read the rules out of a section of the configuration that has `refuse`, `ask` and `allow`."""
    return tuple(
        Rule(pattern=pattern, verdict=verdict, scope=scope)
        for verdict in (Verdict.REFUSE, Verdict.ASK, Verdict.ALLOW)
        for pattern in getattr(section, verdict.value)
    )


async def _dismiss(opening: asyncio.Future[_Opened]) -> None:
    """End an agent that nobody will talk to, whether it is there already or still coming."""
    opening.cancel()
    try:
        session, _ = await opening
    except (asyncio.CancelledError, Exception):  # noqa: BLE001 - the error that brought us here is the one to tell
        return
    await session.kill()


def placed(execution: Execution, tree: trees.Worktree) -> Execution:
    """Return the execution with its worktree written down."""
    return replace(
        execution,
        worktree=str(tree.path),
        branch=tree.branch,
        base_branch=tree.base_branch,
        base_commit=tree.base_commit,
    )


def _in_same_tree(execution: Execution, earlier: Execution) -> Execution:
    return replace(
        execution,
        worktree=earlier.worktree,
        branch=earlier.branch,
        base_branch=earlier.base_branch,
        base_commit=earlier.base_commit,
    )


def _server(name: str, server: Mcp) -> McpServer:
    return McpServer(
        name=name,
        command=server.command,
        args=server.args,
        env=resolve(server.env),
        url=server.url,
        headers=resolve(server.headers),
    )
