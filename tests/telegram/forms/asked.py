"""Forms as tests fill them: by what can be seen and pressed."""

from __future__ import annotations

from bot.forms.task import EDIT, NEW, drafted, further_fields, task_fields
from bot.messenger import Card
from bot.telegram.forms import flow
from bot.telegram.forms.progress import Progress, Sheet, parse_action
from bot.telegram.forms.screens import screen
from runner.model import Task
from runner.tasks import TaskDraft
from tests.bot.sample import ident

DRAFT = ident("dddddd")


def new_sheet(before: TaskDraft | None = None, projects: tuple[str, ...] = ("demo",), memory: str = "new") -> Sheet:
    """Ask for a new task."""
    before = before or TaskDraft()
    return Sheet(
        form=NEW,
        memory=memory,
        title="New task",
        submit="Save",
        fields=task_fields(before, projects),
        further=further_fields(before),
        defaults=before.variables,
    )


def edit_sheet(task: Task) -> Sheet:
    """Ask for changes of a task."""
    before = drafted(task)
    return Sheet(
        form=EDIT,
        memory=f"edit {task.name}",
        title=f"Edit {task.name}",
        submit="Save",
        fields=task_fields(before, ("demo",)),
        further=further_fields(before),
        defaults=before.variables,
    )


def labels(card: Card) -> list[str]:
    """Name what can be pressed."""
    return [button.label for button in card.buttons]


def said(card: Card) -> str:
    """Return all that a card says."""
    facts = [f"{field.label}: {field.value}" for field in card.fields]
    return "\n".join([card.title, *facts, *(f"{each.title}\n{each.body}" for each in card.sections)])


def action(card: Card, label: str) -> str:
    """Return what the button with this label carries; a number in front need not be said."""
    found = [b.action for b in card.buttons if b.label == label or b.label.rpartition(" ")[2] == label]
    assert found, f"{label} is not among {labels(card)}"
    return found[0]


class Filling:
    """Somebody who fills in a form."""

    def __init__(self, sheet: Sheet, progress: Progress | None = None) -> None:
        self.sheet = sheet
        self.progress = progress or flow.begin(sheet)
        self.line = ""
        self.over = False

    @property
    def card(self) -> Card:
        """What they see."""
        return screen(self.sheet, self.progress, DRAFT)

    def press(self, *names: str) -> None:
        """Press what has these labels, one after the other."""
        for name in names:
            read = parse_action(action(self.card, name))
            assert read is not None
            self._went(flow.take(self.sheet, self.progress, read))

    def type(self, *texts: str) -> None:
        """Send texts, one after the other."""
        for text in texts:
            self._went(flow.take(self.sheet, self.progress, text))

    def _went(self, after: Progress | flow.Finished | flow.Abandoned) -> None:
        match after:
            case Progress():
                self.progress = after
            case flow.Finished(line=line):
                self.line = line
            case flow.Abandoned():
                self.over = True
