"""Write down what an agent does, as it does it: steps, messages, consumption, the id of its conversation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import assert_never

from runner.advance import Advance, Facts
from runner.model import (
    Answer,
    Approval,
    Author,
    Change,
    ChangeKind,
    Execution,
    Message,
    Step,
    StepStatus,
    ToolCall,
    Usage,
    new_id,
    uuid_of,
)
from runner.pen import Pen
from runner.policy import describe
from runner.ports import (
    AgentEvent,
    Clock,
    PromptTaken,
    Retrying,
    SessionBegan,
    StepBegan,
    StepEnded,
    Store,
    TextSaid,
    UsageGrew,
)


class Recorder:
    """The record of one attempt, written by a Pen: `run` has to run while events come in."""

    def __init__(self, *, execution: Execution, worktree: Path, store: Store, clock: Clock, advance: Advance) -> None:
        self._execution = execution
        self._worktree = str(worktree)
        self._store = store
        self._clock = clock
        self._pen = Pen(execution=execution, store=store, advance=advance)
        self._steps: dict[str, Step] = {}  # by tool-use id, while they run
        self._refused: dict[str, str] = {}
        self._cut: dict[str, Step] = {}  # steps of earlier attempts, by tool-use id: a parked one is taken up again
        self._troubles: set[str] = set()  # of the model's service, told once each: ten retries are one trouble
        self.usage = execution.usage
        self.last_text = ""

    async def run(self) -> None:
        """Write what is recorded, until cancelled. Raises Fenced when the attempt is overtaken."""
        await self._pen.run()

    async def settle(self, *, urgent: bool = False) -> None:
        """Return when everything recorded so far is written; `urgent` if a person waits for it. Raises Fenced."""
        await self._pen.flush(urgent=urgent)

    async def saw(self, event: AgentEvent) -> None:
        """Record one event of the agent."""
        match event:
            case SessionBegan():
                self._note(lambda e: replace(e, session=event.session))
            case TextSaid():
                self._said(event.text)
            case StepBegan():
                self._began(event.call)
            case StepEnded():
                self._ended(event)
            case UsageGrew():
                self._consumed(event.usage)
            case Retrying():
                self._retrying(event.text)
            case PromptTaken():
                await self._taken(event.prompt_id)
            case _:
                assert_never(event)

    def refused(self, call: ToolCall, reason: str) -> None:
        """Remember that policy or a person refused a step, so that its end is not recorded as a failure."""
        self._refused[call.tool_use_id] = reason

    def asked(self, approval: Approval, call: ToolCall, answer: Answer) -> None:
        """Connect a step with the approval it had, and with the input that really runs."""
        if not answer.approve:
            self.refused(call, answer.note)
        step = self._steps.get(call.tool_use_id)
        if step is not None:
            self._steps[call.tool_use_id] = replace(step, approval_id=approval.id, input=answer.input or step.input)
            self._pen.put(step=self._steps[call.tool_use_id])

    def worked(self, seconds: float) -> None:
        """Write down how long the execution has worked so far."""
        self._note(lambda e: replace(e, worked=seconds))

    def remark(self, text: str) -> None:
        """Write down something that Signoff itself has to say about the run."""
        self._message(Author.SIGNOFF, text)

    async def cut_off(self) -> None:
        """Close steps whose end nobody will report any more: of this attempt at its end, of one that died before."""
        await self.settle()
        now = self._clock.now()
        steps = await self._store.executions.steps(self._execution.id)
        for step in steps:
            if step.status is StepStatus.RUNNING:
                cut = replace(step, status=StepStatus.INTERRUPTED, finished_at=now)
                self._cut[step.tool_use_id] = cut
                self._pen.put(self._step_change(cut, "step.ended"), step=cut)
        self._steps.clear()
        await self.settle()

    def _began(self, call: ToolCall) -> None:
        kind, title = describe(call, worktree=self._worktree)
        earlier = self._cut.pop(call.tool_use_id, None)
        step = Step(
            id=earlier.id if earlier else new_id(),
            execution_id=self._execution.id,
            attempt=self._execution.attempt,
            kind=kind,
            tool=call.tool,
            title=title,
            input=call.input,
            tool_use_id=call.tool_use_id,
            started_at=self._clock.now(),
        )
        self._steps[call.tool_use_id] = step
        self._pen.put(self._step_change(step, "step.began"), step=step)

    def _ended(self, event: StepEnded) -> None:
        step = self._steps.pop(event.tool_use_id, None)
        if step is None:
            return  # it began in an earlier attempt, which closed it
        refused = self._refused.pop(event.tool_use_id, None)
        status = StepStatus.OK if event.ok else StepStatus.INTERRUPTED if event.interrupted else StepStatus.FAILED
        after = replace(
            step,
            status=status if refused is None else StepStatus.REFUSED,
            output=event.output if refused is None else refused,
            finished_at=self._clock.now(),
        )
        self._pen.put(self._step_change(after, "step.ended"), step=after)

    def _said(self, text: str) -> None:
        if text.strip():
            self.last_text = text
            self._message(Author.AGENT, text)

    def _retrying(self, text: str) -> None:
        self._pen.put(self._change(ChangeKind.EXECUTION, "execution.retrying", text=text))
        trouble = text.partition(";")[0]
        if trouble not in self._troubles:
            self._troubles.add(trouble)
            self.remark(text)

    def _message(self, author: Author, text: str) -> None:
        message = Message(
            id=new_id(), execution_id=self._execution.id, author=author, text=text, created_at=self._clock.now()
        )
        self._pen.put(self._change(ChangeKind.MESSAGE, "message.said", message=message.id), message=message)

    async def _taken(self, prompt_id: str) -> None:
        messages = await self._store.executions.messages(self._execution.id, undelivered=True)
        now = self._clock.now()
        for taken in messages:
            if uuid_of(taken.id) == prompt_id:
                change = self._change(ChangeKind.MESSAGE, "message.taken", message=taken.id, source=taken.source or "")
                self._pen.put(change, message=replace(taken, delivered_at=now))

    def _consumed(self, usage: Usage) -> None:
        self.usage = self.usage + usage
        total = self.usage
        self._note(lambda e: replace(e, usage=total))

    def _note(self, facts: Facts) -> None:
        self._pen.put(self._change(ChangeKind.EXECUTION, "execution.progress"), facts=facts)

    def _change(self, kind: ChangeKind, event: str, **body: str) -> Change:
        return Change(
            kind=kind,
            event=event,
            execution_id=self._execution.id,
            subject_id=self._execution.id,
            body=body,
            at=self._clock.now(),
        )

    def _step_change(self, step: Step, event: str) -> Change:
        change = self._change(ChangeKind.STEP, event, status=step.status.value)
        return replace(change, subject_id=step.id)
