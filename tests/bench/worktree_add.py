"""How long a worktree on a repository of 50,000 files takes, over the fastest plain `git worktree add`.

Run it with `python -m tests.bench.worktree_add`. Floor and ours take turns, so that a busy minute hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from runner.model import Project, new_id
from runner.worktree import Worktree, begin, diff, discard, fill, inspect, snapshot

FILES = 50_000
ROUNDS = 5


def build(path: Path, files: int) -> None:
    """Make a repository of small files, 500 a folder, in one stream to git."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(path)], check=True)
    lines = ["commit refs/heads/main", "committer B <b@localhost> 0 +0000", "data 4", "many"]
    for number in range(files):
        content = f"file {number}\n" + "some text in this file\n" * 20
        lines += [f"M 100644 inline d{number // 500}/f{number}.txt", f"data {len(content)}", content]
    stream = "\n".join([*lines, ""]).encode()
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream, check=True)
    subprocess.run(["git", "-C", str(path), "reset", "--quiet", "--hard"], check=True)


def plain(path: Path, target: Path, *options: str) -> float:
    """Time a plain `git worktree add`, then remove what it made."""
    began = time.perf_counter()
    subprocess.run(
        ["git", "-C", str(path), *options, "worktree", "add", "--quiet", "--detach", str(target)], check=True
    )
    took = time.perf_counter() - began
    subprocess.run(["git", "-C", str(path), "worktree", "remove", "--force", str(target)], check=True)
    return took


async def ours(project: Project, root: Path) -> dict[str, float]:
    """Time each step of a worktree's life, in seconds."""
    times: dict[str, float] = {}
    began = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal began
        times[name] = time.perf_counter() - began
        began = time.perf_counter()

    state = await inspect(project)
    lap("inspect")
    tree: Worktree = await begin(state, new_id(), root)
    lap("begin")
    await fill(tree, project)
    lap("fill")
    await asyncio.to_thread((tree.path / "d0/f0.txt").write_text, "changed\n")
    began = time.perf_counter()
    await diff(tree)
    lap("diff")
    await snapshot(tree, "a change")
    lap("snapshot")
    await discard(tree)
    lap("discard")
    return times


async def measure(files: int = FILES, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the medians in seconds of all steps, and of the floor with default settings and with eight workers."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="signoff-bench-")).resolve()
    try:
        await asyncio.to_thread(build, folder / "repo", files)
        project = Project(name="repo", path=str(folder / "repo"))
        seen: dict[str, list[float]] = {}
        for _ in range(rounds):
            times = {
                "plain": await asyncio.to_thread(plain, folder / "repo", folder / "plain"),
                "workers": await asyncio.to_thread(
                    plain, folder / "repo", folder / "plain", "-c", "checkout.workers=8"
                ),
                **await ours(project, folder / "worktrees"),
            }
            times["make"] = times["inspect"] + times["begin"] + times["fill"]
            for name, took in times.items():
                seen.setdefault(name, []).append(took)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)
    return {name: median(taken) for name, taken in seen.items()}


def main() -> None:
    """Print the medians and the ratios to the fastest plain way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    times = asyncio.run(measure(chosen.files, chosen.rounds))
    floor = min(times["plain"], times["workers"])
    print(f"worktree on {chosen.files} files, medians of {chosen.rounds} rounds; floor {floor:.3f} s")
    for name, took in times.items():
        print(f"  {name:9} {took:7.3f} s   {took / floor:6.2f} x floor")


if __name__ == "__main__":
    main()
