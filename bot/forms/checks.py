"""What is looked at before a form opens, and before what stands in it is taken. Every front end asks the same."""

from __future__ import annotations

from bot import commands
from bot.forms.fields import Inputs
from bot.forms.run import missing
from bot.forms.task import EDIT, NAME, NEW
from runner.core import Core
from runner.errors import NotAllowed, SignoffError, StoreAway, WrongState
from runner.model import Actor, Approval, ApprovalState, Person, Role, Task
from runner.people import require


def may_save(person: Person) -> None:
    """Raise NotAllowed for whoever may not save a task."""
    require(person, Role.OPERATOR, "save a task")


async def task_to_edit(core: Core, person: Person, name: str) -> Task:
    """Return the task that somebody is about to edit. Raises NotAllowed, NotFound."""
    require(person, Role.OPERATOR, "edit a task")
    return await core.tasks.show(name)


async def task_to_run(core: Core, person: Person, command: commands.Run, *, asked: bool) -> Task | None:
    """Return the task of a run that lacks values, or for which somebody has `asked` to give some; else None.

    What else is wrong with the run is said when it is carried out. Raises NotAllowed, StoreAway.
    """
    require(person, Role.OPERATOR, "run a task")
    try:
        task = await core.tasks.show(command.name)
        return task if asked or missing(task, command) else None
    except StoreAway:
        raise
    except SignoffError:
        return None


def still_open(asked: Approval) -> None:
    """Raise WrongState for a question that nobody can answer any more."""
    if asked.state is not ApprovalState.OPEN:
        raise WrongState(f"This question is {asked.state.value} already.")


async def answerable(core: Core, actor: Actor, asked: Approval) -> None:
    """Check that somebody can answer a question. Raises NotAllowed, WrongState."""
    still_open(asked)
    for waiting in await core.approvals.inbox(actor):
        if waiting.approval.id == asked.id and waiting.why_not:
            raise NotAllowed(waiting.why_not)


async def taken(core: Core, form: str, fields: Inputs) -> str:
    """Say that the name that a form gives to a task is another one's; else nothing."""
    name = fields.get(NAME)
    if name is None or form not in {NEW, EDIT} or (form == EDIT and name.now == name.before):
        return ""
    found = await core.store.tasks.find(name.text.strip())
    return f"There is a task “{found.name}” already." if found else ""


async def projects(core: Core) -> list[str]:
    """Name the projects that a task can be for."""
    return [project.name for project in await core.projects.list()]
