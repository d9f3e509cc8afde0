"""A form goes on by what is typed and pressed; what is in it at the end is what one would have typed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.forms.question import ANSWER, question_fields
from bot.forms.run import RUN, run_fields
from bot.handlers.answers import chosen
from bot.telegram.forms import flow
from bot.telegram.forms.progress import Action, Progress, Sheet, Verb, kept, parse_action, restored
from bot.telegram.forms.screens import screen
from bot.telegram.rendering.buttons import pressed
from bot.telegram.rendering.cards import render
from runner.model import Approval, Choice, Question
from runner.tasks import TaskDraft
from tests.bot.sample import QUESTION, QUESTIONS, TASK
from tests.slack.cards import texts
from tests.telegram.forms.asked import DRAFT, Filling, edit_sheet, labels, new_sheet, said


def run_sheet(prompt: str, command: commands.Run, **last: tuple[str, ...]) -> Sheet:
    """Ask for the values of a run."""
    fields = run_fields(replace(TASK, prompt=prompt), command, last)
    return Sheet(form=RUN, memory=commands.render(command), title="Run fix-tests", submit="Run now", fields=fields)


def question_sheet(asked: Approval) -> Sheet:
    """Ask what an agent asks."""
    fields = question_fields(asked)
    return Sheet(form=ANSWER, memory=f"answer {asked.id}", title="Answer", submit="Send", fields=fields)


def test_a_new_task_is_asked_for_step_by_step_and_its_variables_one_by_one() -> None:
    """TG-40: name, prompt, the variables of the prompt, the project; then everything at a glance."""
    form = Filling(new_sheet(projects=("demo", "lib")))
    assert form.card.title == "New task · step 1 of 3"
    assert labels(form.card) == ["Cancel"]
    form.type("fix")
    assert form.card.title == "New task · step 2 of 3"
    form.type("Fix {{module}} on {{branch=main}}")
    assert form.card.title == "New task · step 3 of 5"
    assert "asked for at each run" in said(form.card)
    assert "Name: fix" in said(form.card)
    form.type("calc")
    assert "In the prompt: main" in said(form.card)
    form.press("Use: main")
    form.press("2 lib")
    assert form.card.title == "New task · all at a glance"
    for line in ("Name: fix", "Prompt: Fix {{module}}", "module: calc", "branch: main (in the prompt)", "Project: lib"):
        assert line in said(form.card)
    form.press("Save")
    draft = TaskDraft(
        name="fix", prompt="Fix {{module}} on {{branch=main}}", variables={"module": "calc"}, project="lib"
    )
    assert commands.parse(form.line) == commands.New(draft=draft)


def test_further_options_are_asked_for_by_name() -> None:
    """TG-40, TG-43: eight names at a time; each kind of option has its own way to be given."""
    form = Filling(new_sheet())
    form.type("tidy", "Tidy up")
    form.press("More options")
    assert len([label for label in labels(form.card) if label not in {"Next", "Back", "Cancel"}]) == 8
    form.press("Tags")
    form.type("#CI, nightly")
    form.press("Priority", "high")
    form.press("Next", "Reports", "html", "pdf", "Done")
    form.press("Allow")
    form.type("Bash(ruff *)\nEdit(src/**)")
    form.press("Next", "Plan", "On")
    form.press("Turns")
    form.type("20")
    form.press("Cost")
    form.type("2.50")
    form.press("Back")
    assert "Reports: html, pdf" in said(form.card)
    form.press("Save")
    assert commands.parse(form.line) == commands.New(
        draft=TaskDraft(
            name="tidy",
            prompt="Tidy up",
            tags=("ci", "nightly"),
            priority="high",
            reports=("html", "pdf"),
            allow=("Bash(ruff *)", "Edit(src/**)"),
            plan=True,
            turns=20,
            cost=2.5,
        )
    )


def test_what_was_typed_before_the_form_began_counts_and_is_not_asked_for() -> None:
    """TG-40: the memory of the form is the beginning of its command."""
    memory = "new tidy #ci --no-sandbox --turns 7"
    form = Filling(new_sheet(TaskDraft(name="tidy", tags=("ci",), sandbox=False, turns=7), memory=memory))
    assert form.card.title == "New task · step 2 of 2"
    form.type("Tidy")
    form.press("Save")
    assert form.line == "new tidy #ci --no-sandbox --turns 7 Tidy"


def test_an_edit_begins_with_everything_and_changes_what_was_changed() -> None:
    """TG-40: what is emptied is taken away, what is left stays."""
    form = Filling(edit_sheet(TASK))
    assert form.card.title == "Edit fix-tests · all at a glance"
    form.press("Save")
    assert "Nothing was changed yet" in said(form.card)
    form.press("Name")
    form.type("fix-all")
    form.press("module", "Empty it")
    form.press("Next", "Turns", "Empty it")
    form.press("Next", "Plan", "Off")
    form.press("Prompt")
    assert form.card.sections[1].body == TASK.prompt, "the old text can be copied"
    form.press("Keep it", "Save")
    assert commands.parse(form.line) == commands.Edit(
        name="fix-tests", draft=TaskDraft(name="fix-all", variables={"module": ""}, turns=0, plan=False)
    )


@pytest.mark.parametrize(
    ("field", "text", "fault"),
    [
        ("Name", "two words", "is not a task name"),
        ("Name", "x" * 65, "is not a task name"),
        ("Name", " ", "needs a value"),
        ("Prompt", "Fix {{module", "never closed"),
        ("Prompt", "Fix {{1}}", "not a variable"),
        ("Turns", "a few", "not a number"),
        ("Turns", "-3", "takes a number"),
        ("Tags", "ci, no good!", "is not a tag"),
        ("Cost", "nan", "takes a number"),
    ],
)
def test_a_fault_is_said_above_the_question_and_the_old_value_stays(field: str, text: str, fault: str) -> None:
    """TG-40: whatever can be known at once is said where it was typed."""
    options = TaskDraft(name="fix", prompt="Fix", turns=7, cost=2, tags=("ci",))
    form = Filling(new_sheet(options), flow.begin(replace(new_sheet(options), form="edit_task", memory="edit fix")))
    form.press(field)
    form.type(text)
    assert fault in form.card.sections[0].body
    assert field in form.card.sections[1].title
    answers = form.progress.answers
    form.press("Back")
    assert answers == form.progress.answers == {}
    assert not form.progress.fault


def test_a_run_asks_for_what_is_missing_and_offers_what_it_was_last() -> None:
    """TG-40: what has a value is not asked for; everything is shown before it runs."""
    command = commands.Run(name="fix-tests", variables={"branch": "next"})
    form = Filling(run_sheet("Fix {{what}} for {{who}} in {{branch=main}}", command, what=("it", "the whole thing")))
    assert form.card.title == "Run fix-tests · step 1 of 2"
    assert labels(form.card)[:2] == ["Use: it", "Use 2"]
    assert "2. the whole thing" in said(form.card)
    form.press("Use 2")
    assert labels(form.card) == ["Back", "Cancel"]
    form.type("ada")
    assert "branch: next" in said(form.card)
    form.press("branch")
    form.type("dev")
    form.press("Run now")
    assert form.line == 'run fix-tests branch=dev what="the whole thing" who=ada'


def test_several_questions_are_answered_one_after_the_other() -> None:
    """TG-40: a choice, ticks and own words beside them, a text."""
    asked = replace(QUESTIONS, questions=(*QUESTIONS.questions, Question(text="Why?")))
    form = Filling(question_sheet(asked))
    assert "1. SQLite: one file" in said(form.card)
    form.press("2 PostgreSQ…", "☐ 1 tests")
    assert "☑ 1 tests" in labels(form.card)
    form.press("Other…")
    form.type("speed")
    assert "In your own words\nspeed" in said(form.card)
    form.press("Done")
    why = 'because\n1. "it" is\n2: so\\; 3. x'
    form.type(why)
    form.press("Send")
    command = commands.parse(form.line)
    assert isinstance(command, commands.Answer)
    assert chosen(asked, command.text) == {
        "Which database shall I use?": ("PostgreSQL with replicas",),
        "What besides?": ("tests", "speed"),
        "Why?": (why,),
    }


def test_a_single_question_is_answered_at_once() -> None:
    """TG-40: own words take the place of a choice; ticks are sent when they are done."""
    form = Filling(question_sheet(QUESTION))
    form.type("neither")
    assert form.line == f"answer {QUESTION.id} neither"
    only = replace(QUESTIONS, questions=(QUESTIONS.questions[1],))
    form = Filling(question_sheet(only))
    form.press("Done")
    assert "needs a value" in said(form.card)
    form.press("☐ 1 tests", "☐ 2 docs", "☑ 1 tests", "Done")
    assert form.line == f"answer {only.id} #2"


def test_a_text_names_a_choice_and_own_words_can_be_taken_back() -> None:
    """TG-40: what is typed at a choice is meant as one of it, unless own words are asked for."""
    form = Filling(new_sheet(projects=("demo", "lib")))
    form.type("fix", "Fix it", "nothing like it")
    assert "none of these" in said(form.card)
    form.type("LIB")
    assert "Project: lib" in said(form.card)
    only = replace(QUESTIONS, questions=(QUESTIONS.questions[1],))
    form = Filling(question_sheet(only))
    form.type("speed")
    form.press("No words", "☐ 2 docs", "Done")
    assert form.line == f"answer {only.id} #2"


def test_a_choice_takes_the_place_of_own_words_that_were_given_before() -> None:
    """TG-40: of a single choice there is one answer, the last one."""
    form = Filling(question_sheet(replace(QUESTIONS, questions=QUESTIONS.questions[:1] * 2)))
    form.type("neither")
    form.press("Back", "1 SQLite", "1 SQLite", "Send")
    assert form.line.endswith("1: #1; 2: #1")


def test_many_choices_come_eight_at_a_time() -> None:
    """TG-43: a phone shows eight; the others are a press away, and what is ticked stays ticked."""
    picks = tuple(Choice(label=f"choice {n}") for n in range(20))
    form = Filling(question_sheet(replace(QUESTIONS, questions=(Question(text="?", choices=picks, multiple=True),))))
    form.press("☐ 1 choice 0", "Next", "Next", "☐ 20 choice…", "Before")
    assert len([label for label in labels(form.card) if "choice" in label]) == 8
    form.press("Done")
    assert form.line.endswith("#1, #20")


def test_back_and_forth_loses_nothing() -> None:
    """TG-42: what was given stands there again, and can be kept by a press."""
    form = Filling(new_sheet(projects=("demo", "lib")))
    form.type("fix", "Fix {{it}}", "all")
    form.press("1 demo", "Back", "Back", "Back", "Back")
    assert form.card.title == "New task · step 1 of 4"
    form.press("Use: fix", "Keep it", "Use: all", "Leave it", "Save")
    assert commands.parse(form.line) == commands.New(
        draft=TaskDraft(name="fix", prompt="Fix {{it}}", variables={"it": "all"}, project="demo")
    )


def test_a_press_on_what_was_shown_earlier_does_nothing() -> None:
    """TG-41: a second press, or one on another device, is not taken for the next question."""
    form = Filling(question_sheet(replace(QUESTIONS, questions=(QUESTIONS.questions[0], QUESTIONS.questions[0]))))
    first = Action(draft_id=DRAFT, verb=Verb.PICK, turn=form.progress.turn, arg=0)
    once = flow.take(form.sheet, form.progress, first)
    assert isinstance(once, Progress)
    assert once.at == "one:2"
    assert flow.take(form.sheet, once, first) == once


def test_a_field_that_is_gone_meanwhile_is_no_dead_end() -> None:
    """TG-41: a form goes on from a draft of yesterday, whatever has become of projects and variables."""
    form = Filling(new_sheet(projects=("demo", "lib")))
    form.type("fix", "Fix")
    form.sheet = new_sheet()
    assert form.card.title == "New task · all at a glance"
    form.press("Save")
    assert form.line == "new fix Fix"


@pytest.mark.parametrize(
    "line",
    [
        "",
        ".f",
        ".f x",
        f".f {DRAFT} fly 1",
        f".f {DRAFT} pick",
        f".f {DRAFT} pick 1 99999",
        f".f {DRAFT} pick \u0661",
        "new",
    ],
)
def test_what_no_form_has_written_is_no_action(line: str) -> None:
    """TG-43: the data of a press can be forged."""
    assert parse_action(line) is None


SHEETS = (
    new_sheet(projects=("demo", "lib")),
    new_sheet(TaskDraft(name="tidy", turns=7), projects=tuple(f"p{n}" for n in range(30))),
    edit_sheet(TASK),
    run_sheet("{{a}} {{b=1}} {{c}}", commands.Run(name="fix-tests", variables={"b": "2"}), a=("x", "y\nz", "w")),
    question_sheet(QUESTION),
    question_sheet(replace(QUESTIONS, questions=(*QUESTIONS.questions, Question(text="Why?")))),
)
_words = st.sampled_from(
    ["fix", "all", "Fix {{x}} of {{y=1}}", "7", "#ci", "1", "Bash(ruff *)", "{{", "html, pdf", "--x"]
)
_events = st.lists(st.one_of(st.integers(0, 15), st.integers(0, 15), _words, texts), max_size=25)


def check_screen(form: Filling) -> None:
    """Look whether everything on a screen can be sent, pressed and kept."""
    card = form.card
    for button in card.buttons:
        assert len(button.action.encode()) <= 64
        assert len(button.label) <= 12
        read = parse_action(button.action)
        assert read is not None
        assert read.line == button.action
        assert pressed(button.action).action == button.action
    keys = [key.data for row in render(card).keyboard for key in row]
    assert sorted(keys) == sorted(button.action for button in card.buttons), "Telegram shows every button"
    assert len(set(keys)) == len(keys)
    assert restored(json.loads(json.dumps(kept(form.progress)))) == form.progress


@given(sheet=st.sampled_from(SHEETS), events=_events)
def test_whatever_happens_a_form_can_go_on_and_its_line_is_what_was_given(
    sheet: Sheet, events: list[int | str]
) -> None:
    """TG-40, TG-42, TG-43: no event raises, no value is lost, and a finished form is read as what stood in it."""
    form = Filling(sheet)
    for event in events:
        check_screen(form)
        before = form.progress
        if isinstance(event, str):
            form.type(event)
        else:
            read = parse_action(form.card.buttons[event % len(form.card.buttons)].action)
            assert read is not None
            if read.verb is Verb.CANCEL:
                continue
            form._went(flow.take(sheet, form.progress, read))
            if read.verb in {Verb.BACK, Verb.PAGE, Verb.GO, Verb.MORE, Verb.SKIP, Verb.USE, Verb.SAVE}:
                held = {name: text for name, text in form.progress.answers.items() if name in before.answers}
                assert read.verb is Verb.USE or held == before.answers
        if form.line:
            break
    if form.line:
        _check_line(form)


def _check_line(form: Filling) -> None:
    command = commands.parse(form.line)
    answers = form.progress.answers
    match command:
        case commands.New(draft=draft):
            assert draft.prompt == "\n".join(answers["prompt"]).strip()
            assert {(name, text) for name, text in draft.variables.items()} <= {
                (name.removeprefix("variable:"), "\n".join(held)) for name, held in answers.items()
            }
        case commands.Edit(draft=draft):
            assert draft != TaskDraft()
        case commands.Run(variables=variables):
            assert all(variables[name] == "\n".join(held) for name, held in answers.items() if held)
        case _:
            assert isinstance(command, commands.Answer)


def test_a_screen_in_a_group_asks_for_a_reply() -> None:
    sheet = new_sheet()
    progress = flow.begin(sheet)
    assert "Send the text." in said(screen(sheet, progress, DRAFT))
    assert "Reply to this message" in said(screen(sheet, progress, DRAFT, direct=False))
    assert flow.needs_text(sheet, progress)
