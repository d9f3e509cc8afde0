"""Run one program so that nothing of it outlives us. Started as a file, by `runner.agents.process`.

The launcher reads what to run from a named pipe, the leash, whose other end the daemon holds. When the daemon lets
go, by decision or by dying in any way, the leash ends and the launcher kills the program with everything it has
started, also processes in sessions of their own: as subreaper it inherits all that lose their parent. It does the
same when the program ends by itself, and then exits with the program's status.

What comes in for the program is passed on by hand, because a program that sees its input end may act on that: a Claude
Code whose daemon dies tells its model that a person refused, in the moment it has left. So the end is passed on only
when the daemon says so through the leash (`RELEASE`); a daemon that died cannot, and the program is killed without
having noticed anything.

The program gets exactly the environment that came through the leash, nothing of ours. A secret goes through a pipe
of its own, read once; the program's environment names only the number of its end.

Only modules that cost next to nothing to import are used here: the start of every agent waits for this file.
Outside Linux there is no subreaper; there the process group of the program is killed.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import sys

TYPE_CHECKING = False  # typing is too dear to import
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import Any
else:
    import _signal as signal  # without the enums

LEASH = "SIGNOFF_LEASH"  # names the leash to the launcher
GONE = ".gone"  # added to the leash's path: a second pipe, by whose end the daemon knows that all is over
RELEASE = b"."  # through the leash, after the payload: let the program see that its input has ended
HEADER = 8  # bytes of the length that come before the payload
KILLED = 128 + signal.SIGKILL  # exit status when the leash was cut, as a shell would say it
_CHUNK = 1 << 16
_ROOM = 1 << 12  # bytes that every pipe takes; one that is asked for more may well have them
_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def main(arguments: list[str]) -> int:
    """Run the program with `arguments` added to its own; return the exit status."""
    path = os.environ[LEASH]  # noqa: TID251 - the one thing that we are told this way
    try:  # without O_NONBLOCK we would wait for ever for a daemon that has let go already
        leash = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.open(path + GONE, os.O_WRONLY | os.O_NONBLOCK)  # closed when we are gone, whatever ends us
    except OSError:
        return KILLED
    os.set_blocking(leash, True)
    payload = marshal.loads(_read(leash, int.from_bytes(_read(leash, HEADER), "big")))  # noqa: S302 - our own daemon
    if os.getsid(0) != os.getpid():
        os.setsid()  # a Ctrl-C in the daemon's terminal is for the daemon alone
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    prctl = _prctl()
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    end, ours = os.pipe()
    child = _start(payload, arguments, prctl, end)
    os.close(end)
    flow = _Flow(os.dup(0), ours)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # or the daemon would not see that the program closed them
        os.dup2(nothing, stream)
    status = _watch(leash, wake, child, flow)
    _kill_tree(child)
    _tidy(path)
    return KILLED if status is None else os.waitstatus_to_exitcode(status)


def _tidy(path: str) -> None:
    """Remove the leash's folder: a daemon that was killed cannot."""
    try:
        os.unlink(path)  # noqa: PTH108 - pathlib is too dear to import
        os.unlink(path + GONE)  # noqa: PTH108 - the same
        os.rmdir(os.path.dirname(path))  # noqa: PTH106, PTH120 - the same
    except OSError:
        pass  # the daemon was faster


def _read(source: int, size: int) -> bytes:
    read = b""
    while len(read) < size:
        more = os.read(source, size - len(read))
        if not more:
            sys.exit(KILLED)  # cut before anything was started
        read += more
    return read


def _prctl() -> Callable[[int, int], Any]:
    if not _LINUX:
        return lambda _option, _argument: 0
    import ctypes  # 3 ms that only Linux needs

    library = ctypes.CDLL(None)
    return lambda option, argument: library.prctl(option, argument, 0, 0, 0)


def _start(payload: dict[str, Any], arguments: list[str], prctl: Callable[[int, int], Any], stdin: int) -> int:
    launcher = os.getpid()
    argv = [*payload["argv"], *arguments]
    environment = dict(payload["env"])
    ends = [_offer(text) for text in payload["secrets"].values()]
    environment.update(zip(payload["secrets"], map(str, ends), strict=True))
    for flag, text in payload["files"]:
        ends.append(_offer(text))
        argv += [flag, f"/dev/fd/{ends[-1]}"]
    child = os.fork()
    if child:
        for end in ends:
            os.close(end)
        return child
    try:
        os.setpgid(0, 0)
        os.dup2(stdin, 0)
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == launcher:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a program would inherit that
            os.execve(argv[0], argv, environment)  # noqa: S606 - no shell on purpose
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _offer(text: str) -> int:
    """Put a text into a pipe and return the end that the program inherits."""
    offered = text.encode()
    end, ours = os.pipe()
    os.set_inheritable(end, True)
    os.set_blocking(ours, False)
    make_room(ours, len(offered))
    if os.write(ours, offered) < len(offered):
        sys.exit("A text for the program is too large to be passed on.")
    os.close(ours)
    return end


def make_room(pipe: int, size: int) -> None:
    """Let a pipe take this many bytes at once, if the system can. Raises PermissionError above its limit (1 MiB)."""
    if _LINUX and size > _ROOM:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, size)


class _Flow:
    """What comes in for the program, on its way: read when nothing waits, written as the program takes it."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink = sink
        self.waiting = b""
        self.over = self.released = False
        os.set_blocking(sink, False)

    def wanted(self) -> list[tuple[int, int]]:
        """Say what to poll for: one end at a time, so that a program that reads slowly slows the daemon down."""
        if self.sink < 0:
            return []
        if self.waiting:
            return [(self.sink, select.POLLOUT)]
        return [] if self.over else [(self.source, select.POLLIN)]

    def move(self, ready: dict[int, int]) -> None:
        """Pass on what can be passed on now; end it when all is through and the daemon lets go."""
        try:
            if self.source in ready and not self.waiting:
                self.waiting = os.read(self.source, _CHUNK)
                self.over = not self.waiting
            if self.waiting and self.sink >= 0:
                self.waiting = self.waiting[os.write(self.sink, self.waiting) :]
        except BlockingIOError:
            pass
        except OSError:  # the program has closed its input, or the daemon is gone: the leash will tell
            self.waiting, self.over = b"", True
        if self.over and self.released and not self.waiting and self.sink >= 0:
            os.close(self.sink)
            self.sink = -1


def _watch(leash: int, wake: int, child: int, flow: _Flow) -> int | None:
    """Wait until the program ends and return its wait status, or None when the leash was cut."""
    while True:
        poll = select.poll()
        for end, events in ((leash, select.POLLIN), (wake, select.POLLIN), *flow.wanted()):
            poll.register(end, events)
        ready = dict(poll.poll())
        for number in os.read(wake, 4096) if wake in ready else b"":
            if number != signal.SIGCHLD:
                os.kill(child, number)
        status = _reap(child)
        if status is not None:
            return status
        if leash in ready:
            if not os.read(leash, 1):
                return None
            flow.released = True
        flow.move(ready)


def _reap(child: int) -> int | None:
    """Take leave of all children that ended; return the wait status of `child` if it is among them."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended == child:
            return status
        if not ended:
            return None


def _kill_tree(child: int) -> None:
    """Kill all descendants and wait for them, until none is left.

    What was forked while we looked loses its parent, comes to us and is found in the next round.
    """
    while True:
        for pid in _descendants() if _LINUX else [-child]:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # it was faster, or runs as somebody else
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib is too dear to import
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    found: list[int] = []
    front = [os.getpid()]
    while front:
        front = [pid for parent in front for pid in children.get(parent, ())]
        found += front
    return found


def _parent(name: str) -> int:
    try:
        with open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123 - pathlib is too dear to import
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):  # it ended while we looked
        return 0


if __name__ == "__main__":
    _code = main(sys.argv[1:])
    os._exit(_code if _code >= 0 else 128 - _code)
