"""What a death of the daemon leaves behind, seen from outside: processes, the database, what commands have written."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from runner.audit import Broken, verify
from runner.model import Approval, ApprovalState, Execution, State, value
from runner.ports import ExecutionQuery
from storage.store import open_store

PROMISED = 1.0  # seconds after which no process may be left
_BUSY = 10.0  # seconds that are waited for it on a machine that has other things to do


@value
class Left:
    """The database as the dead daemon left it, and the lines in the proof files of the worktrees."""

    runs: tuple[Execution, ...]
    approvals: tuple[Approval, ...]
    lines: Counter[str]
    damage: str  # empty: the database is whole

    @property
    def run(self) -> Execution | None:
        """Return the one run, if it was accepted."""
        return self.runs[0] if self.runs else None

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.run is not None and self.run.state.final

    @property
    def open(self) -> tuple[Approval, ...]:
        """Return the open questions."""
        return tuple(approval for approval in self.approvals if approval.state is ApprovalState.OPEN)


async def until_gone(folder: Path) -> float:
    """Wait until no process has to do with a folder; return the seconds it took, infinite if one stays."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while remains(folder):
        if loop.time() - began > _BUSY:
            return float("inf")
        await asyncio.sleep(0.02)
    return loop.time() - began


def remains(folder: Path) -> list[int]:
    """Return the processes that work in a folder or were started with its name in their environment."""
    named = str(folder).encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "cwd").readlink().is_relative_to(folder) or named in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it is not ours, or ended meanwhile
    return found


async def examine(folder: Path) -> Left:
    """Look at what is left in a machine's folder. The database is copied first: looking at it mends it."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in (folder / "state").glob("signoff.db*"):
        shutil.copy(file, copy)
    path = copy / "signoff.db"
    damage = _damage(path)
    async with open_store(path, read_only=True) as store:
        runs = (await store.executions.list(ExecutionQuery(limit=10))).items
        approvals = [approval for run in runs for approval in await store.approvals.of(run.id)]
        audit = await verify(store.feed)
    unfit = [run.id for run in runs if (run.state is State.WAITING) is not _is_asked(run, approvals)]
    if isinstance(audit, Broken):
        damage = f"{damage} {audit.what}".strip()
    if unfit:
        damage = f"{damage} A question is open exactly while its run waits: not for {unfit}.".strip()
    return Left(runs=runs, approvals=tuple(approvals), lines=written(folder), damage=damage)


def written(folder: Path) -> Counter[str]:
    """Count the lines that approved commands have written."""
    proofs = (folder / "state" / "worktrees").glob("*/*/proof.txt")
    return Counter(line for proof in proofs for line in proof.read_text("utf-8").splitlines())


def _is_asked(run: Execution, approvals: list[Approval]) -> bool:
    return any(a.execution_id == run.id and a.state is ApprovalState.OPEN for a in approvals)


def _damage(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        found = [row[0] for row in database.execute("PRAGMA integrity_check")]
        strays = database.execute("PRAGMA foreign_key_check").fetchall()
    return "" if found == ["ok"] and not strays else f"{found} {strays}"
