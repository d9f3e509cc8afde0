"""Kill the daemon while an agent works: nothing lives on, nothing is lost, and a restart goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.client import Client, connect
from runner.agents import environment
from runner.demo import Conversation, ScriptedModel, Turn
from runner.demo.repository import create, git
from runner.errors import NoDaemon
from runner.model import Json
from tests.core.stage import KEY


class Machine:
    """A folder with a configuration, a repository and a model; daemons come and go on it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.socket = folder / "state" / "signoff.sock"
        self.config = folder / "config.toml"
        (folder / "key").write_text(KEY, "utf-8")
        create(folder / "calculator")
        self.config.write_text(
            f'[storage]\ndirectory = "{folder}/state"\n'
            f'[agents.claude]\nbase_url = "{url}"\napi_key = "file:{folder}/key"\nmax_retries = 1\n'
            f'[projects.calculator]\npath = "{folder}/calculator"\n'
            '[policy]\nallow = ["Bash(touch *)"]\n',
            "utf-8",
        )

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[subprocess.Popen[bytes]]:
        """Run `signoff up` until the block ends or somebody kills it."""
        command = [sys.executable, "-m", "bot", "up", "--config", str(self.config)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=self._environment())
        try:
            async with asyncio.timeout(30):
                await self._until_up()
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            await asyncio.to_thread(process.wait, 30)

    async def task(self, *words: str) -> Any:
        """Carry out `signoff task … --json` and return its document."""
        command = [sys.executable, "-m", "bot", "task", "--config", str(self.config), "--json", *words]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._environment()
        )
        output, errors = await process.communicate()
        assert process.returncode in {0, 3}, errors.decode() + output.decode()
        return json.loads(output)

    async def state(self, run: str) -> str:
        """Return the state of a run."""
        document = await self.task("status", run)
        return str(document["execution"]["state"])

    async def until(self, run: str, *states: str) -> str:
        """Wait until a run is in one of these states."""
        async with asyncio.timeout(40):
            while (state := await self.state(run)) not in states:
                await asyncio.sleep(0)
        return state

    def agents(self) -> list[int]:
        """Return the processes that have to do with this machine's worktrees, daemons apart."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    place = (entry / "cwd").readlink()
                except OSError:
                    continue
                if place.is_relative_to(self.folder / "state" / "worktrees"):
                    found.append(int(entry.name))
        return found

    async def rid_of_agents(self) -> None:
        """Wait until no agent lives any more; fail if that takes longer than the second that is promised."""
        async with asyncio.timeout(1.0):
            while self.agents():
                await asyncio.sleep(0.01)

    async def _until_up(self) -> None:
        while True:
            try:
                async with connect(self.socket, watch=False) as client:
                    assert isinstance(client, Client)
                    return
            except NoDaemon:
                await asyncio.sleep(0.01)

    def _environment(self) -> dict[str, str]:
        return environment.clean({"HOME": str(self.folder), "LANG": "C.UTF-8"})


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


@pytest.mark.parametrize("words", [["list"], ["runs"], ["inbox"], ["help"]])
async def test_one_shot_commands_need_no_daemon(tmp_path: Path, words: list[str]) -> None:
    """Without a daemon the command line opens the product by itself."""
    async with ScriptedModel(lambda _: None, api_key=KEY) as model:
        assert await Machine(tmp_path, model.url).task(*words)
