"""Every step of the agent passes here: policy first, then a person.

The CLI asks twice. Its PreToolUse hook comes for every call of every tool, also those it would have allowed by
itself; there the policy speaks. What the policy does not decide, the CLI asks again through its permission callback;
there a person speaks. A hook that fails or takes too long blocks the step.
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

from runner.model import Answer, Json, ToolCall, Verdict
from runner.ports import AgentHost

QUESTION, PLAN = "AskUserQuestion", "ExitPlanMode"
_FOR_PEOPLE = frozenset({QUESTION, PLAN})  # no policy can answer these
_EDITS = frozenset({"Edit", "NotebookEdit", "Write"})
_PLAN_FIRST = "You are in plan mode: nothing may be changed before your plan is approved."
_HOOK_TIMEOUT = 60.0  # seconds; the policy answers at once, and a hook that does not answer blocks the step
_NOTHING_SAID = "The user skipped this question."


class Gate:
    """The two callbacks of one session. While no host is seated, every step waits for one.

    `plans` is the folder where the CLI lets the agent write its plan. `before_asking` is called each time before a
    person is asked, since the session may be killed while it waits.
    """

    def __init__(self, plans: Path) -> None:
        self.before_asking: Callable[[AgentHost], Awaitable[None]] | None = None
        self._host: AgentHost | None = None
        self._hosted = asyncio.Event()
        self._asked_at = float("-inf")  # on the loop's clock
        self._plans = plans
        self._waiting: set[asyncio.Task[Any]] = set()

    def seat(self, host: AgentHost | None) -> None:
        """Let this host answer from now on; None leaves the seat empty."""
        self._host = host
        if host:
            self._hosted.set()
        else:
            self._hosted.clear()

    @property
    def hooks(self) -> dict[HookEvent, list[HookMatcher]]:
        """Return the hooks to be registered: one for all tools, which blocks when it fails."""
        return {"PreToolUse": [HookMatcher(hooks=[self._before], timeout=_HOOK_TIMEOUT, on_failure="block")]}

    async def permit(
        self, tool: str, tool_input: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        """Answer the CLI's permission callback."""
        host = await self._present()
        call = ToolCall(tool=tool, input=tool_input, tool_use_id=context.tool_use_id or "", parent=context.agent_id)
        ruling = await host.judge(call)
        if ruling.verdict is Verdict.REFUSE:
            return PermissionResultDeny(message=_refusal(ruling.reason))
        if ruling.verdict is Verdict.ALLOW and tool not in _FOR_PEOPLE:
            return PermissionResultAllow()
        return await self._decided(host, call, await self._ask(host, call))

    def withdraw(self) -> float:
        """Stop waiting for people; the CLI gets no answer. Return how many seconds ago the last of them was asked."""
        if not self._waiting:
            return float("inf")
        for waiter in self._waiting:
            waiter.cancel()
        return asyncio.get_running_loop().time() - self._asked_at

    async def _present(self) -> AgentHost:
        """Wait for somebody to answer: a session that takes up a turn goes ahead as soon as it is opened."""
        while self._host is None:
            await self._hosted.wait()
        return self._host

    async def _before(self, event: HookInput, tool_use_id: str | None, context: HookContext) -> HookJSONOutput:
        del context  # carries nothing yet
        if event["hook_event_name"] != "PreToolUse":
            return _decision("deny", "This is no step.")
        host = await self._present()
        call = ToolCall(
            tool=event["tool_name"],
            input=event["tool_input"],
            tool_use_id=tool_use_id or "",
            parent=event.get("agent_id"),
        )
        if event.get("permission_mode") == "plan" and call.tool in _EDITS:
            own = self._plans in Path(os.path.normpath(str(call.input.get("file_path", "")))).parents
            return _decision("allow", "The agent's own plan.") if own else _decision("deny", _PLAN_FIRST)
        ruling = await host.judge(call)
        if ruling.verdict is Verdict.REFUSE:
            return _decision("deny", _refusal(ruling.reason))
        if ruling.verdict is Verdict.ALLOW and call.tool not in _FOR_PEOPLE:
            return _decision("allow", ruling.reason)
        return _decision("ask", ruling.reason)

    async def _ask(self, host: AgentHost, call: ToolCall) -> Answer:
        if self.before_asking:
            await self.before_asking(host)
        waiter = asyncio.current_task()
        if waiter is None:
            return await host.ask(call)
        self._waiting.add(waiter)
        self._asked_at = asyncio.get_running_loop().time()
        try:
            return await host.ask(call)
        finally:
            self._waiting.discard(waiter)

    async def _decided(
        self, host: AgentHost, call: ToolCall, answer: Answer
    ) -> PermissionResultAllow | PermissionResultDeny:
        if call.tool == QUESTION and (answer.approve or answer.choices):
            return PermissionResultAllow(updated_input=_answered(call.input, answer))
        if not answer.approve:
            return PermissionResultDeny(message=answer.note or "Denied.")
        if answer.input is None:
            return PermissionResultAllow()
        edited = ToolCall(tool=call.tool, input=answer.input, tool_use_id=call.tool_use_id, parent=call.parent)
        ruling = await host.judge(edited)
        if ruling.verdict is Verdict.REFUSE:
            return PermissionResultDeny(message=_refusal(ruling.reason))
        return PermissionResultAllow(updated_input=dict(answer.input))


def _decision(decision: Literal["allow", "deny", "ask"], reason: str) -> HookJSONOutput:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": reason,
        }
    }


def _refusal(reason: str) -> str:
    return f"Refused by policy: {reason}" if reason else "Refused by policy."


def _answered(tool_input: Json, answer: Answer) -> dict[str, Any]:
    """Put the answers where the CLI looks for them: by question text, several labels joined by commas."""
    answers = {text: ", ".join(chosen) for text, chosen in answer.choices.items()}
    for question in tool_input.get("questions", ()):
        answers.setdefault(question["question"], answer.note or _NOTHING_SAID)
    return {**tool_input, "answers": answers}
