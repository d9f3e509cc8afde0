"""Where everything that people say arrives: text in, cards out, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import assert_never

from bot import commands, views
from bot.fronts import Fronts
from bot.handlers import home, link, lists, people, questions, results, rules, runs, tasks
from bot.hearing import Hearing
from bot.messenger import Card, Incoming
from runner.core import Core
from runner.errors import BadInput, NotFound, SignoffError, StoreAway, UnknownCommand
from runner.model import Actor, Enclosed, Origin, Person, handle, new_id
from runner.ports import ExecutionQuery, TaskQuery

NAMES_OFFERED = 50  # newest tasks and runs whose tags and handles completion offers

_NOWHERE = Origin(messenger="", channel="")

log = logging.getLogger(__name__)


class Handlers:
    """Carries out commands for all front ends; that raises StoreAway, and nothing else but when it is cancelled.

    `hearing` is what `status` says of the front ends, `fronts` where their bots are found.
    """

    def __init__(self, core: Core, fronts: Fronts | None = None, hearing: Hearing | None = None) -> None:
        self._core = core
        fronts = fronts or Fronts()
        self._tasks = tasks.TaskHandlers(core)
        self._lists = lists.ListHandlers(core, hearing)
        self._runs = runs.RunHandlers(core)
        self._questions = questions.QuestionHandlers(core)
        self._rules = rules.RuleHandlers(core)
        self._link = link.LinkHandlers(core, fronts)
        self._people = people.PeopleHandlers(core, fronts)
        self._results = results.ResultHandlers(core)
        self._home = home.HomeHandlers(core, fronts)

    async def handle(self, incoming: Incoming) -> tuple[Card, ...]:
        """Carry out what a person said or pressed and return what is to be shown to them."""
        actor = Actor(person=incoming.person, origin=incoming.origin, source=incoming.source)
        return await self._explained(actor.person.name, self._said(actor, incoming))

    async def correct(self, incoming: Incoming, *, withdrawn: bool = False) -> tuple[Card, ...]:
        """Let what a person said before in this message read as it does now, or take it back.

        Returns what is to be shown: nothing, unless the agent has got it already.
        """
        actor = Actor(person=incoming.person, origin=incoming.origin, source=incoming.source)
        return await self._explained(actor.person.name, self._runs.correct(actor, None if withdrawn else incoming.text))

    async def stranger(self, messenger: str, identity: str, text: str = "") -> tuple[Card, ...]:
        """Answer somebody whom Signoff does not know: a code links their account, anything else tells how to be let in.

        What is returned is for them alone.
        """
        try:
            command = commands.parse(text)
        except SignoffError:
            command = None
        if isinstance(command, commands.Redeem):
            return await self._explained(identity, self._link.redeem(messenger, identity, command.code))
        return views.stranger(identity, messenger)

    async def _explained(self, who: str, work: Awaitable[Card | None]) -> tuple[Card, ...]:
        """Return what comes of it; an error is a card as well."""
        try:
            card = await work
        except StoreAway:
            raise  # nobody could be told by way of a store that takes nothing
        except SignoffError as error:
            return (views.error(error),)
        except Exception:  # whatever goes wrong, the person hears of it and the daemon goes on
            name = handle(new_id())
            log.exception("error %s while carrying out a command of %s", name, who)
            return (views.unexpected(name),)
        return (card,) if card else ()

    async def home(self, person: Person) -> tuple[Card, ...]:
        """Compose a person's own page. Raises StorageError."""
        return await self._home.page(person)

    async def names(self, person: Person) -> commands.Names:
        """Return what completion offers to a person."""
        core = self._core
        saved = await core.tasks.list(TaskQuery(limit=NAMES_OFFERED))
        executions = await core.runs.list(ExecutionQuery(limit=NAMES_OFFERED))
        waiting = await core.approvals.inbox(Actor(person=person, origin=_NOWHERE))
        return commands.Names(
            tasks=tuple(await core.tasks.names()),
            handles=tuple(handle(execution.id) for execution in executions.items),
            approvals=tuple(handle(each.approval.id) for each in waiting),
            projects=tuple(project.name for project in await core.projects.list()),
            tags=tuple(sorted({tag for task in saved.items for tag in task.tags})),
            people=tuple((await core.people.names()).values()),
        )

    async def _said(self, actor: Actor, incoming: Incoming) -> Card:
        """Carry out a command; plain text is said to the live run of the channel. It never answers a question."""
        text = incoming.text
        try:
            command = commands.parse(text)
        except UnknownCommand:
            card = None if _meant_as_command(text) else await self._runs.steer(actor, text.strip(), incoming.enclosed)
            if card is None:
                raise
            return card
        except BadInput as error:
            if commands.addressed(text) or not await self._runs.live(actor):
                raise
            hint = f"{error.hint} To say this to the agent, begin with `say`."
            raise BadInput(error.message, hint=hint) from error
        return await self._carried_out(actor, command, incoming)

    async def _carried_out(self, actor: Actor, command: commands.Command, incoming: Incoming) -> Card:
        if isinstance(command, commands.Show):
            return await self._show(actor, command)
        if isinstance(command, tasks.Command):
            return await self._tasks.handle(actor, command, incoming.enclosed)
        if isinstance(command, lists.Command):
            return await self._lists.handle(actor, command)
        if isinstance(command, runs.Command):
            return await self._runs.handle(actor, command, incoming.enclosed)
        if isinstance(command, questions.Command):
            return await self._questions.handle(actor, command)
        if isinstance(command, rules.Command):
            return await self._rules.handle(actor, command)
        if isinstance(command, people.Command):
            return await self._people.handle(actor, command, incoming.identity)
        if isinstance(command, results.Result | results.Project):
            return await self._results.handle(actor, command)
        if isinstance(command, commands.Help):
            return views.help_one(commands.TABLE[command.word]) if command.word else views.help_all(commands.ENTRIES)
        assert_never(command)

    async def _show(self, actor: Actor, command: commands.Show) -> Card:
        """Show a task; what is no task's name may be the id of a run or a question."""
        try:
            return await self._tasks.handle(actor, command, Enclosed())
        except NotFound:
            if commands.sure_handle(command.name):
                with suppress(NotFound, BadInput):
                    return await self._runs.handle(actor, commands.View(handle=command.name), Enclosed())
            raise


def _meant_as_command(text: str) -> bool:
    """Whether an unknown word belongs to a command with a slip, not to something that is to be said to an agent."""
    first, *others = text.split()
    return commands.addressed(text) or first.lower() in commands.TABLE or (not others and commands.mistyped(first))
