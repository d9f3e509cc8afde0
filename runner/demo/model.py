"""A strict Messages API on 127.0.0.1 that says what a script tells it to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from runner.demo.script import Conversation, Router, Script, Turn, text_of
from runner.demo.strict import problems
from runner.model import Json, digest, new_id, value

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_LARGEST_REQUEST = 32 << 20  # what the API takes
_SIDE_ANSWER = '{"title": "A conversation"}'  # to calls that the agent makes beside the conversation


@value
class Received:
    """One request to the model, kept for those who look afterwards; names of headers in lower case.

    `side` calls stand beside the conversation.
    """

    path: str
    headers: Json
    body: Json
    side: bool = False


class ScriptedModel:
    """The model's service, scripted. An async context manager; serves from entering until leaving.

    `script` is one script for every conversation; `router` picks one by conversation (by its prompt, say), or None
    for a call that the agent makes beside its conversations. Requests without tools that no script knows are such
    side calls too; they use up no turn. `violations` lists what no correct agent would have sent, and every
    conversation that went further than its script.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        router: Router | None = None,
        api_key: str = "test-key",
        models: tuple[str, ...] = ("claude-",),
    ) -> None:
        self._router: Router = router or (lambda conversation: script if conversation.tools else None)
        self._api_key = api_key
        self._models = models
        self._faulted: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.requests: list[Received] = []
        self.violations: list[str] = []

    @property
    def url(self) -> str:
        """Return the base URL for the agent."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def conversations(self) -> list[Conversation]:
        """Return the requests that stood in a conversation, in order of arrival."""
        return [_conversation(received.body) for received in self.requests if not received.side]

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_post("/v1/messages", self._messages)
        application.router.add_post("/v1/messages/count_tokens", self._count)
        application.router.add_route("*", "/{rest:.*}", self._elsewhere)
        self._runner = web.AppRunner(application, shutdown_timeout=0, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(Received(path=request.path, headers=_headers(request), body={}, side=True))
        return _error(404, f"There is nothing at {request.path}.") if request.path != "/" else web.Response()

    async def _count(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(Received(path=request.path, headers=_headers(request), body=body, side=True))
        return self._unauthorised(request) or web.json_response({"input_tokens": len(str(body)) // 4})

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if given == self._api_key:
            return None
        return _error(401, "invalid x-api-key")

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        if refused := self._unauthorised(request):
            return refused
        try:
            body = await request.json()
        except json.JSONDecodeError:
            return self._invalid("The request body is not valid JSON.")
        if "anthropic-version" not in request.headers:
            return self._invalid("anthropic-version: header is required")
        for problem in problems(body):
            return self._invalid(problem)
        if not body["model"].startswith(self._models):
            return _error(404, f"model: {body['model']}")
        conversation = _conversation(body)
        script = self._router(conversation)
        self.requests.append(Received(path=request.path, headers=_headers(request), body=body, side=script is None))
        turn = Turn(text=_SIDE_ANSWER) if script is None else self._turn(script, conversation)
        return await self._answer(request, body, conversation, turn)

    def _invalid(self, problem: str) -> web.Response:
        self.violations.append(problem)
        return _error(400, problem)

    def _turn(self, script: Script, conversation: Conversation) -> Turn:
        turn = script(conversation)
        if turn is None:
            self.violations.append(f"no turn is left after: {conversation.last_said[:200]}")
            return Turn(text="The script has ended.")
        if turn.after and not turn.after(conversation):
            self.violations.append(f"this turn should not have been reached: {turn.text or turn.tools}")
        return turn

    async def _answer(
        self, request: web.Request, body: Json, conversation: Conversation, turn: Turn
    ) -> web.StreamResponse:
        place = digest("turn", {"prompt": conversation.prompt, "answered": conversation.answered})
        fault = turn.faults[self._faulted[place]] if self._faulted[place] < len(turn.faults) else None
        if fault:
            self._faulted[place] += 1
            if fault.status:
                return _error(fault.status, fault.message, fault.headers)
        if turn.wait_for:
            await turn.wait_for.wait()
        message = _message(body["model"], turn)
        if not body.get("stream"):
            return web.json_response(message)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-cache"})
        await response.prepare(request)
        for count, event in enumerate(_events(message)):
            if fault and count:
                if request.transport:
                    request.transport.abort()
                return response
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        return response


def _headers(request: web.Request) -> Json:
    return {name.lower(): text for name, text in request.headers.items()}


def _conversation(body: Json) -> Conversation:
    return Conversation(
        model=body["model"],
        system=text_of(body.get("system", "")),
        messages=tuple(body["messages"]),
        tools=tuple(tool["name"] for tool in body.get("tools") or ()),
    )


def _error(status: int, message: str, headers: Json | None = None) -> web.Response:
    kind = _ERROR_TYPES.get(status, "api_error")
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return web.json_response(body, status=status, headers=dict(headers or {}))


def _message(model: str, turn: Turn) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text else []
    for name, tool_input in turn.tools:
        content.append({"type": "tool_use", "id": f"toolu_{new_id()}", "name": name, "input": tool_input})
    return {
        "id": f"msg_{new_id()}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if turn.tools else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens},
    }


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usage = {**message["usage"], "output_tokens": 1}
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": usage}}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            start: dict[str, Any] = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": message["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}
