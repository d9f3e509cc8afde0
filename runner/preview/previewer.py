"""Run a command in the sandbox and say what it did: the one entrance to previews."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from runner.agents import environment, process
from runner.errors import SignoffError
from runner.model import DiffFile, Preview, ToolCall, value
from runner.ports import Clock
from runner.preview.compare import Comparison, compare, differences
from runner.preview.copy import copy_git, copy_worktree, find_git, remove
from runner.preview.edits import EDITS, edited
from runner.preview.limits import NoPreview, PreviewLimits
from runner.preview.sandbox import COPY, GIT, View, command_line, prepare, split_tallies
from runner.preview.tree import Entry, git_state, manifest
from runner.preview.watch import overrun

_LONGEST = 100_000  # bytes of a command line; Linux takes 128 KiB as one argument
_PATIENCE = 10.0  # seconds beyond its time after which a sandbox that does not end is killed from outside
_ELSEWHERE = Path("/work-tree")  # where the trial of the sandbox shows its empty copy


class Previewer:
    """Says what a step would do, at the price of a copy and of running it once.

    `scratch` is a folder of this daemon alone; all in it may be removed at any time by `sweep`.
    """

    def __init__(self, *, scratch: Path, clock: Clock, limits: PreviewLimits = PreviewLimits()) -> None:  # noqa: B008 - a frozen value
        self._scratch = scratch
        self._clock = clock
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.at_once)
        self._trial = asyncio.Lock()
        self._obstacle: str | None = None

    async def sweep(self) -> None:
        """Remove what a daemon that was killed left behind. Call it at the start, before the first preview."""
        if self._scratch.is_dir():
            for leftover in await asyncio.to_thread(lambda: list(self._scratch.iterdir())):
                await remove(leftover)

    async def available(self) -> str:
        """Return why commands cannot be tried on this machine; empty if they can. Really tries it, once."""
        async with self._trial:
            if self._obstacle is None:
                self._obstacle = await self._try_sandbox()
        return self._obstacle

    async def preview(self, worktree: Path, call: ToolCall) -> Preview:
        """Say what a command or an edit would do in this worktree. Changes nothing outside its scratch folder.

        Never raises for what the command does or for a preview that is not possible: see `Preview.problem`.
        """
        try:
            async with self._turns:
                if call.tool in EDITS:
                    return await self._preview_edit(worktree, call)
                if call.tool == "Bash":
                    return await self._preview_command(worktree, call.input)
        except SignoffError as error:
            return Preview(problem=error.message)
        except OSError as error:
            return Preview(problem=f"The preview failed: {error.strerror or error}.")
        return Preview(problem=f"There is no preview of {call.tool}.")

    async def _preview_edit(self, worktree: Path, call: ToolCall) -> Preview:
        change = await asyncio.to_thread(edited, worktree, call)
        async with self._folder() as scratch:
            found = await compare([change], (), scratch / "diff", self._limits)
        return Preview(files=found.files, patch=found.patch, truncated=found.truncated)

    async def _preview_command(self, worktree: Path, given: Mapping[str, object]) -> Preview:
        command = _fit(given.get("command"))
        if obstacle := await self.available():
            return Preview(problem=obstacle)
        async with self._folder() as scratch:
            view = View(worktree=worktree, scratch=scratch, git=await asyncio.to_thread(find_git, worktree))
            await copy_worktree(worktree, scratch / COPY, self._limits)
            if view.git:
                await copy_git(view.git, scratch / GIT, self._limits)
            noted = await asyncio.to_thread(_note, view)
            ran = await self._run(command, view)
            if ran.problem:
                return ran
            found = await self._compare(view, noted)
        return dataclasses.replace(ran, files=found.files, patch=found.patch, truncated=found.truncated)

    async def _run(self, command: str, view: View) -> Preview:
        """Run the command in the sandbox. Raises NoPreview if the sandbox itself fails or was overrun."""
        mark = secrets.token_hex(16)
        path = environment.clean().get("PATH", os.defpath)
        await asyncio.to_thread(prepare, view.scratch)
        began = self._clock.monotonic()
        finished = await self._bounded(
            command_line(command, view, path=path, mark=mark, limits=self._limits), view.scratch
        )
        seconds = self._clock.monotonic() - began
        printed, tried = split_tallies(finished.output, mark)
        if finished.timed_out or (printed == finished.output and seconds >= self._limits.seconds):
            problem = f"It took longer than {self._limits.seconds:g} s."
            return Preview(problem=problem, output=_end(printed, self._limits.output), seconds=seconds)
        if printed == finished.output and printed.startswith("bwrap: "):
            raise NoPreview(f"The sandbox failed: {printed.strip()[:500]}")
        return Preview(
            exit=finished.exit,
            output=_end(printed, self._limits.output),
            seconds=seconds,
            network_tried=tried,
        )

    async def _bounded(self, argv: Sequence[str], scratch: Path) -> process.Finished:
        """Run the sandbox and watch over it. Raises NoPreview when it takes too much; all of it is dead then."""
        limits = self._limits
        async with asyncio.TaskGroup() as group:
            running = group.create_task(process.run(argv, cwd=scratch, timeout=limits.seconds + _PATIENCE))
            watching = group.create_task(overrun(scratch, limits))
            await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            watching.cancel()
        if running.cancelled():
            raise NoPreview(watching.result())
        return running.result()

    async def _compare(self, view: View, noted: _Noted) -> Comparison:
        copy = view.scratch / COPY
        changes, named = await asyncio.to_thread(differences, view.worktree, copy, noted.files)
        if view.git and await asyncio.to_thread(git_state, view.scratch / GIT) != noted.git:
            named = (*(file for file in named if file.path != ".git"), DiffFile(path=".git", binary=True))
        return await compare(changes, named, view.scratch / "diff", self._limits)

    async def _try_sandbox(self) -> str:
        if sys.platform != "linux":
            return "Commands are tried on Linux only."
        if shutil.which("bwrap", path=environment.clean().get("PATH")) is None:
            return "There is no bubblewrap here: apt install bubblewrap"
        try:
            async with self._folder() as scratch:
                await asyncio.to_thread((scratch / COPY).mkdir)
                tried = await self._run("true", View(worktree=_ELSEWHERE, scratch=scratch))
        except SignoffError as error:
            return error.message
        return "" if tried.exit == 0 else f"The sandbox does not work here: {tried.problem or tried.output.strip()}"

    @contextlib.asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        """Lend a new folder; it is removed whatever happens, and if we are killed by the next `sweep`."""
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix="preview-", dir=self._scratch.resolve()))
        try:
            yield folder
        finally:
            await remove(folder)


@value
class _Noted:
    """The copies before the command ran."""

    files: Mapping[str, Entry]
    git: Mapping[str, Entry]


def _note(view: View) -> _Noted:
    return _Noted(
        files=manifest(view.scratch / COPY),
        git=git_state(view.scratch / GIT) if view.git else {},
    )


def _fit(command: object) -> str:
    """Return a command line that can be passed to a program. Raises NoPreview."""
    if not isinstance(command, str) or not command.strip():
        raise NoPreview("There is no command to try.")
    try:
        length = len(os.fsencode(command))
    except UnicodeEncodeError:
        length = 0
    if not length or "\0" in command:
        raise NoPreview("The command has characters that no program can be given.")
    if length > _LONGEST:
        raise NoPreview(f"The command is longer than {_LONGEST:,} bytes.")
    return command


def _end(output: str, limit: int) -> str:
    """Return the end of an output, from the beginning of a line if there is one: half a secret escapes masking."""
    output = output.rstrip("\n")
    if len(output) <= limit:
        return output
    tail = output[-limit:]
    return tail.partition("\n")[2] or tail
