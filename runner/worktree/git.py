"""Git for our own commands: a clean environment, and no program that the repository names is run.

A repository can name programs in many places: hooks, fsmonitor, filters, merge drivers, textconv, ssh commands,
credential helpers. An agent that may call `git config` can add more. People's own settings (global and system scope,
such as Git LFS) stay in force; what the repository itself says is switched off for every command started here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path

from runner.agents.environment import clean
from runner.beside import begun
from runner.errors import ProjectError, StorageError
from runner.model import value

NAME = "Signoff"
EMAIL = "signoff@localhost"

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.safecrlf=false",
    "core.trustctime=true",  # with the next one: no edit can be hidden behind a set-back file time
    "core.checkStat=default",
    "core.filesRefLockTimeout=10000",  # milliseconds; the default of 100 is too short for a busy repository
    "core.packedRefsTimeout=10000",
    "checkout.workers=8",  # 7 to 11 times faster on 50,000 files, measured also with two cores
    "submodule.recurse=false",
    "merge.autoStash=false",
    "merge.verifySignatures=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_FILTER = re.compile(r"filter\..*\.(clean|smudge|process)", re.DOTALL)
_REQUIRED = re.compile(r"filter\..*\.required", re.DOTALL)
_MERGE_DRIVER = re.compile(r"merge\..*\.driver", re.DOTALL)
_CREDENTIAL = re.compile(r"credential\.(.*\.)?helper", re.DOTALL)
_LOCKED = re.compile(r"\.lock': File exists")
_RETRIES = (0.02, 0.05, 0.1, 0.3, 1.0)  # seconds between tries while another git holds a lock


class GitFailed(ProjectError):
    """Git ended with an unexpected exit status; `text` is what it said."""

    def __init__(self, command: str, text: str) -> None:
        self.text = text
        said = " ".join(text.split())[:500] or "it gave no reason"
        super().__init__(f"`git {command}` failed: {said}", hint="The repository was left as it was.")


@value
class Finished:
    """How a git process ended."""

    exit: int
    out: bytes
    err: str


@value
class Repository:
    """A repository, seen through one of its worktrees or (`work_tree` None) through none.

    `settings` switch off what the repository's own configuration would run.
    """

    git_dir: Path
    work_tree: Path | None = None
    settings: tuple[str, ...] = ()

    async def run(self, *arguments: str, data: bytes = b"", environment: Mapping[str, str] | None = None) -> Finished:
        """Run git and return how it ended. Waits a little while another git holds a lock. Raises StorageError when
        the disk is full.
        """
        argv = [*_options(self.settings), *self._place(), *arguments]
        finished = await start(argv, data=data, environment=environment)
        for delay in _RETRIES:
            if finished.exit == 0 or not _LOCKED.search(finished.err):
                break
            await asyncio.sleep(delay)
            finished = await start(argv, data=data, environment=environment)
        if finished.exit != 0 and "No space left on device" in finished.err:
            raise StorageError("The disk is full.", hint="Free some space and try again; nothing was changed.")
        return finished

    async def git(self, *arguments: str, data: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """Run git and return its output. Raises GitFailed unless it exits with 0."""
        finished = await self.run(*arguments, data=data, environment=environment)
        if finished.exit != 0:
            raise GitFailed(arguments[0], finished.err)
        return finished.out

    async def line(self, *arguments: str, data: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        """Run git and return its output without the line end. Raises GitFailed."""
        return text(await self.git(*arguments, data=data, environment=environment)).removesuffix("\n")

    async def head(self, *arguments: str, limit: int, environment: Mapping[str, str] | None = None) -> bytes:
        """Run git and return the first `limit` bytes of its output; it is stopped when it has more to say."""
        argv = [*_options(self.settings), *self._place(), *arguments]
        return await start_head(argv, limit=limit, environment=environment)

    async def commit_of(self, name: str) -> str | None:
        """Return the commit that a full ref name or a hash stands for; None if there is none."""
        finished = await self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return text(finished.out).strip() if finished.exit == 0 else None

    def _place(self) -> list[str]:
        if self.work_tree is None:
            return [f"--git-dir={self.git_dir}", "--bare"]
        return [f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}", "-C", str(self.work_tree)]


async def repository(git_dir: Path, work_tree: Path | None = None) -> Repository:
    """Look at a repository's configuration and return it made safe. Raises GitFailed."""
    bare = Repository(git_dir=git_dir)
    listed = await bare.git("config", "--list", "--show-scope", "-z")
    fields = text(listed).split("\0")
    pairs = [(scope, entry.partition("\n")[0]) for scope, entry in zip(fields[::2], fields[1::2], strict=False)]
    own = {key for scope, key in pairs if scope in {"local", "worktree"}}
    settings = [setting for key in sorted(own) for setting in _switched_off(key)]
    known = {key for _, key in pairs}
    settings += [f"{key}={given}" for key, given in (("user.name", NAME), ("user.email", EMAIL)) if key not in known]
    return Repository(git_dir=git_dir, work_tree=work_tree, settings=tuple(settings))


async def start(arguments: list[str], *, data: bytes = b"", environment: Mapping[str, str] | None = None) -> Finished:
    """Run git with a clean environment and return how it ended; it is killed when the caller is cancelled."""
    process = await _spawn(arguments, environment, stderr=asyncio.subprocess.PIPE)
    try:
        out, err = await process.communicate(data)
    finally:
        await _end(process)
    return Finished(exit=process.returncode or 0, out=out, err=text(err))


async def start_head(arguments: list[str], *, limit: int, environment: Mapping[str, str] | None = None) -> bytes:
    """Run git and return at most the first `limit` bytes of what it writes."""
    process = await _spawn(arguments, environment, stderr=asyncio.subprocess.DEVNULL)
    out = bytearray()
    try:
        while process.stdout and len(out) < limit and (chunk := await process.stdout.read(limit - len(out))):
            out += chunk
        if len(out) < limit:
            await process.wait()
    finally:
        await _end(process)
    return bytes(out)


async def _spawn(
    arguments: list[str], environment: Mapping[str, str] | None, *, stderr: int
) -> asyncio.subprocess.Process:
    spawning = asyncio.create_subprocess_exec(
        "git",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env={**clean_environment(), **(environment or {})},
        start_new_session=True,
    )
    try:
        return await begun(spawning, _end)
    except FileNotFoundError as error:
        raise ProjectError("Git is not installed.", hint="Install git 2.38 or newer.") from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill git with what it has started (filters of people's own configuration), and wait for the end."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout:
        await process.stdout.read()  # the end is seen only when the pipe is empty
    await process.wait()


def clean_environment() -> dict[str, str]:
    """Build git's environment, so that neither our secrets nor a stray GIT_DIR reaches it."""
    return clean(
        {
            "LC_ALL": "C",  # messages are read by us
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "false",
            "SSH_ASKPASS": "false",
            "GIT_SSH_COMMAND": "ssh",  # a partial clone may fetch; core.sshCommand of the repository must not run
            "GIT_ALLOW_PROTOCOL": "https:http:ssh",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",  # refs/replace could show people another diff than what is merged
        }
    )


def text(raw: bytes) -> str:
    """Decode bytes of git so that `raw_bytes` gives them back, whatever they are."""
    return raw.decode("utf-8", "surrogateescape")


def raw_bytes(decoded: str) -> bytes:
    """Encode what `text` decoded."""
    return decoded.encode("utf-8", "surrogateescape")


def shown(raw: bytes) -> str:
    """Decode bytes for people: what is not UTF-8 becomes a replacement character."""
    return raw.decode("utf-8", "replace")


def _options(settings: tuple[str, ...]) -> list[str]:
    return ["--no-pager", *(part for setting in (*_SETTINGS, *settings) for part in ("-c", setting))]


def _switched_off(key: str) -> list[str]:
    if _FILTER.fullmatch(key):
        return [f"{key}="]
    if _REQUIRED.fullmatch(key):
        return [f"{key}=false"]
    if _MERGE_DRIVER.fullmatch(key):  # an empty driver would silently take our side
        return [f"{key}=git merge-file -q %A %O %B"]
    return ["credential.helper="] if _CREDENTIAL.fullmatch(key) else []
