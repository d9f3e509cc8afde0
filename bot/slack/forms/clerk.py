"""Offers forms, and looks over what was sent in one.

A form is opened empty at once, since Slack allows three seconds, and filled as soon as is known with what.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot import commands
from bot.forms import checks
from bot.forms.question import ANSWER
from bot.forms.reading import Wanted, wanted
from bot.forms.run import RUN
from bot.forms.task import EDIT, NAME, NEW, drafted
from bot.forms.unfit import Unfit
from bot.measure import units
from bot.slack.forms.follow import Follower
from bot.slack.forms.inputs import fits
from bot.slack.forms.question import question_blocks
from bot.slack.forms.reading import line_of
from bot.slack.forms.run import run_blocks
from bot.slack.forms.task import task_blocks
from bot.slack.forms.windows import Windows
from bot.slack.heard import Place, Submitted, Typed
from bot.slack.surfaces import METADATA, form, notice
from runner.core import Core
from runner.errors import SignoffError
from runner.model import Actor, Json, Person
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
        if want is None or units(place.kept(want.memory)) > METADATA:
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
        checks.may_save(person)
        fitting = draft.prompt is None or fits(draft.prompt)
        if not fitting:
            note = f"The text has {len(draft.prompt or ''):,} characters, more than a form holds: write a shorter one."
            draft = TaskDraft()

        async def fill() -> list[Json]:
            return task_blocks(draft, await checks.projects(self._core), note)

        await self._open(place, trigger, (NEW, "New task", "Save"), memory, fill)

    async def check(self, sent: Submitted) -> Mapping[str, str]:
        """Return what is wrong with a form, by field; nothing where that cannot be said in time."""
        try:
            async with asyncio.timeout(_PATIENCE):
                line_of(sent)
                taken = await checks.taken(self._core, sent.form, sent.fields)
        except Unfit as error:
            return {name: sentence for name, sentence in error.faults.items() if name in sent.fields}
        except (SignoffError, TimeoutError) as error:
            log.warning("slack.form %s was not looked over: %s", sent.form, error)
            return {}
        except Exception:  # a form that cannot be looked over is taken all the same
            log.exception("slack.form %s was not looked over", sent.form)
            return {}
        return {NAME: taken} if taken else {}

    async def _edit(self, person: Person, place: Place, trigger: str, want: Wanted) -> None:
        task = await checks.task_to_edit(self._core, person, want.memory.removeprefix("edit "))

        async def fill() -> list[Json]:
            return task_blocks(drafted(task), await checks.projects(self._core))

        await self._open(place, trigger, (EDIT, "Edit task", "Save"), want.memory, fill)

    async def _run(self, person: Person, place: Place, trigger: str, want: Wanted, *, asked: bool) -> bool:
        """Open the form of a run that lacks values. What else is wrong with it is said when it is carried out."""
        command = want.command
        if not isinstance(command, commands.Run):
            return False
        task = await checks.task_to_run(self._core, person, command, asked=asked)
        blocks = run_blocks(task, command) if task else None
        if not task or not blocks:
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
        await checks.answerable(self._core, Actor(person=person, origin=place.origin), asked)

        async def fill() -> list[Json]:
            return blocks

        await self._open(place, trigger, (ANSWER, "Answer", "Send"), want.memory, fill)
        return True

    async def _open(self, place: Place, trigger: str, face: tuple[str, str, str], memory: str, fill: Fill) -> None:
        """Open a form, then fill it; what keeps it from being filled is said in it. `face`: kind, title, submit."""
        kind, title, submit = face
        shown = await self._windows.open(trigger, title)
        try:
            view = form(kind, title, submit, place.kept(memory), await fill())
        except SignoffError as error:
            view = notice(title, str(error))
        await self._windows.update(shown, view)
