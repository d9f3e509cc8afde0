"""The one place that starts other programs, all of them on a leash (see `runner.agents.launcher`)."""

from __future__ import annotations

import asyncio
import logging
import marshal
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner.agents import environment, launcher
from runner.errors import AgentError
from runner.model import value

_log = logging.getLogger(__name__)
_LAUNCHER = (sys.executable, "-I", "-S", launcher.__file__)
_CHUNK = 1 << 16  # bytes read at once
_SHELL = "/bin/sh"


@value
class Finished:
    """How a program ended. `exit` is 128 + n after signal n. `output` is standard output and error together."""

    exit: int
    output: str
    timed_out: bool = False


class Leash:
    """Our end of the pipe that a launcher watches: as long as it is held, the program may live.

    The kernel lets go of it when we die, whatever we die of. `secrets` are texts by the variable that shall name
    their pipe; `files` are (flag, text): the text is added to the command as a file that can be read once.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        secrets: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, str]] = (),
    ) -> None:
        whole = {"argv": list(argv), "env": dict(env), "secrets": dict(secrets or {}), "files": list(files)}
        payload = marshal.dumps(whole)
        self._folder = tempfile.mkdtemp(prefix="signoff-")  # mode 0700
        self._path = str(Path(self._folder, "leash"))
        os.mkfifo(self._path, 0o600)
        os.mkfifo(self._path + launcher.GONE, 0o600)
        self._gone: int | None = os.open(self._path + launcher.GONE, os.O_RDONLY | os.O_NONBLOCK)
        self._end: int | None = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        if not _fill(self._end, len(payload).to_bytes(launcher.HEADER, "big") + payload):
            self.drop()
            raise AgentError("The settings for the program are too large to be passed on.")

    @property
    def variables(self) -> dict[str, str]:
        """Return what the launcher needs in its own environment."""
        return {launcher.LEASH: self._path}

    def release(self) -> None:
        """Let the program see the end of its input when it comes; without that it never does."""
        if self._end is not None:
            os.write(self._end, launcher.RELEASE)

    def cut(self) -> None:
        """Let the launcher kill its program with everything it has started. Does nothing the second time."""
        if self._end is not None:
            os.close(self._end)
            self._end = None

    async def gone(self, patience: float = 5.0) -> None:
        """Cut the leash and wait until nothing of the program is left, at most `patience` seconds.

        Call it once, when the launcher was seen to run: it is its end that is waited for.
        """
        self.cut()
        if self._gone is None:
            return
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        loop.add_reader(self._gone, over.set)
        try:
            async with asyncio.timeout(patience):
                await over.wait()
        except TimeoutError:
            _log.warning("A program that was killed did not end within %s s.", patience)
        finally:
            loop.remove_reader(self._gone)
            self.drop()

    def drop(self) -> None:
        """Cut the leash and forget it, without waiting."""
        self.cut()
        if self._gone is not None:
            os.close(self._gone)
            self._gone = None
            shutil.rmtree(self._folder, ignore_errors=True)


def _fill(pipe: int, payload: bytes) -> bool:
    """Put everything into a pipe before anybody reads from it; False if there is no room."""
    try:
        launcher.make_room(pipe, len(payload))
        return os.write(pipe, payload) == len(payload)
    except OSError:
        return False


def install_launcher(folder: Path) -> Path:
    """Write an executable file that is the launcher, for those who can only be given a path; return it."""
    quoted = " ".join("'" + part.replace("'", "'\\''") + "'" for part in _LAUNCHER)
    text = f'#!/bin/sh\nexec {quoted} "$@"\n'
    path = folder / "launch"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists() or path.read_text() != text:
        fresh = path.with_name(f"launch.{os.getpid()}")
        fresh.write_text(text)
        fresh.chmod(0o700)
        fresh.replace(path)
    return path


async def run(
    command: Sequence[str] | str,
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    output_limit: int = 200_000,
    complaints: bool = True,
) -> Finished:
    """Run a program (or, for a string, a shell command) to its end.

    `env` is added to the clean environment; `timeout` is in seconds. At most `output_limit` bytes of output are
    kept, half from the beginning and half from the end; without `complaints` nothing of what goes to stderr. On timeout
    and on cancellation the program is killed with everything it has started. Raises FileNotFoundError if `cwd` does not
    exist; a program that does not exist has exit status 127.
    """
    argv = [_SHELL, "-c", command] if isinstance(command, str) else list(command)
    variables = environment.clean(env)
    argv[0] = shutil.which(argv[0], path=variables.get("PATH")) or argv[0]
    leash = Leash(argv, variables)
    leash.release()
    kept = _Excerpt(output_limit)
    timed_out = False
    try:
        process = await asyncio.create_subprocess_exec(
            *_LAUNCHER,
            cwd=cwd,
            env=leash.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if complaints else asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(timeout):
                await _drain(process, kept)
        except TimeoutError:
            timed_out = True
        finally:
            leash.cut()
            await asyncio.shield(
                _drain(process, kept)
            )  # a pipe that is full and not read keeps its end from being seen
    finally:
        leash.drop()
    return Finished(exit=process.returncode or 0, output=kept.text(), timed_out=timed_out)


async def _drain(process: asyncio.subprocess.Process, kept: _Excerpt) -> None:
    """Read until the program has ended; what it left running in the background may hold the pipe no longer."""
    if process.stdout is None:
        return
    while chunk := await process.stdout.read(_CHUNK):
        kept.add(chunk)
    await process.wait()


class _Excerpt:
    """The beginning and the end of a stream of bytes."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0

    def add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        del self._tail[: -self._half]

    def text(self) -> str:
        head = self._head.decode(errors="replace")
        tail = self._tail.decode(errors="replace")
        left_out = self._size - len(self._head) - len(self._tail)
        return f"{head}\n… {left_out} bytes left out …\n{tail}" if left_out else head + tail
