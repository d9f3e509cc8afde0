"""The use cases about executions: run, do, say, stop, resume, cancel, retry, and looking at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner import __version__, inbox, journal, prompt
from runner.advance import Advance
from runner.errors import Ambiguous, BadInput, NotFound, WrongState
from runner.lifecycle import CancelRequested, ResumeRequested, StopRequested
from runner.model import (
    Actor,
    AgentOptions,
    Approval,
    Author,
    Backlog,
    Change,
    ChangeKind,
    Enclosed,
    Execution,
    Message,
    Origin,
    Priority,
    Project,
    Report,
    Role,
    Rule,
    Scope,
    State,
    Step,
    Task,
    Trigger,
    handle,
    new_id,
    value,
)
from runner.people import require
from runner.ports import Batch, Clock, ExecutionQuery, Files, Page, Store
from runner.projects import Projects
from runner.settings import Settings
from runner.tasks import Tasks

TITLE_LIMIT = 80  # characters; one line of a card
VIEW_STEPS = 200  # steps of a run that a view shows at most, the newest

_NOTHING = Enclosed()

LIVE = (State.PENDING, State.RUNNING, State.WAITING)


@value
class RunOptions:
    """What may differ from the task for one run. None: as the task says."""

    project: str | None = None
    priority: Priority | None = None
    model: str | None = None
    reports: tuple[str, ...] | None = None


@value
class RunView:
    """Everything a card says about an execution."""

    execution: Execution
    task: Task | None
    steps: tuple[Step, ...]
    messages: tuple[Message, ...]
    approvals: tuple[Approval, ...]
    rules: tuple[Rule, ...]
    reports: tuple[Report, ...]


@value
class Overview:
    """How the daemon is doing."""

    running: tuple[Execution, ...]
    waiting: tuple[Execution, ...]
    pending: int
    slots: int
    version: str
    uptime_seconds: float
    unsent: tuple[Backlog, ...] = ()  # channels in which something waits to be shown, or was given up


class Runs:
    """Executions. Every method that changes something takes the actor, whose role is checked."""

    def __init__(  # noqa: PLR0913 - each is a part of its own, and only the core puts them together
        self,
        *,
        store: Store,
        clock: Clock,
        files: Files,
        settings: Settings,
        advance: Advance,
        tasks: Tasks,
        projects: Projects,
    ) -> None:
        self._store = store
        self._clock = clock
        self._files = files
        self._settings = settings
        self._advance = advance
        self._tasks = tasks
        self._projects = projects
        self._began = clock.monotonic()

    async def run(self, actor: Actor, name: str, variables: Mapping[str, str], options: RunOptions) -> Execution:
        """Run a saved task. Raises NotAllowed, NotFound, MissingVariables, BadInput."""
        require(actor.person, Role.OPERATOR, "run a task")
        task = await self._tasks.show(name)
        unknown = [v for v in variables if v not in {x.name for x in prompt.variables(task.prompt)}]
        if unknown:
            known = ", ".join(x.name for x in prompt.variables(task.prompt)) or "none"
            raise BadInput(f"{task.name} has no variable `{unknown[0]}`.", hint=f"Its variables: {known}.")
        text = prompt.fill(task.prompt, variables, task.variables)
        project = await self._project(options.project or task.project)
        execution = self._new(actor, text, project, options, task.options)
        execution = replace(
            execution,
            task_id=task.id,
            task_name=task.name,
            title=task.name,
            variables={**task.variables, **variables},
            read_projects=task.read_projects,
            goal=task.goal,
            reports=options.reports if options.reports is not None else task.reports or self._settings.reports.formats,
            priority=options.priority or task.priority,
        )
        return await self._begin(actor, execution)

    async def do(self, actor: Actor, text: str, options: RunOptions, enclosed: Enclosed = _NOTHING) -> Execution:
        """Run an ad-hoc prompt. Raises NotAllowed, EmptyPrompt, NotFound, BadInput."""
        require(actor.person, Role.OPERATOR, "run a prompt")
        project = await self._project(options.project)
        blank = AgentOptions(agent=self._settings.agents.default)
        fresh = self._new(actor, prompt.check(text), project, options, blank)
        return await self._begin(actor, fresh, enclosed)

    async def say(
        self, actor: Actor, short: str, text: str, enclosed: Enclosed = _NOTHING, *, queued: bool = False
    ) -> Execution:
        """Say something to a run: steering while it is live or stopped; a follow-up in the same session afterwards.

        Afterwards begins with the end of the agent's last turn: the follow-up waits while that is committed and tested.
        `queued` makes it a follow-up in any case, which begins when the run is over. What was said in the same message
        of a chat product before is not said twice. Returns the execution that takes it (for a follow-up a new one).
        Raises NotAllowed, EmptyPrompt, NotFound.
        """
        require(actor.person, Role.OPERATOR, "speak to an agent")
        execution = await self.find(short)
        prompt.check(text)
        if (taken := await self._taken(actor)) is not None:
            return taken
        if execution.listens and not queued and await self._message(actor, execution, text, enclosed):
            return execution
        return await self._follow_up(actor, execution, text, enclosed)

    async def stop(self, actor: Actor, short: str) -> Execution:
        """Stop a run so that it can be resumed. Raises NotAllowed, NotFound, WrongState."""
        require(actor.person, Role.OPERATOR, "stop a run")
        execution = await self.find(short)
        return await self._advance(
            execution.id, StopRequested(by=actor.person.id), batch=self._audit(actor, execution, "stopped")
        )

    async def resume(self, actor: Actor, short: str, text: str = "") -> Execution:
        """Let a stopped run go on, perhaps with something said to it. Raises NotAllowed, NotFound, WrongState."""
        require(actor.person, Role.OPERATOR, "resume a run")
        execution = await self.find(short)
        if execution.state is State.STOPPED and text.strip():
            await self._message(actor, execution, prompt.check(text))
        return await self._advance(
            execution.id, ResumeRequested(by=actor.person.id), batch=self._audit(actor, execution, "resumed")
        )

    async def cancel(self, actor: Actor, short: str) -> Execution:
        """End a run for good; its worktree stays until it is discarded. Raises NotAllowed, NotFound, WrongState."""
        require(actor.person, Role.OPERATOR, "cancel a run")
        execution = await self.find(short)
        return await self._advance(
            execution.id, CancelRequested(by=actor.person.id), batch=self._audit(actor, execution, "cancelled")
        )

    async def retry(self, actor: Actor, short: str) -> Execution:
        """Run the same prompt again from the project's newest base. Raises NotAllowed, NotFound, WrongState."""
        require(actor.person, Role.OPERATOR, "retry a run")
        old = await self.find(short)
        if not old.state.final and old.state is not State.STOPPED:
            raise WrongState(
                f"{old.title} ({handle(old.id)}) is {old.state.value}.",
                hint=f"`cancel {handle(old.id)}` first, or wait.",
            )
        project = await self._project(old.project)
        options = RunOptions(priority=old.priority, reports=old.reports)
        fresh = self._new(actor, old.prompt, project, options, old.options)
        fresh = replace(
            fresh,
            task_id=old.task_id,
            task_name=old.task_name,
            title=old.title,
            variables=old.variables,
            read_projects=old.read_projects,
            goal=old.goal,
            trigger=Trigger.RETRY,
            retry_of=old.id,
        )
        return await self._begin(actor, fresh, await self._enclosed(old))

    async def find(self, short: str) -> Execution:
        """Return the execution with this handle (4 to 26 characters). Raises BadInput, NotFound, Ambiguous."""
        short = short.strip().lower()
        if not 4 <= len(short) <= 26 or not short.isalnum():
            raise BadInput(
                f"`{short[:40]}` is not the id of a run.", hint="Ids have six letters and digits; `runs` lists them."
            )
        found = await self._store.executions.find(short)
        if not found:
            raise NotFound(f"There is no run `{short}`.", hint="`runs` lists the newest.")
        if len(found) > 1:
            listed = ", ".join(f"{handle(e.id, 10)} ({e.title})" for e in found)
            raise Ambiguous(f"`{short}` fits several runs: {listed}.", hint="Give more characters.")
        return found[0]

    async def latest(self, origin: Origin, *, states: Sequence[State] = ()) -> Execution:
        """Return the newest run of a thread, or of a channel if no thread is meant. Raises NotFound."""
        query = ExecutionQuery(origin=origin, states=tuple(states), limit=1)
        page = await self._store.executions.list(query)
        if not page.items:
            kind = f"{states[0].value} " if len(states) == 1 else ""
            raise NotFound(f"There is no {kind}run here.", hint="`runs` lists all runs.")
        return page.items[0]

    async def list(self, query: ExecutionQuery) -> Page[Execution]:
        """List executions, newest first."""
        return await self._store.executions.list(query)

    async def conversation(self, execution: Execution) -> Sequence[Execution]:
        """Return all executions that share this one's worktree, newest first."""
        page = await self.list(ExecutionQuery(conversation_id=execution.conversation_id, limit=500))
        return [e for e in page.items if e.worktree == execution.worktree]

    async def view(self, execution_id: str) -> RunView:
        """Return all that a card says about an execution. Raises NotFound."""
        store = self._store.executions
        execution = await store.get(execution_id)
        if execution is None:
            raise NotFound(f"There is no run `{execution_id}`.")
        return RunView(
            execution=execution,
            task=await self._store.tasks.get(execution.task_id) if execution.task_id else None,
            steps=tuple(await store.steps(execution_id, last=VIEW_STEPS)),
            messages=tuple(await store.messages(execution_id)),
            approvals=tuple(await self._store.approvals.of(execution_id)),
            rules=tuple(await self._store.approvals.rules((Scope.RUN, execution.conversation_id))),
            reports=tuple(await self._store.feed.reports(execution_id)),
        )

    async def overview(self) -> Overview:
        """Return how the daemon is doing."""
        live = await self._store.executions.live()
        return Overview(
            running=tuple(e for e in live if e.state is State.RUNNING),
            waiting=tuple(e for e in live if e.state is State.WAITING),
            pending=await self._store.executions.count((State.PENDING,)),
            slots=self._settings.worker.slots,
            version=__version__,
            uptime_seconds=self._clock.monotonic() - self._began,
            unsent=tuple(await self._store.deliveries.backlog()),
        )

    async def _project(self, name: str | None) -> Project:
        return await (self._projects.get(name) if name else self._projects.only())

    def _new(self, actor: Actor, text: str, project: Project, options: RunOptions, agent: AgentOptions) -> Execution:
        fresh = new_id()
        return Execution(
            id=fresh,
            conversation_id=fresh,
            person_id=actor.person.id,
            prompt=text,
            title=titled(text),
            project=project.name,
            options=replace(agent, model=options.model or agent.model),
            reports=options.reports if options.reports is not None else self._settings.reports.formats,
            origin=actor.origin,
            priority=options.priority or Priority.NORMAL,
            created_at=self._clock.now(),
        )

    async def _begin(self, actor: Actor, execution: Execution, enclosed: Enclosed = _NOTHING) -> Execution:
        """Put a new execution into the queue with its prompt as its first message; once for a message of a chat."""
        if (taken := await self._taken(actor)) is not None:
            return taken
        opening = await self._worded(actor, execution, execution.prompt, enclosed)
        entry = journal.entry(
            actor,
            ChangeKind.EXECUTION,
            "execution.created",
            execution.id,
            execution.created_at,
            execution_id=execution.id,
            trigger=execution.trigger.value,
        )
        changes = tuple(_sourced(change, actor) for change in entry.changes)
        await self._store.executions.add(execution, replace(entry, changes=changes, messages=(opening,)))
        self._advance.wake()
        return execution

    async def _follow_up(self, actor: Actor, old: Execution, text: str, enclosed: Enclosed) -> Execution:
        """Continue a finished conversation: a new execution in the same session, worktree and branch."""
        fresh = replace(
            self._new(actor, text, await self._project(old.project), RunOptions(priority=old.priority), old.options),
            conversation_id=old.conversation_id,
            origin=_place(actor, old),
            task_id=old.task_id,
            task_name=old.task_name,
            read_projects=old.read_projects,
            goal=old.goal,
            reports=old.reports,
        )
        return await self._begin(actor, fresh, enclosed)

    async def _taken(self, actor: Actor) -> Execution | None:
        """Return the execution that has taken this message of a chat product already."""
        known = await self._store.executions.said(actor.source) if actor.source else None
        return await self._store.executions.get(known.execution_id) if known else None

    async def _enclosed(self, old: Execution) -> Enclosed:
        """Return what a run was begun with, beside its prompt."""
        opening = next(iter(await self._store.executions.messages(old.id)), None)
        if opening is None:
            return _NOTHING
        return Enclosed(images=opening.images, files=await inbox.carried(self._files, opening.files))

    async def _message(self, actor: Actor, execution: Execution, text: str, enclosed: Enclosed = _NOTHING) -> bool:
        """Say something to a run while it listens; False if it does not."""
        message = replace(await self._worded(actor, execution, text, enclosed), created_at=self._clock.now())
        change = Change(
            kind=ChangeKind.MESSAGE,
            event="message.said",
            execution_id=execution.id,
            subject_id=message.id,
            at=message.created_at,
        )
        return await self._store.executions.say(message, Batch(changes=(_sourced(change, actor),)))

    async def _worded(self, actor: Actor, execution: Execution, text: str, enclosed: Enclosed) -> Message:
        """Make a message of what a person said; its files are kept."""
        return Message(
            id=new_id(),
            execution_id=execution.id,
            author=Author.PERSON,
            text=text,
            person_id=actor.person.id,
            images=enclosed.images,
            files=await inbox.keep(self._files, execution.conversation_id, enclosed.files),
            source=actor.source,
            created_at=execution.created_at,
        )

    def _audit(self, actor: Actor, execution: Execution, what: str) -> Batch:
        entry = journal.entry(actor, ChangeKind.EXECUTION, f"execution.{what}", execution.id, self._clock.now())
        return replace(entry, changes=())  # the lifecycle writes the feed entry


def _place(actor: Actor, old: Execution) -> Origin:
    """Return where a follow-up lives: in the thread of its conversation, unless somebody continues it in another."""
    was, now = old.origin, actor.origin
    return was if was and was.thread and was.messenger == now.messenger and now.thread is None else now


def _sourced(change: Change, actor: Actor) -> Change:
    """Let whoever follows the feed know where something was said."""
    return replace(change, body={**change.body, "source": actor.source}) if actor.source else change


def titled(text: str) -> str:
    """Return the title of a run that begins with this prompt."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) <= TITLE_LIMIT else first[: TITLE_LIMIT - 1] + "…"
