"""A form stands for a command: what is in its fields is what one would have typed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot import commands
from bot.forms.fields import Input
from bot.forms.question import ANSWER
from bot.forms.reading import wanted
from bot.forms.run import RUN, missing
from bot.forms.task import EDIT, NEW, drafted
from bot.forms.unfit import Unfit
from bot.handlers.answers import chosen
from bot.slack.forms.inputs import read_inputs
from bot.slack.forms.question import question_blocks
from bot.slack.forms.reading import line_of
from bot.slack.forms.run import run_blocks
from bot.slack.forms.task import MORE, task_blocks, with_more, with_variables
from bot.slack.heard import Place, Submitted
from bot.slack.rendering.lint import lint_view
from bot.slack.rendering.surfaces import form
from runner.model import AgentOptions, Choice, Goal, Json, Limits, Question, Rule, Scope, Task, Verdict
from runner.tasks import TaskDraft
from tests.bot.sample import NOW, QUESTION, QUESTIONS, ident
from tests.servers.slack.blocks import lint_view as refused
from tests.slack.cards import texts

TASK = Task(
    id=ident("tttttt"),
    owner_id=ident("ada"),
    name="fix-tests",
    prompt="Fix {{module}} in {{branch=main}} for {{who}}",
    project="demo",
    description="mends what is red",
    variables={"who": "ada"},
    read_projects=("docs", "lib"),
    options=AgentOptions(model="opus", plan=True, limits=Limits(turns=20, cost_usd=2.5)),
    goal=Goal(sentence="all is green", test_command="pytest -q"),
    rules=(Rule(pattern="Bash(ruff *)", verdict=Verdict.ALLOW, scope=Scope.TASK),),
    reports=("html", "pdf"),
    tags=("ci", "nightly"),
    created_at=NOW,
    updated_at=NOW,
)
MANY = Question(text="Which?", choices=tuple(Choice(label=f"choice {n}") for n in range(12)))


def opened(kind: str, blocks: list[Json] | None) -> Json:
    """Set a form as it is opened."""
    assert blocks is not None
    return form(kind, "Form", "Send", "C1 - x", blocks)


FORMS: dict[str, Json] = {
    "new": opened(NEW, task_blocks(TaskDraft(), ["demo"])),
    "new-from-words": opened(NEW, task_blocks(TaskDraft(name="tidy", project="lib"), ["demo", "lib"])),
    "new-more": opened(NEW, with_more(task_blocks(TaskDraft(turns=7), ["demo"]), TaskDraft(turns=7))),
    "edit": opened(EDIT, task_blocks(drafted(TASK), ["demo", "lib"])),
    "edit-more": opened(EDIT, with_more(task_blocks(drafted(TASK), ["demo", "lib"]), drafted(TASK))),
    "edit-long": opened(EDIT, task_blocks(drafted(replace(TASK, prompt="x" * 3_001)), ["demo"])),
    "run": opened(RUN, run_blocks(TASK, commands.Run(name="fix-tests", variables={"branch": "next"}))),
    "question": opened(ANSWER, question_blocks(QUESTION)),
    "questions": opened(ANSWER, question_blocks(replace(QUESTIONS, questions=(*QUESTIONS.questions, MANY)))),
}


@pytest.mark.parametrize("name", FORMS)
def test_form_is_as_agreed(name: str, snapshot: SnapshotAssertion) -> None:
    assert FORMS[name] == snapshot(name=name, extension_class=JSONSnapshotExtension)
    assert lint_view(FORMS[name]) == ()
    assert refused(FORMS[name]) == []


def filled(view: Json, memory: str, **values: str | tuple[str, ...] | None) -> Submitted:
    """Send a form after putting values into its fields; a double underscore in a name stands for a colon."""
    fields = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            held = read_inputs({"blocks": [block], "state": {"values": {block["block_id"]: {"a": {}}}}})
            (field,) = held.values()
            fields[block["block_id"]] = replace(field, now=field.before)
    for name, content in values.items():
        now = content if isinstance(content, tuple) else (content,) if content else ()
        fields[name.replace("__", ":")] = replace(fields[name.replace("__", ":")], now=now)
    place = Place(user="U1", channel="C1")
    return Submitted(key="k", place=place, form=view["callback_id"], memory=memory, fields=fields)


def test_a_new_task_is_what_stands_in_the_form() -> None:
    view = opened(NEW, with_variables(with_more(FORMS["new-from-words"]["blocks"], TaskDraft()), "Fix {{module}}"))
    sent = filled(
        view,
        "new tidy --project lib",
        prompt="Fix {{module}}\n--not an option",
        project="demo",
        variable__module="the parser",
        tags="#CI, nightly",
        priority="high",
        reports=("html", "pdf"),
        allow="Bash(ruff *)\n\nEdit(src/**)",
        tools="Bash, Read",
        plan=("on",),
        turns="20",
        cost="2.50",
    )
    assert commands.parse(line_of(sent)) == commands.New(
        draft=TaskDraft(
            name="tidy",
            prompt="Fix {{module}}\n--not an option",
            project="demo",
            variables={"module": "the parser"},
            tags=("ci", "nightly"),
            priority="high",
            reports=("html", "pdf"),
            allow=("Bash(ruff *)", "Edit(src/**)"),
            tools=("Bash", "Read"),
            plan=True,
            turns=20,
            cost=2.5,
        )
    )


def test_what_was_typed_before_the_form_opened_counts_although_no_field_shows_it() -> None:
    sent = filled(FORMS["new"], "new tidy #ci --turns 7", name="tidy", prompt="Tidy")
    assert line_of(sent) == "new tidy #ci --turns 7 Tidy"


def test_an_edit_says_only_what_was_changed_and_takes_away_what_was_emptied() -> None:
    sent = filled(
        FORMS["edit-more"],
        "edit fix-tests",
        name="fix-all",
        variable__who=None,
        tags="ci",
        read_projects=None,
        model=None,
        plan=None,
        turns=None,
        cost="3",
        allow=None,
        reports=("html",),
    )
    assert commands.parse(line_of(sent)) == commands.Edit(
        name="fix-tests",
        draft=TaskDraft(
            name="fix-all",
            variables={"who": ""},
            tags=("ci",),
            read_projects=(),
            model="",
            plan=False,
            turns=0,
            cost=3.0,
            allow=(),
            reports=("html",),
        ),
    )


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"name": "two words"}, "name", "is not a task name"),
        ({"name": "x" * 65}, "name", "is not a task name"),
        ({"prompt": "Fix {{module"}, "prompt", "never closed"),
        ({"prompt": "Fix {{1}}"}, "prompt", "not a variable"),
        ({"prompt": " "}, "prompt", "prompt"),
        ({"allow": "Bash(ruff *"}, "allow", ""),
        ({"tags": "ci, no good!"}, "tags", "is not a tag"),
        ({"turns": "a few"}, "turns", "not a number"),
    ],
)
def test_a_fault_is_said_at_its_field(changes: dict[str, Any], field: str, said: str) -> None:
    """SLACK-8: whatever can be known at once is said where it was typed."""
    with pytest.raises(Unfit) as caught:
        line_of(filled(FORMS["edit-more"], "edit fix-tests", **changes))
    assert list(caught.value.faults) == [field]
    assert said in caught.value.faults[field]


def test_an_edit_that_changes_nothing_is_sent_back() -> None:
    with pytest.raises(Unfit, match="Nothing was changed"):
        line_of(filled(FORMS["edit"], "edit fix-tests"))


def test_a_run_takes_what_was_typed_and_what_the_form_adds() -> None:
    command = commands.Run(name="fix-tests", variables={"branch": "next"})
    assert missing(TASK, command) == ("module",)
    sent = filled(FORMS["run"], "run fix-tests branch=next --priority high", module="the parser", who=None)
    assert line_of(sent) == 'run fix-tests branch=next module="the parser" who= --priority high'


def test_answers_to_several_questions_are_one_answer_whatever_is_written() -> None:
    """SLACK-8: a text that looks like the number of the next question stays where it was written."""
    asked = replace(QUESTIONS, questions=(*QUESTIONS.questions, Question(text="Why?")))
    view = opened(ANSWER, question_blocks(asked))
    why = 'because\n1. "it" is\n2: so\\; 3. x'
    sent = filled(view, f"answer {asked.id}", one__1="2", any__2=("1",), other__2="speed", other__3=why)
    command = commands.parse(line_of(sent))
    assert isinstance(command, commands.Answer)
    assert chosen(asked, command.text) == {
        "Which database shall I use?": ("PostgreSQL with replicas",),
        "What besides?": ("tests", "speed"),
        "Why?": (why,),
    }


def test_a_question_without_an_answer_or_with_two_is_sent_back() -> None:
    """SLACK-8: each question is said at its own field."""
    sent = filled(FORMS["questions"], f"answer {QUESTIONS.id}", one__1="1", other__1="neither")
    with pytest.raises(Unfit) as caught:
        line_of(sent)
    assert set(caught.value.faults) == {"other:1", "any:2", "one:3"}


@given(answers=st.tuples(texts, texts))
def test_any_text_is_the_answer_to_its_question(answers: tuple[str, str]) -> None:
    asked = replace(QUESTION, questions=(Question(text="One?"), Question(text="Two?")))
    fields = {f"other:{n}": Input(now=(text,) if text.strip() else ()) for n, text in enumerate(answers, 1)}
    sent = Submitted(
        key="k", place=Place(user="U", channel="C"), form=ANSWER, memory=f"answer {asked.id}", fields=fields
    )
    try:
        command = commands.parse(line_of(sent))
    except Unfit:
        return
    assert isinstance(command, commands.Answer)
    assert chosen(asked, command.text) == {"One?": (answers[0].strip(),), "Two?": (answers[1].strip(),)}


@given(name=texts, prompt=texts, value=texts, goal=texts, tools=texts, allow=texts)
def test_any_new_task_is_said_in_words_or_sent_back(
    name: str, prompt: str, value: str, goal: str, tools: str, allow: str
) -> None:
    """SLACK-8: there is no third way, and the words are read as what stood in the form."""
    typed = {"name": name, "prompt": prompt, "goal": goal, "tools": tools, "allow": allow, "variable:x": value}
    fields = {field: Input(now=(text,) if text.strip() else ()) for field, text in typed.items()}
    sent = Submitted(key="k", place=Place(user="U", channel="C"), form=NEW, memory="new", fields=fields)
    faults: set[str] = set()
    try:
        command = commands.parse(line_of(sent))
    except Unfit as error:
        faults = set(error.faults)
    else:
        assert isinstance(command, commands.New)
        assert command.draft.prompt == prompt.strip()
        assert command.draft.variables == ({"x": value} if value.strip() else {})
    assert faults <= set(fields)


@given(text=texts)
def test_any_prompt_can_be_typed_with_any_variables_in_it(text: str) -> None:
    blocks = with_variables(FORMS["new"]["blocks"], text + "".join(f"{{{{v{n}}}}}" for n in range(60)))
    assert lint_view(opened(NEW, blocks)) == ()


def test_fields_come_and_go_with_the_variables_and_the_others_stay() -> None:
    def ids(blocks: list[Json]) -> list[str]:
        return [block["block_id"] for block in blocks]

    one = with_variables(FORMS["new"]["blocks"], "Fix {{a}}")
    assert ids(one) == ["name", "prompt", "variable:a", MORE]
    two = with_variables(one, "Fix {{b=1}} {{a}}")
    assert ids(two) == ["name", "prompt", "variable:b", "variable:a", MORE]
    assert two[3] is one[2]
    assert with_variables(two, "Fix {{b=1}} {{a}} {{") == two
    assert ids(with_variables(two, "Fix")) == ["name", "prompt", MORE]


@pytest.mark.parametrize(
    ("line", "asks", "prefill", "memory"),
    [
        ("new", "", "", "new"),
        ("/task new ", "", "", "new"),
        ("new tidy #ci --turns 7", "", "", "new tidy #ci --turns 7"),
        ("edit tidy", "", "", "edit tidy"),
        ("run tidy x=1", "", "", "run tidy x=1"),
        ("run tidy", "Values", "module= x=1 --priority high", "run tidy x=1 --priority high"),
        ("answer k3f9x2", "Answers", "1: ; 2: ", "answer k3f9x2"),
    ],
)
def test_what_is_incomplete_wants_a_form(line: str, asks: str, prefill: str, memory: str) -> None:
    want = wanted(line, asks, prefill)
    assert want is not None
    assert want.memory == memory


@pytest.mark.parametrize("line", ["new tidy Tidy", "edit tidy --turns 4", "edit", "do", "newer", "runs", "new --x"])
def test_what_is_complete_or_no_form_could_mend_wants_none(line: str) -> None:
    assert wanted(line) is None
    assert wanted("deny k3f9x2", "Why?") is None
