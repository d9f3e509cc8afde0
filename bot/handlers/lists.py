"""Commands that look at many things at once."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from bot import commands, views
from bot.hearing import Hearing
from bot.messenger import Card
from runner.core import Core
from runner.model import Actor
from runner.ports import ExecutionQuery, TaskQuery

FOUND_RUNS = 5  # newest runs that a search shows below the tasks; `runs WORDS` lists all

Command = commands.ListTasks | commands.Search | commands.Runs | commands.Status | commands.Inbox


class ListHandlers:
    """Lists, page by page."""

    def __init__(self, core: Core, hearing: Hearing | None = None) -> None:
        self._core = core
        self._hearing = hearing

    async def handle(self, actor: Actor, command: Command) -> Card:
        """Carry out one command."""
        match command:
            case commands.ListTasks():
                card = await self._list(actor, command)
            case commands.Search():
                card = await self._search(command)
            case commands.Runs():
                card = await self._runs(actor, command)
            case commands.Status():
                card = await self._status(command)
            case commands.Inbox():
                card = await self._inbox(actor, command)
            case _:
                assert_never(command)
        return card

    async def _list(self, actor: Actor, command: commands.ListTasks) -> Card:
        owner = actor.person.id if command.mine else None
        query = TaskQuery(tags=command.tags, project=command.project, owner_id=owner, after=command.after)
        page = await self._core.tasks.list(query)
        more = commands.render(replace(command, after=page.next))
        return views.tasks(page, self._core.clock.now(), more=more)

    async def _search(self, command: commands.Search) -> Card:
        page = await self._core.tasks.list(TaskQuery(text=command.text, after=command.after))
        query = ExecutionQuery(text=command.text, limit=FOUND_RUNS)
        found = () if command.after else (await self._core.runs.list(query)).items
        more = commands.render(replace(command, after=page.next))
        return views.tasks(page, self._core.clock.now(), more=more, found=found)

    async def _inbox(self, actor: Actor, command: commands.Inbox) -> Card:
        waiting = await self._core.approvals.inbox(actor)
        directory = await self._core.approvals.names()
        return views.inbox(waiting, self._core.clock.now(), directory, everything=command.everything)

    async def _status(self, command: commands.Status) -> Card:
        now = self._core.clock.now()
        if not command.handle:
            frozen, directory = await self._core.switch.frozen(), await self._core.approvals.names()
            ears = self._hearing.ears(now) if self._hearing else ()
            seen = views.Situation(frozen=frozen, directory=directory, ears=ears)
            return views.status(await self._core.runs.overview(), now, seen)
        view = await self._core.runs.view((await self._core.runs.find(command.handle)).id)
        return views.result(view, now) if view.execution.state.final else views.run(view, now)

    async def _runs(self, actor: Actor, command: commands.Runs) -> Card:
        task = await self._core.tasks.show(command.task) if command.task else None
        query = ExecutionQuery(
            states=command.states,
            task_id=task.id if task else None,
            project=command.project,
            person_id=actor.person.id if command.mine else None,
            text=command.text,
            after=command.after,
        )
        page = await self._core.runs.list(query)
        more = commands.render(replace(command, after=page.next))
        return views.runs(page, self._core.clock.now(), more)
