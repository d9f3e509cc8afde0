"""A real `signoff up` is killed with SIGKILL around the moment at which it has fetched something from Telegram."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runner.demo import Conversation, ScriptedModel, Turn
from tests.core.stage import KEY
from tests.scenarios.edges.fuse import Fuse
from tests.scenarios.machine import Machine
from tests.servers.telegram import StrictTelegram
from tests.telegram.chats import ADA
from tests.telegram.fused import CARRIED_OUT, CONFIRMED, HELD, PLACES

SAID = "Mention the weather"
_DELAY = 0.3  # seconds in which a request reaches the server


def script(conversation: Conversation) -> Turn:
    """Say what was asked."""
    return Turn(text=f"You said: {conversation.last_said}")


def configured(folder: Path, tg: StrictTelegram) -> str:
    """Return the lines of a configuration that connect to Telegram, where Ada is an operator."""
    (folder / "token").write_text(tg.token, "utf-8")
    urls = f'base_url = "{tg.base_url}"\nbase_file_url = "{tg.base_file_url}"\n'
    return f'[telegram]\ntoken = "file:{folder}/token"\n{urls}[users.ada]\nrole = "operator"\ntelegram = "{ADA}"\n'


@asynccontextmanager
async def up(machine: Machine, module: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run `signoff up`, or what dies of a fuse, until the block ends."""
    process = machine.start(module)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        await asyncio.to_thread(process.wait, 30)


@pytest.mark.proof
@pytest.mark.parametrize("place", PLACES)
async def test_kill_9_right_after_a_fetch_costs_nothing_and_repeats_nothing(tmp_path: Path, place: str) -> None:
    """TG-19: fetched, not stored; stored, not confirmed; confirmed, not dealt with; carried out, not noted."""
    fuse = Fuse(tmp_path)
    async with ScriptedModel(script, api_key=KEY) as model, StrictTelegram() as tg:
        ada = tg.user(ADA, "Ada")
        home = tg.private(ada)
        machine = Machine(tmp_path, model.url, more=configured(tmp_path, tg))
        async with up(machine, "tests.telegram.fused") as process, asyncio.timeout(60):
            await tg.polled(30)
            if place == CONFIRMED:
                (tmp_path / HELD).touch()
            fuse.lay(place, _DELAY if place == CONFIRMED else 0)
            said = await tg.say(ada, home, SAID)
            assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL
        assert fuse.has_burnt()
        if place != CARRIED_OUT:
            assert bool(tg.updates.pending()) is (place != CONFIRMED)
        (tmp_path / HELD).unlink(missing_ok=True)
        async with up(machine, "bot") as process, asyncio.timeout(60):
            while not [m for m in tg.messages(home) if f"You said: {SAID}" in m.text]:
                await asyncio.sleep(0.02)
            await tg.settle()
            listed = await machine.task("runs")
            process.terminate()
            assert await asyncio.to_thread(process.wait, 30) == 0
        assert len(listed["runs"]) == 1, listed
        results = [m for m in tg.messages(home) if "completed" in m.text and f"You said: {SAID}" in m.text]
        assert [m.reply_to for m in results] == [said.id]
        assert tg.violations == []
        log = await asyncio.to_thread((tmp_path / "log").read_text, "utf-8")
        assert tg.token not in log
        assert "Traceback" not in log
