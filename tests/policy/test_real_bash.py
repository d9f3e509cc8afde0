"""What bash really runs is what the parser saw: random lines are given to both."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.shell import parse

PROBE = """#!/bin/bash
IFS=$'\\2'
printf '%s%s\\1' "${1+$#}" "${1+$IFS$*}" >> "$LOG"
printf 'out'
"""
PIECES = [
    "a", "b", "-c", "'d e'", '"f g"', '"h $x"', '"$(probe i)"', "$(probe j)", "`probe k`", "\\ ", "\\l", "\\\n",
    "\\$x", "\\'", '\\"',
    "$x", "${x}", "${x:-m}", "${x:-$(probe n)}", "${x:+`probe o`}", "${x/1/2}", "$((1+1))", "$'\\x61'", "$'\\''",
    '$"p"', "{q,r}",
    "{1..3}", "*", "~", "#", "=", "!", "''", '""', "%", ":", "@", "[", "]", "{", "}", "$", "^", "+", "$@", "$#",
    "$?", "$IFS",
    "\"'\"", "'\"'", '"`probe s`"', '"a\\"b"', "<(probe t)", "x=1", ",",
]  # fmt: skip
HEADS = [
    "probe", "pro''be", "\\probe", "'probe'", "x=1 probe", "command probe", "env x=1 probe", "! probe", "time probe",
    "exec probe", "echo",
    "x=", "export x=", "eval probe", "bash -c 'probe u' ", "echo v | xargs probe", "probe >o", ">o probe",
    "probe 2>&1", "probe <<<w",
]  # fmt: skip
JOINTS = ["; ", " && ", " || ", " | ", " & ", "\n", " # ", " |& ", "; # ' \n"]
FRAMES = [
    "{}", "({})", "{{ {}; }}", "if {}; then probe y; fi", "for x in 1 2; do {}; done", "f() {{ {}; }}; f z",
    "while {}; do break; done",
    "! {{ {}; }}", "time {{ {}; }}", "echo $({})", 'echo "$({})"', "cat <<E\n$({})\nE", "cat <<'E' | bash\n{}\nE",
    "bash <<E\n{}\nE",
    "x=$({})", "case 1 in 1) {};; esac", "cat < <({})", "[[ -n $({}) ]]", "{} &", "coproc {{ {}; }}; wait",
    "until {}; do break; done >o",
]  # fmt: skip
LINES = [
    r"""pro''be "a b" 'c'\ d $'\x65'""",
    "probe $(probe `probe x`) | probe y; (probe z)",
    "if probe; then probe a; else probe b; fi; for i in 1 2; do probe $i; done",
    "x=probe; $x a; y='probe b'; $y; bash -c \"$y\"; eval $y",
    "probe <<E\n$(probe a) `probe b`\nE\nprobe c",
    "cat <<'E'\n`probe a`\nE\n",
    'echo "${u:=`probe a`}" ${u:-$(probe b)}',
    "f() { probe $1; }; f a; { probe b; }; ! probe c",
    'probe a{b,c}{1..2} "{d,e}" \\{f,g}',
    "probe a#b #c\nprobe d",
    "pro\\\nbe a \\\n b",
    "echo 'probe a' | bash; bash <<< 'probe b'; bash <<E\nprobe c\nE",
    "probe >o a b; >o probe c; probe 2>&1 d",
    "echo a b | xargs -n1 probe; env x=1 probe c; command probe d; exec probe e",
    "case a in a) probe a;& b) probe b;; esac; [[ -n $(probe c) ]] && probe d",
    "echo `echo \\`probe a\\``",
    "declare z=$(probe a); export w=`probe b`; arr=($(probe c)); probe ${arr[0]}",
    "trap 'probe a' EXIT; probe b & wait",
    "while probe a; do probe b; break; done; until probe c; do :; done",
    "x=1 probe a; time probe b; (probe c) & wait; probe d | probe e |& probe f",
]


class Bash:
    """The real bash in an empty folder, with nothing on its PATH but `probe` and harmless tools."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.home, self.folder = folder / "bin", folder / "home", folder
        self.bin.mkdir()
        self.home.mkdir()
        probe = self.bin / "probe"
        probe.write_text(PROBE)
        probe.chmod(0o755)
        for name in ("bash", "cat", "env", "xargs"):
            (self.bin / name).symlink_to(f"/usr/bin/{name}")

    def run(self, line: str) -> list[tuple[str, ...]]:
        """Run a line; returns the words of each start of `probe`."""
        log = self.folder / uuid.uuid4().hex
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        variables = {"PATH": str(self.bin), "LOG": str(log), "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        # The line must not stand in its own $@: `eval $@` inside would run it again, and again.
        started = subprocess.Popen(
            ["/usr/bin/bash", "-c", 'ulimit -f 2000 -t 10; exec /usr/bin/bash -c "$LINE"'],
            env=variables | {"LINE": line}, cwd=work, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            started.communicate(timeout=20)  # the end of the output: what runs in the background has ended too
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
        if not log.exists():
            return []
        records = log.read_bytes().decode(errors="replace").split("\1")[:-1]
        return [tuple(record.split("\2")[1:]) for record in records]


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Bash:
    return Bash(tmp_path_factory.mktemp("bash"))


def unseen(bash: Bash, line: str) -> list[tuple[str, ...]]:
    """Starts of `probe` that no command of the parsed line explains."""
    ran = bash.run(line)
    script = parse(line, {"HOME": str(bash.home)})
    if script.problem:
        return []
    seen = [
        command
        for command in script.commands
        if command.program == "probe" or (command.words and command.words[0].opaque)
    ]

    def explained(words: tuple[str, ...]) -> bool:
        for command in seen:
            expected = command.arguments
            open_ended = any(word.opaque or word.glob or not word.known for word in command.words)
            if open_ended or tuple(word.text for word in expected) == words:
                return True
        return False

    return [words for words in ran if not explained(words)]


@pytest.mark.parametrize("line", LINES)
def test_every_start_of_a_program_was_seen(bash: Bash, line: str) -> None:
    """POL-2: nothing runs that is not among the parsed commands with the same words."""
    assert bash.run(line) or "cat <<'E'" in line
    assert unseen(bash, line) == []


WORD = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)
SIMPLE = st.builds(lambda head, words: " ".join([head, *words]), st.sampled_from(HEADS), st.lists(WORD, max_size=3))
LIST = st.builds(lambda first, joint, second: first + joint + second, SIMPLE, st.sampled_from(JOINTS), SIMPLE)
LINE = st.builds(lambda frame, inside: frame.format(inside), st.sampled_from(FRAMES), SIMPLE | LIST)


@given(line=LINE)
@example(line="probe $x\\ a")
@example(line="probe a#; probe b")
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_lines_run_nothing_unseen(bash: Bash, line: str) -> None:
    """POL-2: also for lines that no person would write."""
    assert unseen(bash, line) == []
