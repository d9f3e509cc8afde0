"""What a form asks for at this moment, with what is known of tasks, projects, questions and earlier runs."""

from __future__ import annotations

from collections.abc import Mapping

from bot import commands
from bot.forms import checks
from bot.forms.question import ANSWER, question_fields
from bot.forms.run import RUN, run_fields
from bot.forms.task import EDIT, NEW, drafted, further_fields, started, task_fields
from bot.telegram.forms.progress import Sheet
from runner.core import Core
from runner.errors import BadInput
from runner.model import Task
from runner.ports import ExecutionQuery
from runner.tasks import TaskDraft

_RUNS = 5  # of the task, whose values are offered again
_LAST = 3  # different values of a variable


async def sheet(core: Core, form: str, memory: str) -> Sheet:
    """Return what a form asks for. Raises BadInput, NotFound, Ambiguous, WrongState where it has nothing to ask."""
    if form == NEW:
        return await _task(core, form, memory, started(memory), "New task")
    if form == EDIT:
        name = memory.removeprefix("edit ")
        return await _task(core, form, memory, drafted(await core.tasks.show(name)), f"Edit {name}")
    if form == RUN:
        return await _run(core, memory)
    if form == ANSWER:
        return await _answer(core, memory)
    raise BadInput("This form is not one of Signoff any more.", hint="Say it in words.")


async def _task(core: Core, form: str, memory: str, before: TaskDraft, title: str) -> Sheet:
    return Sheet(
        form=form,
        memory=memory,
        title=title,
        submit="Save",
        fields=task_fields(before, await checks.projects(core)),
        further=further_fields(before),
        defaults=before.variables,
    )


async def _run(core: Core, memory: str) -> Sheet:
    command = commands.parse(memory)
    if not isinstance(command, commands.Run):
        raise BadInput("This form is not one of Signoff any more.", hint="Say it in words.")
    task = await core.tasks.show(command.name)
    fields = run_fields(task, command, await _last(core, task))
    return Sheet(form=RUN, memory=memory, title=f"Run {task.name}", submit="Run now", fields=fields)


async def _answer(core: Core, memory: str) -> Sheet:
    asked = await core.approvals.find(memory.removeprefix("answer "))
    checks.still_open(asked)
    fields = question_fields(asked)
    return Sheet(form=ANSWER, memory=memory, title="Answer", submit="Send", fields=fields)


async def _last(core: Core, task: Task) -> Mapping[str, tuple[str, ...]]:
    """Return the values that the newest runs of a task had, newest first."""
    newest = await core.store.executions.list(ExecutionQuery(task_id=task.id, limit=_RUNS))
    found: dict[str, dict[str, None]] = {}
    for execution in newest.items:
        for name, text in execution.variables.items():
            found.setdefault(name, {})[text] = None
    return {name: tuple(texts)[:_LAST] for name, texts in found.items()}
