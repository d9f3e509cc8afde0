"""Write what the lifecycle decides: read the case, decide, write on conditions, look again if somebody was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runner.errors import NotFound, SignoffError, StorageError
from runner.lifecycle import Case, Decision, Event, decide
from runner.model import ApprovalState, Execution
from runner.ports import Batch, Clock, Store

_TRIES = 20  # each lost try means that somebody else got something done

Facts = Callable[[Execution], Execution]
Reaction = Callable[[Case], tuple[Event, Batch]]


class Fenced(SignoffError):
    """The execution belongs to a newer claim, or is over: whoever holds the older one must end its agent at once."""


class Advance:
    """The one way in which an execution changes its state. `wake` is called when there may be something to claim."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._clock = clock
        self.wake = wake

    async def __call__(
        self,
        execution_id: str,
        event: Event,
        *,
        facts: Facts | None = None,
        batch: Batch | None = None,
        epoch: int | None = None,
    ) -> Execution:
        """Let an event happen to an execution and return the execution afterwards.

        `facts` adds what the caller learnt to the execution, in the same transaction; `batch` is written along.
        Raises NotFound, WrongState or AlreadyAnswered as the lifecycle does, Fenced if `epoch` is not the newest.
        """
        extra = batch or Batch()
        return (await self.react(execution_id, lambda _: (event, extra), facts=facts, epoch=epoch)).execution

    async def react(
        self, execution_id: str, reaction: Reaction, *, facts: Facts | None = None, epoch: int | None = None
    ) -> Decision:
        """Let that event happen which fits the case as it is at this moment; `reaction` names it and what goes along.

        It is asked again when somebody was faster. Raises what `__call__` and `reaction` raise.
        """
        for _ in range(_TRIES):
            before = await self._current(execution_id, epoch)
            case = await self._case(facts(before) if facts else before)
            event, extra = reaction(case)
            decision = decide(case, event, self._clock.now())
            if await self._store.executions.transition(before, decision.execution, _merged(decision, extra)):
                if decision.wake:
                    self.wake()
                return decision
        raise StorageError("The execution is changed by too many at once.", hint="Try again.")

    async def note(self, execution_id: str, facts: Facts, *, epoch: int, batch: Batch | None = None) -> Execution:
        """Write what a worker learnt without changing the state. Raises NotFound, Fenced."""
        for _ in range(_TRIES):
            before = await self._current(execution_id, epoch)
            after = facts(before)
            if await self._store.executions.transition(before, after, batch or Batch()):
                return after
        raise StorageError("The execution is changed by too many at once.", hint="Try again.")

    async def _current(self, execution_id: str, epoch: int | None) -> Execution:
        execution = await self._store.executions.get(execution_id)
        if execution is None:
            raise NotFound(f"There is no execution {execution_id}.")
        if epoch is not None and execution.epoch != epoch:
            raise Fenced("The execution was taken over.")
        return execution

    async def _case(self, execution: Execution) -> Case:
        approvals = await self._store.approvals.of(execution.id)
        return Case(execution=execution, open=tuple(a for a in approvals if a.state is ApprovalState.OPEN))


def _merged(decision: Decision, extra: Batch) -> Batch:
    return replace(
        extra,
        changes=decision.changes + extra.changes,
        open=decision.open + extra.open,
        amend=decision.amend + extra.amend,
        settle=decision.settle + extra.settle,
    )
