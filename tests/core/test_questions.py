"""Questions to people in a run: what is asked, what an answer does, and what it never does. The agent plays a part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.errors import AlreadyAnswered, BadInput, NotFound, WrongState
from runner.model import (
    Answer,
    Approval,
    ApprovalState,
    Execution,
    Rule,
    Scope,
    State,
    StepStatus,
    Verdict,
    handle,
)
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import MAKE, ActingAgent, Turn, asks

YES = Answer(approve=True)


async def open_questions(scene: Stage, run: Execution) -> list[Approval]:
    approvals = await scene.core.store.approvals.of(run.id)
    return [a for a in approvals if a.state is ApprovalState.OPEN]


async def test_the_approved_edit_is_what_runs(tmp_path: Path) -> None:
    """APPR-5: approve with an edited input, and the edited one runs; the step remembers it."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        edited = Answer(approve=True, input={"command": "make -n all"})
        await scene.core.approvals.answer(scene.actor, question.id, edited)
        ended = await scene.end(run)
        assert ended.summary == "ran make -n all"
        (step,) = await scene.core.store.executions.steps(run.id)
        assert (step.input["command"], step.approval_id) == ("make -n all", question.id)
        (entry,) = await scene.core.store.feed.audit(subject=question.id)
        assert (entry.details["shown"], entry.details["edited"]) == (MAKE, {"command": "make -n all"})


async def test_an_edit_that_nothing_may_unlock_leaves_the_question_open(tmp_path: Path) -> None:
    """POL-1, APPR-1: the deny floor holds for edited inputs too."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        with pytest.raises(BadInput, match="refused"):
            await scene.core.approvals.answer(
                scene.actor, question.id, Answer(approve=True, input={"command": "sudo make"})
            )
        assert await open_questions(scene, run)


async def test_of_many_answers_the_first_wins_and_the_others_hear_who(tmp_path: Path) -> None:
    """APPR-4: one winner among answers at the same moment."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        answers = [Answer(approve=bool(n % 2), note="" if n % 2 else "no") for n in range(10)]
        outcomes = await _together(scene, question, answers)
        assert len([o for o in outcomes if isinstance(o, Approval)]) == 1
        late = [o for o in outcomes if not isinstance(o, Approval)]
        assert all(isinstance(o, AlreadyAnswered) and o.by == "ada" for o in late), late


async def _together(scene: Stage, question: Approval, answers: list[Answer]) -> list[Approval | Exception]:
    outcomes: list[Approval | Exception] = []

    async def press(answer: Answer) -> None:
        try:
            outcomes.append(await scene.core.approvals.answer(scene.actor, question.id, answer))
        except AlreadyAnswered as late:
            outcomes.append(late)

    async with asyncio.TaskGroup() as group:
        for answer in answers:
            group.create_task(press(answer))
    return outcomes


async def test_a_grant_for_this_run_holds_for_this_run_only_and_can_be_revoked(tmp_path: Path) -> None:
    """APPR-5: approve for this run is a narrow rule that is shown and can be taken back."""

    async def part(turn: Turn) -> str:
        answers = [await turn.step("Bash", {"command": f"make part{n}"}) for n in range(2)]
        return ",".join("asked" if answer else "ruled" for answer in answers)

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.do("Build both.")
        question = await scene.question(run)
        rule = Rule(pattern="Bash(make *)", verdict=Verdict.ALLOW, scope=Scope.RUN)
        await scene.core.approvals.answer(scene.actor, question.id, Answer(approve=True, rule=rule))
        assert (await scene.end(run)).summary == "asked,ruled"
        (granted,) = (await scene.core.runs.view(run.id)).rules
        await scene.core.rules.revoke(scene.actor, granted.id)
        assert (await scene.core.runs.view(run.id)).rules == ()
        with pytest.raises(NotFound):
            await scene.core.rules.revoke(scene.actor, granted.id)
        other = await scene.do("Build both.")
        await scene.question(other)


async def test_what_is_said_under_a_question_is_steering_never_an_answer(tmp_path: Path) -> None:
    """APPR-10: a message while an approval is open reaches the agent and answers nothing."""

    async def part(turn: Turn) -> str:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(turn.step("Bash", MAKE))
            heard = await turn.remark()
        answer = asking.result()
        return f"heard {heard}; {'yes' if answer and answer.approve else 'no'}"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        await scene.core.runs.say(scene.actor, handle(run.id), "yes, and mind the tests")
        await scene.until(run, lambda e: e.state is State.WAITING)
        assert [a.id for a in await open_questions(scene, run)] == [question.id]
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        assert (await scene.end(run)).summary == "heard yes, and mind the tests; yes"


async def test_stopping_under_a_question_withdraws_it_and_nothing_answers_it(tmp_path: Path) -> None:
    """AGENT-13, LIFE-6: no pipe that closes answers for a person: the agent is killed, not told."""
    agent = ActingAgent(asks)
    async with stage(tmp_path, settings_in(tmp_path), agent) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
        await scene.core.runs.stop(scene.actor, run.id)
        with pytest.raises(WrongState, match="withdrawn"):
            await scene.core.approvals.answer(scene.actor, question.id, YES)
    assert agent.ended[0] == "killed"


async def test_a_question_outlives_a_restart_and_its_answer_runs_the_step(tmp_path: Path) -> None:
    """APPR-6: the daemon goes down and comes back; the question is still there, and one answer lets the step run."""
    agent = ActingAgent(asks)
    settings = settings_in(tmp_path)
    async with stage(tmp_path, settings, agent) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
    async with stage(tmp_path, settings, agent) as scene:
        parked = await scene.core.runs.find(run.id)
        assert (parked.state, parked.worker) == (State.WAITING, None)
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        ended = await scene.end(run)
        assert ended.summary == "ran make all"
        assert ended.attempt == 2
        assert len(await scene.core.store.approvals.of(run.id)) == 1, "the same step is not asked twice"


async def test_an_answer_holds_for_exactly_the_input_that_was_shown(tmp_path: Path) -> None:
    """APPR-3: after a restart the agent asks something else; the stored answer does not fit, so it is asked."""
    commands = iter(["make one", "make two"])

    async def part(turn: Turn) -> str:
        answer = await turn.step("Bash", {"command": next(commands)})
        return "yes" if answer and answer.approve else "no"

    settings = settings_in(tmp_path)
    agent = ActingAgent(part)
    async with stage(tmp_path, settings, agent) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        question = await scene.question(run)
    async with stage(tmp_path, settings, agent) as scene:
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        other = await scene.question(run, 2)
        assert other.input == {"command": "make two"}
        await scene.core.approvals.answer(scene.actor, other.id, Answer(approve=False))
        assert (await scene.end(run)).summary == "no"


async def test_refused_steps_are_recorded_as_refused(tmp_path: Path) -> None:
    """POL-1: what the deny floor refuses asks nobody, and the record says so."""

    async def part(turn: Turn) -> str:
        await turn.step("Bash", {"command": "sudo rm -rf /"})
        return "done"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.end(await scene.do("Break it."))
        (step,) = await scene.core.store.executions.steps(run.id)
        assert step.status is StepStatus.REFUSED
        assert not await scene.core.store.approvals.of(run.id)


async def test_a_link_in_the_repository_does_not_lead_a_file_tool_outside(tmp_path: Path) -> None:
    """POL-9: what a link points to is judged, not what it is called."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes.txt").write_text("private", "utf-8")

    async def part(turn: Turn) -> str:
        (turn.spec.cwd / "docs").symlink_to(outside)
        inside = await turn.step("Read", {"file_path": str(turn.spec.cwd / "calc.py")})
        through = await turn.step("Read", {"file_path": str(turn.spec.cwd / "docs" / "notes.txt")})
        written = await turn.step("Write", {"file_path": "docs/new.txt", "content": "x"})
        return f"{inside} {through and through.approve} {written and written.approve}"

    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(part)) as scene:
        await scene.project()
        run = await scene.do("Look around.")
        for number, (tool, label) in enumerate([("Read", "outside worktree"), ("Write", "outside worktree")], 1):
            question = await scene.question(run, number)
            assert (question.tool, label in question.labels) == (tool, True)
            await scene.core.approvals.answer(scene.actor, question.id, Answer(approve=False))
        assert (await scene.end(run)).summary == "None False False"
        statuses = [step.status for step in await scene.core.store.executions.steps(run.id)]
        assert statuses == [StepStatus.OK, StepStatus.REFUSED, StepStatus.REFUSED]
