"""Before a run: dirty trees. After it: commits, tests, and what it all comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner import checks
from runner.checks import Outcome, verdict
from runner.errors import ProjectError
from runner.model import Dirty, Goal, Project, Reason, State, new_id
from runner.ports import AgentResult
from runner.worktree import Worktree, inspect, make
from tests.worktree.repo import Repo, new_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return new_repo(tmp_path / "shop")


@pytest.fixture
def project(repo: Repo) -> Project:
    return Project(name="shop", path=str(repo.path))


@pytest.fixture
async def tree(project: Project, tmp_path: Path) -> Worktree:
    return await make(project, new_id(), tmp_path / "worktrees")


async def test_a_dirty_tree_is_a_warning_or_an_end(repo: Repo, project: Project) -> None:
    assert checks.before(await inspect(project)) == ()
    repo.write({"a.txt": "changed\n"})
    assert "does not see" in checks.before(await inspect(project))[0]
    with pytest.raises(ProjectError, match="uncommitted"):
        checks.before(await inspect(replace(project, dirty=Dirty.BLOCK)))


async def test_what_is_left_is_committed_in_the_agent_s_words(repo: Repo, tree: Worktree) -> None:
    assert await checks.commit_rest(tree, "Fix the cart", "") is None
    (tree.path / "new").write_text("n")
    commit = await checks.commit_rest(tree, "Fix the cart", "The sum was wrong.\n")
    assert repo.git("log", "-1", "--format=%B", str(commit)).strip() == "Fix the cart\n\nThe sum was wrong."


@pytest.mark.parametrize(
    ("title", "summary", "message"),
    [
        ("Fix it", "", "Fix it"),
        ("Fix it", "Fix it", "Fix it"),
        ("", "It is fixed.", "It is fixed."),
        ("", "", "Work of the agent"),
        ("two\n lines", "s", "two lines\n\ns"),
        ("x" * 80, "", "x" * 71 + "…"),
    ],
)
def test_a_commit_message_has_a_short_first_line(title: str, summary: str, message: str) -> None:
    assert checks.commit_message(title, summary) == message


async def test_tests_run_in_the_worktree_and_their_output_is_kept(tree: Worktree) -> None:
    tested = await checks.run_tests("cat a.txt; echo wrong >&2; exit 3", tree)
    assert (tested.exit, tested.passed) == (3, False)
    assert tested.output == "one\nwrong\n"
    assert 0 < tested.seconds < 30


async def test_long_output_keeps_its_beginning_and_its_end(tree: Worktree) -> None:
    tested = await checks.run_tests("echo begin; head -c 300000 /dev/zero | tr '\\0' x; echo end", tree)
    assert tested.passed
    assert tested.output.startswith("begin\n")
    assert tested.output.endswith("end\n")
    assert len(tested.output) < 70_000


async def test_tests_that_take_too_long_are_ended_and_have_failed(tree: Worktree) -> None:
    tested = await checks.run_tests("echo begun; sleep 600", tree, seconds=0.5)
    assert (tested.exit, tested.passed) == (124, False)
    assert tested.output.startswith("begun\n")
    assert "stopped after" in tested.output
    assert tested.seconds < 10


PASS = Outcome(exit=0, output="", seconds=1)
FAIL = Outcome(exit=1, output="", seconds=1)


@pytest.mark.parametrize(
    ("status", "tested", "state", "reason"),
    [
        ("ok", None, State.COMPLETED, Reason.DONE),
        ("ok", PASS, State.COMPLETED, Reason.GOAL_MET),
        ("ok", FAIL, State.FAILED, Reason.CHECK_FAILED),
        ("limit", PASS, State.FAILED, Reason.LIMIT_REACHED),
        ("interrupted", None, State.STOPPED, Reason.PERSON),
        ("refused", None, State.FAILED, Reason.AGENT_REFUSED),
        ("failed", PASS, State.FAILED, Reason.AGENT_FAILED),
        ("something new", None, State.FAILED, Reason.AGENT_FAILED),
    ],
)
def test_a_run_is_judged_by_its_end_and_its_tests(
    status: str, tested: Outcome | None, state: State, reason: Reason
) -> None:
    """RUN-9: every end of an agent with every end of the tests."""
    judged = verdict(Goal(), tested, AgentResult(status=status))
    assert (judged.state, judged.reason) == (state, reason)


def test_a_goal_that_nothing_checks_is_said_to_be_unchecked() -> None:
    judged = verdict(Goal(sentence="it is fast"), None, AgentResult(status="ok"))
    assert judged.state is State.COMPLETED
    assert "not checked" in judged.text


def test_a_failure_is_told_in_the_agent_s_words() -> None:
    assert verdict(Goal(), None, AgentResult(status="refused", error="wrong key")).text == "wrong key"
    assert "`make test` ended with 1" in verdict(Goal(test_command="make test"), FAIL, AgentResult(status="ok")).text
