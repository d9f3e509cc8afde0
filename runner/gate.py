"""The gate that every step of every agent passes: deny floor, rules, an answer already given, or a person.

`judge` decides at once what policy decides. `ask` writes the question and the waiting state in one transaction before
anybody is shown anything, and returns when the answer is stored. An answer is handed to an agent once, and only for
exactly the input that was shown; after a restart the agent asks again, and the stored answer is found by its digest.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from runner.advance import Advance, Fenced
from runner.lifecycle import Asked, Withdrawn
from runner.model import (
    Access,
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Choice,
    Execution,
    Question,
    Rule,
    Ruling,
    Scope,
    State,
    ToolCall,
    digest,
    new_id,
    value,
)
from runner.policy import PolicyContext, describe, judge, suggest_rule
from runner.ports import Batch, Changes, Clock, Store

_PATHS = ("file_path", "notebook_path", "path")  # how file tools name what they touch
_KINDS = {"AskUserQuestion": AskKind.QUESTION, "ExitPlanMode": AskKind.PLAN}


@value
class Bounds:
    """Where an execution may move: its worktree, what else it may read, and the rules that do not change meanwhile."""

    worktree: Path
    home: Path
    read_dirs: tuple[Path, ...] = ()
    access: Access = Access.WRITE
    rules: tuple[Rule, ...] = ()  # of task, project and configuration, narrowest first


class Gate:
    """The gate of one attempt of one execution."""

    def __init__(
        self, *, execution: Execution, bounds: Bounds, store: Store, clock: Clock, changes: Changes, advance: Advance
    ) -> None:
        self._execution = execution
        self._bounds = bounds
        self._store = store
        self._clock = clock
        self._changes = changes
        self._advance = advance
        self.asking: set[str] = set()  # approvals this attempt waits for now

    async def judge(self, call: ToolCall) -> Ruling:
        """Say what policy says to a step, with the rules in force at this moment."""
        return judge(await asyncio.to_thread(_resolved, call, self._bounds.worktree), await self._context())

    async def ask(self, call: ToolCall) -> tuple[Approval, Answer]:
        """Wait for the answer to a step, and return it with its approval.

        A stored answer to this very step, not handed over yet, counts. Raises Fenced or WrongState when the execution
        is not this attempt's any more. When cancelled it withdraws nothing: the question outlives the process.
        """
        approval = await self._stored(call) or await self._open(call)
        self.asking.add(approval.id)
        try:
            settled = await self._settled(approval.id)
        finally:
            self.asking.discard(approval.id)
        if not await self._store.executions.record(self._execution, Batch(deliver=(settled.id,))):
            raise Fenced("The answer belongs to a newer attempt.")
        return settled, await self._for_agent(settled)

    async def withdraw_stale(self) -> None:
        """Withdraw questions that were left open by an attempt that did not live to hear the answer.

        Called when the agent has finished its turn without asking again.
        """
        for approval in await self._store.approvals.of(self._execution.id):
            if approval.state is ApprovalState.OPEN:
                event = Withdrawn(approval_id=approval.id)
                await self._advance(self._execution.id, event, epoch=self._execution.epoch)

    async def _context(self) -> PolicyContext:
        granted = await self._store.approvals.rules(Scope.RUN, self._execution.conversation_id)
        return PolicyContext(
            worktree=str(self._bounds.worktree),
            read_paths=tuple(str(path) for path in self._bounds.read_dirs),
            home=str(self._bounds.home),
            access=self._bounds.access,
            rules=(*granted, *self._bounds.rules),
            now=self._clock.now(),
        )

    async def _stored(self, call: ToolCall) -> Approval | None:
        """Find a question about exactly this step that is open, or answered and not handed over yet."""
        wanted = digest(call.tool, call.input)
        for approval in await self._store.approvals.of(self._execution.id):
            waiting = approval.state is ApprovalState.OPEN and approval.id not in self.asking
            answered = approval.answer is not None and approval.delivered_at is None
            if approval.input_digest == wanted and (waiting or answered):
                return approval
        return None

    async def _open(self, call: ToolCall) -> Approval:
        context = await self._context()
        ruling = await self.judge(call)
        _, title = describe(call, worktree=str(self._bounds.worktree))
        approval = Approval(
            id=new_id(),
            execution_id=self._execution.id,
            kind=_KINDS.get(call.tool, AskKind.STEP),
            tool=call.tool,
            tool_use_id=call.tool_use_id,
            input=call.input,
            input_digest=digest(call.tool, call.input),
            title=title,
            reason=ruling.reason,
            labels=ruling.labels,
            questions=questions(call),
            suggested_rule=suggest_rule(call, context),
            asked_at=self._clock.now(),
        )
        await self._advance(self._execution.id, Asked(approval=approval), epoch=self._execution.epoch)
        return approval

    async def _settled(self, approval_id: str) -> Approval:
        """Wait until the approval is settled and this attempt may go on with it."""
        async for _ in self._changes.follow(self._execution.id):
            approval = await self._store.approvals.get(approval_id)
            if approval is None or approval.state is ApprovalState.OPEN:
                continue
            execution = await self._store.executions.get(self._execution.id)
            if execution is None or execution.epoch != self._execution.epoch or approval.answer is None:
                break
            if execution.state in {State.RUNNING, State.WAITING}:
                return approval
            break
        raise Fenced("The run is over.")

    async def _for_agent(self, approval: Approval) -> Answer:
        """Word a denial so that the agent knows who said it."""
        answer = approval.answer or Answer(approve=False)
        if answer.approve:
            return answer
        person = await self._store.people.person(approval.answered_by) if approval.answered_by else None
        name = person.name if person else "a person"
        note = f"Denied by {name}: {answer.note}" if answer.note else f"Denied by {name}."
        return replace(answer, note=note)


def _resolved(call: ToolCall, worktree: Path) -> ToolCall:
    """Name the files that a file tool really meant: policy reads no disk, and a repository may hold links."""
    real = {}
    for key in _PATHS:
        named = call.input.get(key)
        if isinstance(named, str) and named and "\0" not in named:
            place = worktree / named
            with suppress(OSError, RuntimeError):
                if any(p.is_symlink() for p in (place, *place.parents) if p.is_relative_to(worktree)):
                    real[key] = str(place.resolve())
    return replace(call, input={**call.input, **real}) if real else call


def questions(call: ToolCall) -> tuple[Question, ...]:
    """Read the questions out of an AskUserQuestion call; other calls have none."""
    if call.tool != "AskUserQuestion":
        return ()
    return tuple(
        Question(
            text=str(raw.get("question", "")),
            header=str(raw.get("header", "")),
            choices=tuple(
                Choice(label=str(option.get("label", "")), description=str(option.get("description", "")))
                for option in raw.get("options", ())
            ),
            multiple=bool(raw.get("multiSelect", False)),
        )
        for raw in call.input.get("questions", ())
    )
