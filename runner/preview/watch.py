"""Watch over a command that is tried: what the kernel does not bound, above all for root, is bounded here."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from runner.model import value
from runner.preview.limits import PreviewLimits
from runner.preview.tree import room_taken

_EVERY = 0.1  # s
_DISK_EVERY = 5  # looks at the processes for each look at the disk, which costs more
_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@value
class Load:
    """What a tree of processes takes: processes and threads, bytes of memory."""

    processes: int = 0
    memory: int = 0


async def overrun(scratch: Path, limits: PreviewLimits) -> str:
    """Wait until the sandbox with this scratch folder takes too much, and say what; never returns otherwise.

    Looks in real time, whatever the clock of the caller is: processes keep no other.
    """
    before = await asyncio.to_thread(room_taken, scratch)
    looks = 0
    while True:
        await asyncio.sleep(_EVERY)
        load = await asyncio.to_thread(load_of, str(scratch))
        if load.processes > limits.processes:
            return f"It started more than {limits.processes} processes."
        if load.memory > limits.memory:
            return f"It used more than {limits.memory / 1e9:.1f} GB of memory."
        looks += 1
        if looks % _DISK_EVERY == 0:
            now = await asyncio.to_thread(room_taken, scratch)
            if now.bytes - before.bytes > limits.bytes:
                return f"It wrote more than {limits.bytes / 1e6:.0f} MB."
            if now.files - before.files > limits.files:
                return f"It made more than {limits.files:,} files."


def load_of(word: str) -> Load:
    """Add up the processes whose command line contains a word, and all they have started."""
    marker = os.fsencode(word)
    children: dict[int, list[int]] = {}
    taken: dict[int, tuple[int, int]] = {}
    front: list[int] = []
    for place in _PROC.iterdir():
        if not place.name.isdigit():
            continue
        pid = int(place.name)
        try:
            fields = (place / "stat").read_bytes().rpartition(b")")[2].split()
            if marker in (place / "cmdline").read_bytes():
                front.append(pid)
        except OSError:  # it ended while we looked
            continue
        children.setdefault(int(fields[1]), []).append(pid)
        taken[pid] = int(fields[17]), int(fields[21]) * _PAGE  # num_threads and rss of proc(5)
    found: set[int] = set()
    while front:
        found.update(front)
        front = [child for pid in front for child in children.get(pid, ()) if child not in found]
    return Load(processes=sum(taken[pid][0] for pid in found), memory=sum(taken[pid][1] for pid in found))
