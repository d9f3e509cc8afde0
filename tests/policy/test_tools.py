"""Tools other than the shell: what happens without rules, and how a step is described."""

from __future__ import annotations

from typing import Any

import pytest

from runner.model import StepKind, ToolCall, Verdict
from runner.policy import MAX_TITLE, changed_lines, describe, judge, labels, visible
from tests.policy.stage import WORKTREE, bash, context, documented, documented_labels, edit, rule


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
        (bash("cat < x | tee -a web/pnpm-lock.yaml"), {"lock file"}),
        (bash("rm -rf .circleci Gemfile.lock"), {"CI", "lock file", "deletes"}),
        (bash("cp -t . a/package-lock.json a/Jenkinsfile"), {"CI", "lock file"}),
        (bash("install -m 644 ci.yml .woodpecker/"), {"CI"}),
        (bash("mv a.yml .forgejo/workflows/a.yml"), {"CI", "deletes"}),
        (bash("ln -s sub/yarn.lock"), {"lock file"}),
        (bash("scp host:yarn.lock ."), {"lock file", "network"}),
        (bash("scp yarn.lock host:"), {"network"}),
        (bash("git rm flake.lock"), {"lock file", "deletes"}),
        (bash("cd sub && sed -i s/a/b/ ../.travis.yml"), {"CI"}),
        (bash("npm install"), {"network", "installs packages"}),
        (bash("cat uv.lock .gitlab-ci.yml"), set()),
        (bash("echo x > .github/../src/a.py"), set()),
        (bash("echo x > locks/uv.lock.md"), set()),
        (bash("rm dist/* src/*.py"), {"deletes"}),
        (bash("git rebase main"), {"git history"}),
        (bash("git push"), {"git history", "network"}),
        (bash('bash -c "$X"'), {"unreadable"}),
        (bash("echo 'unclosed"), {"unreadable"}),
        (bash("ls"), set()),
        (ToolCall(tool="Write", input={"file_path": "package-lock.json"}), {"lock file"}),
        (ToolCall(tool="Edit", input={"file_path": ".gitlab-ci.yml"}), {"CI"}),
        (ToolCall(tool="Edit", input={"file_path": f"{WORKTREE}/SUB/CARGO.LOCK"}), {"lock file"}),
        (ToolCall(tool="MultiEdit", input={"file_path": "src/../Jenkinsfile.release"}), {"CI"}),
        (ToolCall(tool="Edit", input={"file_path": "certs/server.key"}), {"secrets"}),
        (ToolCall(tool="Read", input={"file_path": "uv.lock"}), set()),
        (ToolCall(tool="mcp__a__b", input={}), {"network"}),
    ],
)  # fmt: skip
def test_labels_are_computed_facts(call: ToolCall, expected: set[str]) -> None:
    """POL-14: what a step touches is read off its words, wherever the words lead."""
    assert set(labels(call, context())) == expected


GUARDED = [
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    ".circleci/config.yml",
    ".buildkite/a.yml",
    ".travis.yml",
    ".drone.yml",
    "bitbucket-pipelines.yml",
    ".woodpecker.yml",
    ".woodpecker/a.yml",
    ".forgejo/workflows/a.yml",
    ".gitea/workflows/a.yml",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "Cargo.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    "flake.lock",
    "gradle.lockfile",
    "packages.lock.json",
    ".husky/pre-commit",
    ".pre-commit-config.yaml",
    ".env",
    "deploy.pem",
]


@pytest.mark.parametrize("path", GUARDED)
def test_a_guarded_file_is_changed_unasked_only_by_a_rule_that_names_it(path: str) -> None:
    """POL-14: rules for a folder, a tool or everything do not cover it, in no tool and in no command."""
    wide = context(rule("*"), rule("Bash"), rule("Edit"), rule("Edit(**)"), rule(f"Edit({path}*)"), rule("Bash(tee *)"))
    for call in (edit(path), ToolCall(tool="Write", input={"file_path": f"{WORKTREE}/{path}"})):
        assert judge(call, wide).verdict is Verdict.ASK
        assert judge(call, context(rule(f"Edit({path})"))).verdict is Verdict.ALLOW
    for line in (f"tee {path}", f"echo x > {path}", f"rm {path}", f"git mv a {path}"):
        assert judge(bash(line), wide).verdict is Verdict.ASK
    assert judge(bash(f"tee {path}"), context(rule(f"Bash(tee {path})"))).verdict is Verdict.ALLOW


def test_every_label_is_explained() -> None:
    """POL-14: the document names the labels that commands and tools can get, no more and no fewer."""
    seen = {label for command, _, _ in documented() for label in labels(bash(command), context())}
    assert seen == documented_labels()


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
