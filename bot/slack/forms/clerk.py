"""Offers forms, and looks over what was sent in one.

A form is opened empty at once, since Slack allows three seconds, and filled as soon as is known with what.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot import commands
from bot.measure import units
from bot.slack.forms.follow import Follower
from bot.slack.forms.inputs import fits
from bot.slack.forms.question import ANSWER, question_blocks
from bot.slack.forms.reading import Wanted, line_of, wanted
from bot.slack.forms.run import RUN, missing, run_blocks
from bot.slack.forms.task import EDIT, NEW, drafted, task_blocks
from bot.slack.forms.unfit import Unfit
from bot.slack.forms.windows import Windows
from bot.slack.heard import Place, Submitted, Typed
from bot.slack.payloads import kept
from bot.slack.surfaces import METADATA, form, notice
from runner.core import Core
from runner.errors import NotAllowed, SignoffError, WrongState
from runner.model import Actor, ApprovalState, Json, Person, Role
from runner.people import require
from runner.tasks import TaskDraft

_PATIENCE = 1.0  # seconds that looking over a form may take: Slack waits three for the acknowledgement

log = logging.getLogger(__name__)

Fill = Callable[[], Awaitable[list[Json]]]


class Clerk:
    """The forms of tasks, runs and questions. Whoever may not do what a form is for is told so before it opens."""

    def __init__(self, web: AsyncWebClient, core: Core) -> None:
        self._core = core
        self._windows = Windows(web, core.clock)
        self._follower = Follower(self._windows, core.tasks)

    async def run(self) -> None:
        """Follow what is typed in open forms until cancelled."""
        await self._follower.run()

    def changed(self, changed: Typed) -> None:
        """Take what was typed or pressed in an open form."""
        self._follower.took(changed)

    async def offered(
        self, person: Person, place: Place, trigger: str, line: str, *, asks: str = "", prefill: str = ""
    ) -> bool:
        """Open the form that a command or a button wants; False if it wants none, or none can hold what it needs.

        Raises NotAllowed, NotFound, WrongState.
        """
        want = wanted(line, asks, prefill)
        if want is None or units(kept(place, want.memory)) > METADATA:
            return False
        match want.command:
            case commands.New(draft=draft):
                await self.new_task(person, place, trigger, draft, memory=want.memory)
                return True
            case commands.Edit():
                await self._edit(person, place, trigger, want)
                return True
            case commands.Run():
                return await self._run(person, place, trigger, want, asked=bool(asks))
            case _:
                return await self._answer(person, place, trigger, want)

    async def new_task(
        self, person: Person, place: Place, trigger: str, draft: TaskDraft, *, memory: str = "new", note: str = ""
    ) -> None:
        """Open the form for a new task. Raises NotAllowed, WrongState."""
        require(person, Role.OPERATOR, "save a task")
        fitting = draft.prompt is None or fits(draft.prompt)
        if not fitting:
            note = f"The text has {len(draft.prompt or ''):,} characters, more than a form holds: write a shorter one."
            draft = TaskDraft()

        async def fill() -> list[Json]:
            return task_blocks(draft, await self._projects(), note)

        await self._open(place, trigger, (NEW, "New task", "Save"), memory, fill)

    async def check(self, sent: Submitted) -> Mapping[str, str]:
        """Return what is wrong with a form, by field; nothing where that cannot be said in time."""
        try:
            async with asyncio.timeout(_PATIENCE):
                line_of(sent)
                taken = await self._taken(sent)
        except Unfit as error:
            return {name: sentence for name, sentence in error.faults.items() if name in sent.fields}
        except (SignoffError, TimeoutError) as error:
            log.warning("slack.form %s was not looked over: %s", sent.form, error)
            return {}
        except Exception:  # a form that cannot be looked over is taken all the same
            log.exception("slack.form %s was not looked over", sent.form)
            return {}
        return {"name": f"There is a task “{taken}” already."} if taken else {}

    async def _taken(self, sent: Submitted) -> str:
        """Return the name that a form gives to a task if another one has it; else nothing."""
        name = sent.fields.get("name")
        if name is None or sent.form not in {NEW, EDIT} or (sent.form == EDIT and name.now == name.before):
            return ""
        found = await self._core.store.tasks.find(name.text.strip())
        return found.name if found else ""

    async def _edit(self, person: Person, place: Place, trigger: str, want: Wanted) -> None:
        require(person, Role.OPERATOR, "edit a task")
        task = await self._core.tasks.show(want.memory.removeprefix("edit "))

        async def fill() -> list[Json]:
            return task_blocks(drafted(task), await self._projects())

        await self._open(place, trigger, (EDIT, "Edit task", "Save"), want.memory, fill)

    async def _run(self, person: Person, place: Place, trigger: str, want: Wanted, *, asked: bool) -> bool:
        """Open the form of a run that lacks values. What else is wrong with it is said when it is carried out."""
        command = want.command
        if not isinstance(command, commands.Run):
            return False
        require(person, Role.OPERATOR, "run a task")
        try:
            task = await self._core.tasks.show(command.name)
            blocks = run_blocks(task, command) if asked or missing(task, command) else None
        except SignoffError:
            return False
        if not blocks:
            return False

        async def fill() -> list[Json]:
            return blocks

        await self._open(place, trigger, (RUN, f"Run {task.name}", "Run"), want.memory, fill)
        return True

    async def _answer(self, person: Person, place: Place, trigger: str, want: Wanted) -> bool:
        """Open the form of a question. Raises NotAllowed, NotFound, WrongState."""
        asked = await self._core.approvals.find(want.memory.removeprefix("answer "))
        blocks = question_blocks(asked)
        if not blocks:
            return False
        if asked.state is not ApprovalState.OPEN:
            raise WrongState(f"This question is {asked.state.value} already.")
        actor = Actor(person=person, origin=place.origin)
        for waiting in await self._core.approvals.inbox(actor):
            if waiting.approval.id == asked.id and waiting.why_not:
                raise NotAllowed(waiting.why_not)

        async def fill() -> list[Json]:
            return blocks

        await self._open(place, trigger, (ANSWER, "Answer", "Send"), want.memory, fill)
        return True

    async def _open(self, place: Place, trigger: str, face: tuple[str, str, str], memory: str, fill: Fill) -> None:
        """Open a form, then fill it; what keeps it from being filled is said in it. `face`: kind, title, submit."""
        kind, title, submit = face
        shown = await self._windows.open(trigger, title)
        try:
            view = form(kind, title, submit, kept(place, memory), await fill())
        except SignoffError as error:
            view = notice(title, str(error))
        await self._windows.update(shown, view)

    async def _projects(self) -> list[str]:
        return [project.name for project in await self._core.projects.list()]
