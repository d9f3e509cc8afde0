"""What a command can reach while it is tried: its copy, and nothing else."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from runner.model import DiffFile
from runner.preview.copy import find_git
from runner.preview.sandbox import HOME
from tests.preview.stage import Stage


async def test_a_server_of_the_host_is_not_reached(stage: Stage) -> None:
    reached = []
    server = await asyncio.start_server(lambda _, writer: reached.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        seen = await stage.run(f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected")
    assert (seen.exit, reached) == (1, [])
    assert seen.network_tried


@pytest.mark.parametrize(
    ("command", "tried"),
    [
        ("exec 3<>/dev/tcp/192.0.2.7/80", True),
        ("echo > /dev/udp/192.0.2.7/53", True),
        ("getent hosts example.org", True),
        ("getent hosts localhost; git status", False),
        ("echo OutNoRoutes 9; true", False),
    ],
)
async def test_it_is_told_whether_the_network_was_wanted(stage: Stage, command: str, tried: bool) -> None:
    assert (await stage.run(command)).network_tried is tried


async def test_only_the_loop_of_the_sandbox_exists(stage: Stage) -> None:
    seen = await stage.run("tail -n +3 /proc/net/dev | cut -d: -f1")
    assert [name for name in seen.output.split() if name not in {"sit0", "ip6tnl0", "tunl0"}] == ["lo"]


async def test_no_write_reaches_the_host(stage: Stage) -> None:
    name = f"signoff-{secrets.token_hex(8)}"
    before = stage.everything()
    places = [
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        "~",
        "/",
        "/usr/bin",
        "/etc",
        str(Path.home()),
        str(stage.repo.path),
        str(stage.repo.path / ".git"),
        str(stage.repo.path / ".git/objects"),
        str(stage.state),
        str(stage.worktree.parent),
        "/run/signoff/objects",
    ]
    seen = await stage.run(";".join(f"echo x > {place}/{name}" for place in places))
    assert seen.problem == ""
    assert seen.files == (DiffFile(path=".git", binary=True),)  # a copy of git's data takes the one for them
    assert stage.everything() == before
    hosts = [Path(place) / name for place in places if place != "~"]
    assert not [path for path in hosts if path.exists()]


async def test_files_of_the_system_and_of_git_cannot_be_written(stage: Stage) -> None:
    objects = "/run/signoff/objects"
    seen = await stage.run(
        f"for f in /usr/x /etc/x /x /proc/x /dev/x {objects}/x; do echo x > $f && echo wrote $f; done"
    )
    assert "wrote" not in seen.output


async def test_nothing_of_the_kernel_can_be_set(stage: Stage) -> None:
    """Root without any capability could still write there, and for example name a program for core dumps."""
    seen = await stage.run("find /proc/sys /proc/sysrq-trigger /sys -writable 2>/dev/null | wc -l")
    assert seen.output == "0"


async def test_secrets_of_the_machine_do_not_exist_inside(stage: Stage) -> None:
    secret = Path.home() / "token"
    secret.write_text("the-secret-of-the-home")
    (stage.scratch / "other").mkdir(parents=True)
    (stage.scratch / "other" / "leftover").write_text("the-secret-of-the-state")
    seen = await stage.run(
        f"cat {stage.state}/signoff.db {secret} /etc/shadow /etc/sudoers; find {stage.state} {Path.home()} /root /home"
        f" -type f -not -path '{stage.worktree}/*' | xargs cat"
    )
    assert "the-secret" not in seen.output
    assert "root:" not in seen.output
    assert seen.problem == ""


async def test_other_processes_and_their_environment_are_not_seen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_TOKEN", "the-secret-of-the-daemon")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:the-secret-of-the-proxy@proxy")
    seen = await stage.run("cat /proc/[0-9]*/environ | tr '\\0' '\\n'; ls -d /proc/[0-9]* | wc -l")
    assert "the-secret" not in seen.output
    assert int(seen.output.splitlines()[-1]) < 10


async def test_the_environment_is_clean(stage: Stage) -> None:
    seen = await stage.run("env | sed 's/=.*//' | sort | tr '\\n' ' '; echo $HOME; ls -A $HOME")
    assert seen.output == f"HOME LANG PATH PWD SHLVL TERM _ {HOME}"


async def test_no_rights_are_left_and_none_can_be_got(stage: Stage) -> None:
    seen = await stage.run(
        "grep -c '^Cap...:.0000000000000000$' /proc/self/status; unshare --user true || echo refused"
    )
    lines = seen.output.splitlines()
    assert (lines[0], lines[-1]) == ("5", "refused")


async def test_the_end_of_a_command_is_the_end_of_what_it_left_running(stage: Stage) -> None:
    seen = await stage.run("(sleep 1; echo late > late.txt) & disown; echo done")
    assert (seen.output, seen.files) == ("done", ())


def test_the_real_git_data_are_found(bare: Stage) -> None:
    found = find_git(bare.worktree)
    assert found is not None
    assert (found.common, found.own) == (bare.repo.path / ".git", bare.repo.path / ".git/worktrees/abc123")


@pytest.mark.parametrize("case", ["no link back", "another worktree", "no repository", "a link", "rubbish"])
def test_a_rewritten_git_file_leads_nowhere(bare: Stage, case: str) -> None:
    """An agent can rewrite the file `.git`; nothing may be shown because of it."""
    link, own = bare.worktree / ".git", bare.repo.path / ".git/worktrees/abc123"
    match case:
        case "no link back":
            link.write_text(f"gitdir: {bare.repo.path}/.git\n")
        case "another worktree":
            other = bare.top / "other"
            bare.repo.git("worktree", "add", "--quiet", str(other))
            link.write_text((other / ".git").read_text())
        case "no repository":
            fake = bare.top / "secrets" / "worktrees" / "abc123"
            fake.mkdir(parents=True)
            (fake / "gitdir").write_text(f"{link}\n")
            (fake / "commondir").write_text("../..\n")
            link.write_text(f"gitdir: {fake}\n")
        case "a link":
            link.unlink()
            link.symlink_to(own / "gitdir")
        case _:
            link.write_bytes(b"\xff\xfe")
    assert find_git(bare.worktree) is None


async def test_objects_that_a_repository_borrows_are_found(stage: Stage) -> None:
    """As of `git clone --shared`."""
    clone, tree = stage.top / "clone", stage.state / "worktrees" / "clone"
    stage.repo.git("clone", "--quiet", "--shared", str(stage.repo.path), str(clone))
    stage.repo.git("worktree", "add", "--quiet", str(tree), at=clone)
    stage.worktree = tree
    seen = await stage.run("git show --stat --format=%s HEAD && git fsck --connectivity-only")
    assert seen.exit == 0, seen.output
