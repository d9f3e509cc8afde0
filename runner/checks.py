"""Rules before and after a run: clean tree, commits made, tests pass, goal met."""

from __future__ import annotations

import asyncio

from runner.agents import process
from runner.model import Goal, Reason, State, value
from runner.ports import AgentResult
from runner.worktree import ProjectState, Worktree, snapshot

TEST_SECONDS = 1800.0
_OUTPUT = 64_000  # bytes of a test's output that are kept
_SUMMARY_LINE = 72  # characters of a commit's first line, by the custom of git


@value
class Outcome:
    """How the test command ended. `output` is cut in the middle; `exit` is 124, as of timeout(1), after too long."""

    exit: int
    output: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether the tests prove what they are to prove."""
        return self.exit == 0


@value
class Judgement:
    """What an execution comes to: its state, why, and a sentence for people."""

    state: State
    reason: Reason
    text: str = ""


def before(state: ProjectState) -> tuple[str, ...]:
    """Return warnings about a project before a run. Raises ProjectError if its rules forbid the run."""
    state.refuse_dirty()
    return state.warnings


async def commit_rest(worktree: Worktree, title: str, summary: str) -> str | None:
    """Commit what the agent left uncommitted, in its own words; return the commit, None if there was nothing."""
    return await snapshot(worktree, commit_message(title, summary))


def commit_message(title: str, summary: str) -> str:
    """Write a commit message: a first line of at most 72 characters, then the agent's summary."""
    words = " ".join((title or summary).split()) or "Work of the agent"
    first = words if len(words) <= _SUMMARY_LINE else words[: _SUMMARY_LINE - 1].rstrip() + "…"
    body = summary.strip()
    return first if not body or body == first else f"{first}\n\n{body}"


async def run_tests(command: str, worktree: Worktree, *, seconds: float = TEST_SECONDS) -> Outcome:
    """Run a test command in a worktree and say how it ended; after `seconds` it is killed with all it started."""
    now = asyncio.get_running_loop().time
    began = now()
    finished = await process.run(command, cwd=worktree.path, timeout=seconds, output_limit=_OUTPUT)
    took = now() - began
    if finished.timed_out:
        note = f"\n[stopped after {seconds:.0f} s]"
        return Outcome(exit=124, output=finished.output + note, seconds=took)
    return Outcome(exit=finished.exit, output=finished.output, seconds=took)


def verdict(goal: Goal, tested: Outcome | None, result: AgentResult) -> Judgement:
    """Judge a run by how the agent ended and by its tests. Only passing tests meet a goal; a sentence alone cannot be
    checked.
    """
    match result.status:
        case "ok":
            return _judge_finished(goal, tested)
        case "limit":
            return _failed(Reason.LIMIT_REACHED, result, "The agent used up its limit.")
        case "interrupted":
            return Judgement(state=State.STOPPED, reason=Reason.PERSON, text="The agent was interrupted.")
        case "refused":
            return _failed(Reason.AGENT_REFUSED, result, "The model's service refused.")
        case _:
            return _failed(Reason.AGENT_FAILED, result, "The agent failed.")


def _judge_finished(goal: Goal, tested: Outcome | None) -> Judgement:
    if tested is None:
        note = "The goal was not checked: no test command is given." if goal.sentence else ""
        return Judgement(state=State.COMPLETED, reason=Reason.DONE, text=note)
    if tested.passed:
        return Judgement(state=State.COMPLETED, reason=Reason.GOAL_MET, text="The tests pass.")
    command = f"`{goal.test_command}` ended with {tested.exit}" if goal.test_command else f"exit {tested.exit}"
    return Judgement(state=State.FAILED, reason=Reason.CHECK_FAILED, text=f"The tests fail: {command}.")


def _failed(reason: Reason, result: AgentResult, otherwise: str) -> Judgement:
    return Judgement(state=State.FAILED, reason=reason, text=result.error or otherwise)
