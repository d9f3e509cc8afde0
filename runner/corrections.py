"""The use cases about what people said and then changed or took back, in a chat product where that can be done."""

from __future__ import annotations

from dataclasses import replace

from runner import journal, prompt
from runner.errors import WrongState
from runner.model import Actor, ChangeKind, Execution, Message, Role, State
from runner.people import require
from runner.ports import Batch, Clock, Store
from runner.runs import Runs, titled

_SAY_AGAIN = "Say what you want to change."


class Corrections:
    """Change or take back what was said, as long as the agent has not got it."""

    def __init__(self, *, store: Store, clock: Clock, runs: Runs) -> None:
        self._store = store
        self._clock = clock
        self._runs = runs

    async def find(self, source: str) -> Message | None:
        """Return what was said to an agent in this message of a chat product; None if nothing was."""
        return await self._store.executions.said(source)

    async def reword(self, actor: Actor, message: Message, text: str) -> None:
        """Let the agent read another text. Raises NotAllowed, EmptyPrompt, WrongState if it has got the old one."""
        require(actor.person, Role.OPERATOR, "speak to an agent")
        text = prompt.check(text)
        if text == message.text:
            return
        batch = self._entry(actor, message, "changed")
        began = await self._begun_by(message)
        if began is None:
            done = await self._store.executions.reword(message, text, batch)
        else:
            after = replace(began, prompt=text, title=titled(text))
            batch = replace(batch, messages=(replace(message, text=text),))
            done = _untouched(began) and await self._store.executions.transition(began, after, batch)
        if not done:
            raise WrongState("The agent has got this already as it was.", hint=_SAY_AGAIN)

    async def withdraw(self, actor: Actor, message: Message) -> None:
        """Let the agent never read it; a run that began with it is cancelled. Raises NotAllowed, WrongState."""
        require(actor.person, Role.OPERATOR, "speak to an agent")
        began = await self._begun_by(message)
        if began is None:
            done = await self._store.executions.reword(message, None, self._entry(actor, message, "withdrawn"))
        elif done := _untouched(began):
            await self._runs.cancel(actor, began.id)
        if not done:
            raise WrongState("The agent has got this already, although it was deleted.", hint=_SAY_AGAIN)

    async def _begun_by(self, message: Message) -> Execution | None:
        """Return the run that began with a message."""
        first = (await self._store.executions.messages(message.execution_id))[0]
        return await self._store.executions.get(message.execution_id) if first.id == message.id else None

    def _entry(self, actor: Actor, message: Message, what: str) -> Batch:
        return journal.entry(
            actor,
            ChangeKind.MESSAGE,
            f"message.{what}",
            message.id,
            self._clock.now(),
            execution_id=message.execution_id,
        )


def _untouched(execution: Execution) -> bool:
    """Whether no worker has begun it."""
    return execution.state is State.PENDING and execution.attempt == 0
