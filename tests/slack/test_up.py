"""The daemon serves Slack where it is configured, beside the terminal."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from bot.slack.manifest import PATH
from runner.demo import Conversation, ScriptedModel, Turn
from tests.core.stage import KEY
from tests.products.serving import free_port
from tests.scenarios.machine import Machine
from tests.servers.slack import StrictSlack
from tests.slack.workspace import Mode


def script(conversation: Conversation) -> Turn:
    """Say what was asked."""
    return Turn(text=f"You said: {conversation.last_said}")


def configured(folder: Path, slack: StrictSlack, mode: Mode) -> str:
    """Return the lines of a configuration that connect to a workspace, where Ada is an operator."""
    (folder / "bot").write_text(slack.bot_token, "utf-8")
    (folder / "secret").write_text(slack.app_token if mode == "sockets" else slack.signing_secret, "utf-8")
    key, http = "app_token", ""
    if mode == "http":
        listen = f"127.0.0.1:{free_port()}"
        slack.http(f"http://{listen}{PATH}")
        key, http = "signing_secret", f'[http]\nlisten = "{listen}"\n'
    tokens = f'bot_token = "file:{folder}/bot"\n{key} = "file:{folder}/secret"\n'
    return f'[slack]\n{tokens}base_url = "{slack.base_url}"\n{http}[users.ada]\nrole = "operator"\nslack = "UADA"\n'


@pytest.mark.parametrize("mode", [pytest.param("sockets", marks=pytest.mark.proof), "http"])
async def test_signoff_up_hears_slack_and_a_prompt_comes_back_with_its_answer(tmp_path: Path, mode: Mode) -> None:
    """SLACK-2, SLACK-7: with tokens in the configuration, and nothing else."""
    async with ScriptedModel(script, api_key=KEY) as model, StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        direct = slack.dm(ada)
        machine = Machine(tmp_path, model.url, more=configured(tmp_path, slack, mode))
        async with machine.daemon() as process, asyncio.timeout(40):
            await slack.connected(2, seconds=30)
            begun = await slack.say(ada, direct, "Mention the weather")
            while not any(
                "You said: Mention the weather" in str(m.blocks) for m in slack.messages(direct, begun.message.ts)
            ):
                await asyncio.sleep(0.02)
            listed = await slack.command(ada, direct, "/task", "runs")
            assert listed.ok
            while not any("Mention the weather" in str(m.blocks) for m in slack.messages(direct)):
                await asyncio.sleep(0.02)
            if mode == "http":
                assert await health(slack) == (200, {"status": "ok", "front_ends": {"slack": {"hears": True}}})
            await slack.settle()
            process.terminate()
            assert await asyncio.to_thread(process.wait, 20) == 0
        assert slack.violations == []
        assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


async def health(slack: StrictSlack) -> tuple[int, object]:
    """Ask the daemon at whose door Slack delivers how it is."""
    async with aiohttp.ClientSession() as session, session.get(slack.webhooks.url.replace(PATH, "/health")) as response:
        return response.status, await response.json()


async def test_signoff_up_says_what_to_do_when_its_address_is_taken(tmp_path: Path) -> None:
    """SLACK-7: it ends at once, and nobody talks to a daemon that Slack cannot reach."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        machine = Machine(tmp_path, "http://127.0.0.1:9", more=f'[http]\nlisten = "{listen}"\n')
        process = machine.start()
        assert await asyncio.to_thread(process.wait, 30) == 1
    said = (tmp_path / "log").read_text("utf-8")
    assert f"cannot listen on {listen}: Address already in use; end what uses it, or name another" in said
    assert "Traceback" not in said
