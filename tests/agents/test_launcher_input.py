"""What a program on a leash sees of its input."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from runner.agents import process
from runner.agents.environment import clean

ECHO = "import sys\nfor line in sys.stdin: print('got', line.strip(), flush=True)\nprint('end', flush=True)"


async def _started(tmp_path: Path, code: str) -> tuple[process.Leash, asyncio.subprocess.Process]:
    leash = process.Leash([sys.executable, "-c", code], clean())
    launcher = process.install_launcher(tmp_path)
    started = await asyncio.create_subprocess_exec(
        launcher, env=leash.variables, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert started.stdin
    return leash, started


async def test_the_end_of_the_input_is_seen_only_when_it_is_released(tmp_path: Path) -> None:
    """AGENT-13: a daemon that dies closes its pipes; the program must not take that for an answer."""
    leash, started = await _started(tmp_path, ECHO)
    assert started.stdin
    assert started.stdout
    started.stdin.write(b"one\ntwo\n")
    started.stdin.close()
    assert await started.stdout.readline() == b"got one\n"
    assert await started.stdout.readline() == b"got two\n"
    leash.release()
    assert await started.stdout.readline() == b"end\n"
    assert await started.wait() == 0
    leash.drop()


async def test_a_cut_leash_kills_before_the_end_of_the_input_is_seen(tmp_path: Path) -> None:
    """AGENT-13: input and leash end at the same moment, as they do when we die, and the program sees nothing."""
    leash, started = await _started(tmp_path, ECHO)
    assert started.stdin
    assert started.stdout
    started.stdin.write(b"one\n")
    assert await started.stdout.readline() == b"got one\n"
    started.stdin.close()
    leash.cut()
    assert await started.stdout.read() == b""
    await started.wait()
    leash.drop()


async def test_much_input_arrives_whole_at_a_slow_reader(tmp_path: Path) -> None:
    """Pictures are megabytes; a reader that is late slows the sender down and loses nothing."""
    code = "import sys, time\ntime.sleep(0.2)\nprint(len(sys.stdin.buffer.read()), flush=True)"
    leash, started = await _started(tmp_path, code)
    leash.release()
    output, _ = await started.communicate(os.urandom(1 << 16) * 48)
    assert output == b"%d\n" % (48 << 16)
    leash.drop()
