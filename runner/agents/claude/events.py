"""Messages of the SDK to events of ours: pure, but for what was counted before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    ContentBlock,
    Message,
    ResultMessage,
    SystemMessage,
    TaskNotificationMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from runner.model import ToolCall, Usage
from runner.ports import AgentEvent, AgentResult, Retrying, SessionBegan, StepBegan, StepEnded, TextSaid

OUTPUT_LIMIT = 20_000  # characters of a step's output that are passed on
_REFUSALS = (401, 402, 403, 404)  # of the model's service: key, credit, permission, model
_TROUBLE = {  # by the CLI's words for it
    "authentication_failed": "does not accept the key",
    "billing_error": "has a question about the bill",
    "overloaded": "is overloaded",
    "rate_limit": "limits the rate of requests",
    "server_error": "has an error of its own",
}
_NO_CREDIT = "credit balance"  # comes with status 400
_LIMITS = ("error_max_turns", "error_max_budget_usd")


def events_of(message: Message) -> Iterator[AgentEvent]:
    """Translate a message into what happened; usage and prompts are counted elsewhere."""
    match message:
        case SystemMessage(subtype="init", data=data):
            yield SessionBegan(session=data["session_id"], model=data.get("model", ""))
        case SystemMessage(subtype="api_retry", data=data):
            text = f"{_trouble(data)}; retry {data.get('attempt')} of {data.get('max_retries')}."
            yield Retrying(text=text)
        case AssistantMessage(content=blocks, parent_tool_use_id=parent):
            yield from _said(blocks, parent)
        case UserMessage(content=list() as blocks):
            yield from _results(blocks)
        case _:
            pass


class Turn:
    """Where the current turn stands, by what the messages have said so far."""

    def __init__(self) -> None:
        self.result: AgentResult | None = None
        self.background: frozenset[str] = frozenset()
        self.begun = False
        self.spoken = False  # whether the model has said anything
        self._idle = False
        self._woken = False

    def note(self, message: Message) -> None:
        """Take a message into account."""
        match message:
            case SystemMessage(subtype="session_state_changed", data=data):
                self.begun = True
                self._idle = data.get("state") == "idle"
                self._woken = False
            case TaskNotificationMessage():
                self._woken = self._idle
            case SystemMessage(subtype="background_tasks_changed", data=data):
                self.background = frozenset(running["task_id"] for running in data["tasks"])
            case AssistantMessage():
                self.spoken = True
            case ResultMessage():
                self.result = result_of(message)
            case _:
                pass

    @property
    def settled(self) -> bool:
        """Whether nothing more will come unless somebody says something, or something in the background ends."""
        return self._idle and self.result is not None

    @property
    def at_rest(self) -> bool:
        """Whether also nothing goes on in the background, or has just ended there and is about to be told."""
        return self.settled and not self.background and not self._woken


def prompts_in(message: Message) -> Sequence[str]:
    """Return the ids of the prompts that this message belongs to."""
    match message:
        case AssistantMessage(user_message_uuids=ids) | ResultMessage(user_message_uuids=ids):
            return ids or ()
        case _:
            return ()


def refusal(message: Message) -> str:
    """Return why the model's service refuses us for good, if the message says so: repeating would be in vain."""
    match message:
        case SystemMessage(subtype="api_retry", data=data) if data.get("error_status") in _REFUSALS:
            return f"{_trouble(data)}."
        case _:
            return ""


def result_of(result: ResultMessage) -> AgentResult:
    """Translate the last word of a turn."""
    said = result.result or "; ".join(result.errors or ())
    if result.subtype in _LIMITS:
        return AgentResult(status="limit", error=said or "The limit of this run is reached.")
    if not result.is_error:
        return AgentResult(status="ok", text=result.result or "")
    refused = result.api_error_status in _REFUSALS or _NO_CREDIT in said.lower()
    return AgentResult(status="refused" if refused else "failed", error=said or result.subtype)


class Meter:
    """Turns the running totals of a process into differences.

    The totals go on through all turns, and through a resumption if the process before it ended in peace. A smaller
    number than before means that counting began anew.
    """

    def __init__(self) -> None:
        self._before = Usage()

    def grown(self, models: Mapping[str, Any] | None, cost: float | None) -> Usage:
        """Return what was consumed since the last call, from totals per model and the total cost in dollars."""
        total = _total(models or {}, cost or 0.0)
        before = self._before if total.tokens >= self._before.tokens else Usage()
        self._before = total
        return Usage(
            input_tokens=total.input_tokens - before.input_tokens,
            output_tokens=total.output_tokens - before.output_tokens,
            cache_read_tokens=total.cache_read_tokens - before.cache_read_tokens,
            cache_write_tokens=total.cache_write_tokens - before.cache_write_tokens,
            cost_usd=max(0.0, total.cost_usd - before.cost_usd),
        )


def _total(models: Mapping[str, Any], cost: float) -> Usage:
    def of(key: str) -> int:
        return sum(int(model.get(key, 0)) for model in models.values())

    return Usage(
        input_tokens=of("inputTokens"),
        output_tokens=of("outputTokens"),
        cache_read_tokens=of("cacheReadInputTokens"),
        cache_write_tokens=of("cacheCreationInputTokens"),
        cost_usd=cost,
    )


def _said(blocks: Sequence[ContentBlock], parent: str | None) -> Iterator[AgentEvent]:
    for block in blocks:
        match block:
            case TextBlock(text=text) if text and parent is None:
                yield TextSaid(text=text)
            case ToolUseBlock(id=use, name=tool, input=tool_input):
                yield StepBegan(call=ToolCall(tool=tool, input=tool_input, tool_use_id=use, parent=parent))
            case _:
                pass


def _results(blocks: Sequence[ContentBlock]) -> Iterator[AgentEvent]:
    for block in blocks:
        match block:
            case ToolResultBlock(tool_use_id=use, content=content, is_error=failed):
                yield StepEnded(tool_use_id=use, ok=not failed, output=_text(content)[:OUTPUT_LIMIT])
            case _:
                pass


def _text(content: str | Sequence[Mapping[str, Any]] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(block["text"] if block.get("type") == "text" else f"[{block.get('type')}]" for block in content)


def _trouble(data: Mapping[str, Any]) -> str:
    error = str(data.get("error", ""))
    status = f" ({data['error_status']})" if data.get("error_status") else ""
    return f"The model's service {_TROUBLE.get(error, 'gives no usable answer')}{status}"
