"""The command line of bubblewrap: what a command sees while it is tried, and what it may use up.

Nothing of the machine is visible but what stands here. The rest, such as homes, Signoff's own data, sockets, other
programs and their environments, does not exist inside, also not for a daemon that runs as root.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from runner.model import value
from runner.preview.copy import OBJECTS, Git
from runner.preview.limits import PreviewLimits

HOME = "/home/signoff"
COPY, GIT = "copy", "git"  # in the scratch folder of a preview
# Shown in /etc instead of the machine's own. RFC 5737: nobody is at that address, and asking it is counted.
_OURS = {
    "gitconfig": "[user]\n\tname = Signoff\n\temail = signoff@localhost\n[safe]\n\tdirectory = *\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "resolv.conf": "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n",
}
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # of `/`; mostly links into /usr
# Of /etc; the rest of it may hold secrets.
_CONFIGURATION = frozenset({
    "alternatives", "bash.bashrc", "ca-certificates", "debian_version", "fonts", "group", "host.conf", "inputrc",
    "java", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime", "magic",
    "mime.types", "nsswitch.conf", "openssl", "os-release", "passwd", "pki/ca-trust", "pki/tls/cert.pem",
    "pki/tls/certs", "profile", "profile.d", "protocols", "python3", "services", "shells", "ssl/certs",
    "ssl/openssl.cnf", "terminfo", "timezone",
})  # fmt: skip
_SCRATCH_BYTES = 64 << 20  # of /tmp, of the home and of /dev/shm; they are memory
_ADDRESSES = 64 << 20  # KiB a process may map: node and Go reserve tens of GiB without using them
_CPU_SECONDS = 60  # of a process; the clock ends most commands before
_NICE = "10"  # a preview is less urgent than the agents

# The limits are set inside, where they count for this sandbox alone. The shell stays behind the command and tells what
# the kernel of the sandbox counted: packets that found no way out.
_SCRIPT = """\
ulimit -c 0 -f {file_size} -v {addresses} -t {cpu} -u {processes} || exit 126
bash -c "$1"
code=$?
{{ printf '\\n%s\\n' {mark}; echo "$(</proc/net/snmp)"; echo "$(</proc/net/snmp6)"; }} 2>/dev/null
exit $code
"""
# Around the sandbox: only the end of what is printed reaches the daemon, however much it is.
_OUTER = 'timeout --signal=KILL "$1" "${{@:2}}" 2>&1 | tail -c {kept}; exit "${{PIPESTATUS[0]}}"'
_KEPT = 64_000  # bytes; has to hold the tallies and what is shown
_NO_WAY = ("OutNoRoutes", "AttemptFails", "Ip6OutNoRoutes")


@value
class View:
    """What is shown to the command: `scratch` holds the copies, `git` is where the real data of git lie."""

    worktree: Path
    scratch: Path
    git: Git | None = None


def prepare(scratch: Path) -> None:
    """Write the small files that the sandbox shows instead of the machine's. Raises OSError."""
    for name, content in _OURS.items():
        (scratch / name).write_text(content)


def command_line(command: str, view: View, *, path: str, mark: str, limits: PreviewLimits) -> list[str]:
    """Return how to run a shell command in the sandbox; it is killed when its time is over.

    `path` is its PATH; `mark` comes before the tallies.
    """
    script = _SCRIPT.format(
        file_size=limits.file_bytes // 1024,
        addresses=_ADDRESSES,
        cpu=_CPU_SECONDS,
        processes=limits.processes,
        mark=mark,
    )
    environment = [f"PATH={path}", f"HOME={HOME}", "LANG=C.UTF-8", "TERM=dumb"]
    return [
        *("bash", "-c", _OUTER.format(kept=_KEPT), "bash", f"{limits.seconds:g}"),
        # bwrap itself is process 1 inside, so it must not have more in its environment than the command
        *("env", "-i", *environment, "nice", "-n", _NICE, "bwrap"),
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--hostname", "localhost"),
        *("--die-with-parent", "--new-session"),
        *_machine(view.scratch),
        *_repository(view),
        *("--bind", str(view.scratch / COPY), str(view.worktree)),
        *("--remount-ro", "/", "--chdir", str(view.worktree)),
        *("--", "bash", "-c", script, "bash", command),
    ]


def _machine(scratch: Path) -> list[str]:
    argv = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/nix/store", "/nix/store"]
    for name in _SYSTEM:
        place = Path("/", name)
        if place.is_symlink():
            argv += ["--symlink", str(place.readlink()), str(place)]
        else:
            argv += ["--ro-bind-try", str(place), str(place)]
    for name in sorted(_CONFIGURATION):
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name in _OURS:
        argv += ["--ro-bind", str(scratch / name), f"/etc/{name}"]
    argv += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/var/tmp", "/dev/shm", HOME):  # noqa: S108 - of the sandbox
        argv += ["--size", str(_SCRATCH_BYTES), "--tmpfs", folder]
    # root without any capability may still write to /proc/sys, which is the machine's
    return [*argv, "--remount-ro", "/proc", "--remount-ro", "/dev"]


def _repository(view: View) -> list[str]:
    if view.git is None:
        return []
    argv = ["--bind", str(view.scratch / GIT), str(view.git.common)]
    argv += ["--ro-bind", str(view.git.common / "objects"), str(OBJECTS)]
    for folder in view.git.borrowed:
        argv += ["--ro-bind", str(folder), str(folder)]
    return argv


def split_tallies(output: str, mark: str) -> tuple[str, bool]:
    """Take what the kernel counted off the end of the output: what the command printed, and whether it tried to reach
    something outside.
    """
    printed, found, tallies = output.rpartition(f"\n{mark}\n")
    if not found:
        return output, False
    return printed, any(_tally(tallies, name) for name in _NO_WAY)


def _tally(tallies: str, name: str) -> int:
    """Return one count of /proc/net/snmp (a line of names, then a line of numbers) or of snmp6 (name and number)."""
    if alone := re.search(rf"^{name}\s+(\d+)$", tallies, re.MULTILINE):
        return int(alone[1])
    lines = [line.split() for line in tallies.splitlines()]
    for names, numbers in itertools.pairwise(lines):
        if name in names and names[0] == numbers[0]:
            return int(numbers[names.index(name)])
    return 0
