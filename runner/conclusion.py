"""Bring a run to its end: commit, test, report, and only then say that it is over.

The final state, the reports and the feed entry are one transaction. A run whose reports cannot be written still ends;
the card says so, and the report can be made again.
"""

from __future__ import annotations

from dataclasses import replace

from runner import checks
from runner import worktree as trees
from runner.advance import Advance
from runner.lifecycle import Finished
from runner.model import Change, ChangeKind, Diff, Execution, Goal, Reason, Report, State
from runner.ports import AgentResult, Batch, Clock
from runner.reporting import Reporting
from runner.workspace import Workspace

SUMMARY_LIMIT = 20_000  # characters of the agent's last words that are kept with the execution

_HINTS = {
    Reason.AGENT_REFUSED: "Check key, URL and model under [agents.claude] in config.toml, then `retry`.",
    Reason.AGENT_FAILED: "`say …` lets the same conversation go on, `retry` begins anew.",
    Reason.LIMIT_REACHED: "`say …` lets it go on; `edit` changes the limits of the task.",
    Reason.CHECK_FAILED: "`diff` shows what was done; `say …` lets the agent go on.",
}


class Conclusion:
    """Ends runs."""

    def __init__(self, *, advance: Advance, clock: Clock, reporting: Reporting) -> None:
        self._advance = advance
        self._clock = clock
        self._reporting = reporting

    async def reach(self, execution: Execution, workspace: Workspace, result: AgentResult) -> None:
        """End a run after the agent's last turn. Raises Fenced or WrongState if it is not ours any more."""
        execution = replace(execution, summary=result.text[:SUMMARY_LIMIT])
        execution, difference = await self._committed(execution, workspace.worktree)
        tested = await self._tested(execution, workspace) if result.status == "ok" else None
        if tested is not None:
            execution = replace(execution, test_exit=tested.exit, test_output=tested.output)
        judged = checks.verdict(_goal(execution, workspace), tested, result)
        error = judged.text if judged.state is State.FAILED else ""
        final = replace(execution, state=judged.state, reason=judged.reason, error=error, finished_at=self._clock.now())
        reports, problem = await self._reporting.make_all(final, difference)
        hint = problem or _HINTS.get(judged.reason, "")
        await self._advance(
            execution.id,
            Finished(state=judged.state, reason=judged.reason),
            facts=lambda e: _concluded(e, final, hint),
            batch=Batch(reports=reports, changes=tuple(_made(report) for report in reports)),
            epoch=execution.epoch,
        )

    async def _committed(self, execution: Execution, tree: trees.Worktree) -> tuple[Execution, Diff]:
        """Commit what the agent left uncommitted, in its own words, and say what has changed."""
        commit = ""
        if tree.branch:
            commit = await checks.commit_rest(tree, execution.title, execution.summary) or await trees.newest(tree)
        difference = await trees.diff(tree, commit=commit)
        if not difference.files:
            return execution, difference
        return replace(execution, commit=commit, diffstat=difference.stat), difference

    async def _tested(self, execution: Execution, workspace: Workspace) -> checks.Outcome | None:
        command = _goal(execution, workspace).test_command
        if not command:
            return None
        return await checks.run_tests(command, workspace.worktree)


def _goal(execution: Execution, workspace: Workspace) -> Goal:
    """Return the goal with the test command of the task, or else of the project."""
    return replace(execution.goal, test_command=execution.goal.test_command or workspace.project.test_command)


def _concluded(execution: Execution, final: Execution, hint: str) -> Execution:
    """Put what the end brought over the execution as it is stored."""
    return replace(
        execution,
        summary=final.summary,
        commit=final.commit,
        diffstat=final.diffstat,
        test_exit=final.test_exit,
        test_output=final.test_output,
        error=final.error,
        hint=hint,
    )


def _made(report: Report) -> Change:
    return Change(
        kind=ChangeKind.REPORT,
        event="report.made",
        execution_id=report.execution_id,
        subject_id=report.id,
        body={"format": report.format},
        at=report.created_at,
    )
