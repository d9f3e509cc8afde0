"""What a preview may cost is bounded, and nothing of it stays."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runner.model import ToolCall
from runner.preview.watch import load_of
from tests.preview.stage import Stage, alive, gone


def leftovers(stage: Stage) -> list[Path]:
    return list(stage.scratch.iterdir()) if stage.scratch.exists() else []


async def test_too_long_is_killed_whatever_it_ignores(stage: Stage) -> None:
    stage.limits = replace(stage.limits, seconds=1.0)
    seen = await stage.run("trap '' TERM INT HUP; echo begun; setsid sleep 3141.592 & (trap '' TERM; sleep 3141.592)")
    assert (seen.problem, seen.exit, seen.output) == ("It took longer than 1 s.", None, "begun")
    assert seen.seconds < 8
    await gone("3141.592")
    assert not leftovers(stage)


async def test_endless_output_costs_neither_memory_nor_the_end_of_the_text(stage: Stage) -> None:
    stage.limits = replace(stage.limits, seconds=1.0)
    seen = await stage.run("yes lines without end")
    assert seen.problem == "It took longer than 1 s."
    assert len(seen.output) <= 4_000
    assert seen.output.startswith("lines without end\nlines")


async def test_of_much_output_the_end_is_kept(stage: Stage) -> None:
    seen = await stage.run("seq 1000000; echo the end")
    assert seen.exit == 0
    assert 3_900 < len(seen.output) <= 4_000
    assert seen.output.endswith("1000000\nthe end")


async def test_the_number_of_processes_is_bounded(stage: Stage) -> None:
    """For root by watching, for others by the kernel: no more can be started."""
    stage.limits = replace(stage.limits, processes=12, seconds=10.0)
    seen = await stage.run("for i in $(seq 40); do sleep 2718.281 & done; wait")
    refused = "temporarily unavailable" in seen.output
    assert seen.problem == "It started more than 12 processes." or refused
    await gone("2718.281")


async def test_memory_is_bounded(stage: Stage) -> None:
    stage.limits = replace(stage.limits, memory=60_000_000)
    seen = await stage.run("x=$(head -c 120000000 /dev/zero | tr '\\0' a); sleep 10")
    assert seen.problem == "It used more than 0.1 GB of memory."


async def test_the_disk_is_bounded(stage: Stage) -> None:
    stage.limits = replace(stage.limits, bytes=5_000_000)
    seen = await stage.run("for i in 1 2 3 4; do head -c 2000000 /dev/urandom > f$i; done; sleep 10")
    assert seen.problem == "It wrote more than 5 MB."
    assert not leftovers(stage)


async def test_the_number_of_new_files_is_bounded(stage: Stage) -> None:
    stage.limits = replace(stage.limits, files=100)
    seen = await stage.run("touch $(seq 200); sleep 10")
    assert seen.problem == "It made more than 100 files."


async def test_one_file_is_bounded(stage: Stage) -> None:
    stage.limits = replace(stage.limits, file_bytes=1 << 20)
    seen = await stage.run("head -c 3000000 /dev/zero > large; stat -c %s large")
    assert seen.output.splitlines()[-1] == str(1 << 20)


async def test_places_in_memory_are_bounded(stage: Stage) -> None:
    seen = await stage.run("for d in /tmp /dev/shm ~; do head -c 90M /dev/zero > $d/x; stat -c %s $d/x; done")
    sizes = [int(line) for line in seen.output.splitlines() if line.isdigit()]
    assert len(sizes) == 3
    assert max(sizes) <= 64 << 20


@pytest.mark.proof
async def test_a_worktree_of_20001_files_is_not_copied(stage: Stage) -> None:
    many = stage.worktree / "many"
    many.mkdir()
    there = sum(len(names) for _, _, names in os.walk(stage.worktree))
    for number in range(20_001 - there):
        (many / str(number)).touch()
    seen = await stage.run("true")
    assert seen.problem == "The worktree has 20,001 files; up to 20,000 are copied for a preview."
    (many / "0").unlink()
    assert (await stage.run("true")).problem == ""


async def test_a_worktree_of_too_many_bytes_is_not_copied(stage: Stage) -> None:
    with (stage.worktree / "huge").open("wb") as file:
        file.truncate(300_000_000)
    seen = await stage.run("true")
    assert seen.problem == "The worktree has 300 MB; up to 200 are copied for a preview."
    assert not leftovers(stage)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "no command"),
        (7, "no command"),
        ("echo \0", "characters"),
        ("echo \ud800", "characters"),
        ("echo " + "x" * 100_000, "longer than"),
    ],
)
async def test_what_cannot_be_passed_on_is_refused_in_words(bare: Stage, command: object, said: str) -> None:
    call = ToolCall(tool="Bash", input={"command": command})
    seen = await bare.previewer().preview(bare.worktree, call)
    assert said in seen.problem


async def test_other_tools_have_no_preview(bare: Stage) -> None:
    seen = await bare.previewer().preview(bare.worktree, ToolCall(tool="WebFetch", input={}))
    assert seen.problem == "There is no preview of WebFetch."


async def test_a_missing_worktree_is_said(stage: Stage) -> None:
    stage.worktree = stage.top / "gone"
    assert "There is no worktree" in (await stage.run("true")).problem


async def test_without_bubblewrap_it_is_said_what_to_install(bare: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bare.top))
    previewer = bare.previewer()
    assert await previewer.available() == "There is no bubblewrap here: apt install bubblewrap"
    seen = await previewer.preview(bare.worktree, ToolCall(tool="Bash", input={"command": "true"}))
    assert seen.problem == "There is no bubblewrap here: apt install bubblewrap"


async def test_a_sandbox_that_does_not_work_says_why(bare: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = bare.top / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.defpath}")
    assert "No permissions to create new namespace" in await bare.previewer().available()


async def test_whether_there_is_a_sandbox_is_tried_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    previewer = stage.previewer()
    assert await previewer.available() == ""
    monkeypatch.setenv("PATH", str(stage.top))
    assert await previewer.available() == ""


@pytest.mark.proof
async def test_locked_and_deep_folders_are_removed_as_well(stage: Stage) -> None:
    deep = "for i in $(seq 500); do mkdir ddddddddddd; cd ddddddddddd; done"
    seen = await stage.run(f"mkdir locked; echo x > locked/file; chmod 000 locked/file locked; {deep}")
    assert seen.problem == "" or "too long" in seen.problem
    assert not leftovers(stage)


async def test_a_cancelled_preview_leaves_nothing(stage: Stage) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stage.run("sleep 1618.033"))
        while not alive("1618.033"):
            await asyncio.sleep(0.02)
        running.cancel()
    await gone("1618.033")
    assert not leftovers(stage)


async def test_a_killed_daemon_leaves_only_files_and_these_are_swept(stage: Stage) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from runner.clock import SystemClock\n"
        "from runner.model import ToolCall; from runner.preview import Previewer\n"
        "call = ToolCall(tool='Bash', input={'command': 'sleep 1414.213'})\n"
        "previewer = Previewer(scratch=Path(sys.argv[1]), clock=SystemClock())\n"
        "asyncio.run(previewer.preview(Path(sys.argv[2]), call))\n"
    )
    argv = [sys.executable, "-c", program, str(stage.scratch), str(stage.worktree)]
    daemon = await asyncio.create_subprocess_exec(*argv, cwd=Path(__file__).parents[2])
    while not (found := [pid for pid in alive("1414.213") if pid != daemon.pid]):
        await asyncio.sleep(0.05)
    daemon.send_signal(signal.SIGKILL)
    await daemon.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in found):
        await asyncio.sleep(0.05)
    assert leftovers(stage)
    await stage.previewer().sweep()
    assert not leftovers(stage)


async def test_sweeping_before_the_first_preview_does_nothing(bare: Stage) -> None:
    await bare.previewer().sweep()
    assert not bare.scratch.exists()


async def test_a_tree_of_processes_is_added_up() -> None:
    argv = ["sh", "-c", "sleep 1732.050 & sleep 1732.050 & wait", "marker-of-this-test"]
    child = await asyncio.create_subprocess_exec(*argv, start_new_session=True)
    try:
        while load_of("marker-of-this-test").processes < 3:
            await asyncio.sleep(0.02)
        load = load_of("marker-of-this-test")
        assert (load.processes, load.memory > 100_000) == (3, True)
        assert load_of("no-such-marker").processes == 0
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
