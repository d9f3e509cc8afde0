"""Commands about one run."""

from __future__ import annotations

from typing import assert_never

from bot import commands, views
from bot.handlers import find
from bot.messenger import Card
from runner.core import Core
from runner.errors import NotFound, SignoffError, WrongState
from runner.model import Actor, ApprovalState, Enclosed, Execution, Message, State, handle

Command = (
    commands.Log | commands.View | commands.Say | commands.Stop | commands.Resume | commands.Cancel | commands.Retry
)


class RunHandlers:
    """Looking at a run, speaking to its agent, and moving it from state to state."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, actor: Actor, command: Command, enclosed: Enclosed) -> Card:
        """Carry out one command."""
        runs = self._core.runs
        match command:
            case commands.Log():
                card = await self._log(actor, command)
            case commands.View():
                card = await self._view(actor, command)
            case commands.Say():
                card = await self._say(actor, command, enclosed)
            case commands.Stop():
                execution = await find.run(self._core, actor.origin, command.handle, find.LIVE)
                card = await self._card(await runs.stop(actor, execution.id))
            case commands.Resume():
                card = await self._resume(actor, command)
            case commands.Cancel():
                execution = await find.run(self._core, actor.origin, command.handle, (*find.LIVE, State.STOPPED))
                card = await self._card(await runs.cancel(actor, execution.id))
            case commands.Retry():
                execution = await find.run(self._core, actor.origin, command.handle, find.ENDED)
                card = await self._card(await runs.retry(actor, execution.id))
            case _:
                assert_never(command)
        return card

    async def live(self, actor: Actor) -> Execution | None:
        """Return the newest live run of the channel, if there is one."""
        try:
            return await self._core.runs.latest(actor.origin, states=find.LIVE)
        except NotFound:
            return None

    async def steer(self, actor: Actor, text: str, enclosed: Enclosed) -> Card | None:
        """Say a plain text to the newest live run of the channel; None if nothing is live there."""
        execution = await self.live(actor)
        return await self._said(actor, execution, text, enclosed) if execution else None

    async def correct(self, actor: Actor, text: str | None) -> None:
        """Let what was said in the actor's message read so, or take it back (None). Other messages are left alone."""
        said = await self._core.corrections.find(actor.source) if actor.source else None
        if said is None:
            return
        if text is None:
            await self._core.corrections.withdraw(actor, said)
        else:
            await self._core.corrections.reword(actor, said, await self._meant(actor, said, text))

    async def _meant(self, actor: Actor, said: Message, text: str) -> str:
        """Return what the agent is to read of a message, which may begin with a word of the grammar.

        Raises WrongState if more than that was changed.
        """
        try:
            command = commands.parse(text)
        except SignoffError:  # plain text
            return text
        match command:
            case commands.Do() if _as_begun(command, await self._core.runs.find(said.execution_id)):
                return command.prompt
            case commands.Say():
                return (await find.run_and_text(self._core, actor.origin, command.handle, command.text))[1]
            case commands.Do() | commands.Run() | commands.Resume():
                raise WrongState("A command is not changed by editing it.", hint="Give it again as you mean it.")
            case _:
                return text

    async def _card(self, execution: Execution) -> Card:
        return views.run(await self._core.runs.view(execution.id), self._core.clock.now())

    async def _log(self, actor: Actor, command: commands.Log) -> Card:
        execution = await find.run(self._core, actor.origin, command.handle)
        view = await self._core.runs.view(execution.id)
        return views.log(view, self._core.clock.now(), await self._core.people.names())

    async def _view(self, actor: Actor, command: commands.View) -> Card:
        """Show an approval whole; a handle that is no approval's is a run's."""
        try:
            asked = await find.approval(self._core, actor, command.handle)
        except NotFound:
            execution = await find.run(self._core, actor.origin, command.handle)
            view = await self._core.runs.view(execution.id)
            now = self._core.clock.now()
            return views.result(view, now) if execution.state.final else views.run(view, now)
        execution = await self._core.runs.find(asked.execution_id)
        directory = await self._core.approvals.names()
        if asked.state is ApprovalState.OPEN:
            frozen = await self._core.switch.frozen()
            return views.approval(asked, execution, directory=directory, whole=True, frozen=frozen)
        return views.decided(asked, execution, directory)

    async def _say(self, actor: Actor, command: commands.Say, enclosed: Enclosed) -> Card:
        execution, text = await find.run_and_text(self._core, actor.origin, command.handle, command.text)
        return await self._said(actor, execution, text, enclosed)

    async def _said(self, actor: Actor, execution: Execution, text: str, enclosed: Enclosed) -> Card:
        taker = await self._core.runs.say(actor, execution.id, text, enclosed)
        if taker.id != execution.id:
            return await self._card(taker)
        name = f"{execution.title} ({handle(execution.id)})"
        hint = "A question is still open; this did not answer it." if execution.state is State.WAITING else ""
        said = {"execution_id": execution.id, "text": text}
        return views.note(f"Said to the agent of {name}", hint, receipt=not hint, **said)

    async def _resume(self, actor: Actor, command: commands.Resume) -> Card:
        execution, text = await find.run_and_text(
            self._core, actor.origin, command.handle, command.text, (State.STOPPED,)
        )
        return await self._card(await self._core.runs.resume(actor, execution.id, text))


def _as_begun(command: commands.Do, execution: Execution) -> bool:
    """Whether the options of a command are those with which its run has begun."""
    options = command.options
    asked = (options.project, options.priority, options.model, options.reports)
    begun = (execution.project, execution.priority, execution.options.model, execution.reports)
    return all(one is None or one == other for one, other in zip(asked, begun, strict=True))
