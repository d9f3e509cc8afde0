"""What the scripted model says: turns, and how a request finds its turn.

Nothing is counted between requests: the turn follows from the conversation that the request carries. So twenty
conversations at once, retries, and a conversation that is resumed after a crash all get what belongs to them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

from runner.model import Json, value

_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@value
class ToolResult:
    """What the agent reported of a tool call."""

    tool_use_id: str
    text: str
    failed: bool


@value
class Conversation:
    """One request, seen as a conversation."""

    model: str
    system: str
    messages: tuple[Json, ...]
    tools: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """Return everything people said, in order, without the reminders that the agent puts around it."""
        return tuple(
            text for message in self.messages if message["role"] == "user" for text in _said(message["content"])
        )

    @property
    def prompt(self) -> str:
        """Return what was said first."""
        return self.said[0] if self.said else ""

    @property
    def last_said(self) -> str:
        """Return what was said last."""
        return self.said[-1] if self.said else ""

    @property
    def answered(self) -> int:
        """Count the model's turns so far: one for each run of assistant messages."""
        roles = [message["role"] for message in self.messages if message["role"] != "system"]
        return sum(
            1 for index, role in enumerate(roles) if role == "assistant" and (index == 0 or roles[index - 1] == "user")
        )

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """Return the results of the tools that the newest turn called."""
        newest: list[ToolResult] = []
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                break
            newest[:0] = _results(message)
        return tuple(newest)

    def result_of(self, tool_use_id: str) -> ToolResult | None:
        """Return the result of one tool call, wherever it stands."""
        everywhere = (result for message in self.messages for result in _results(message))
        return next((result for result in everywhere if result.tool_use_id == tool_use_id), None)


@value
class Fault:
    """What goes wrong instead of an answer: an HTTP status, or (0) a connection that is cut in mid-answer."""

    status: int
    message: str = "The scripted model was told to fail."
    headers: Mapping[str, str] = field(default_factory=dict)


@value
class Turn:
    """One answer of the model: text, then tool calls as (name, input).

    `wait_for` holds the answer back until it is set. `faults` come first, one for each request for this turn.
    `after` is what must be true of the conversation; if it is not, the model notes a violation.
    """

    text: str = ""
    tools: tuple[tuple[str, Json], ...] = ()
    wait_for: asyncio.Event | None = None
    faults: tuple[Fault, ...] = ()
    after: Callable[[Conversation], bool] | None = None
    input_tokens: int = 100
    output_tokens: int = 20


Script = Callable[[Conversation], Turn | None]
Router = Callable[[Conversation], "Script | None"]


def turns(*said: Turn | str) -> Script:
    """Make the script that says these turns in order, and nothing after the last."""
    whole = tuple(Turn(text=turn) if isinstance(turn, str) else turn for turn in said)

    def answer(conversation: Conversation) -> Turn | None:
        return whole[conversation.answered] if conversation.answered < len(whole) else None

    return answer


def text_of(content: object) -> str:
    """Return the text in the content of a message or of a tool result."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(block["text"] for block in blocks if block.get("type") == "text")


def _said(content: object) -> Iterator[str]:
    blocks: list[Any] = content if isinstance(content, list) else [{"type": "text", "text": content}]
    for block in blocks:
        if block.get("type") == "text" and (text := _REMINDER.sub("", block["text"]).strip()):
            yield text


def _results(message: Json) -> list[ToolResult]:
    blocks = message["content"] if isinstance(message["content"], list) else []
    return [
        ToolResult(
            tool_use_id=block["tool_use_id"],
            text=text_of(block.get("content", "")),
            failed=bool(block.get("is_error")),
        )
        for block in blocks
        if block.get("type") == "tool_result"
    ]
