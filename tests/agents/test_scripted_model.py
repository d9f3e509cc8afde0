"""The scripted model refuses what the real service refuses, and finds the turn by the conversation alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from runner.demo import Conversation, Fault, Script, ScriptedModel, Turn, turns

TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]
CALL = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}


def body(*messages: tuple[str, Any], **more: Any) -> dict[str, Any]:
    listed = [{"role": role, "content": content} for role, content in messages]
    return {"model": "claude-x", "max_tokens": 10, "messages": listed, "tools": TOOLS, **more}


async def post(model: ScriptedModel, what: Any, **headers: str) -> tuple[int, Any]:
    sent = {"x-api-key": "test-key", "anthropic-version": "2023-06-01"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    url = f"{model.url}/v1/messages"
    async with aiohttp.ClientSession() as client, client.post(url, data=json.dumps(what), headers=sent) as answer:
        return answer.status, await answer.json()


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(turns("one", Turn(text="two", tools=(("Bash", {"command": "ls"}),)), "three")) as model:
        yield model


async def test_an_answer_has_the_form_of_the_api(model: ScriptedModel) -> None:
    status, answer = await post(model, body(("user", "hi"), ("assistant", "one"), ("user", "more")))
    assert status == 200
    assert answer["content"][0] == {"type": "text", "text": "two"}
    assert answer["content"][1]["type"] == "tool_use"
    assert answer["content"][1]["input"] == {"command": "ls"}
    assert answer["stop_reason"] == "tool_use"
    assert model.violations == []


async def test_turns_are_found_by_the_conversation_so_that_repeating_gets_the_same(model: ScriptedModel) -> None:
    first = [(await post(model, body(("user", "hi"))))[1]["content"][0]["text"] for _ in range(3)]
    assert first == ["one"] * 3


async def test_twenty_conversations_at_once_get_what_belongs_to_them() -> None:
    def router(conversation: Conversation) -> Script:
        return turns(f"for {conversation.prompt}", f"again for {conversation.prompt}")

    async with ScriptedModel(router=router) as model, asyncio.TaskGroup() as group:
        asked = {
            name: group.create_task(post(model, body(("user", name), ("assistant", "x"), ("user", "y"))))
            for name in map(str, range(20))
        }
        for name, answer in asked.items():
            assert (await answer)[1]["content"][0]["text"] == f"again for {name}"


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ([], "not an object"),
        (body(("user", "hi"), max_tokens=0), "max_tokens"),
        (body(), "at least one message"),
        (body(("assistant", "hi")), "first message must use the user role"),
        (body(("robot", "hi")), "role"),
        (body(("user", "")), "non-empty content"),
        (body(("user", [{"type": "text", "text": ""}])), "non-empty"),
        (body(("user", [{"type": "sound"}])), "not a content block"),
        (
            body(("user", [{"type": "image", "source": {"type": "base64", "media_type": "image/x", "data": "AA"}}])),
            "png",
        ),
        (body(("user", [RESULT])), "unexpected `tool_use_id`"),
        (body(("user", "hi"), ("assistant", [CALL])), "has no `tool_result`"),
        (body(("user", "hi"), ("assistant", [CALL]), ("user", "no result")), "without `tool_result`"),
        (body(("user", "hi"), ("assistant", [CALL, CALL]), ("user", [RESULT])), "unique"),
        (body(("user", "hi"), tools=[{"name": "a b"}]), "tools.0.name"),
        (body(("user", "hi"), tools=TOOLS * 2), "unique"),
        (body(("user", [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5)), "cache_control"),
    ],
)
async def test_a_malformed_request_is_refused_and_noted(model: ScriptedModel, what: Any, complaint: str) -> None:
    status, answer = await post(model, what)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert complaint in answer["error"]["message"]
    assert len(model.violations) == 1


async def test_a_wrong_key_and_an_unknown_model_are_refused(model: ScriptedModel) -> None:
    assert (await post(model, body(("user", "hi")), x_api_key="other"))[0] == 401
    assert (await post(model, body(("user", "hi"), model="gpt-x")))[0] == 404
    assert model.requests == []


async def test_faults_come_first_and_then_the_answer() -> None:
    faults = (Fault(status=429, headers={"retry-after": "1"}), Fault(status=529), Fault(status=0))
    async with ScriptedModel(turns(Turn(text="at last", faults=faults))) as model:
        streamed = body(("user", "hi"), stream=True)
        assert (await post(model, streamed))[1]["error"]["type"] == "rate_limit_error"
        assert (await post(model, streamed))[0] == 529
        with pytest.raises(aiohttp.ClientError):
            await post(model, streamed)
        assert (await post(model, body(("user", "hi"))))[1]["content"][0]["text"] == "at last"


async def test_going_further_than_the_script_is_noted(model: ScriptedModel) -> None:
    long = body(*[(role, "x") for _ in range(3) for role in ("user", "assistant")], ("user", "and now?"))
    assert (await post(model, long))[0] == 200
    assert model.violations == ["no turn is left after: and now?"]


async def test_a_turn_that_comes_at_the_wrong_moment_is_noted() -> None:
    script = turns(Turn(text="hm", after=lambda conversation: "please" in conversation.prompt))
    async with ScriptedModel(script) as model:
        await post(model, body(("user", "do it, please")))
        assert model.violations == []
        await post(model, body(("user", "do it")))
        assert len(model.violations) == 1


async def test_calls_beside_the_conversation_use_up_no_turn(model: ScriptedModel) -> None:
    assert (await post(model, body(("user", "make a title"), tools=[])))[0] == 200
    assert (await post(model, body(("user", "hi"))))[1]["content"][0]["text"] == "one"
    assert [received.side for received in model.requests] == [True, False]
    assert len(model.conversations) == 1
