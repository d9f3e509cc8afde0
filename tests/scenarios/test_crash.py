"""Kill the daemon while an agent works: nothing lives on, nothing is lost, and a restart goes on."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from runner.demo import Conversation, ScriptedModel, Turn
from runner.demo.repository import git
from runner.model import Json
from tests.core.stage import KEY
from tests.scenarios.machine import Machine


def _bash(command: str) -> tuple[str, Json]:
    return "Bash", {"command": command}


async def test_after_kill_9_no_agent_lives_and_a_restart_goes_on(tmp_path: Path) -> None:
    """AGENT-1: SIGKILL of the daemon ends all its agents within a second; a new daemon takes the run up."""

    def script(conversation: Conversation) -> Turn:
        if conversation.answered == 0 and not killed:
            return Turn(text="I work.", tools=(_bash("touch begun"), _bash("tail -f calc.py")))
        if conversation.answered == 0:
            return Turn(text="I begin again.", tools=(("Bash", {"command": "touch again"}),))
        return Turn(text="Finished after all.")

    killed = False
    async with ScriptedModel(script, api_key=KEY) as model:
        machine = Machine(tmp_path, model.url)
        machine.config.write_text(machine.config.read_text("utf-8").replace('["Bash(touch *)"]', '["Bash"]'), "utf-8")
        async with machine.daemon() as process:
            run = (await machine.task("do", "--project", "calculator", "Work long."))["execution"]["id"]
            async with asyncio.timeout(30):
                while len(machine.agents()) < 3 or not list((tmp_path / "state/worktrees").glob("*/*/begun")):
                    await asyncio.sleep(0.01)
            killed = True
            process.send_signal(signal.SIGKILL)
            await machine.rid_of_agents()
        async with machine.daemon():
            assert await machine.until(run, "completed", "failed") == "completed"
            document = await machine.task("status", run)
            assert document["execution"]["summary"] == "Finished after all."
            files = git(tmp_path / "calculator", "ls-tree", "--name-only", document["execution"]["branch"])
            assert {"begun", "calc.py"} <= set(files.split())


@pytest.mark.proof
async def test_a_question_survives_kill_9_and_its_answer_runs_the_step(tmp_path: Path) -> None:
    """APPR-6: killed under an open question, the daemon comes back and one answer lets exactly that step run."""

    def script(conversation: Conversation) -> Turn:
        if conversation.results:
            return Turn(text="It ran.")
        return Turn(text="May I?", tools=(("Bash", {"command": "echo approved > proof.txt"}),))

    async with ScriptedModel(script, api_key=KEY) as model:
        machine = Machine(tmp_path, model.url)
        async with machine.daemon() as process:
            run = (await machine.task("do", "--project", "calculator", "--wait", "Ask me."))["execution_id"]
            process.send_signal(signal.SIGKILL)
            await machine.rid_of_agents()
        async with machine.daemon():
            assert await machine.state(run) == "waiting_confirmation"
            await machine.task("approve")
            assert await machine.until(run, "completed", "failed") == "completed"
            (proof,) = (tmp_path / "state/worktrees").glob("*/*/proof.txt")
            assert proof.read_text("utf-8") == "approved\n"
        assert len([c for c in model.conversations if c.results]) == 1


@pytest.mark.parametrize(
    "word", ["list", *(pytest.param(each, marks=pytest.mark.proof) for each in ("runs", "inbox", "help"))]
)
async def test_one_shot_commands_need_no_daemon(tmp_path: Path, word: str) -> None:
    """Without a daemon the command line opens the product by itself."""
    async with ScriptedModel(lambda _: None, api_key=KEY) as model:
        assert await Machine(tmp_path, model.url).task(word)
