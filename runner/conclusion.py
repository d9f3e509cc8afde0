"""Bring a run to its end: commit, test, report, and only then say that it is over.

The final state, the reports and the feed entry are one transaction. A run whose reports cannot be written still ends;
the card says so, and the report can be made again.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from runner import checks
from runner import worktree as trees
from runner.advance import Advance
from runner.errors import SignoffError
from runner.lifecycle import Finished, PhaseReached
from runner.model import Change, ChangeKind, Execution, Phase, Reason, Report, State
from runner.ports import AgentResult, Batch, Clock
from runner.reporting import Reporting
from runner.workspace import Workspace, is_writable

log = logging.getLogger(__name__)

SUMMARY_LIMIT = 20_000  # characters of the agent's last words that are kept with the execution
_SUBJECT = 72  # characters of a commit's first line

_STATUS_REASONS = {
    "limit": Reason.LIMIT_REACHED,
    "refused": Reason.AGENT_REFUSED,
    "failed": Reason.AGENT_FAILED,
    "interrupted": Reason.AGENT_FAILED,
}


class Conclusion:
    """Ends runs."""

    def __init__(self, *, advance: Advance, clock: Clock, reporting: Reporting) -> None:
        self._advance = advance
        self._clock = clock
        self._reporting = reporting

    async def reach(self, execution: Execution, workspace: Workspace, result: AgentResult, *, limit: str) -> None:
        """End a run after the agent's last turn. Raises Fenced or WrongState if it is not ours any more."""
        execution = replace(execution, summary=result.text[:SUMMARY_LIMIT], usage=execution.usage)
        execution = await self._committed(execution, workspace)
        if result.status == "ok" and not limit:
            execution = await self._tested(execution, workspace)
        state, reason, error = _outcome(execution, result, limit)
        final = replace(execution, state=state, reason=reason, error=error, finished_at=self._clock.now())
        reports, problem = await self._reports(final)
        await self._advance(
            execution.id,
            Finished(state=state, reason=reason),
            facts=lambda e: replace(e, **_facts(final), hint=problem),
            batch=Batch(reports=reports, changes=tuple(_made(report) for report in reports)),
            epoch=execution.epoch,
        )

    async def _committed(self, execution: Execution, workspace: Workspace) -> Execution:
        """Commit what the agent left uncommitted, in its own words."""
        tree = workspace.worktree
        if is_writable(workspace.project):
            await trees.snapshot(tree, commit_message(execution))
        difference = await trees.diff(tree)
        commit = await trees.newest(tree)
        return replace(execution, commit=commit if difference.files else "", diffstat=difference.stat)

    async def _tested(self, execution: Execution, workspace: Workspace) -> Execution:
        command = execution.goal.test_command or workspace.project.test_command
        if not command:
            return execution
        await self._advance(execution.id, PhaseReached(phase=Phase.CHECKING), epoch=execution.epoch)
        outcome = await checks.run_tests(command, workspace.worktree)
        return replace(execution, test_exit=outcome.exit, test_output=outcome.output)

    async def _reports(self, final: Execution) -> tuple[tuple[Report, ...], str]:
        made = []
        for name in final.reports:
            try:
                made.append(await self._reporting.make(final, name))
            except SignoffError as error:
                log.warning("report.failed %s %s: %s", final.id, name, error)
                return tuple(made), f"The {name} report could not be made: {error.message}"
        return tuple(made), ""


def commit_message(execution: Execution) -> str:
    """Word a commit for what the agent did: its title, then its last words."""
    title = execution.title or "Work of the agent"
    subject = title if len(title) <= _SUBJECT else title[: _SUBJECT - 1] + "…"
    return f"{subject}\n\n{execution.summary}".strip() + "\n"


def _outcome(execution: Execution, result: AgentResult, limit: str) -> tuple[State, Reason, str]:
    if limit:
        return State.FAILED, Reason.LIMIT_REACHED, f"Stopped at its limit: {limit}."
    if result.status != "ok":
        return State.FAILED, _STATUS_REASONS[result.status], result.error or "The agent gave up."
    if execution.test_exit not in {None, 0}:
        return State.FAILED, Reason.CHECK_FAILED, f"The tests failed (exit {execution.test_exit})."
    met = execution.test_exit == 0
    return State.COMPLETED, Reason.GOAL_MET if met else Reason.DONE, ""


def _facts(final: Execution) -> dict[str, object]:
    names = ("summary", "commit", "diffstat", "test_exit", "test_output", "error")
    return {name: getattr(final, name) for name in names}


def _made(report: Report) -> Change:
    return Change(
        kind=ChangeKind.REPORT,
        event="report.made",
        execution_id=report.execution_id,
        subject_id=report.id,
        body={"format": report.format},
        at=report.created_at,
    )
