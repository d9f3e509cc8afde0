"""Rules: patterns, precedence, scope, expiry, and what they cannot unlock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from runner.errors import BadInput
from runner.model import Access, Scope, ToolCall, Verdict
from runner.policy import judge, offers, validate_pattern
from tests.policy.stage import NOW, WORKTREE, bash, context, documented, rule, ruled


@pytest.mark.parametrize("pattern", ["*", "Bash", "Bash(rm *)", "Bash(sudo *)", "Bash(sudo ls)", "Bash(git push *)"])
def test_no_rule_unlocks_the_floor(pattern: str) -> None:
    """POL-1: whatever a rule allows, the floor refuses."""
    rows = [command for command, verdict, _ in documented() if verdict == "refuse"]
    assert {ruled(command, rule(pattern)).verdict for command in rows} == {Verdict.REFUSE}


@pytest.mark.parametrize(
    ("pattern", "command", "verdict"),
    [
        ("Bash(pytest *)", "pytest", "allow"),
        ("Bash(pytest *)", "pytest -q tests/unit", "allow"),
        ("Bash(pytest *)", "cd src && timeout 60 pytest -x | tail -5", "allow"),
        ("Bash(pytest *)", "CI=1 pytest 2>&1 | head", "allow"),
        ("Bash(pytest *)", "env CI=1 bash -c 'pytest -q'", "allow"),
        ("Bash(pytest *)", "'py'test \"-q\"", "allow"),
        ("Bash(pytest *)", "pytest $FILES", "allow"),
        ("Bash(pytest *)", "pytest && curl https://example.org", "ask"),
        ("Bash(pytest *)", "pytest; make", "ask"),
        ("Bash(pytest *)", "pytest | tee log", "ask"),
        ("Bash(pytest *)", "pytest > log", "ask"),
        ("Bash(pytest *)", "pytest > /tmp/log", "ask"),
        ("Bash(pytest *)", "pytest > ~/log", "refuse"),
        ("Bash(pytest *)", "pytest $(make)", "ask"),
        ("Bash(pytest *)", "pytest\nmake", "ask"),
        ("Bash(pytest *)", "pytest2 -q", "ask"),
        ("Bash(pytest *)", "LD_PRELOAD=./x.so pytest", "ask"),
        ("Bash(pytest *)", "PATH=. pytest", "ask"),
        ("Bash(pytest *)", "./pytest", "ask"),
        ("Bash(pytest *)", "pytest 'unclosed", "ask"),
        ("Bash(npm test)", "npm test", "allow"),
        ("Bash(npm test)", "npm test -- --watch", "ask"),
        ("Bash(git commit *)", "git commit -m \"$(cat <<'EOF'\nIt's done\nEOF\n)\"", "allow"),
        ("Bash(git commit *)", "git add -A && git commit -m x", "ask"),
        ("Bash(git commit *)", "git commit --amend", "ask"),
        ("Bash(git commit --amend)", "git commit --amend", "allow"),
        ("Bash(git push origin task/*)", "git push origin task/1", "allow"),
        ("Bash(git log --format=* src/*.py)", "git log --format=%h src/a.py", "allow"),
        ("Bash(make -j? lint)", "make -j4 lint", "allow"),
        ("Bash(make -j? lint)", "make -j44 lint", "ask"),
        ("Bash(rm *)", "rm build/a.o", "allow"),
        ("Bash(rm *)", 'rm -rf "$X"', "ask"),
        ("Bash(rm *)", "rm -rf ..", "refuse"),
        ("Bash(xargs *)", "ls | xargs rm", "ask"),
        ("Bash", "make && make install", "allow"),
        ("*", "make", "allow"),
        ("Bash", "cat .env", "ask"),
        ("Bash(cat .env)", "cat .env", "allow"),
        ("Edit", "make", "ask"),
        ("Bash(uv run pytest *)", "uv run pytest -q tests", "allow"),
        ("Bash(uv run pytest *)", "timeout 60 uv run pytest | tail -5", "allow"),
        ("Bash(uv run pytest *)", "uv run timeout 5 pytest", "ask"),
        ("Bash(uv run pytest *)", "uv run pytest > log", "ask"),
        ("Bash(uv run pytest *)", "uv run --with x pytest", "ask"),
        ("Bash(uv run pytest *)", "uv run pytest; pytest", "ask"),
        ("Bash(uv run pytest)", "uv run pytest -q", "ask"),
        ("Bash(uv run *)", "uv run pytest", "ask"),
        ("Bash(uv run *)", "uv run", "allow"),
        ("Bash(uv run p* *)", "uv run pytest", "ask"),
        ("Bash(uv run rm *)", "uv run rm a.py", "allow"),
        ("Bash(uv run rm *)", "uv run rm uv.lock", "ask"),
        ("Bash(uv run rm *)", "uv run rm ../x", "refuse"),
        ("Bash(uv run bash *)", "uv run bash -c 'make'", "ask"),
        ("Bash(find . *)", "find . -exec rm a.py \\;", "ask"),
    ],
)  # fmt: skip
def test_an_allow_rule_allows_a_line_only_as_a_whole(pattern: str, command: str, verdict: str) -> None:
    """POL-4: one command that the rule does not match, or a warning, and the line is not allowed."""
    assert ruled(command, rule(pattern)).verdict.value == verdict


def test_the_more_severe_rule_wins() -> None:
    """POL-5: refuse before ask before allow, whatever their scope."""
    allow, ask, refuse = (rule("Bash(make *)", verdict) for verdict in (Verdict.ALLOW, Verdict.ASK, Verdict.REFUSE))
    assert ruled("make", allow).verdict is Verdict.ALLOW
    assert ruled("make", allow, ask).verdict is Verdict.ASK
    assert ruled("make", ask, allow, refuse).verdict is Verdict.REFUSE
    assert not ruled("make", refuse).floor


def test_a_refuse_rule_finds_its_command_anywhere_in_a_line() -> None:
    """POL-2: one refused command refuses the line."""
    refuse = rule("Bash(make *)", Verdict.REFUSE)
    assert ruled("ls && bash -c 'timeout 5 make all'", refuse).verdict is Verdict.REFUSE


def test_a_ruling_names_its_rule_and_scope() -> None:
    ruling = ruled("make", rule("Bash(make *)", scope=Scope.PROJECT))
    assert (ruling.rule, ruling.reason) == ("Bash(make *)", "rule of the project: allow Bash(make *)")


def test_a_rule_that_expired_or_was_revoked_is_no_rule() -> None:
    live = rule("Bash(make *)")
    assert ruled("make", replace(live, expires_at=NOW)).verdict is Verdict.ASK
    assert ruled("make", replace(live, expires_at=NOW + timedelta(seconds=1))).verdict is Verdict.ALLOW
    assert ruled("make", replace(live, revoked_at=NOW)).verdict is Verdict.ASK


def test_an_unreadable_refuse_rule_refuses_everything_and_an_unreadable_allow_rule_nothing() -> None:
    """A rule nobody can read must not make anything milder."""
    assert ruled("ls", rule("(((", Verdict.REFUSE)).verdict is Verdict.REFUSE
    assert ruled("make", rule("(((")).verdict is Verdict.ASK


@pytest.mark.parametrize(
    ("pattern", "tool", "given", "verdict"),
    [
        ("Edit(src/**)", "Edit", {"file_path": f"{WORKTREE}/src/a/b.py"}, "allow"),
        ("Edit(src/**)", "Write", {"file_path": "src/a.py"}, "allow"),
        ("Edit(src/**)", "NotebookEdit", {"notebook_path": f"{WORKTREE}/src/a.ipynb"}, "allow"),
        ("Edit(src/*)", "Edit", {"file_path": f"{WORKTREE}/src/a/b.py"}, "ask"),
        ("Edit(src/**)", "Edit", {"file_path": f"{WORKTREE}/src2/a.py"}, "ask"),
        ("Edit(src/**)", "Edit", {"file_path": f"{WORKTREE}/src/../setup.py"}, "ask"),
        ("Edit(**)", "Edit", {"file_path": "/etc/passwd"}, "refuse"),
        ("Edit(/etc/**)", "Edit", {"file_path": "/etc/passwd"}, "refuse"),
        ("Edit", "Edit", {"file_path": f"{WORKTREE}/.claude/settings.json"}, "refuse"),
        ("Edit", "Write", {"file_path": f"{WORKTREE}/.git/hooks/pre-commit"}, "refuse"),
        ("Edit", "MultiEdit", {"file_path": "a.py", "edits": []}, "allow"),
        ("Write", "Edit", {"file_path": "a.py"}, "ask"),
        ("Edit", "Edit", {"file_path": ".env"}, "ask"),
        ("Edit(.env)", "Edit", {"file_path": ".env"}, "allow"),
        ("Read(/usr/share/**)", "Read", {"file_path": "/usr/share/dict/words"}, "ask"),
        ("Read(/usr/share/dict/words)", "Read", {"file_path": "/usr/share/dict/words"}, "allow"),
        ("Read", "Read", {"file_path": "~/.ssh/id_rsa"}, "refuse"),
        ("WebFetch(example.org)", "WebFetch", {"url": "https://example.org/a"}, "allow"),
        ("WebFetch(example.org)", "WebFetch", {"url": "https://example.org.evil.net/"}, "ask"),
        ("WebFetch(example.org)", "WebFetch", {"url": "https://example.org@evil.net/"}, "ask"),
        ("WebFetch(*.example.org)", "WebFetch", {"url": "http://docs.example.org:8080/"}, "allow"),
        ("WebFetch(example.org)", "WebFetch", {"url": "https://[bad"}, "ask"),
        ("mcp__github__*", "mcp__github__create_issue", {}, "allow"),
        ("mcp__github__*", "mcp__gitlab__create_issue", {}, "ask"),
        ("*", "SomethingNew", {}, "allow"),
    ],
)  # fmt: skip
def test_rules_match_paths_hosts_and_tools(pattern: str, tool: str, given: dict[str, object], verdict: str) -> None:
    """POL-4: an argument is a glob on the path or host that the call names."""
    assert judge(ToolCall(tool=tool, input=given), context(rule(pattern))).verdict.value == verdict


@pytest.mark.parametrize(
    "pattern",
    ["Read", "*", "Bash(pytest *)", "Bash(git commit -m *)", "Edit(src/**)", "WebFetch(*.org)", "mcp__a__*",
    "Bash(timeout 5 make)"],
)  # fmt: skip
def test_good_patterns_are_taken(pattern: str) -> None:
    validate_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "", "Bash(", "Bash()", "Bash( )", "Bash(a | b)", "Bash(a; b)", "Bash(a && b)", "Bash(a > b)", "Bash($X)",
        "Bash($(a))",
        "Bash(A=1 a)", "Bash(*)", "Bash('a)", "two words", "WebSearch(x)", "mcp__a__b(x)", "x" * 501, "Bash(a\nb)",
        "Bash(# a)",
    ],
)  # fmt: skip
def test_bad_patterns_get_a_hint(pattern: str) -> None:
    """A pattern that could not match, or would match too much, is an error that says what to write."""
    with pytest.raises(BadInput) as caught:
        validate_pattern(pattern)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (bash("pytest -q tests"), "Bash(pytest *)"),
        (bash("cd src && timeout 5 pytest"), ""),
        (bash("timeout 5 pytest -x"), "Bash(pytest *)"),
        (bash("npm test"), "Bash(npm test)"),
        (bash("git commit -m 'two words'"), "Bash(git commit *)"),
        (bash("make 'a b'"), "Bash(make 'a b')"),
        (bash("curl https://example.org"), "Bash(curl https://example.org)"),
        (bash("pytest | tee log"), ""),
        (bash("pytest > log"), ""),
        (bash("make $(ls)"), ""),
        (bash("make $X"), ""),
        (bash("python3 -c 'print(1)'"), ""),
        (bash("python3 tools/gen.py"), "Bash(python3 tools/gen.py)"),
        (bash("sh -c make"), "Bash(make)"),
        (bash("bash"), ""),
        (bash("rm -rf build"), "Bash(rm -rf build)"),
        (bash("pip install x"), "Bash(pip install x)"),
        (bash("sudo make"), ""),
        (bash("git push"), "Bash(git push)"),
        (bash("make 'unclosed"), ""),
        (ToolCall(tool="Edit", input={"file_path": f"{WORKTREE}/src/app/a.py"}), "Edit(src/app/**)"),
        (ToolCall(tool="Write", input={"file_path": f"{WORKTREE}/README.md"}), "Edit(README.md)"),
        (ToolCall(tool="Write", input={"file_path": f"{WORKTREE}/.github/ci.yml"}), "Edit(.github/ci.yml)"),
        (ToolCall(tool="Write", input={"file_path": "/etc/passwd"}), ""),
        (ToolCall(tool="WebFetch", input={"url": "https://example.org/a?b"}), "WebFetch(example.org)"),
        (ToolCall(tool="mcp__github__list", input={}), "mcp__github__list"),
        (ToolCall(tool="AskUserQuestion", input={}), ""),
    ],
)
def test_the_widest_offer_is_narrow(call: ToolCall, pattern: str) -> None:
    """POL-12: what is offered allows this step: for deletions and the network itself, for pipes and code nothing."""
    assert "".join(offers(call, context())[-1:]) == pattern
    if pattern:
        assert judge(call, context(rule(pattern))).verdict is Verdict.ALLOW


def test_a_run_that_may_only_read_changes_nothing() -> None:
    """A project with access `read` is not written to, by no tool and by no command."""
    for call in (
        ToolCall(tool="Write", input={"file_path": "a.py"}),
        bash("echo x > a.py"),
        bash("rm a.py"),
        bash("sed -i s/a/b/ a.py"),
        bash("git commit -m x"),
    ):
        assert judge(call, context(rule("*"), access=Access.READ)).floor
    assert judge(bash("git log | head"), context(access=Access.READ)).verdict is Verdict.ALLOW
