"""Programs run to their end, with a clean environment, and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from runner.agents.process import Finished, Leash, install_launcher, run
from runner.errors import AgentError
from tests.agents.stage import exists

LEFT_BEHIND = "(setsid sh -c 'echo $$ > apart; exec sleep 600' &) ; (trap '' TERM; sleep 600) & echo $$ > near; "


def alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


async def test_status_and_both_outputs_come_back(tmp_path: Path) -> None:
    assert await run("echo out; echo err >&2; exit 3", cwd=tmp_path) == Finished(exit=3, output="out\nerr\n")
    assert await run([sys.executable, "-c", "print(1)"], cwd=tmp_path) == Finished(exit=0, output="1\n")


async def test_arguments_are_no_shell(tmp_path: Path) -> None:
    assert (await run(["echo", "$HOME;", "'"], cwd=tmp_path)).output == "$HOME; '\n"


async def test_a_signal_shows_in_the_status(tmp_path: Path) -> None:
    assert (await run("kill -SEGV $$", cwd=tmp_path)).exit == 128 + signal.SIGSEGV


async def test_a_program_that_does_not_exist_ends_with_127(tmp_path: Path) -> None:
    assert await run(["nonesuch"], cwd=tmp_path) == Finished(exit=127, output="nonesuch: No such file or directory\n")


async def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run("true", cwd=tmp_path / "nowhere")


async def test_only_the_listed_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "secret")
    monkeypatch.setenv("LC_TIME", "C")
    ran = await run("env; tr '\\0' '\\n' < /proc/$PPID/environ", cwd=tmp_path, env={"EXTRA": "given"})
    names = {line.partition("=")[0] for line in ran.output.splitlines()}
    assert {"PATH", "LC_TIME", "EXTRA"} <= names
    assert "secret" not in ran.output


async def test_signals_that_python_ignores_are_not_ignored_by_the_program(tmp_path: Path) -> None:
    """SIGPIPE ignored would let `yes | head` run for ever in some programs."""
    ran = await run("grep SigIgn /proc/self/status", cwd=tmp_path)
    assert int(ran.output.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


async def test_long_output_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    ran = await run("seq 1 100000", cwd=tmp_path, output_limit=1000)
    assert ran.output.startswith("1\n2\n")
    assert ran.output.endswith("99999\n100000\n")
    assert "bytes left out" in ran.output
    assert len(ran.output) < 1100


async def test_what_the_program_leaves_running_ends_with_it(tmp_path: Path) -> None:
    async with asyncio.timeout(5):
        ran = await run(LEFT_BEHIND + "while [ ! -s apart ]; do sleep 0.01; done", cwd=tmp_path)
    assert ran.exit == 0
    assert not alive(tmp_path / "apart")


async def test_a_timeout_ends_everything(tmp_path: Path) -> None:
    """AGENT-12: children in sessions of their own, and deaf to SIGTERM, included."""
    async with asyncio.timeout(5):
        ran = await run(LEFT_BEHIND + "echo began; sleep 600", cwd=tmp_path, timeout=0.3)
    assert (ran.timed_out, ran.output) == (True, "began\n")
    assert not alive(tmp_path / "apart")
    assert not alive(tmp_path / "near")


async def test_a_leash_that_is_cut_before_the_launcher_looks_starts_nothing(tmp_path: Path) -> None:
    leash = Leash(["/bin/sh", "-c", "echo begun"], {})
    leash.cut()
    launched = await asyncio.create_subprocess_exec(
        install_launcher(tmp_path), env=leash.variables, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(10):
        assert (await launched.communicate())[0] == b""
    assert launched.returncode == 128 + signal.SIGKILL
    leash.drop()


async def test_a_cancellation_ends_everything(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run(LEFT_BEHIND + "sleep 600", cwd=tmp_path))
        await exists(tmp_path / "apart")
        await exists(tmp_path / "near")
        await asyncio.sleep(0.05)  # the files are there before the numbers in them
        running.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([running])
    assert not alive(tmp_path / "apart")
    assert not alive(tmp_path / "near")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_launcher_passes_signals_on(tmp_path: Path, number: signal.Signals) -> None:
    script = "trap 'echo term; exit 5' TERM; trap 'echo int; exit 5' INT; echo ready; while :; do sleep 0.01; done"
    leash = Leash(["/bin/sh", "-c", script], {})
    launched = await asyncio.create_subprocess_exec(
        install_launcher(tmp_path), env=leash.variables, stdout=subprocess.PIPE
    )
    assert launched.stdout
    assert await launched.stdout.readline() == b"ready\n"
    launched.send_signal(number)
    assert await launched.wait() == 5
    assert await launched.stdout.read() == (b"term\n" if number is signal.SIGTERM else b"int\n")
    leash.drop()


async def test_a_program_dies_with_a_launcher_that_is_killed_itself(tmp_path: Path) -> None:
    leash = Leash(["/bin/sh", "-c", "echo alive; exec sleep 600"], {})
    launched = await asyncio.create_subprocess_exec(
        install_launcher(tmp_path), env=leash.variables, stdout=subprocess.PIPE
    )
    assert launched.stdout
    assert await launched.stdout.readline() == b"alive\n"
    launched.kill()
    async with asyncio.timeout(2):
        assert await launched.stdout.read() == b""  # nobody holds it any more
        await launched.wait()
    leash.drop()


async def test_secrets_and_files_come_through_pipes_that_are_read_once(tmp_path: Path) -> None:
    script = 'printf "%s " "$@"; cat $1; cat <&$KEY; tr "\\0" " " < /proc/$$/environ'
    leash = Leash(
        ["/bin/sh", "-c", script, "sh"], {"A": "b"}, secrets={"KEY": "the-key "}, files=[("--ignored", "the-file ")]
    )
    script_path = install_launcher(tmp_path)
    launched = await asyncio.create_subprocess_exec(script_path, env=leash.variables, stdout=subprocess.PIPE)
    seen = (await launched.communicate())[0].decode()
    leash.drop()
    assert seen.startswith("--ignored /dev/fd/")
    assert seen.count("the-key") == 1
    assert "A=b" in seen


async def test_no_folder_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "work").mkdir()
    await run("true", cwd=tmp_path / "work")
    await run("sleep 600", cwd=tmp_path / "work", timeout=0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


async def test_long_texts_pass_whole(tmp_path: Path) -> None:
    leash = Leash(
        ["/bin/sh", "-c", 'cat "$2" | wc -c', "sh"], {"BIG": "x" * 100_000}, files=[("--file", "y" * 300_000)]
    )
    launched = await asyncio.create_subprocess_exec(
        install_launcher(tmp_path), env=leash.variables, stdout=subprocess.PIPE
    )
    assert (await launched.communicate())[0].strip() == b"300000"
    leash.drop()


def test_settings_that_do_not_fit_are_said_plainly() -> None:
    with pytest.raises(AgentError, match="too large"):
        Leash(["true"], {"BIG": "x" * (2 << 20)})


def test_the_launcher_is_written_once_and_again_when_it_is_another(tmp_path: Path) -> None:
    path = install_launcher(tmp_path / "with a space")
    before = path.stat().st_ino
    assert install_launcher(tmp_path / "with a space").stat().st_ino == before
    path.write_text("#!/bin/sh\nfalse\n")
    install_launcher(tmp_path / "with a space")
    assert "launcher.py" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such switch")
async def test_a_concealed_process_cannot_be_read_and_its_children_are_as_usual(tmp_path: Path) -> None:
    script = (
        "import ctypes, subprocess, sys; from runner.agents.environment import conceal; conceal();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0));"  # PR_GET_DUMPABLE
        "code = 'import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))';"
        "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)"
    )
    ran = await run([sys.executable, "-c", script], cwd=Path.cwd())
    assert ran.output.split() == ["0", "1"]


async def test_a_program_that_prints_without_end_is_ended_in_time(tmp_path: Path) -> None:
    """AGENT-1: a full pipe does not keep the end of a program from being seen."""
    async with asyncio.timeout(20):
        finished = await run("yes", cwd=tmp_path, timeout=0.5)
    assert finished.timed_out
    assert finished.output.startswith("y\ny\n")
