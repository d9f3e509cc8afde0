"""What forms ask for, before a chat product sets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import commands
from bot.forms.fields import Field, Kind
from bot.forms.question import question_fields
from bot.forms.run import run_fields
from bot.forms.task import drafted, further_fields, task_fields, variable_fields
from runner.errors import BadTemplate
from runner.model import Choice, Question
from runner.tasks import TaskDraft
from tests.bot.sample import QUESTION, TASK


def named(fields: tuple[Field, ...]) -> dict[str, Field]:
    """Return fields by name."""
    return {field.name: field for field in fields}


def test_a_project_is_asked_for_where_there_are_several_and_typed_where_there_are_many() -> None:
    assert list(named(task_fields(TaskDraft(), ["demo"]))) == ["name", "prompt"]
    few = named(task_fields(TaskDraft(project="b"), ["a", "b"]))["project"]
    assert (few.kind, few.initial) == (Kind.PICK, ("b",))
    many = named(task_fields(TaskDraft(project="b"), ["a", "b", "c"], menu=2))["project"]
    assert (many.kind, many.initial, many.picks) == (Kind.TEXT, ("b",), ())


def test_each_variable_of_a_prompt_is_asked_for_and_open_braces_are_no_prompt_yet() -> None:
    module, branch = variable_fields("Fix {{module}} on {{branch=main}}", {"module": "calc"})
    assert (module.name, module.initial, module.example) == ("variable:module", ("calc",), "")
    assert (branch.name, branch.initial, branch.example) == ("variable:branch", (), "Now: main")
    with pytest.raises(BadTemplate):
        variable_fields("Fix {{module")


def test_every_option_of_a_task_is_a_field_that_holds_what_the_task_has() -> None:
    fields = named(further_fields(drafted(TASK)))
    assert fields["tags"].text == "ci"
    assert fields["turns"].kind is Kind.COUNT
    assert (fields["cost"].kind, fields["cost"].text) == (Kind.NUMBER, "2")
    assert (fields["plan"].kind, fields["plan"].initial) == (Kind.SWITCH, ("on",))
    assert (fields["reports"].kind, fields["reports"].initial) == (Kind.SEVERAL, ("html", "pdf"))
    assert (fields["allow"].kind, fields["allow"].text) == (Kind.LONG, "Bash(pytest *)")


def test_a_run_asks_first_for_what_is_missing_with_the_values_of_earlier_runs() -> None:
    task = replace(TASK, prompt="Fix {{branch=main}} of {{what}} in {{module}}")
    what, branch, module = run_fields(task, commands.Run(name="x"), {"what": ("it", "all")})
    assert (what.name, what.required, what.last) == ("what", True, ("it", "all"))
    assert [(each.name, each.required, each.text) for each in (branch, module)] == [
        ("branch", False, "main"),
        ("module", False, "calc"),
    ]


def test_own_words_stand_beside_the_picks_of_their_question() -> None:
    one = Question(text="Which?", choices=(Choice(label="a"), Choice(label="b")), multiple=True)
    fields = question_fields(replace(QUESTION, questions=(one, Question(text="Why?"))))
    assert [(field.name, field.kind, field.words_of) for field in fields] == [
        ("any:1", Kind.SEVERAL, ""),
        ("other:1", Kind.LONG, "any:1"),
        ("other:2", Kind.LONG, ""),
    ]
