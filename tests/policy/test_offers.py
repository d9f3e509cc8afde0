"""What is offered as "approve for this run" allows the step, and little or nothing else."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from runner.model import Access, ToolCall, Verdict, digest
from runner.policy import PolicyContext, judge, labels, offers, signature, validate_pattern
from tests.policy.stage import (
    HOME,
    NOW,
    WORKTREE,
    bash,
    context,
    documented,
    edit,
    listed,
    offered,
    rule,
    ruled,
)

NEVER = {"secrets", "outside worktree", "irreversible", "unreadable"}
ROWS = list(offered())
PROGRAMS = st.sampled_from(
    ["pytest", "make", "npm", "git", "rm", "curl", "pip", "touch", "cargo", "python3", "cp", "tool", "./run.sh", "go"]
)
WORDS = st.sampled_from(
    ["-q", "test", "commit", "a.py", "src", "-m", "x y", "install", "*", "it's", "uv.lock", ".env", "push", "#x", "",
    "https://example.org", "-rf", "build", "/etc/hosts", "$(ls)", "\u202e", "~", "a|b", "'", "é", "\n", "-c", ".github"]
)  # fmt: skip
RUNNERS = st.sampled_from([(), ("uv", "run"), ("poetry", "run")])
ARGV = st.tuples(RUNNERS, PROGRAMS, st.lists(WORDS, max_size=4)).map(lambda made: [*made[0], made[1], *made[2]])
FOLDERS = st.sampled_from(
    ["src", "src/app", "web", ".github/workflows", ".", "a b", "[id]", "(group)", "src*", ".husky"]
)
NAMES = st.sampled_from(
    ["a.py", "b.py", "uv.lock", ".env", "Jenkinsfile", "go.sum", "*.py", "x?y", "package-lock.json"]
)
PATHS = st.tuples(FOLDERS, NAMES).map("/".join)


def allowed(call: ToolCall, *patterns: str) -> bool:
    """Whether a step passes unasked under rules of the run."""
    return judge(call, context(*map(rule, patterns))).verdict is Verdict.ALLOW


def program(argv: list[str]) -> list[str]:
    """The program of a command, with whatever starts it."""
    return argv[:3] if argv[1:2] == ["run"] else argv[:1]


def at(worktree: str) -> PolicyContext:
    """Another run than the usual one."""
    return replace(context(), worktree=worktree)


def test_the_table_of_offers_is_read() -> None:
    """POL-16: a table that no longer parses is noticed."""
    assert len(ROWS) >= 30
    assert any(patterns for _, patterns in ROWS)


@pytest.mark.parametrize(("call", "patterns"), ROWS, ids=lambda value: str(value)[:60])
def test_a_row_of_the_document_says_what_is_offered(call: ToolCall, patterns: tuple[str, ...]) -> None:
    """POL-12, POL-16: the document names every offer, and each lets the step pass."""
    assert offers(call, context()) == patterns
    assert all(allowed(call, pattern) for pattern in patterns)


def test_what_a_person_has_to_see_each_time_gets_no_offer() -> None:
    """POL-19: over all commands of the tables, none with such a label and none of the floor."""
    for command in [*(row[0] for row in documented()), *(row[0] for row in listed())]:
        found, ruling = offers(bash(command), context()), ruled(command)
        if NEVER & set(ruling.labels) or ruling.floor:
            assert (command, found) == (command, ())


@given(argv=ARGV, other=ARGV)
@example(argv=["pytest", "-q"], other=["pytest", "a.py"])
@example(argv=["rm", "build"], other=["rm", "-rf"])
@example(argv=["uv", "run", "pytest"], other=["uv", "run", "make"])
@settings(deadline=None, max_examples=300)
def test_an_offer_allows_its_command_and_no_other_program(argv: list[str], other: list[str]) -> None:
    """POL-12, POL-16: the exact pattern allows the same words only, any pattern the same program only."""
    call, stranger = bash(shlex.join(argv)), bash(shlex.join(other))
    found = offers(call, context())
    assert len(found) <= 3
    assert len(set(found)) == len(found)
    assume(found and not allowed(stranger))
    for pattern in found:
        validate_pattern(pattern)
        assert len(pattern) <= 160
        assert pattern.isprintable()
        assert allowed(call, pattern)
        assert program(argv) == program(other) or not allowed(stranger, pattern)
    assert not any(allowed(stranger, pattern) and argv != other for pattern in found if not pattern.endswith(" *)"))


@given(path=PATHS, other=PATHS)
@settings(deadline=None, max_examples=300)
def test_an_offer_allows_its_file_or_folder(path: str, other: str) -> None:
    """POL-12, POL-16: the narrow pattern allows one file, the wide one nothing that is not below its folder."""
    found = offers(edit(path), context())
    assert all(allowed(edit(f"{WORKTREE}/{path}"), pattern) for pattern in found)
    if not found:
        return
    assert allowed(edit(other), found[0]) == (path == other)
    if allowed(edit(other), found[-1]):
        assert path == other or other.startswith(path.rpartition("/")[0] + "/")
        assert path == other or not set(labels(edit(other), context()))


@pytest.mark.parametrize(
    "line",
    [
        "make lint > out.txt",
        "make lint > /tmp/out.txt",
        "make lint < words",
        "make lint <<< words",
        "echo x | make lint",
        "git diff | make lint",
        "git diff | timeout 5 make lint",
        "timeout 5 make lint < words",
        "timeout 5 make lint <<< words",
        "bash -c 'make lint' < words",
        "{ make lint; } < words",
        "(make lint) > out.txt",
        "while read x; do make lint; done < words",
        "FOO=1 make lint",
        "LD_PRELOAD=./x.so make lint",
        "PATH=.:$PATH make lint",
        "MAKEFLAGS=--eval=x make lint",
        "cd src && make lint",
        "cd $X && make lint",
        "make lint extra",
        "make lin?",
        "make $LINT",
        "./make lint",
        "make lint; make all",
        "make lint $(make all)",
        "xargs make lint",
    ],
)
def test_an_exact_rule_allows_only_what_its_words_say(line: str) -> None:
    """POL-15: nothing that reaches the command beside its words passes with it."""
    assert ruled(line, rule("Bash(make lint)")).verdict is Verdict.ASK


@pytest.mark.parametrize(
    "line",
    ["make lint", "make 'lint'", "timeout 60 make lint", "CI=1 make lint", "make lint 2>&1 | tail -5",
     "make lint >/dev/null", f"cd {WORKTREE} && make lint", "ls && make lint",
     "timeout 5 make lint < /dev/null", "wc -l < a.txt && make lint"],
)  # fmt: skip
def test_an_exact_rule_allows_the_command_however_it_is_written(line: str) -> None:
    """POL-15: quotes, wrappers, readers of its output and words that change nothing do not make it another command."""
    assert ruled(line, rule("Bash(make lint)")).verdict is Verdict.ALLOW


def test_an_exact_rule_does_not_lift_a_warning_about_more_than_its_words() -> None:
    """POL-14, POL-15: neither a guarded file nor secrets are written through a redirection."""
    for target in ("uv.lock", ".env", ".github/workflows/ci.yml"):
        assert ruled(f"make lint > {target}", rule("Bash(make lint)")).verdict is Verdict.ASK


@pytest.mark.parametrize("pattern", ["Edit('*')", "Edit(#*)", "Edit(a;*)", r"Edit(\*)"])
def test_a_path_is_exact_only_without_signs_for_any_text(pattern: str) -> None:
    """POL-14: quotes mean nothing in a path, so a `*` in quotes spells nothing out."""
    path = pattern.removeprefix("Edit(").removesuffix(")").replace("*", "/.env")
    assert not allowed(edit(path), pattern)


def test_an_offer_works_beside_the_rules_in_force() -> None:
    """POL-12: where a rule asks or refuses each such step, a rule of the run would change nothing: no offer."""
    call = bash("pytest -q")
    for verdict in (Verdict.ASK, Verdict.REFUSE):
        assert offers(call, context(rule("Bash(pytest *)", verdict))) == ()
    assert offers(call, context(rule("Bash(make *)", Verdict.ASK))) == ("Bash(pytest -q)", "Bash(pytest *)")


@pytest.mark.parametrize(
    "call",
    [
        ToolCall(tool="WebFetch", input={"url": "https://*.org/"}),
        ToolCall(tool="WebFetch", input={"url": "https://[::1]/"}),
        ToolCall(tool="mcp__*", input={}),
        ToolCall(tool="mcp__a__b\u202e", input={}),
        bash(f"make {'x' * 200}"),
        bash("make 'a\nb'"),
        bash("make '\u202e'"),
        bash("make \u200b"),
        bash("'if' x"),
        bash("'a=b' x"),
    ],
)
def test_what_would_hide_or_widen_a_pattern_is_not_offered(call: ToolCall) -> None:
    """POL-16: names come from the agent; they bring neither wild cards nor invisible characters into a rule."""
    assert offers(call, context()) == ()


def test_a_run_that_may_only_read_gets_no_offer_to_write() -> None:
    """POL-12: an offer stays inside the floor."""
    readonly = context(access=Access.READ)
    assert offers(edit("a.py"), readonly) == offers(bash("git commit -m x"), readonly) == ()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (bash("pytest -q tests/a.py"), "Bash(pytest *)"),
        (bash("npm test"), "Bash(npm test)"),
        (edit("src/app/a.py"), "Edit(src/app/**)"),
        (edit("uv.lock"), "Edit(uv.lock)"),
        (edit(".env"), "Edit: .env"),
        (ToolCall(tool="Write", input={"file_path": "/etc/hosts"}), "Write: /etc/hosts"),
        (bash("git push --force-with-lease origin topic"), "Bash: git push"),
        (bash("timeout 5 git reset --hard HEAD~1"), "Bash: git reset"),
        (bash(f"make {'x' * 150}"), f"Bash: make {'x' * 150}"),
        (bash("printenv"), "Bash: printenv"),
        (ToolCall(tool="WebFetch", input={"url": "https://example.org/a"}), "WebFetch(example.org)"),
        (ToolCall(tool="mcp__a__b", input={"x": 1}), "mcp__a__b"),
    ],
)
def test_a_signature_names_the_kind_of_step(call: ToolCall, expected: str) -> None:
    """POL-18: steps that a person would judge alike have one name."""
    assert signature(call, context()) == expected


@pytest.mark.parametrize(
    "line", ["make | tee log", "make > log", "FOO=1 make", "make $X", "make 'x", f"make {'x' * 300}", ""]
)
def test_a_line_that_is_like_no_other_is_named_by_its_digest(line: str) -> None:
    """POL-18: two lines are then alike only if they are equal; what the agent says about them does not count."""
    call = ToolCall(tool="Bash", input={"command": line, "description": "Try again", "timeout": 7})
    assert signature(call, context()) == f"Bash#{digest('Bash', {'command': line})}"


def test_calls_of_unknown_tools_are_named_by_their_digest() -> None:
    """POL-18: the whole input counts."""
    given_input = {"a": 1}
    assert signature(ToolCall(tool="X", input=given_input), context()) == f"X#{digest('X', given_input)}"


@given(argv=ARGV, path=PATHS, name=st.text(max_size=300))
@settings(deadline=None, max_examples=200)
def test_a_signature_does_not_depend_on_the_run(argv: list[str], path: str, name: str) -> None:
    """POL-18: neither the worktree nor the rules in force change it; it is short and printable."""
    strict = replace(at("/srv/work/other"), rules=(rule("*", Verdict.REFUSE),))
    for here, there in (
        (bash(shlex.join(argv)), bash(shlex.join(argv))),
        (edit(f"{WORKTREE}/{path}"), edit(f"/srv/work/other/{path}")),
        (ToolCall(tool=name, input={}), ToolCall(tool=name, input={})),
    ):
        assert signature(here, context()) == signature(there, strict)
        assert len(signature(here, context())) <= 200
        assert signature(here, context()).isprintable()


def test_the_home_directory_is_no_folder_to_offer() -> None:
    """POL-19: whatever lies outside the worktree gets no offer, also for reading."""
    elsewhere = PolicyContext(worktree=WORKTREE, home=HOME, now=NOW)
    assert offers(ToolCall(tool="Read", input={"file_path": f"{HOME}/notes.txt"}), elsewhere) == ()
