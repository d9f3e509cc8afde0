"""One attempt of one execution: what the agent may call, and what it has been told."""

from __future__ import annotations

from runner.gate import Gate
from runner.model import Answer, Execution, Ruling, ToolCall, Verdict
from runner.ports import AgentEvent, Clock, StepEnded, UsageGrew
from runner.recorder import Recorder
from runner.workspace import Workspace

_CALLS_OTHERS = frozenset({"Agent", "Task"})  # these steps last as long as those of the subagents they call


class Attempt:
    """One attempt of one execution: what the agent may call, and what it has been told."""

    def __init__(
        self, execution: Execution, workspace: Workspace, gate: Gate, recorder: Recorder, clock: Clock
    ) -> None:
        self.execution = execution
        self.workspace = workspace
        self.gate = gate
        self.recorder = recorder
        self.limit = ""  # the limit that ended it
        self.said: set[str] = set()
        self.forgotten: frozenset[str] = (
            frozenset()
        )  # messages that an earlier attempt's agent got, and lost as it died
        self._working: set[str] = set()  # steps that may run, by tool-use id, until they end
        self._clock = clock
        self._began = self._heard = clock.monotonic()
        self._waited = 0.0  # seconds spent waiting for people, up to the last change of `_waits`
        self._wait_changed = self._began
        self._waits = 0  # questions that are waited for at this moment

    @property
    def idle_seconds(self) -> float | None:
        """How long the agent has done nothing but wait for people; None while it does anything else."""
        if self._working or not self.gate.asking:
            return None
        return self._clock.monotonic() - self._heard

    @property
    def worked(self) -> float:
        """Seconds that this attempt and the earlier ones have worked; waiting for people is no work."""
        now = self._clock.monotonic()
        waiting = now - self._wait_changed if self._waits else 0.0
        return self.execution.worked + now - self._began - self._waited - waiting

    async def judge(self, call: ToolCall) -> Ruling:
        """Say what policy says, and remember a refusal."""
        ruling = await self.gate.judge(call)
        if ruling.verdict is Verdict.REFUSE:
            self.recorder.refused(call, f"Refused by policy: {ruling.reason}")
        elif ruling.verdict is Verdict.ALLOW and call.tool not in _CALLS_OTHERS:
            self._working.add(call.tool_use_id)
        return ruling

    async def ask(self, call: ToolCall) -> Answer:
        """Wait for a person."""
        await self.recorder.settle(urgent=True)  # the step stands in the record before the question about it
        self._wait(1)
        try:
            approval, answer = await self.gate.ask(call)
        finally:
            self._wait(-1)
        self.recorder.asked(approval, call, answer)
        if answer.approve:
            self._working.add(call.tool_use_id)
        return answer

    async def saw(self, event: AgentEvent) -> None:
        """Write down what happened."""
        self._heard = self._clock.monotonic()
        if isinstance(event, StepEnded):
            self._working.discard(event.tool_use_id)
        await self.recorder.saw(event)
        if isinstance(event, UsageGrew):
            self.recorder.worked(self.worked)

    def _wait(self, change: int) -> None:
        """Count the questions that are waited for, and the time in which there is any."""
        now = self._clock.monotonic()
        if self._waits:
            self._waited += now - self._wait_changed
        self._waits += change
        self._heard = self._wait_changed = now
