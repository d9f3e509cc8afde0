"""The use cases about results: diff, merge, discard, report."""

from __future__ import annotations

from dataclasses import replace

from runner import journal
from runner import worktree as trees
from runner.advance import Facts
from runner.checks import commit_message
from runner.errors import BadInput, ProjectError, WrongState
from runner.model import Actor, ChangeKind, Diff, Execution, Project, Report, Role, State, handle
from runner.people import require
from runner.ports import Batch, Clock, Store
from runner.reporting import Reporting
from runner.runs import LIVE, Runs
from runner.tasks import FORMATS


class Review:
    """What people do with what an agent has done."""

    def __init__(self, *, store: Store, clock: Clock, runs: Runs, reporting: Reporting) -> None:
        self._store = store
        self._clock = clock
        self._runs = runs
        self._reporting = reporting

    async def diff(self, short: str) -> tuple[Execution, Diff]:
        """Return what a run changed so far. Raises NotFound, Ambiguous."""
        execution = await self._runs.find(short)
        return execution, await self._reporting.diff(execution)

    async def merge(self, actor: Actor, short: str) -> Execution:
        """Bring the work into the base branch as one commit and remove the worktree.

        Raises NotAllowed, NotFound, WrongState (still at work, merged already), ProjectError (conflict, nothing to
        merge, checkout in the way); then nothing has changed.
        """
        require(actor.person, Role.OPERATOR, "merge")
        execution = await self._settled(short, "merged")
        project = await self._project(execution)
        tree = await trees.find(project, execution)
        author = trees.Identity(name=actor.person.name, email=f"{actor.person.name}@signoff.invalid")
        commit = await trees.merge(tree, project, commit_message(execution.title, execution.summary), author)
        await trees.discard(tree)
        return await self._noted(actor, execution, "merged", lambda e: replace(e, merged_commit=commit))

    async def discard(self, actor: Actor, short: str) -> tuple[Execution, str]:
        """Remove worktree and branch; return the run and the ref that keeps the work. Raises like `merge`."""
        require(actor.person, Role.OPERATOR, "discard")
        execution = await self._settled(short, "discarded")
        backup = await trees.discard(await trees.find(await self._project(execution), execution))
        now = self._clock.now()
        return await self._noted(actor, execution, "discarded", lambda e: replace(e, discarded_at=now)), backup

    async def report(self, actor: Actor, short: str, name: str) -> Report:
        """Return the report in this format, made now if it is not there. Raises BadInput, NotFound, ReportError."""
        require(actor.person, Role.VIEWER, "read a report")
        if name not in FORMATS:
            raise BadInput(f"There is no report format `{name}`.", hint=f"Known: {', '.join(FORMATS)}.")
        execution = await self._runs.find(short)
        for report in await self._store.feed.reports(execution.id):
            if report.format == name and execution.state.final:
                return report
        report = await self._reporting.make(execution, name)
        now = self._clock.now()
        entry = journal.entry(
            actor, ChangeKind.REPORT, "report.made", report.id, now, execution_id=execution.id, format=name
        )
        await self._store.feed.add_report(report, entry)
        return report

    async def _settled(self, short: str, what: str) -> Execution:
        """Return a run whose worktree is at rest and still there."""
        execution = await self._runs.find(short)
        short = handle(execution.id)
        if not execution.state.final and execution.state is not State.STOPPED:
            raise WrongState(
                f"{execution.title} ({short}) is {execution.state.value}: it cannot be {what} now.",
                hint=f"Wait for its end, or `stop {short}`.",
            )
        if execution.merged_commit:
            raise WrongState(f"{execution.title} ({short}) was merged as {execution.merged_commit[:10]}.")
        if execution.discarded_at is not None:
            raise WrongState(f"{execution.title} ({short}) was discarded.", hint=f"`retry {short}` runs it again.")
        if not execution.worktree:
            raise WrongState(f"{execution.title} ({short}) has no worktree: it never began.")
        for sharing in await self._runs.conversation(execution):
            if sharing.state in LIVE:
                raise WrongState(
                    f"A follow-up ({handle(sharing.id)}) still works in this worktree.",
                    hint=f"Wait for its end, or `stop {handle(sharing.id)}`.",
                )
        return execution

    async def _project(self, execution: Execution) -> Project:
        project = await self._store.people.project(execution.project or "")
        if project is None:
            raise ProjectError(f"The project `{execution.project}` is gone.", hint="`project add` it again.")
        return project

    async def _noted(self, actor: Actor, execution: Execution, what: str, facts: Facts) -> Execution:
        """Write down what became of the work, for all executions that share the worktree."""
        entry = journal.entry(
            actor,
            ChangeKind.EXECUTION,
            f"execution.{what}",
            execution.id,
            self._clock.now(),
            execution_id=execution.id,
            commit=execution.commit,
        )
        noted = execution
        for sharing in await self._runs.conversation(execution):
            batch = entry if sharing.id == execution.id else Batch()
            after = facts(sharing)
            await self._store.executions.transition(sharing, after, batch)
            noted = after if sharing.id == execution.id else noted
        return noted
