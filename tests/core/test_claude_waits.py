"""Questions that outlive processes and daemons, with the real CLI."""

from __future__ import annotations

from pathlib import Path

from runner.demo import Conversation, ScriptedModel, Turn
from runner.model import Answer, State
from tests.core.clock import HandClock
from tests.core.stage import KEY, stage, with_model


def _script(conversation: Conversation) -> Turn:
    if conversation.results:
        return Turn(text=f"It said {conversation.results[-1].text.strip()}.")
    return Turn(text="May I?", tools=(("Bash", {"command": "echo once >> proof.txt; cat proof.txt"}),))


async def test_a_week_and_two_restarts_later_the_exact_step_runs_once(tmp_path: Path) -> None:
    """APPR-12: parked for a week over two restarts, one tap runs exactly the step, in the same session."""
    clock = HandClock()
    async with ScriptedModel(_script, api_key=KEY) as model:
        settings = with_model(tmp_path, model.url, approvals={"hot_wait_minutes": 0})
        async with stage(tmp_path, settings, clock=clock) as scene:
            await scene.project()
            run = await scene.do("Ask me.")
            question = await scene.question(run)
            session = (await scene.parked(run)).session
        for days in (3, 4):
            await clock.move(days=days)
            async with stage(tmp_path, settings, clock=clock) as scene:
                assert (await scene.core.runs.find(run.id)).state is State.WAITING
        async with stage(tmp_path, settings, clock=clock) as scene:
            await scene.core.approvals.answer(scene.actor, question.id, Answer(approve=True))
            ended = await scene.end(run)
            assert (ended.summary, ended.session) == ("It said once.", session)
            (asked,) = await scene.core.store.approvals.of(run.id)
            assert asked.delivered_at is not None


async def test_the_edited_input_is_what_runs_and_the_audit_shows_both(tmp_path: Path) -> None:
    """APPR-5: after parking the edited command runs; the audit log keeps what was shown and what was approved."""
    edited = {"command": "echo edited > proof.txt; cat proof.txt"}
    async with ScriptedModel(_script, api_key=KEY) as model:
        settings = with_model(tmp_path, model.url, approvals={"hot_wait_minutes": 0})
        async with stage(tmp_path, settings) as scene:
            await scene.project()
            run = await scene.do("Ask me.")
            question = await scene.question(run)
            await scene.parked(run)
            await scene.core.approvals.answer(scene.actor, question.id, Answer(approve=True, input=edited))
            assert (await scene.end(run)).summary == "It said edited."
            (entry,) = await scene.core.store.feed.audit(subject=question.id)
            assert entry.details["shown"]["command"].startswith("echo once")
            assert entry.details["edited"] == edited
