"""What people type about a question, made into an answer."""

from __future__ import annotations

import pytest

from bot.handlers.answers import chosen, edited_input
from runner.errors import BadInput
from runner.model import AskKind, Choice, Question
from tests.bot.sample import COMMAND, EDIT, QUESTION, QUESTIONS, asked


def test_an_edit_replaces_the_main_field_or_the_whole_input() -> None:
    assert edited_input(COMMAND, '{"command": "x"}') == {**COMMAND.input, "command": '{"command": "x"}'}
    assert edited_input(EDIT, "new text")["new_string"] == "new text"
    assert edited_input(EDIT, '{"new_string": "x"}') == {"new_string": "x"}
    with pytest.raises(BadInput, match="JSON"):
        edited_input(asked("mcp__db__query", {"sql": "select 1"}), "select 2")


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("sqlite", ("SQLite",)),
        ("#2", ("PostgreSQL with replicas",)),
        ("2", ("PostgreSQL with replicas",)),
        ("#3", ("#3",)),
        ("neither, a file will do", ("neither, a file will do",)),
    ],
)
def test_a_choice_is_its_label_its_number_or_free_text(text: str, choices: tuple[str, ...]) -> None:
    assert chosen(QUESTION, text) == {"Which database shall I use?": choices}


def test_a_label_goes_before_a_number() -> None:
    """`2` is the choice called 2, `#2` the second one."""
    question = Question(text="How many?", choices=(Choice(label="2"), Choice(label="1")))
    numbers = asked("AskUserQuestion", {}, kind=AskKind.QUESTION, questions=(question,))
    assert chosen(numbers, "2") == {"How many?": ("2",)}
    assert chosen(numbers, "#2") == {"How many?": ("1",)}


def test_several_questions_need_an_answer_each() -> None:
    assert chosen(QUESTIONS, "1: sqlite; 2: tests, 2, prose") == {
        "Which database shall I use?": ("SQLite",),
        "What besides?": ("tests", "docs", "prose"),
    }
    for text in ("sqlite", "1: sqlite", "1: sqlite; 2: ", "3: x"):
        with pytest.raises(BadInput):
            chosen(QUESTIONS, text)


def test_choices_for_a_step_are_refused() -> None:
    with pytest.raises(BadInput, match="not a question"):
        chosen(COMMAND, "yes")
