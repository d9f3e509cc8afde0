"""Drive one execution from its claim to its end.

Nothing here decides what becomes of an execution: the lifecycle does, and this module does what the row says. It
follows the row while the agent works: when the row says stopped, cancelled or taken over, the agent ends.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

from runner import inbox
from runner.advance import Advance, Fenced
from runner.attempt import Attempt
from runner.beside import beside
from runner.conclusion import Conclusion
from runner.errors import AgentRefused, SessionLost, SignoffError, WrongState
from runner.gate import Gates
from runner.lifecycle import Finished, Parked, PhaseReached, WorkerLost
from runner.model import Author, Execution, Message, Phase, Reason, State, new_id, uuid_of
from runner.ports import AgentResult, AgentSession, Prompt
from runner.recorder import Recorder
from runner.workspace import LOST, Workspace, Workspaces, placed
from runner.worktree import Worktree

log = logging.getLogger(__name__)

_LOOK_AGAIN = 1.0  # seconds between looks at the row when nothing rings; also the grain of the limit in minutes
_INTERRUPT_PATIENCE = 5.0  # seconds an agent may take to end its turn before it is killed
CONTINUE = "Continue where you stopped."


class Driver:
    """Drives claimed executions, any number at once."""

    def __init__(self, *, gates: Gates, workspaces: Workspaces, conclusion: Conclusion, hot_wait: float) -> None:
        """Make a driver that parks an execution when nobody has answered for `hot_wait` seconds."""
        self.hot_wait = hot_wait
        self._gates = gates
        self._store = gates.store
        self._clock = gates.clock
        self._changes = gates.changes
        self._advance: Advance = gates.advance
        self._workspaces = workspaces
        self._conclusion = conclusion

    async def drive(self, execution: Execution) -> None:
        """Drive a claimed execution until it ends, waits without us, or belongs to somebody else.

        Raises nothing but CancelledError; then the execution is given back so that it can be claimed again.
        """
        try:
            await self._attempt(execution)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(execution))
            raise
        except (Fenced, WrongState) as gone:
            log.info("execution.left %s: %s", execution.id, gone)
        except AgentRefused as error:
            await self._failed(execution, error, Reason.AGENT_REFUSED)
        except SignoffError as error:
            await self._failed(execution, error, Reason.SETUP_FAILED)
        except Exception as error:
            code = secrets.token_hex(3)
            log.exception("execution.broken %s (%s)", execution.id, code)
            hint = f"The log has the details under {code}. `retry` begins anew."
            unexpected = SignoffError(f"Unexpected: {type(error).__name__}.", hint=hint)
            await self._failed(execution, unexpected, Reason.INTERNAL)

    async def _attempt(self, execution: Execution) -> None:
        workspace = await self._workspaces.prepare(execution, lambda tree: self._placed(execution, tree))
        attempt = self._new_attempt(workspace.on(execution), workspace)
        try:
            if execution.attempt > 1:
                await attempt.recorder.cut_off()
            for warning in workspace.warnings:
                attempt.recorder.remark(warning)
            if workspace.meanwhile:
                attempt.recorder.remark(workspace.meanwhile)
                await attempt.gate.note(workspace.meanwhile)
            result = await self._converse(attempt)
            await attempt.recorder.cut_off()
        except BaseException:
            await asyncio.shield(attempt.workspace.session.kill())
            raise
        # Before the end is written: a follow-up may begin at once and wants this process.
        await self._workspaces.release(attempt.workspace, result)
        await self._conclude(attempt, result)

    async def _placed(self, execution: Execution, tree: Worktree) -> None:
        """Write down where the work is done, before anything is done there."""
        await self._advance(
            execution.id, PhaseReached(phase=Phase.WORKING), facts=lambda e: placed(e, tree), epoch=execution.epoch
        )

    def _new_attempt(self, execution: Execution, workspace: Workspace) -> Attempt:
        gate = self._gates.gate(execution, workspace.bounds)
        recorder = Recorder(
            execution=execution,
            worktree=workspace.bounds.worktree,
            store=self._store,
            clock=self._clock,
            advance=self._advance,
        )
        return Attempt(execution, workspace, gate, recorder, self._clock)

    async def _converse(self, attempt: Attempt) -> AgentResult:
        """Talk with the agent until it is idle and everything people said has reached it."""
        prompt = await self._opening(attempt)
        while True:
            try:
                result = await self._turn(attempt, attempt.workspace.session, prompt)
            except SessionLost as lost:
                log.warning("session.lost %s: %s", attempt.execution.id, lost)
                attempt.recorder.remark(LOST)
                attempt.workspace = await self._workspaces.reopen(attempt.workspace)
                attempt.execution = replace(attempt.execution, session=None, interrupted=False)
                attempt.said.clear()
                prompt = await self._opening(attempt)
                continue
            attempt.limit = attempt.limit or self._limit_reached(attempt, attempt.execution)
            prompt = await self._last_words(attempt, over=result.status != "ok" or bool(attempt.limit))
            if prompt is None:
                return result

    async def _turn(self, attempt: Attempt, session: AgentSession, prompt: Prompt | None) -> AgentResult:
        """Let the agent work, and follow the row meanwhile."""
        async with beside(self._follow(attempt, session), attempt.recorder.run()):
            result = await session.run(prompt, attempt)
        await attempt.recorder.settle()
        return result

    async def _follow(self, attempt: Attempt, session: AgentSession) -> None:
        """Pass on what people say, and end the agent when the row or a limit says so."""
        async for _ in self._changes.follow(attempt.execution.id, every=_LOOK_AGAIN, routine=False):
            execution = await self._store.executions.get(attempt.execution.id)
            ours = execution is not None and execution.epoch == attempt.execution.epoch
            if execution is None or not ours or execution.state not in {State.RUNNING, State.WAITING}:
                await self._end(attempt, session, cancelled=execution is None or execution.state.final or not ours)
                return
            attempt.limit = self._limit_reached(attempt, execution)
            if attempt.limit:
                await self._end(attempt, session, cancelled=False)
                return
            await self._pass_on(attempt, session)
            idle = attempt.idle_seconds
            if idle is not None and idle >= self.hot_wait and await self._park(attempt, session):
                return

    async def _park(self, attempt: Attempt, session: AgentSession) -> bool:
        """Let go of an execution that only waits: first in the store, so that no answer goes to a dying process."""
        await attempt.recorder.settle()
        mark, worked = await self._workspaces.mark(attempt.workspace), attempt.worked
        try:
            await self._advance(
                attempt.execution.id,
                Parked(),
                facts=lambda e: replace(e, mark=mark, worked=worked),
                epoch=attempt.execution.epoch,
            )
        except WrongState:  # the answer came at this moment
            return False
        await session.park()
        return True

    async def _end(self, attempt: Attempt, session: AgentSession, *, cancelled: bool) -> None:
        """End the agent's turn. With a question open nothing may answer it: then the process is killed."""
        if cancelled or attempt.gate.asking:
            await session.kill()
            return
        try:
            async with asyncio.timeout(_INTERRUPT_PATIENCE):
                await session.interrupt()
                await asyncio.Event().wait()  # until `run` returns and ends this wait
        except TimeoutError:
            await session.kill()

    def _limit_reached(self, attempt: Attempt, execution: Execution) -> str:
        limits = execution.options.limits
        if limits.tokens is not None and attempt.recorder.usage.tokens > limits.tokens:
            return f"{limits.tokens:,} tokens are used up"
        if limits.minutes is None or execution.state is State.WAITING:
            return ""
        return f"{limits.minutes:g} minutes are over" if attempt.worked > limits.minutes * 60 else ""

    async def _pass_on(self, attempt: Attempt, session: AgentSession) -> None:
        for message in await self._unsaid(attempt):
            if (said := await self._take(attempt, message)) is not None:
                await session.say(said)

    async def _unsaid(self, attempt: Attempt) -> list[Message]:
        messages = await self._store.executions.messages(attempt.execution.id, undelivered=not attempt.forgotten)
        return [m for m in messages if m.id not in attempt.said and _waits(m, attempt.forgotten)]

    async def _opening(self, attempt: Attempt) -> Prompt | None:
        """Find the words to begin with; None takes up an interrupted turn."""
        execution = attempt.execution
        attempt.forgotten = await self._forgotten(attempt)
        if execution.interrupted and not attempt.forgotten:
            return None
        if (said := await self._next(attempt)) is not None:
            return said
        return _prompt(CONTINUE if execution.session else execution.prompt)

    async def _forgotten(self, attempt: Attempt) -> frozenset[str]:
        """Find what has reached the agent and is not in its conversation: an earlier process died too soon."""
        told = [m for m in await self._store.executions.messages(attempt.execution.id) if m.delivered_at]
        if attempt.execution.session is None:
            return frozenset(m.id for m in told)
        session = attempt.workspace.session
        return frozenset([m.id for m in told if not await session.holds(uuid_of(m.id))])

    async def _last_words(self, attempt: Attempt, *, over: bool) -> Prompt | None:
        """Find what was said too late for the turn that has just ended; None if there is nothing, or it is `over`.

        The row listens no more before it is looked for. So what is said from then on is for the next execution of the
        conversation, and nothing is said to one that nobody reads it in.
        """
        # What was sent has been read by now. What was about to be sent when the turn ended has not.
        attempt.said &= attempt.forgotten
        try:
            await self._reach(attempt, Phase.CHECKING)
            prompt = None if over else await self._next(attempt)
            if prompt is not None:
                await self._reach(attempt, Phase.WORKING)
        except WrongState:  # it was stopped or cancelled, or it asks: then it is not over
            return None
        return prompt

    async def _reach(self, attempt: Attempt, phase: Phase) -> None:
        await self._advance(attempt.execution.id, PhaseReached(phase=phase), epoch=attempt.execution.epoch)

    async def _next(self, attempt: Attempt) -> Prompt | None:
        """Find what the agent has not been told, if there is anything."""
        for message in await self._unsaid(attempt):
            if (said := await self._take(attempt, message)) is not None:
                return said
        return None

    async def _take(self, attempt: Attempt, message: Message) -> Prompt | None:
        """Take what a person said for the agent, as it reads by now; None if it was withdrawn."""
        attempt.said.add(message.id)
        handed = await self._store.executions.hand(message, self._clock.now())
        return _prompt_of(handed) if handed else None

    async def _conclude(self, attempt: Attempt, result: AgentResult) -> None:
        """Bring the attempt to its end, unless somebody has decided otherwise meanwhile."""
        execution = await self._store.executions.get(attempt.execution.id)
        if execution is None or execution.epoch != attempt.execution.epoch:
            raise Fenced("The execution was taken over.")
        if execution.state is State.WAITING:
            if result.status in {"failed", "refused"}:
                # The agent died under an open question: the question stays, and its answer starts an agent again.
                await self._advance(execution.id, WorkerLost(), epoch=execution.epoch)
                return
        elif execution.state is not State.RUNNING:
            return
        await attempt.gate.close()
        await self._gates.switch.passed()
        await self._conclusion.reach(execution, attempt.workspace, _result(attempt, result))

    async def _failed(self, execution: Execution, error: SignoffError, reason: Reason) -> None:
        await self._quietly(
            execution,
            lambda: self._advance(
                execution.id,
                Finished(state=State.FAILED, reason=reason),
                facts=lambda e: replace(e, error=error.message, hint=error.hint),
                epoch=execution.epoch,
            ),
        )

    async def _give_back(self, execution: Execution) -> None:
        await self._quietly(execution, lambda: self._advance(execution.id, WorkerLost(), epoch=execution.epoch))

    async def _quietly(self, execution: Execution, write: Callable[[], Awaitable[Execution]]) -> None:
        """Write the end of an attempt; what cannot be written now is found again by reconciling."""
        try:
            await write()
        except SignoffError as error:
            log.warning("execution.unwritten %s: %s", execution.id, error)


def _result(attempt: Attempt, result: AgentResult) -> AgentResult:
    """Say how the turn ended in view of what we did to it."""
    text = result.text or attempt.recorder.last_text
    if attempt.limit:
        return AgentResult(status="limit", text=text, error=f"Ended at its limit: {attempt.limit}.")
    if result.status == "interrupted":
        return AgentResult(status="failed", text=text, error="The agent ended in the middle of its turn.")
    return replace(result, text=text)


def _waits(message: Message, forgotten: frozenset[str]) -> bool:
    """Whether a message is still to be said."""
    return message.id in forgotten or (message.author is Author.PERSON and message.delivered_at is None)


def _prompt(text: str) -> Prompt:
    return Prompt(id=uuid_of(new_id()), text=text)


def _prompt_of(message: Message) -> Prompt:
    return Prompt(id=uuid_of(message.id), text=inbox.told(message), images=message.images)
