"""The gate that every step of every agent passes: deny floor, rules, an answer already given, or a person.

`judge` decides at once what policy decides. `ask` writes the question and the waiting state in one transaction before
anybody is shown anything, and returns when the answer is stored. An answer is handed to an agent once, and only for
exactly the input that was shown; after a restart or a parking the agent asks again, and the stored answer is found by
the name of the call or by its digest.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from runner.advance import Advance, Fenced
from runner.asking import Asking
from runner.freeze import KillSwitch
from runner.lifecycle import Asked, Withdrawn
from runner.model import (
    Access,
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Change,
    ChangeKind,
    Choice,
    Execution,
    Question,
    Rule,
    Ruling,
    Scope,
    State,
    StepStatus,
    ToolCall,
    Verdict,
    digest,
    new_id,
    value,
)
from runner.policy import PolicyContext, describe, judge, offers, signature
from runner.ports import Batch, Changes, Clock, Store

_NOT_TAKEN = "The agent did not come back to this step: it did not run."
_CUT_OFF = frozenset({StepStatus.RUNNING, StepStatus.INTERRUPTED})  # the record does not say what came of such a step
_PATHS = ("file_path", "notebook_path", "path")  # how file tools name what they touch
_LIVE = frozenset({State.RUNNING, State.WAITING})
_KINDS = {"AskUserQuestion": AskKind.QUESTION, "ExitPlanMode": AskKind.PLAN}


@value
class Bounds:
    """Where an execution may move: its worktree, what else it may read, and the rules that do not change meanwhile."""

    worktree: Path
    home: Path
    read_dirs: tuple[Path, ...] = ()
    asking: Asking
    access: Access = Access.WRITE
    rules: tuple[Rule, ...] = ()  # of task, project and configuration, narrowest first


@dataclass(frozen=True)
class Gates:
    """What the gates of all attempts share."""

    store: Store
    clock: Clock
    changes: Changes
    advance: Advance
    switch: KillSwitch

    def gate(self, execution: Execution, bounds: Bounds) -> Gate:
        """Make the gate of one attempt."""
        return Gate(execution, bounds, self)


class Gate:
    """The gate of one attempt of one execution."""

    def __init__(self, execution: Execution, bounds: Bounds, shared: Gates) -> None:
        self._execution = execution
        self._bounds = bounds
        self._store = shared.store
        self._clock = shared.clock
        self._changes = shared.changes
        self._advance = shared.advance
        self._switch = shared.switch
        self.asking: dict[str, ToolCall] = {}  # what this attempt waits for now, by approval id
        self._taken: set[str] = set()  # approvals whose answer this attempt took

    async def judge(self, call: ToolCall) -> Ruling:
        """Say what policy says to a step, with the rules in force at this moment. Waits while everything is frozen.

        An answer that was given to this very step and waits for it goes before a rule that allows it by now: what was
        denied stays denied, and what was edited runs as edited.
        """
        while True:
            ruling = await self._ruling(call)
            if ruling.verdict is Verdict.ALLOW and await self._stored(call) is not None:
                ruling = replace(ruling, verdict=Verdict.ASK, reason="an answer to this step waits for it")
            if await self._switch.frozen() is None:  # asked last: what is allowed begins at once
                return ruling
            await self._switch.passed()

    async def _ruling(self, call: ToolCall) -> Ruling:
        real = await asyncio.to_thread(_resolved, call, self._bounds.worktree)
        context = await self._context()
        ruling = judge(real, context)
        if ruling.verdict is Verdict.ALLOW and self._bounds.asking.special(ruling.labels):
            # What one person granted must not stand for what the configuration wants particular or several people for.
            return judge(real, replace(context, rules=self._bounds.rules))
        return ruling

    async def ask(self, call: ToolCall) -> tuple[Approval, Answer]:
        """Wait for the answer to a step, and return it with its approval.

        A stored answer to this very step, not handed over yet, counts. Raises Fenced or WrongState when the execution
        is not this attempt's any more. When cancelled it withdraws nothing: the question outlives the process.
        """
        stored = await self._stored(call)
        approval = stored or await self._question(call)
        self.asking[approval.id] = call  # before it is written: the same step, asked at once, is another question
        try:
            if stored is None:
                await self._advance(self._execution.id, Asked(approval=approval), epoch=self._execution.epoch)
            settled = await self._take(approval.id)
        finally:
            del self.asking[approval.id]
        return settled, await self._for_agent(settled)

    async def _take(self, approval_id: str) -> Approval:
        """Wait for an answer and take it for this attempt: once, not after a stop, and not while all is frozen.

        The write that takes it asks whether it may be taken; only if it may not is looked at why.
        """
        async for _ in self._changes.follow(self._execution.id, routine=False):
            approval = await self._store.approvals.get(approval_id)
            if approval is None or approval.state is ApprovalState.OPEN:
                continue
            if approval.answer is None:
                break
            while not await self._store.executions.record(self._execution, Batch(deliver=(approval_id,))):
                await self._may_take(approval_id)
            self._taken.add(approval_id)
            return approval
        raise Fenced("The run is over.")

    async def _may_take(self, approval_id: str) -> None:
        """Return when nothing is frozen. Raises Fenced if this attempt must not take the answer at all."""
        await self._switch.passed()
        execution = await self._store.executions.get(self._execution.id)
        if execution is None or execution.epoch != self._execution.epoch or execution.state not in _LIVE:
            raise Fenced("The run is over.")
        approval = await self._store.approvals.get(approval_id)
        if approval is None or approval.delivered_at is not None:
            raise Fenced("The answer was handed over already.")

    async def close(self) -> None:
        """Say what became of questions and answers of earlier attempts that the agent has not come back to.

        Called when the agent has finished its turn without asking again.
        """
        for approval in await self._store.approvals.of(self._execution.id):
            if approval.state is ApprovalState.OPEN:
                event = Withdrawn(approval_id=approval.id)
                await self._advance(self._execution.id, event, epoch=self._execution.epoch)
            elif _untaken(approval):
                await self._note(approval, _NOT_TAKEN)

    async def note(self, outcome: str) -> None:
        """Write what people should know to the answers that the agent has not taken yet."""
        for approval in await self._store.approvals.of(self._execution.id):
            if _untaken(approval):
                await self._note(approval, outcome)

    async def _note(self, approval: Approval, outcome: str) -> None:
        news = Change(
            kind=ChangeKind.APPROVAL,
            event="approval.noted",
            execution_id=approval.execution_id,
            subject_id=approval.id,
            at=self._clock.now(),
        )
        whole = f"{approval.outcome} {outcome}".strip()
        await self._store.approvals.write(Batch(outcomes={approval.id: whole}, changes=(news,)))

    async def _context(self) -> PolicyContext:
        scopes = [(Scope.RUN, self._execution.conversation_id), (Scope.PROJECT, self._execution.project or "")]
        if self._execution.task_id:
            scopes.insert(1, (Scope.TASK, self._execution.task_id))
        granted = await self._store.approvals.rules(*scopes)
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
        fitting = [
            approval
            for approval in await self._store.approvals.of(self._execution.id)
            if approval.input_digest == wanted
            and approval.id not in self.asking
            and (approval.state is ApprovalState.OPEN or _untaken(approval))
        ]
        same = (approval for approval in fitting if approval.tool_use_id == call.tool_use_id)
        return next(same, fitting[0] if fitting else None)

    async def _question(self, call: ToolCall) -> Approval:
        """Make the question about a step, with the terms and times that hold for it."""
        context = await self._context()
        ruling = await self._ruling(call)
        kind = _KINDS.get(call.tool, AskKind.STEP)
        real = await asyncio.to_thread(_resolved, call, self._bounds.worktree)
        named = signature(real, context)
        project = self._execution.project or ""
        terms = self._bounds.asking.terms(kind, ruling.labels)
        wanted = digest(call.tool, call.input)
        reason = await self._circumstances(ruling.reason, wanted)
        history = await self._store.approvals.history(project, named)
        now = self._clock.now()
        return Approval(
            id=new_id(),
            execution_id=self._execution.id,
            kind=kind,
            tool=call.tool,
            tool_use_id=call.tool_use_id,
            input=call.input,
            input_digest=wanted,
            title=describe(call, worktree=str(self._bounds.worktree))[1],
            reason=reason,
            labels=ruling.labels,
            questions=questions(call),
            offers=offers(real, context) if kind is AskKind.STEP else (),
            signature=named,
            project=project,
            task_id=self._execution.task_id,
            history=history,
            terms=terms,
            timetable=self._bounds.asking.timetable(terms, ruling.labels, now),
            asked_at=now,
        )

    async def _circumstances(self, reason: str, wanted: str) -> str:
        """Add to the reason of a question what an earlier attempt has to do with it.

        The agent may ask for something else than what was answered while it was away. Or it asks again for a step
        whose answer an earlier attempt took: that was cut off, and whether before or after the step only the record of
        the step can tell.
        """
        approvals = await self._store.approvals.of(self._execution.id)
        answered = [a.title for a in approvals if self._left(a)]
        if answered:
            return f"{reason}; asked instead of: {answered[0]}"
        taken = [a for a in approvals if a.input_digest == wanted and a.delivered_at and a.id not in self._taken]
        if not taken:
            return reason
        steps = await self._store.executions.steps(self._execution.id)
        ended = any(step.approval_id == taken[-1].id and step.status not in _CUT_OFF for step in steps)
        return f"{reason}; {_before(taken[-1], ended=ended)}"

    def _left(self, approval: Approval) -> bool:
        return _untaken(approval) and approval.id not in self.asking

    async def _for_agent(self, approval: Approval) -> Answer:
        """Word a denial so that the agent knows who said it."""
        answer = approval.answer or Answer(approve=False)
        if answer.approve or approval.state is ApprovalState.EXPIRED:
            return answer
        person = await self._store.people.person(approval.answered_by) if approval.answered_by else None
        name = person.name if person else "a person"
        note = f"Denied by {name}: {answer.note}" if answer.note else f"Denied by {name}."
        return replace(answer, note=note)


def _untaken(approval: Approval) -> bool:
    """Whether an approval has an answer that no agent has got yet."""
    return approval.answer is not None and approval.delivered_at is None


def _before(approval: Approval, *, ended: bool) -> str:
    """Say what is known of a step that an earlier attempt was let or not let take; `ended` is on record."""
    if approval.kind is AskKind.STEP and approval.answer is not None and approval.answer.approve:
        return f"approved before, {'and has run already' if ended else 'then cut off: it may have run already'}"
    return f"answered before{'' if ended else ', then cut off: the agent may not have heard it'}"


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
