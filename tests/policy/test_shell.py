"""The reader of command lines: words, redirections, directories, input, limits."""

from __future__ import annotations

import pytest

from runner.shell import MAX_BYTES, Command, after_options, parse, program_source
from runner.shell.values import Word

HOME = {"HOME": "/home/agent", "PWD": "/srv/work/run"}


def words(line: str) -> list[str]:
    """Words of the first command."""
    return [word.text for word in parse(line, HOME).commands[0].words]


def one(line: str, program: str) -> Command:
    """The last command of this program."""
    return [command for command in parse(line, HOME).commands if command.program == program][-1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"""r''m "-rf" \x $'\x72\u0041\n'""", ["rm", "-rf", "x", "rA\n"]),
        ('echo "a  \\"b\\" \\$c" \'\\d\' "" e"f"g', ["echo", 'a  "b" $c', "\\d", "", "efg"]),
        ("cp {a,b{1..3}}.py '{c,d}' {e} f{,g}", ["cp", "a.py", "b1.py", "b2.py", "b3.py", "{c,d}", "{e}", "f", "fg"]),
        ("ls ~ ~/x '~' a~ $HOME/y", ["ls", "/home/agent", "/home/agent/x", "~", "a~", "/home/agent/y"]),
        ("rm >out -rf 2>&1 x", ["rm", "-rf", "x"]),
        ("A=1 B=2 make all # all", ["make", "all"]),
    ],
)  # fmt: skip
def test_words_are_what_the_program_gets(line: str, expected: list[str]) -> None:
    """POL-2: quotes, escapes, braces, tildes and known variables are resolved."""
    assert words(line) == expected
    assert all(word.known for word in parse(line, HOME).commands[0].words)


@pytest.mark.parametrize("blank", ["\xa0", "\u2003", "\u3000", "\u0085", "\U000e0020"])
def test_only_ascii_blanks_part_words(blank: str) -> None:
    """POL-2: the parser's own idea of a blank, and of high code points, does not count; bash sees one word."""
    assert words(f"ls{blank}-l é{blank}x") == [f"ls{blank}-l", f"é{blank}x"]


def test_values_set_in_the_line_are_guesses() -> None:
    """A guess serves to refuse, and is never `known`."""
    command = one("x='a b'; for y in 1 2; do cp $x \"$x\" $y $z; done", "cp")
    assert [(word.text, word.known, word.opaque) for word in command.arguments] == [
        ("a", False, False),
        ("b", False, False),
        ("a b", False, False),
        ("1", False, False),
        ("2", False, False),
        ("$z", False, True),
    ]


def test_what_is_left_of_a_split_value_is_a_guess() -> None:
    """POL-6: `$IFS{1..2}` becomes `$IFS1 $IFS2`, not `1 2`; nothing around a guess is known."""
    assert not any(word.known for word in one("cp $IFS{1..2}", "cp").arguments)


def test_a_value_read_at_run_time_is_opaque() -> None:
    """`read` may replace what the line has set, and `cd` what PWD was."""
    assert one("x=a; read x < f; cp $x", "cp").arguments[-1].opaque
    assert one("cd ..; cp $PWD", "cp").arguments[0].opaque


def test_a_command_read_out_of_a_guess_is_not_known() -> None:
    """POL-6: `eval $x` may run something else than what the line has put into x."""
    assert not one("x=ls; eval $x", "ls").words[0].known
    assert one("eval ls", "ls").words[0].known


def test_directories_are_followed_and_end_with_their_subshell() -> None:
    assert [word.text for word in one("cd a && cd b && make", "make").directory] == ["a", "b"]
    assert one("(cd a); make", "make").directory == ()
    assert [word.text for word in one("cd a; bash -c 'cd a; make'", "make").directory] == ["a", "a"]
    assert [word.text for word in one("env -C a make", "make").directory] == ["a"]


def test_input_and_its_makers_are_known() -> None:
    assert one("curl x | tee y | sh", "sh").upstream == ("curl", "tee")
    feed = one("cat <<'E' | sh\nls $x\nE", "sh").feed
    assert feed is not None
    assert (feed.text, feed.known) == ("ls $x\n", True)
    assert one('sh -c "$(curl x)"', "sh").arguments[1].made_by == ("curl",)
    assert one("x=$(curl x); eval $x", "eval").arguments[0].made_by == ("curl",)


def test_redirections_name_their_files() -> None:
    found = one("make > a 2>> b < c &> d 2>&1 >&-", "make").redirects
    assert [(one.operator, one.target.text, one.writes) for one in found] == [
        (">", "a", True),
        (">>", "b", True),
        ("<", "c", False),
        ("&>", "d", True),
    ]


def test_wrappers_are_named_from_the_outside() -> None:
    command = one("timeout 5 env A=b bash -c 'nice make'", "make")
    assert command.wrappers == ("timeout", "env", "bash", "nice")
    assert one("timeout 5 make", "timeout").carries
    assert not one("sudo make", "sudo").carries


@pytest.mark.parametrize(
    "line",
    [
        "echo 'a",
        "if true; then (",
        "a" * (MAX_BYTES + 1),
        "a\0b",
        "(" * 70 + "ls" + ")" * 70,
        "ls;" * 500,
        "eval " * 20 + "ls",
        "ls\\\n-l",
        'echo "${x:=`ls`}"',
        "cat <<E\n`ls`\nE",
        "echo `echo \\`ls\\``",
        "! { ls; }",
        "time { ls; }",
        "echo 'a'\\ b",
        "coproc ls",
        "echo `a` `b`",
        "rm $@{1..3}",
        "rm $ 'a'",
        'rm -x$"a"',
        'rm >a $ "b"{ c',
        'echo $$"a"',
        "bash <<E\n\\ls\nE",
    ],
)
def test_what_cannot_be_read_has_a_problem(line: str) -> None:
    """POL-6: too long, too deep, not bash, or read differently by bash."""
    assert parse(line).problem


def test_fragments_of_an_unreadable_line_are_still_commands() -> None:
    """POL-6: an open quote does not hide what stands before it."""
    assert "sudo" in {command.program for command in parse("echo 'a; sudo ls").commands}


@pytest.mark.parametrize(
    ("line", "kind", "source"),
    [
        ("bash", "stdin", None),
        ("bash -s -- x", "stdin", None),
        ("bash -", "stdin", None),
        ("bash -ec 'a'", "text", "a"),
        ("bash -o pipefail -c a", "text", "a"),
        ("bash x.sh -c a", "file", "x.sh"),
        ("python3.11 -c a", "text", "a"),
        ("python -m pytest", "module", "pytest"),
        ("python -u -X dev x.py", "file", "x.py"),
        ("perl -pe a", "text", "a"),
        ("node -e a", "text", "a"),
        ("awk a f", "text", "a"),
    ],
)
def test_interpreters_tell_where_their_program_comes_from(line: str, kind: str, source: str | None) -> None:
    found, word, _ = program_source(parse(line).commands[0])
    assert (found, word.text if word else None) == (kind, source)


def test_options_are_skipped_with_their_values() -> None:
    given = tuple(Word(text=text) for text in ["-a", "-n", "5", "--", "-x"])
    assert [word.text for word in after_options(given, ("-n",))] == ["-x"]
    assert after_options((), ()) == ()
