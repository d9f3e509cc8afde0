"""Every step of the agent passes here: policy first, then a person.

The CLI asks twice. Its PreToolUse hook comes for every call of every tool, also those it would have allowed by
itself; there the policy speaks, and if it does not decide, a person is waited for. An answer is carried out in the
permission callback, where the CLI comes next. A hook that fails or takes too long blocks the step.

The hook is where people wait, since only it can answer "defer": the CLI then writes the call down, ends, and comes back
with the very same call when it is resumed. It does so before it knows our hook. Therefore a resumed CLI is told, by
`EVERY_STEP`, to come to the callback with every call; those that the hook has not heard of are decided there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

from claude_agent_sdk import (
    HookContext,
    HookInput,
    HookMatcher,
    PermissionResultAllow,
    PermissionResultDeny,
    ToolPermissionContext,
)
from claude_agent_sdk.types import HookEvent, HookJSONOutput

from runner.model import Answer, Json, ToolCall, Verdict, value
from runner.ports import AgentHost

QUESTION, PLAN = "AskUserQuestion", "ExitPlanMode"
EVERY_STEP = {"permissions": {"ask": ["*"]}}  # a setting of the CLI, stronger than what it would allow by itself
_FOR_PEOPLE = frozenset({QUESTION, PLAN})  # no policy can answer these
_EDITS = frozenset({"Edit", "NotebookEdit", "Write"})
_PLAN_FIRST = "You are in plan mode: nothing may be changed before your plan is approved."
_PARKED = "Not run: the session was ended while a person was asked about a step. Call it again if it is still needed."
_HOOK_TIMEOUT = 24 * 86400.0  # seconds; a person may take days. The CLI's timers end at 2**31 ms, which is 24.8 days
_NOTHING_SAID = "The user skipped this question."


@value
class _Passed:
    """What the hook let pass, and the answer of the person if one was asked."""

    input: Json
    answer: Answer | None = None


@value
class _Question:
    """A step that a person is asked about: from the hook, or from the callback."""

    call: ToolCall
    hook: bool


class Gate:
    """The two callbacks of one session. While no host is seated, every step waits for one.

    `plans` is the folder where the CLI lets the agent write its plan. `before_step` is called with each step before
    anything is decided about it, perhaps twice; `before_asking` each time before a person is asked, since the session
    may be killed while it waits.
    """

    def __init__(self, plans: Path) -> None:
        self.before_step: Callable[[AgentHost, ToolCall], Awaitable[None]] | None = None
        self.before_asking: Callable[[AgentHost], Awaitable[None]] | None = None
        self._host: AgentHost | None = None
        self._hosted = asyncio.Event()
        self._asked_at = float("-inf")  # on the loop's clock
        self._plans = plans
        self._waiting: dict[asyncio.Task[Any], _Question] = {}
        self._passed: dict[str, _Passed] = {}  # by tool-use id, until the callback comes or the step has ended
        self._at_work: set[str] = set()  # steps of the agent itself that were let through and have not ended
        self._parked: str | None = None  # the tool-use id of the step that is kept

    def seat(self, host: AgentHost | None) -> None:
        """Let this host answer from now on; None leaves the seat empty."""
        self._host = host
        if host:
            self._hosted.set()
        else:
            self._hosted.clear()
            self._at_work.clear()
            self._passed.clear()

    @property
    def hooks(self) -> dict[HookEvent, list[HookMatcher]]:
        """Return the hooks to be registered: one for all tools, which blocks when it fails."""
        return {"PreToolUse": [HookMatcher(hooks=[self._before], timeout=_HOOK_TIMEOUT, on_failure="block")]}

    def ended(self, tool_use_id: str) -> None:
        """Take note that a step has ended."""
        self._at_work.discard(tool_use_id)
        self._passed.pop(tool_use_id, None)

    def withdraw(self) -> float:
        """Stop waiting for people; the CLI gets no answer. Return how many seconds ago the last of them was asked."""
        if not self._waiting:
            return float("inf")
        for waiter in self._waiting:
            waiter.cancel()
        return asyncio.get_running_loop().time() - self._asked_at

    def park(self) -> bool:
        """Stop waiting for people and have the CLI keep the step it asked about first; False if that cannot be exact.

        The CLI keeps one step of the agent itself, and only if the hook has not spoken yet. A subagent's would be lost
        with all it has done, and what goes on beside would be lost too.
        """
        if not self._waiting or self._at_work:
            return False
        if any(question.call.parent or not question.hook for question in self._waiting.values()):
            return False
        self._parked = next(iter(self._waiting.values())).call.tool_use_id
        for waiter in self._waiting:
            waiter.cancel()
        return True

    async def permit(
        self, tool: str, tool_input: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        """Answer the CLI's permission callback."""
        call = ToolCall(tool=tool, input=tool_input, tool_use_id=context.tool_use_id or "", parent=context.agent_id)
        passed = self._passed.pop(call.tool_use_id, None)
        host = await self._present(call)
        if passed is None or passed.input != call.input:
            result = await self._decide(host, call)
        elif passed.answer is None:
            result = PermissionResultAllow()
        else:
            result = await self._answered(host, call, passed.answer)
        if isinstance(result, PermissionResultAllow):
            self._works(call)
        return result

    async def _decide(self, host: AgentHost, call: ToolCall) -> PermissionResultAllow | PermissionResultDeny:
        """Decide about a step that the hook has not seen."""
        ruling = await host.judge(call)
        if ruling.verdict is Verdict.REFUSE:
            return PermissionResultDeny(message=_refusal(ruling.reason))
        if ruling.verdict is Verdict.ALLOW and call.tool not in _FOR_PEOPLE:
            return PermissionResultAllow()
        answer = await self._ask(host, _Question(call=call, hook=False))
        return await self._answered(host, call, answer) if answer else PermissionResultDeny(message=_PARKED)

    async def _present(self, call: ToolCall) -> AgentHost:
        """Wait for somebody to answer: a session that takes up a turn goes ahead as soon as it is opened."""
        while self._host is None:
            await self._hosted.wait()
        host = self._host
        if self.before_step:
            await self.before_step(host, call)
        return host

    async def _before(self, event: HookInput, tool_use_id: str | None, context: HookContext) -> HookJSONOutput:
        del context  # carries nothing yet
        if event["hook_event_name"] != "PreToolUse":
            return _decision("deny", "This is no step.")
        call = ToolCall(
            tool=event["tool_name"],
            input=event["tool_input"],
            tool_use_id=tool_use_id or "",
            parent=event.get("agent_id"),
        )
        host = await self._present(call)
        if self._is_parked():
            return _decision("deny", _PARKED)
        if event.get("permission_mode") == "plan" and call.tool in _EDITS:
            own = self._plans in Path(os.path.normpath(str(call.input.get("file_path", "")))).parents
            return self._let_pass(call, "The agent's own plan.") if own else _decision("deny", _PLAN_FIRST)
        ruling = await host.judge(call)
        if ruling.verdict is Verdict.REFUSE:
            return _decision("deny", _refusal(ruling.reason))
        if ruling.verdict is Verdict.ALLOW and call.tool not in _FOR_PEOPLE:
            return self._let_pass(call, ruling.reason)
        answer = await self._ask(host, _Question(call=call, hook=True))
        if answer is None:
            kept = call.tool_use_id == self._parked
            return _decision("defer", "") if kept else _decision("deny", _PARKED)
        return self._let_pass(call, ruling.reason, answer)

    def _works(self, call: ToolCall) -> None:
        if not call.parent:
            self._at_work.add(call.tool_use_id)

    def _is_parked(self) -> bool:
        return self._parked is not None

    def _let_pass(self, call: ToolCall, reason: str, answer: Answer | None = None) -> HookJSONOutput:
        """Send the step on, with its answer to the callback."""
        self._works(call)
        self._passed[call.tool_use_id] = _Passed(input=call.input, answer=answer)
        return _decision("ask" if answer else "allow", reason)

    async def _ask(self, host: AgentHost, question: _Question) -> Answer | None:
        """Wait for a person; None if the session is parked meanwhile."""
        if self.before_asking:
            await self.before_asking(host)
        waiter = asyncio.current_task()
        if waiter is None or self._is_parked():
            return None
        self._waiting[waiter] = question
        self._asked_at = asyncio.get_running_loop().time()
        try:
            return await host.ask(question.call)
        except asyncio.CancelledError:
            if self._is_parked() and not waiter.uncancel():  # nobody but `park` has cancelled us
                return None
            raise
        finally:
            del self._waiting[waiter]

    async def _answered(
        self, host: AgentHost, call: ToolCall, answer: Answer
    ) -> PermissionResultAllow | PermissionResultDeny:
        if call.tool == QUESTION and (answer.approve or answer.choices):
            return PermissionResultAllow(updated_input=_filled_in(call.input, answer))
        if not answer.approve:
            return PermissionResultDeny(message=answer.note or "Denied.")
        if answer.input is None:
            return PermissionResultAllow()
        edited = ToolCall(tool=call.tool, input=answer.input, tool_use_id=call.tool_use_id, parent=call.parent)
        ruling = await host.judge(edited)
        if ruling.verdict is Verdict.REFUSE:
            return PermissionResultDeny(message=_refusal(ruling.reason))
        return PermissionResultAllow(updated_input=dict(answer.input))


def _decision(decision: Literal["allow", "deny", "ask", "defer"], reason: str) -> HookJSONOutput:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": reason,
        }
    }


def _refusal(reason: str) -> str:
    return f"Refused by policy: {reason}" if reason else "Refused by policy."


def _filled_in(tool_input: Json, answer: Answer) -> dict[str, Any]:
    """Put the answers where the CLI looks for them: by question text, several labels joined by commas."""
    answers = {text: ", ".join(chosen) for text, chosen in answer.choices.items()}
    for question in tool_input.get("questions", ()):
        answers.setdefault(question["question"], answer.note or _NOTHING_SAID)
    return {**tool_input, "answers": answers}
