"""The command line of the program."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot import cli, commands


def read(*argv: str, stdin: str = "") -> cli.Invocation:
    return cli.read(argv, io.StringIO(stdin))


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["up", "--config", "x.toml"], cli.Up(config=Path("x.toml"))),
        (["chat"], cli.Chat()),
        (["demo", "--yes", "--dir", "d"], cli.Demo(yes=True, directory=Path("d"))),
        (["check"], cli.Check()),
        (["slack", "manifest"], cli.SlackManifest()),
        (["slack", "manifest", "--http", "https://example.org"], cli.SlackManifest(http="https://example.org")),
        (["version"], cli.Version()),
    ],
)
def test_each_subcommand_is_a_value(argv: list[str], expected: cli.Invocation) -> None:
    assert read(*argv) == expected


def test_options_of_task_may_stand_before_and_behind_its_words() -> None:
    for argv in (["--json", "--wait", "run", "fix", "k=v"], ["run", "fix", "k=v", "--wait", "--json"]):
        assert read("task", *argv) == cli.TaskLine(line="run fix k=v", json=True, wait=True)


def test_options_of_the_grammar_are_left_to_it() -> None:
    invocation = read("task", "do", "--project", "demo", "Fix the bug", "--image", "a.png", "--config", "c.toml")
    assert invocation == cli.TaskLine(
        line="do --project demo -- Fix the bug", images=(Path("a.png"),), config=Path("c.toml")
    )


def test_an_edited_command_may_hold_our_own_options() -> None:
    invocation = read("task", "--json", "approve", "k3f9x2", "--edit", "cargo test --json")
    assert invocation == cli.TaskLine(line="approve k3f9x2 --edit cargo test --json", json=True)


@pytest.mark.parametrize("prompt", ["Fix it", "#1 --project other", "k=v\nand more\n"])
def test_a_hyphen_stands_for_text_from_standard_input(prompt: str) -> None:
    invocation = read("task", "do", "--project", "demo", "-", stdin=prompt)
    assert isinstance(invocation, cli.TaskLine)
    command = commands.parse(invocation.line)
    assert isinstance(command, commands.Do)
    assert (command.prompt, command.options.project) == (prompt.strip(), "demo")


def test_an_edit_may_come_from_standard_input() -> None:
    invocation = read("task", "approve", "k3f9x2", "--edit", "-", stdin="pytest -x")
    assert invocation == cli.TaskLine(line="approve k3f9x2 --edit pytest -x")


@pytest.mark.parametrize("argv", [["nonsense"], ["up", "--nonsense"], ["task"], ["task", "--image"]])
def test_wrong_usage_has_its_own_exit_status(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """TERM-8: 2."""
    with pytest.raises(SystemExit) as caught:
        read(*argv)
    assert caught.value.code == 2
    assert "usage" in "".join(capsys.readouterr())


def test_help_of_task_names_every_command_and_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read("task", "--help")
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(entry.word in text for entry in commands.ENTRIES)
    assert "exit status" in text
