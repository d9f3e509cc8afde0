"""A folder with a configuration, a repository and a model; daemons come and go on it."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from bot.terminal.client import Client, connect
from runner.agents import environment
from runner.demo.repository import create
from runner.errors import NoDaemon
from tests.copies import copied
from tests.core.stage import KEY


class Machine:
    """The folder, and what may be done on it with the command line."""

    def __init__(self, folder: Path, url: str, *, more: str = "") -> None:
        """Make the folder's content; `more` is added to the configuration."""
        self.folder = folder
        self.socket = folder / "state" / "signoff.sock"
        self.config = folder / "config.toml"
        (folder / "key").write_text(KEY, "utf-8")
        copied(create, folder / "calculator")
        self.config.write_text(
            f'[storage]\ndirectory = "{folder}/state"\n'
            f'[agents.claude]\nbase_url = "{url}"\napi_key = "file:{folder}/key"\nmax_retries = 1\n'
            f'[projects.calculator]\npath = "{folder}/calculator"\n'
            f'[policy]\nallow = ["Bash(touch *)"]\n{more}',
            "utf-8",
        )

    def start(self, module: str = "bot") -> subprocess.Popen[bytes]:
        """Start `signoff up`, or a module that does the same, and return at once. Its log is the file `log`."""
        command = [sys.executable, "-m", module, "up", "--config", str(self.config)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stderr=log, env=self._environment())

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[subprocess.Popen[bytes]]:
        """Run `signoff up` until the block ends or somebody kills it."""
        process = self.start()
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
        """Wait until a run is in one of these states, and return what the command line says of it then."""
        async with asyncio.timeout(40):
            while self._recorded(run) not in states:  # to start a program for each look would keep the machine busy
                await asyncio.sleep(0.02)
        return await self.state(run)

    def _recorded(self, run: str) -> str:
        with closing(sqlite3.connect(f"file:{self.folder}/state/signoff.db?mode=ro", uri=True)) as database:
            (state,) = database.execute("SELECT state FROM executions WHERE id = ?", (run,)).fetchone()
        return str(state)

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
