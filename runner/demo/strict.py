"""What the real Messages API refuses, refused here too: a script that works here must not work by accident.

Each rule names what https://docs.anthropic.com/en/api/messages and its error page say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.model import Json

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ROLES = ("user", "assistant", "system")  # "system" inside a conversation: beta of 2026 that the agent uses
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_CACHE_POINTS = 4


def problems(body: object) -> Iterator[str]:
    """Say why the API would answer 400 to this body; nothing if it would not."""
    if not isinstance(body, dict):
        yield "The request body is not an object."
        return
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model: Field required"
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        yield "max_tokens: must be an integer of at least 1"
    yield from _tool_problems(body.get("tools") or [])
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    yield from _message_problems(messages)
    yield from _pairing_problems(messages)
    if str(body).count("'cache_control': {'type'") > _CACHE_POINTS:
        yield f"A maximum of {_CACHE_POINTS} blocks with cache_control may be provided."


def _tool_problems(tools: Sequence[Json]) -> Iterator[str]:
    names = [str(tool.get("name", "")) for tool in tools]
    for index, name in enumerate(names):
        if not _TOOL_NAME.fullmatch(name):
            yield f"tools.{index}.name: must match {_TOOL_NAME.pattern}"
    if len(set(names)) < len(names):
        yield "tools: Tool names must be unique."


def _message_problems(messages: Sequence[Json]) -> Iterator[str]:
    if messages[0].get("role") != "user":
        yield "messages: first message must use the user role"
    for index, message in enumerate(messages):
        if message.get("role") not in _ROLES:
            yield f"messages.{index}.role: must be user or assistant"
        content = message.get("content")
        if not content:
            yield f"messages.{index}: all messages must have non-empty content"
        for place, block in enumerate(content if isinstance(content, list) else []):
            yield from (f"messages.{index}.content.{place}: {problem}" for problem in _block_problems(block))


def _block_problems(block: Json) -> Iterator[str]:
    match block:
        case {"type": "text", "text": str(text)}:
            if not text:
                yield "text content blocks must be non-empty"
        case {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": str(data)}}:
            if media_type not in _IMAGES or not data:
                yield "source: must be base64 of a png, jpeg, gif or webp"
        case {"type": "tool_use", "id": str(), "name": str(), "input": dict()}:
            pass
        case {"type": "tool_result", "tool_use_id": str()}:
            inner = block.get("content")
            for part in inner if isinstance(inner, list) else []:
                yield from _block_problems(part)
        case {"type": "thinking" | "redacted_thinking" | "document" | "tool_reference" | "image"}:
            pass
        case _:
            yield f"not a content block: {str(block)[:80]}"


def _pairing_problems(messages: Sequence[Json]) -> Iterator[str]:
    open_calls: set[str] = set()
    seen: set[str] = set()
    role_before: str | None = None
    for index, message in enumerate(messages):
        role = message.get("role")
        if role == "system":
            continue
        results = _ids(message, "tool_result", "tool_use_id")
        calls = _ids(message, "tool_use", "id")
        if role == "user" and role_before != "user":
            for missing in sorted(open_calls - set(results)):
                yield f"messages.{index}: `tool_use` id without `tool_result` immediately after: {missing}"
        for stray in (result for result in results if result not in open_calls):
            yield f"messages.{index}: unexpected `tool_use_id` in `tool_result` blocks: {stray}"
        if len(seen) + len(calls) > len(seen.union(calls)):
            yield f"messages.{index}: `tool_use` ids must be unique: {calls}"
        seen.update(calls)
        open_calls = open_calls | set(calls) if role == role_before == "assistant" else set(calls)
        role_before = role
    if open_calls:
        yield f"messages: the last `tool_use` has no `tool_result`: {min(open_calls)}"


def _ids(message: Json, kind: str, key: str) -> list[str]:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return [block[key] for block in blocks if isinstance(block, dict) and block.get("type") == kind and key in block]
