"""The whole product against the bare CLI with the same script, in one go; ratios to the floor of this machine.

The bare `claude -p` is the floor: the same program, script, home and model, without worktree, record, policy, commit or
report. All kinds take turns, so that a busy minute hits all of them; medians are compared.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median

from runner.__main__ import claude_config
from runner.agents.claude.config import variables
from runner.demo import Conversation, ScriptedModel, Turn
from runner.model import Answer, Execution, State
from runner.settings import Settings
from tests.bench.agent_floor import script
from tests.core.stage import KEY, Stage, stage, with_model

ROUNDS = 9
CONVERSATIONS = 5
PROMPTS = 4  # a conversation
ALLOWED = ("Bash",)


def allowing(folder: Path, url: str, **worker: object) -> Settings:
    """Make settings in which the script's commands ask nobody."""
    return with_model(
        folder, url, worker={"slots": 2, "drain_seconds": 1, "keep_most": 8, **worker}, policy={"allow": ALLOWED}
    )


async def bare(settings: Settings, work: Path) -> None:
    """Run the bare CLI once."""
    config = claude_config(settings)
    program = _program()
    environment = dict(variables(config)) | {"ANTHROPIC_API_KEY": KEY, "IS_SANDBOX": "1"}
    process = await asyncio.create_subprocess_exec(
        str(program),
        *("-p", "--dangerously-skip-permissions", "--setting-sources=", "do it"),
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert output.strip() == b"Done.", output


async def timed(what: Callable[[], Awaitable[object]]) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    await what()
    return time.perf_counter() - began


async def single_runs(folder: Path, rounds: int) -> None:
    """One scripted execution, and a follow-up on its kept process, over the bare CLI."""
    async with ScriptedModel(script, api_key=KEY) as model:
        settings = allowing(folder, model.url)
        async with stage(folder, settings) as scene:
            await scene.project()
            floor, ours, follow = [], [], []
            for round_ in range(rounds + 1):
                seconds = await timed(lambda: bare(settings, scene.repository))
                _restore(scene.repository)
                run: list[Execution] = []
                whole = await timed(partial(_finished, scene, run))
                again = await timed(partial(_followed, scene, run[0]))
                if round_:  # the first warms the disk's caches
                    floor.append(seconds)
                    ours.append(whole)
                    follow.append(again)
    unit = median(floor)
    print(f"bare claude -p                        {unit:6.3f} s   1.00 x")
    print(f"one execution, command to result      {median(ours):6.3f} s   {median(ours) / unit:.2f} x   (aim 1.10)")
    print(f"follow-up on the kept process         {median(follow):6.3f} s   {median(follow) / unit:.2f} x   (aim 0.45)")


async def burst(folder: Path) -> None:
    """Twenty prompts at once from five conversations, over the best bare parallelism."""
    async with ScriptedModel(script, api_key=KEY) as model:
        settings = allowing(folder, model.url)
        async with stage(folder, settings) as scene:
            await scene.project()
            best = min([await timed(partial(_bare_burst, settings, scene.repository, n)) for n in (1, 2, 3, 5)])
            _restore(scene.repository)
            ends: list[Execution] = []
            ours = await timed(lambda: _burst(scene, ends))
    assert len(ends) == CONVERSATIONS * PROMPTS
    assert all(e.state is State.COMPLETED for e in ends), [e.error for e in ends]
    ordered = all(
        [e.id for e in sorted(group, key=lambda e: e.started_at or e.created_at)] == sorted(e.id for e in group)
        for group in _by_conversation(ends)
    )
    print(f"20 prompts, best bare parallelism     {best:6.3f} s   1.00 x")
    print(f"20 prompts from 5 conversations       {ours:6.3f} s   {ours / best:.2f} x   (aim 1.15) in order: {ordered}")


async def latencies(folder: Path, rounds: int) -> None:
    """From a command to its first card, and from an approval to the agent's next word to the model."""
    model_heard: list[float] = []

    def asking(conversation: Conversation) -> Turn:
        model_heard.append(time.perf_counter())
        if conversation.results:
            return Turn(text="Done.")
        return Turn(tools=(("Bash", {"command": "touch asked"}),))

    async with ScriptedModel(asking, api_key=KEY) as model, stage(folder, with_model(folder, model.url)) as scene:
        await scene.project()
        stored, heard = [], []
        for _ in range(rounds):
            began = time.perf_counter()
            run = await scene.do("Ask me.")
            stored.append(time.perf_counter() - began)
            question = await scene.question(run)
            began = time.perf_counter()
            await scene.core.approvals.answer(scene.actor, question.id, Answer(approve=True))
            await scene.end(run)
            heard.append(model_heard[-1] - began)
    print(f"command stored and answered           {median(stored) * 1000:6.1f} ms")
    print(f"approval to the agent's next request  {median(heard) * 1000:6.1f} ms   (the step itself included)")


async def daemon(folder: Path) -> None:
    """Cold start of `signoff up`, first card over the socket, and what the idle daemon costs."""
    state = folder / "state"
    config = folder / "config.toml"
    config.write_text(f'[storage]\ndirectory = "{state}"\n', "utf-8")
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bot", "up", "--config", str(config)], stderr=subprocess.DEVNULL)
    try:
        while not await _listens(state / "signoff.sock"):
            await asyncio.sleep(0.01)
        print(f"cold start of `signoff up`            {time.perf_counter() - began:6.3f} s")
        from bot.terminal.client import connect

        async with connect(state / "signoff.sock", watch=True) as client:
            times = [await timed(lambda: _card(client)) for _ in range(50)]
        print(f"command to first card, over the socket{median(times) * 1000:6.1f} ms")
        await asyncio.sleep(3)
        before = _cpu(process.pid)
        await asyncio.sleep(10)
        used = (_cpu(process.pid) - before) / 10 * 100
        rss, pss = _memory(process.pid)
        print(f"idle daemon: RSS {rss:.0f} MiB, PSS {pss:.0f} MiB, CPU {used:.2f} %")
    finally:
        process.terminate()
        process.wait(20)


async def _finished(scene: Stage, run: list[Execution]) -> None:
    run.append(await scene.end(await scene.do("do it")))
    assert run[0].state is State.COMPLETED, run[0].error


async def _followed(scene: Stage, run: Execution) -> None:
    ended = await scene.end(await scene.core.runs.say(scene.actor, run.id, "do it again"))
    assert ended.state is State.COMPLETED, ended.error


async def _burst(scene: Stage, ends: list[Execution]) -> None:
    runs = []
    for _ in range(CONVERSATIONS):
        first = await scene.do("do it")
        runs.append(first)
        runs += [await scene.core.runs.say(scene.actor, first.id, f"do it {n}", queued=True) for n in range(1, PROMPTS)]
    ends += [await scene.end(run) for run in runs]


async def _bare_burst(settings: Settings, work: Path, parallel: int) -> None:
    slots = asyncio.Semaphore(parallel)

    async def one() -> None:
        async with slots:
            await bare(settings, work)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONVERSATIONS * PROMPTS):
            group.create_task(one())


def _by_conversation(ends: list[Execution]) -> list[list[Execution]]:
    return [[e for e in ends if e.conversation_id == c] for c in {e.conversation_id for e in ends}]


def _restore(repository: Path) -> None:
    """Take away what the bare CLI left in the project's own checkout."""
    subprocess.run(["git", "clean", "-fdq"], cwd=repository, check=True)


def _program() -> Path:
    import claude_agent_sdk

    return Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"


async def _listens(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True


async def _card(client: object) -> None:
    from bot.terminal import wire
    from bot.terminal.client import Client

    assert isinstance(client, Client)
    number = await client.say("list")
    while True:
        frame = await client.receive()
        if isinstance(frame, wire.Reply) and frame.re == number:
            return


def _cpu(pid: int) -> float:
    """Return the CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> tuple[float, float]:
    """Return RSS and PSS in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("Rss", "Pss:"))}
    return found["Rss"], found["Pss"]


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        yield Path(name)


async def main(rounds: int = ROUNDS) -> None:
    """Measure and print all of it."""
    async with _folder() as folder:
        await single_runs(folder, rounds)
    async with _folder() as folder:
        await burst(folder)
    async with _folder() as folder:
        await latencies(folder, rounds)
    async with _folder() as folder:
        await daemon(folder)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
