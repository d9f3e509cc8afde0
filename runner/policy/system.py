"""Programs that reach beyond the job: other users, the machine, its services, its secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from runner.policy.context import Finding, names, note, refuse, warn
from runner.policy.effects import has_flag, operands, option_values
from runner.shell import SHELLS, Command, Word, interpreter, program_source

_OTHER_USERS = "runs a command with the rights of another user"
_POWER = "switches the machine off or restarts it"
_SERVICES = "changes what this machine runs by itself"
_DISKS = "formats or repartitions a disk"
_ACCOUNTS = "changes accounts of this machine"
_KERNEL = "changes the kernel, mounts or the network of this machine"
_KEYS = "makes or hands out keys for other machines"
_FORBIDDEN: dict[str, str] = {
    program: reason
    for listed, reason in (
        ("sudo sudoedit doas su pkexec runuser setpriv gosu su-exec", _OTHER_USERS),
        ("shutdown reboot halt poweroff telinit init kexec", _POWER),
        ("crontab at batch atrm launchctl update-rc.d chkconfig rc-service", _SERVICES),
        ("fdisk sfdisk parted wipefs blkdiscard mkswap cryptsetup hdparm", _DISKS),
        ("useradd adduser usermod userdel deluser groupadd passwd chpasswd visudo vipw chsh gpasswd", _ACCOUNTS),
        ("mount umount insmod rmmod modprobe iptables ip6tables nft ufw sysctl chroot nsenter pivot_root", _KERNEL),
        ("losetup swapon swapoff ifconfig", _KERNEL),
        ("ssh-keygen ssh-add ssh-copy-id ssh-agent gpg gpg2 security pass", _KEYS),
    )
    for program in names(listed)
}
_ENVIRONMENT = "shows all environment variables"
_DOWNLOADERS = names(
    "curl wget fetch aria2c http https httpie xh lynx w3m nc ncat netcat socat ftp scp telnet dig host "
    "nslookup openssl gh ssh"
)
_STRONG_ENVIRONMENT = re.compile(
    r"(LD_|DYLD_|GIT_|BASH_|PYTHON(PATH|STARTUP|HOME|BREAKPOINT)|PERL5?(LIB|OPT)|RUBY(OPT|LIB)|NODE_(OPTIONS|PATH)"
    r"|JAVA_TOOL_OPTIONS)|^((GNU)?MAKEFLAGS|MAKEFILES|PYTEST_(ADDOPTS|PLUGINS)|(?i:npm_config_\w+)|CARGO_\w+|RUSTC\w*"
    r"|RUSTFLAGS|GOFLAGS|JDK_JAVA_OPTIONS|MAVEN_OPTS|GRADLE_OPTS)$|^(PATH|ENV|IFS|SHELL|SHELLOPTS|PROMPT_COMMAND|PS4|EDITOR|VISUAL|PAGER|BROWSER|HOME|LESSOPEN|MANPAGER|CDPATH)$"
)
_HARMLESS_GIT = frozenset({"GIT_PAGER", "GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS"})


def system_findings(command: Command) -> Iterable[Finding]:
    """Judge a command by its program alone, wherever its files lie."""
    program = command.program
    if program in _FORBIDDEN:
        yield refuse(_FORBIDDEN[program])
    if program.startswith(("mkfs", "mke2fs")):
        yield refuse(_DISKS, "irreversible")
    if command.multiplies:
        yield refuse("starts itself again and again (fork bomb)")
    yield from _program(command)
    yield from _environment(command)
    check = _CHECKS.get(program)
    if check is not None:
        yield from check(command)


def downloads(programs: Iterable[str]) -> bool:
    """Whether one of these programs fetches text from elsewhere."""
    return any(name in _DOWNLOADERS for name in programs)


def runs_input(command: Command) -> bool:
    """Whether an interpreter takes its program from standard input."""
    return bool(interpreter(command.program)) and program_source(command)[0] == "stdin" and not _asks_version(command)


def _asks_version(command: Command) -> bool:
    asked = [word.text for word in command.arguments]
    return bool(asked) and all(text in {"--version", "-V", "-v", "--help", "-h"} for text in asked)


def _program(command: Command) -> Iterable[Finding]:
    """Judge where the program's own code comes from."""
    fetched = "runs what it has just downloaded"
    words = command.words
    if words and words[0].text.startswith(("/dev/tcp/", "/dev/udp/")):
        yield refuse("opens a network connection from the shell", "network")
    if words and downloads(words[0].made_by):
        yield refuse(fetched, "network", "irreversible")
    elif words and (words[0].opaque or words[0].glob):
        yield warn("the program is not known until it runs", "unreadable")
    if runs_input(command):
        if downloads(_input_makers(command)):
            yield refuse(fetched, "network", "irreversible")
        elif not command.carries and not (command.feed and command.feed.known):
            yield warn("runs a program that cannot be seen here", "unreadable")
    elif interpreter(command.program) or command.program in {"eval", "source", "."}:
        yield from _code(command, fetched)
    fans_out = [*command.words, *(redirect.target for redirect in command.redirects)]
    sinks = {name for word in fans_out if word.text.startswith(">(") for name in word.made_by}
    if sinks & SHELLS and downloads((command.program, *command.upstream)):
        yield refuse(fetched, "network", "irreversible")


def _code(command: Command, fetched: str) -> Iterable[Finding]:
    if interpreter(command.program):
        _, code, _ = program_source(command)
        codes: tuple[Word, ...] = () if code is None else (code,)
    else:
        codes = command.arguments
    if any(downloads(word.made_by) for word in codes):
        yield refuse(fetched, "network", "irreversible")
    elif any(word.opaque for word in codes):
        yield warn("runs code that is not known until it runs", "unreadable")
    if any(word.text == "/dev/stdin" for word in codes) and downloads(_input_makers(command)):
        yield refuse(fetched, "network", "irreversible")


def _input_makers(command: Command) -> tuple[str, ...]:
    """Programs whose output a command reads on its standard input."""
    feed = command.feed.made_by if command.feed else ()
    files = (name for redirect in command.redirects if not redirect.writes for name in redirect.target.made_by)
    return (*command.upstream, *feed, *files)


def _environment(command: Command) -> Iterable[Finding]:
    for name, word in command.assignments:
        if name in _HARMLESS_GIT:
            continue
        if _STRONG_ENVIRONMENT.search(name):
            yield warn(f"sets {name}, which changes what programs run")
        if downloads(word.made_by):
            yield note("network")


def _shows_environment(command: Command) -> Iterable[Finding]:
    words = command.arguments
    assigns = [word for word in words if re.match(r"[A-Za-z_]\w*=", word.text)]
    bare = not [word for word in words if not word.text.startswith("-") and word not in assigns]
    listing = command.program in {"env", "set"} and not has_flag(words, "uoxev", "--unset") and not command.carries
    if bare and (listing or command.program == "printenv" or has_flag(words, "p")):
        yield warn(_ENVIRONMENT, "secrets")
    elif command.program == "printenv":
        yield warn("shows an environment variable", "secrets")
    for word in assigns:
        name = word.text.split("=", 1)[0]
        if _STRONG_ENVIRONMENT.search(name) and name not in _HARMLESS_GIT:
            yield warn(f"sets {name}, which changes what programs run")


def _exports(command: Command) -> Iterable[Finding]:
    if has_flag(command.arguments, "p") or not command.arguments:
        yield warn(_ENVIRONMENT, "secrets")


def _dd(command: Command) -> Iterable[Finding]:
    if any(re.match(r"of=/dev/(?!null$|stdout$|stderr$)", word.text) for word in command.arguments):
        yield refuse("overwrites a device", "irreversible")


def _kill(command: Command) -> Iterable[Finding]:
    texts = [word.text for word in command.arguments]
    targets = texts[1:] if texts and re.fullmatch(r"-([A-Z0-9]+|s|n)", texts[0]) else texts
    if command.program == "kill" and "-1" in (targets or texts):
        yield refuse("kills every process it can reach", "irreversible")
    elif command.program == "kill" and texts[:1] != ["-l"]:
        if any(text in {"1", "0"} for text in targets):
            yield refuse("kills processes that are not its own", "irreversible")
        yield warn("ends running processes")
    elif command.program != "kill":
        yield warn("ends every process of that name, not only its own")


def _systemctl(command: Command) -> Iterable[Finding]:
    verb = next((word.text for word in operands(command.arguments)), "")
    if verb not in {
        "status",
        "list-units",
        "is-active",
        "is-enabled",
        "show",
        "cat",
        "list-timers",
        "list-unit-files",
        "",
    }:
        yield refuse(_SERVICES)


def _modes(command: Command) -> Iterable[Finding]:
    words = command.arguments
    if any(re.match(r"([ugoa]*\+[rwxX]*s|[2467]\d{3}$)", word.text) for word in words):
        yield warn("lets a program run with the rights of its owner")
    if any(re.fullmatch(r"0?777|a\+rwx|a=rwx", word.text) for word in words):
        yield warn("lets every user change these files")


def _container(command: Command) -> Iterable[Finding]:
    words = command.arguments
    texts = [word.text for word in words]
    mounts = [word.text for word in option_values(words, "-v", "--volume", "--mount")]
    roots = [one for one in mounts if re.match(r"(/|/(etc|root|home|usr|var|proc|sys|dev|boot)[^:]*):", one)]
    roots += [one for one in mounts if re.search(r"(source|src)=/(,|$|etc|root|home|var)|docker\.sock", one)]
    joins = [text for text in texts if re.fullmatch(r"--(pid|net|network|ipc|uts|userns|cgroupns)=host", text)]
    if "--privileged" in texts or roots or joins or any(text.startswith(("--cap-add", "--device")) for text in texts):
        yield refuse("starts a container that can reach the whole machine", "outside worktree")
    elif texts[:1] == ["push"] or texts[:2] == ["image", "push"]:
        yield warn("publishes an image", "network", "irreversible")
    elif "prune" in texts or texts[:1] in (["rm"], ["rmi"], ["kill"], ["stop"]):
        yield warn("stops or deletes containers, images or volumes", "deletes", "outside worktree")
    else:
        yield warn("runs or builds a container", "network")


def _relay(command: Command) -> Iterable[Finding]:
    """`nc -e`, `socat EXEC:`: a shell for whoever is at the other end."""
    words = command.arguments
    hands_over = any(re.match(r"(exec|system|shell):", word.text, re.IGNORECASE) for word in words)
    if hands_over or has_flag(words, "ec", "--exec", "--sh-exec", "--lua-exec"):
        yield refuse("hands a shell to another machine", "network")
    else:
        yield warn("opens a raw network connection", "network")


def _history(_command: Command) -> Iterable[Finding]:
    yield warn("shows or clears the history of commands", "secrets")


_CHECKS: dict[str, Callable[[Command], Iterable[Finding]]] = {
    program: check
    for listed, check in (
        ("env printenv set", _shows_environment),
        ("export declare typeset compgen readonly", _exports),
        ("dd", _dd),
        ("kill pkill killall skill", _kill),
        ("systemctl service", _systemctl),
        ("chmod setfacl", _modes),
        ("docker podman nerdctl docker-compose", _container),
        ("nc ncat netcat socat telnet", _relay),
        ("history fc", _history),
    )
    for program in names(listed)
}
