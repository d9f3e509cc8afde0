"""Tools other than the shell: what happens without rules, and how a step is described."""

from __future__ import annotations

from typing import Any

import pytest

from runner.model import StepKind, ToolCall, Verdict
from runner.policy import MAX_TITLE, changed_lines, describe, judge, labels, visible
from tests.policy.stage import WORKTREE, bash, context


@pytest.mark.parametrize(
    ("tool", "given", "verdict"),
    [
        ("Read", {"file_path": f"{WORKTREE}/src/a.py"}, "allow"),
        ("Read", {"file_path": "src/a.py"}, "allow"),
        ("Read", {"file_path": "/srv/lib/setup.py"}, "allow"),
        ("Read", {"file_path": "/srv/library/setup.py"}, "ask"),
        ("Read", {"file_path": f"{WORKTREE}/../other/a.py"}, "ask"),
        ("Read", {"file_path": f"{WORKTREE}2/a.py"}, "ask"),
        ("Read", {"file_path": "/etc/passwd"}, "ask"),
        ("Read", {"file_path": "/etc/shadow"}, "refuse"),
        ("Read", {"file_path": "~/.aws/credentials"}, "refuse"),
        ("Read", {"file_path": "/home/agent/.ssh/../.ssh/id_rsa"}, "refuse"),
        ("Read", {"file_path": "/proc/self/environ"}, "refuse"),
        ("Read", {"file_path": "/srv/lib/.env"}, "refuse"),
        ("Read", {"file_path": ".env"}, "ask"),
        ("Read", {"file_path": ".env.example"}, "allow"),
        ("Read", {"file_path": "key.pem"}, "ask"),
        ("Read", {"file_path": "/etc/ssl/certs/ca.pem"}, "ask"),
        ("Read", {}, "ask"),
        ("Glob", {"pattern": "**/*.py"}, "allow"),
        ("Glob", {"pattern": "../**/*.py"}, "ask"),
        ("Glob", {"pattern": "/home/agent/.ssh/*"}, "refuse"),
        ("Glob", {"pattern": "*", "path": "/etc"}, "ask"),
        ("Grep", {"pattern": "/etc/shadow"}, "allow"),
        ("Grep", {"pattern": "x", "path": "/home/agent/.ssh"}, "refuse"),
        ("LS", {"path": WORKTREE}, "allow"),
        ("Write", {"file_path": "a.py", "content": "x"}, "ask"),
        ("Edit", {"file_path": f"{WORKTREE}/a.py"}, "ask"),
        ("Edit", {"file_path": f"{WORKTREE}/../other/a.py"}, "refuse"),
        ("Edit", {"file_path": "/srv/lib/setup.py"}, "refuse"),
        ("Write", {"file_path": "~/.bashrc"}, "refuse"),
        ("Write", {"file_path": ".git/config"}, "refuse"),
        ("Write", {"file_path": ".claude/settings.local.json"}, "refuse"),
        ("Write", {"file_path": ".mcp.json"}, "refuse"),
        ("MultiEdit", {"file_path": "/etc/hosts"}, "refuse"),
        ("NotebookEdit", {"notebook_path": "/etc/a.ipynb"}, "refuse"),
        ("Write", {}, "ask"),
        ("Bash", {}, "ask"),
        ("Bash", {"command": 7}, "ask"),
        ("Bash", {"command": ""}, "ask"),
        ("TodoWrite", {}, "allow"),
        ("Task", {"prompt": "x"}, "allow"),
        ("ToolSearch", {}, "allow"),
        ("BashOutput", {}, "allow"),
        ("KillShell", {}, "allow"),
        ("WebFetch", {"url": "https://example.org"}, "ask"),
        ("WebSearch", {"query": "x"}, "ask"),
        ("mcp__github__create_issue", {}, "ask"),
        ("AskUserQuestion", {}, "ask"),
        ("ExitPlanMode", {}, "ask"),
        ("SomethingNew", {}, "ask"),
        ("", {}, "ask"),
    ],
)
def test_a_tool_without_rules(tool: str, given: dict[str, Any], verdict: str) -> None:
    """POL-8, POL-9, POL-10: reading inside is free; writing outside and secrets are refused; all else is asked."""
    assert judge(ToolCall(tool=tool, input=given), context()).verdict.value == verdict


def test_the_folder_of_the_shell_counts() -> None:
    """POL-9: where the shell already stands in a subfolder or outside, paths are taken from there."""
    assert judge(bash("cat ../README.md"), context(cwd=f"{WORKTREE}/src")).verdict is Verdict.ALLOW
    assert judge(bash("echo x > ../../a"), context(cwd=f"{WORKTREE}/src")).verdict is Verdict.REFUSE
    assert judge(bash("rm -rf run"), context(cwd="/srv/work")).verdict is Verdict.REFUSE


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (bash("curl https://example.org"), {"network"}),
        (bash("pip install x"), {"network", "installs packages"}),
        (bash("rm -rf build"), {"deletes"}),
        (bash("rm -rf /etc"), {"deletes", "outside worktree", "irreversible"}),
        (bash("cat ~/.netrc"), {"secrets", "outside worktree"}),
        (bash("echo x > .github/workflows/ci.yml"), {"CI"}),
        (bash("echo x > uv.lock"), {"lock file"}),
        (bash("git rebase main"), {"git history"}),
        (bash("git push"), {"git history", "network"}),
        (bash('bash -c "$X"'), {"unreadable"}),
        (bash("echo 'unclosed"), {"unreadable"}),
        (bash("ls"), set()),
        (ToolCall(tool="Write", input={"file_path": "package-lock.json"}), {"lock file"}),
        (ToolCall(tool="Edit", input={"file_path": ".gitlab-ci.yml"}), {"CI"}),
        (ToolCall(tool="mcp__a__b", input={}), {"network"}),
    ],
)  # fmt: skip
def test_labels_are_computed_facts(call: ToolCall, expected: set[str]) -> None:
    assert set(labels(call, context())) == expected


@pytest.mark.parametrize(
    ("call", "kind", "title"),
    [
        (bash("pytest -q"), StepKind.COMMAND, "$ pytest -q"),
        (bash("a\nb\tc"), StepKind.COMMAND, "$ a ⏎ b → c"),
        (
            ToolCall(
                tool="Edit",
                input={"file_path": f"{WORKTREE}/src/app.py", "old_string": "a\nb", "new_string": "a\nc\nd\ne"},
            ),
            StepKind.FILE,
            "edit src/app.py (+3 \N{MINUS SIGN}1)",
        ),
        (ToolCall(tool="Write", input={"file_path": "a.py", "content": "1\n2\n"}), StepKind.FILE, "write a.py (+2)"),
        (ToolCall(tool="Read", input={"file_path": f"{WORKTREE}/a.py"}), StepKind.TOOL, "read a.py"),
        (ToolCall(tool="Grep", input={"pattern": "x", "path": "src"}), StepKind.TOOL, "search x in src"),
        (ToolCall(tool="WebFetch", input={"url": "https://a.org"}), StepKind.TOOL, "WebFetch: https://a.org"),
        (
            ToolCall(tool="AskUserQuestion", input={"questions": [{"question": "Which one?"}]}),
            StepKind.QUESTION,
            "Which one?",
        ),
        (ToolCall(tool="ExitPlanMode", input={"plan": "# Plan\nmore"}), StepKind.PLAN, "plan: # Plan"),
        (ToolCall(tool="mcp__a__b", input={}), StepKind.TOOL, "mcp__a__b"),
    ],
)
def test_a_step_has_a_kind_and_a_title(call: ToolCall, kind: StepKind, title: str) -> None:
    assert describe(call, worktree=WORKTREE) == (kind, title)


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\u202e", "\\u202e"),
        ("\u2066", "\\u2066"),
        ("\u200b", "\\u200b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\r", "\\x0d"),
        ("\x00", "\\x00"),
        ("\xa0", "\\xa0"),
        ("\U000e0041", "\\U000e0041"),
        ("é 日本 👍", "é 日本 👍"),
    ],
)
def test_hidden_characters_are_spelled_out(hidden: str, shown: str) -> None:
    """POL-13: nobody approves what the screen hides or reorders."""
    assert visible(hidden) == shown
    assert describe(bash(f"ls {hidden}"))[1] == f"$ ls {shown}"


def test_a_long_title_is_cut_and_says_so() -> None:
    """POL-13: a title has its limit."""
    title = describe(bash("x" * 10_000))[1]
    assert len(title) == MAX_TITLE
    assert title.endswith("…")


def test_changed_lines_are_counted() -> None:
    """Lines are compared; several edits are summed; a new file has only added lines."""
    first = {"old_string": "a\nb\nc", "new_string": "a\nc"}
    second = {"old_string": "", "new_string": "x"}
    assert changed_lines("Edit", first) == (0, 1)
    assert changed_lines("MultiEdit", {"edits": [first, second]}) == (1, 1)
    assert changed_lines("Write", {"content": "a\nb\n"}) == (2, 0)
    assert changed_lines("Edit", {"old_string": "a\n" * 3000, "new_string": "b\n" * 10}) == (10, 3000)
    assert changed_lines("MultiEdit", {"edits": [None, 3]}) == (0, 0)
