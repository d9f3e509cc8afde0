"""The daemon serves Slack where it is configured, beside the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runner.demo import Conversation, ScriptedModel, Turn
from tests.core.stage import KEY
from tests.scenarios.machine import Machine
from tests.servers.slack import StrictSlack


def script(conversation: Conversation) -> Turn:
    """Say what was asked."""
    return Turn(text=f"You said: {conversation.last_said}")


async def test_signoff_up_connects_to_slack_and_a_prompt_comes_back_with_its_answer(tmp_path: Path) -> None:
    """SLACK-2: with tokens in the configuration, and nothing else."""
    async with ScriptedModel(script, api_key=KEY) as model, StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        direct = slack.dm(ada)
        (tmp_path / "bot").write_text(slack.bot_token, "utf-8")
        (tmp_path / "app").write_text(slack.app_token, "utf-8")
        tokens = f'bot_token = "file:{tmp_path}/bot"\napp_token = "file:{tmp_path}/app"\n'
        more = f'[slack]\n{tokens}base_url = "{slack.base_url}"\n[users.ada]\nrole = "operator"\nslack = "UADA"\n'
        machine = Machine(tmp_path, model.url, more=more)
        async with machine.daemon(), asyncio.timeout(40):
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
        assert slack.violations == []
