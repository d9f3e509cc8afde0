"""What people see of Signoff in Slack beside cards and App Home: forms, what one person alone is told, heads, files."""

from __future__ import annotations

from dataclasses import replace

from bot import commands
from bot.delivery.wholes import whole_of
from bot.forms.question import ANSWER
from bot.forms.run import RUN
from bot.forms.task import EDIT, NEW, drafted
from bot.forms.unfit import Unfit
from bot.messenger import Card
from bot.slack.forms.question import question_blocks
from bot.slack.forms.reading import form_offer
from bot.slack.forms.run import run_blocks
from bot.slack.forms.task import task_blocks, with_more, with_variables
from bot.slack.rendering.cards import line, render
from bot.slack.rendering.surfaces import form, loading_modal, notice, text_modal
from runner.errors import WrongState
from runner.model import Choice, Json, Question, value
from runner.tasks import TaskDraft
from tests.bot import gallery
from tests.bot.sample import QUESTIONS, TASK

_MANY = Question(
    text="Which of the regions shall the staging environment be rolled out to first?",
    choices=tuple(Choice(label=f"region {number}") for number in range(12)),
)
_FREE = Question(text="What shall the release notes say about the change of the wire format?")


@value
class Posted:
    """A message as it stands in a channel. `alone`: one person sees it; `files` are posted right after it."""

    text: str
    blocks: tuple[Json, ...]
    alone: bool = False
    files: tuple[str, ...] = ()


def _card(card: Card, *, alone: bool = True) -> Posted:
    made = render(card)
    whole = whole_of(card, made.rest)
    files = [file.name for file in card.files] + ([whole.name] if whole else [])
    return Posted(text=made.text, blocks=made.blocks, alone=alone, files=tuple(files))


def _remark(text: str, *, alone: bool = False) -> Posted:
    made = line(text)
    return Posted(text=made.text, blocks=made.blocks, alone=alone)


def _form(kind: str, title: str, submit: str, blocks: list[Json] | None) -> Json:
    assert blocks is not None
    return form(kind, title, submit, "C1 - x", blocks)


def _task(draft: TaskDraft, *, projects: tuple[str, ...] = ("demo",), note: str = "", more: bool = False) -> list[Json]:
    blocks = task_blocks(draft, projects, note)
    return with_more(blocks, draft) if more else blocks


_typed = with_variables(_task(TaskDraft(name="tidy"), projects=("demo", "docs")), "Fix {{module}} on {{branch=main}}")
FORMS: dict[str, Json] = {
    "form-new": _form(NEW, "New task", "Save", _task(TaskDraft())),
    "form-new-variables": _form(NEW, "New task", "Save", _typed),
    "form-new-more": _form(NEW, "New task", "Save", _task(TaskDraft(name="tidy", prompt="Tidy up"), more=True)),
    "form-new-from-message": _form(
        NEW,
        "New task",
        "Save",
        _task(TaskDraft(prompt="Mend the test"), note="The files of the message are not kept with a task."),
    ),
    "form-edit": _form(EDIT, "Edit task", "Save", _task(drafted(TASK), projects=("demo", "docs"))),
    "form-run": _form(
        RUN,
        "Run fix-tests",
        "Run",
        run_blocks(replace(TASK, prompt="Fix {{what}} in {{module}} on {{branch=main}}"), commands.Run(name="x")),
    ),
    "form-questions": _form(
        ANSWER, "Answer", "Send", question_blocks(replace(QUESTIONS, questions=(*QUESTIONS.questions, _MANY, _FREE)))
    ),
    "form-text": text_modal("Deny + why", "What should the agent read?", "", "C1 - deny a"),
    "form-text-filled": text_modal("Edit", "What should run instead?", "pytest -q tests/calc", "C1 - approve a --edit"),
    "form-loading": loading_modal("New task"),
    "form-notice": notice(
        "New task", str(WrongState("That took too long for Slack to open a form.", hint="Do it again."))
    ),
}
FAULTS: dict[str, dict[str, str]] = {
    "form-new": dict(Unfit({"name": "`fix tests` is not a name.", "prompt": "The prompt is empty."}).faults),
    "form-questions": {"one:1": "Choose, or write an answer.", "other:3": "Either a choice or a text."},
}
_IN_CHANNEL = {"answer-long", "files-missing", "result-pdf"}  # the other cards are for one person alone
MESSAGES: dict[str, Posted] = {
    **{name: _card(card, alone=name not in _IN_CHANNEL) for name, card in gallery.CARDS.items()},
    **{name: _remark(text, alone=name == "alone-long") for name, text in gallery.REMARKS.items()},
    "offer-form": _card(form_offer("new fix-tests") or Card(title=""), alone=False),
}
