"""What a run of Claude Code costs through the driver, against the bare program with the same script, in one go.

python -m tests.bench.agent_floor [rounds]

The three kinds take turns, so that a busy machine is busy for all of them. Ratios of medians are printed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from runner.agents.claude import ClaudeAgent, ClaudeConfig
from runner.agents.claude.config import variables
from runner.demo import Conversation, ScriptedModel, Turn
from runner.model import AgentOptions, Ruling, ToolCall, Verdict
from runner.ports import AgentSpec
from tests.agents.stage import KEY, Host, said

ROUNDS = 15


def script(conversation: Conversation) -> Turn:
    """Say the same for every prompt: text and a file, then a command, then an end."""
    place = conversation.answered % 3
    here = f"made-{conversation.answered}.txt"
    return (
        Turn(text="I write a file.", tools=(("Bash", {"command": f"echo hi > {here}"}),)),
        Turn(tools=(("Bash", {"command": f"cat {here}"}),)),
        Turn(text="Done."),
    )[place]


def allow(call: ToolCall) -> Ruling:
    return Ruling(verdict=Verdict.ALLOW)


class Floor:
    """Three ways to the same end."""

    def __init__(self, config: ClaudeConfig, folder: Path, model: ScriptedModel) -> None:
        self._agent = ClaudeAgent(config)
        self._config = config
        self._model = model
        self._spec = AgentSpec(cwd=folder, options=AgentOptions())

    async def bare(self) -> None:
        program = self._agent.program()
        environment = variables(self._config) | {"ANTHROPIC_API_KEY": KEY}
        command = [str(program), "-p", "--dangerously-skip-permissions", "--setting-sources=", "do it"]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self._spec.cwd,
            env=environment | {"IS_SANDBOX": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert output.strip() == b"Done.", output

    async def driver(self) -> None:
        session = await self._agent.open(self._spec)
        result = await session.run(said("do it"), Host(policy=allow))
        assert result.text == "Done.", result
        self._last = session

    async def follow_up(self) -> None:
        result = await self._last.run(said("do it again"), Host(policy=allow))
        assert result.text == "Done.", result

    async def end(self) -> None:
        await self._last.close()

    async def warm(self) -> None:
        await self._agent.warm()


async def timed(what: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await what()
    return time.perf_counter() - began


async def main(rounds: int) -> None:
    """Measure and print."""
    figures: dict[str, list[float]] = {"bare claude -p": [], "driver": [], "follow-up, kept": [], "close": []}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work")
        work.mkdir()
        async with ScriptedModel(script, api_key=KEY) as model:
            config = ClaudeConfig(home=Path(folder, "home"), base_url=model.url, api_key=KEY)
            floor = Floor(config, work, model)
            await floor.warm()
            for kind in (floor.bare, floor.driver, floor.follow_up, floor.end):  # once for the caches of the disk
                await kind()
            for _ in range(rounds):
                for name, kind in zip(figures, (floor.bare, floor.driver, floor.follow_up, floor.end), strict=True):
                    figures[name].append(await timed(kind))
    unit = median(figures["bare claude -p"])
    for name, seconds in figures.items():
        print(f"{name:16} {median(seconds):6.3f} s   {median(seconds) / unit:5.2f} x   min {min(seconds):.3f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
