"""Commands about saved tasks, and those that start a run."""

from __future__ import annotations

from typing import assert_never

from bot import commands, views
from bot.messenger import Card
from runner.core import Core
from runner.errors import MissingVariables
from runner.model import Actor, Enclosed

Command = commands.New | commands.Edit | commands.Show | commands.Delete | commands.Run | commands.Do


class TaskHandlers:
    """Saved tasks and the runs that begin with them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, actor: Actor, command: Command, enclosed: Enclosed) -> Card:
        """Carry out one command."""
        match command:
            case commands.New():
                card = await self._new(actor, command)
            case commands.Edit():
                card = await self._edit(actor, command)
            case commands.Show():
                card = views.task(await self._core.tasks.show(command.name), self._core.clock.now())
            case commands.Delete():
                card = views.deleted(await self._core.tasks.delete(actor, command.name))
            case commands.Run():
                card = await self._run(actor, command)
            case commands.Do():
                card = await self._do(actor, command, enclosed)
            case _:
                assert_never(command)
        return card

    async def _new(self, actor: Actor, command: commands.New) -> Card:
        task = await self._core.tasks.define(actor, command.draft)
        return views.task(task, self._core.clock.now(), "Saved")

    async def _edit(self, actor: Actor, command: commands.Edit) -> Card:
        task = await self._core.tasks.edit(actor, command.name, command.draft)
        return views.task(task, self._core.clock.now(), "Changed")

    async def _run(self, actor: Actor, command: commands.Run) -> Card:
        try:
            execution = await self._core.runs.run(actor, command.name, command.variables, command.options)
        except MissingVariables as error:
            given = commands.render(command).removeprefix(f"run {command.name}").strip()
            return views.missing(command.name, error.names, given, command.variables)
        return views.run(await self._core.runs.view(execution.id), self._core.clock.now())

    async def _do(self, actor: Actor, command: commands.Do, enclosed: Enclosed) -> Card:
        execution = await self._core.runs.do(actor, command.prompt, command.options, enclosed)
        return views.run(await self._core.runs.view(execution.id), self._core.clock.now())
