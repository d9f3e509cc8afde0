"""Commands about what an agent has done, and about projects."""

from __future__ import annotations

from typing import assert_never

from bot import commands, views
from bot.handlers import find
from bot.messenger import Card
from runner.core import Core
from runner.model import Actor

Result = commands.Report | commands.Diff | commands.Merge | commands.Discard
Project = commands.ProjectAdd | commands.ProjectList | commands.ProjectShow | commands.ProjectRemove


class ResultHandlers:
    """Report, diff, merge, discard; and the git repositories known by name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, actor: Actor, command: Result | Project) -> Card:
        """Carry out one command."""
        if isinstance(command, Result):
            return await self._result(actor, command)
        return await self._project(actor, command)

    async def _result(self, actor: Actor, command: Result) -> Card:
        execution = await find.run(self._core, actor.origin, command.handle)
        match command:
            case commands.Report():
                made = await self._core.review.report(actor, execution.id, command.format or "html")
                card = views.report(execution, made)
            case commands.Diff():
                card = views.diff(*await self._core.review.diff(execution.id))
            case commands.Merge():
                card = views.merged(await self._core.review.merge(actor, execution.id))
            case commands.Discard():
                card = views.discarded(*await self._core.review.discard(actor, execution.id))
            case _:
                assert_never(command)
        return card

    async def _project(self, actor: Actor, command: Project) -> Card:
        projects = self._core.projects
        match command:
            case commands.ProjectAdd():
                added = await projects.add(actor, command.name, command.path, command.settings)
                card = views.project(*await projects.show(added.name), "Saved")
            case commands.ProjectList():
                card = views.projects(await projects.list())
            case commands.ProjectShow():
                card = views.project(*await projects.show(command.name))
            case commands.ProjectRemove():
                card = views.removed(await projects.remove(actor, command.name))
            case _:
                assert_never(command)
        return card
