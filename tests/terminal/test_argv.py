"""Words from a shell reach the grammar whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.terminal.argv import command_line
from runner.model import Priority


def test_an_option_value_with_spaces_stays_one_value() -> None:
    """TERM-7: the shell has taken the quotes away."""
    command = commands.parse(command_line(["new", "fix", "--test", "pytest -q", "--allow=Bash(pytest *)", "Fix it"]))
    assert isinstance(command, commands.New)
    assert (command.draft.test, command.draft.allow) == ("pytest -q", ("Bash(pytest *)",))
    assert command.draft.prompt == "Fix it"


def test_options_may_follow_a_quoted_prompt() -> None:
    command = commands.parse(command_line(["do", "Add a --dry-run flag", "--project", "demo", "--priority=high"]))
    assert isinstance(command, commands.Do)
    assert command.prompt == "Add a --dry-run flag"
    assert (command.options.project, command.options.priority) == ("demo", Priority.HIGH)


def test_a_switch_does_not_swallow_the_next_word() -> None:
    command = commands.parse(command_line(["new", "fix", "--plan", "Think", "first"]))
    assert isinstance(command, commands.New)
    assert command.draft.plan is True
    assert command.draft.prompt == "Think first"


def test_an_edited_command_is_taken_as_it_stands() -> None:
    command = commands.parse(command_line(["approve", "k3f9x2", "--edit", 'pytest -k "a b" --lf=1']))
    assert command == commands.Approve(handle="k3f9x2", edit='pytest -k "a b" --lf=1')


def test_a_reason_keeps_its_words() -> None:
    command = commands.parse(command_line(["deny", "k3f9x2", "no network: a=b, --really"]))
    assert command == commands.Deny(handle="k3f9x2", reason="no network: a=b, --really")


def test_a_path_with_spaces_is_one_path() -> None:
    command = commands.parse(command_line(["project", "add", "demo", "/srv/my code", "--test", "make test"]))
    assert command == commands.ProjectAdd(name="demo", path="/srv/my code", settings={"test": "make test"})


def test_after_two_hyphens_everything_is_text() -> None:
    command = commands.parse(command_line(["do", "--", "--project", "x=1"]))
    assert isinstance(command, commands.Do)
    assert command.prompt == "--project x=1"


@pytest.mark.parametrize("words", [[], ["help"]])
def test_without_arguments_it_is_help(words: list[str]) -> None:
    assert isinstance(commands.parse(command_line(words)), commands.Help)


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_a_variable_keeps_any_value(content: str) -> None:
    command = commands.parse(command_line(["run", "fix", f"module={content}"]))
    assert isinstance(command, commands.Run)
    assert command.variables == {"module": content}


@given(st.lists(st.sampled_from("abc xyz\n\t\"'").map(lambda c: f"{c} end"), min_size=1, max_size=3))
def test_a_prompt_in_quotes_arrives_verbatim_but_for_its_ends(parts: list[str]) -> None:
    command = commands.parse(command_line(["do", *parts]))
    assert isinstance(command, commands.Do)
    assert command.prompt == " ".join(parts).strip()
