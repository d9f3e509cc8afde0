"""The whole product in Slack: the real agent program, the real libraries, a scripted model, a strict workspace."""

from __future__ import annotations

from pathlib import Path

from runner.demo import Conversation, ScriptedModel, Turn
from runner.demo.repository import git
from tests.core.stage import KEY
from tests.scenarios.play import bash
from tests.slack.workspace import Mode, workspace


def script(conversation: Conversation) -> Turn:
    """Ask for a command; then repeat what came of it, and what was said later."""
    if "and now" in conversation.last_said:
        return Turn(text=f"You said: {conversation.last_said}")
    if conversation.results:
        return Turn(text=f"I was told: {conversation.results[-1].text}")
    return Turn(text="I need one command.", tools=(bash("echo asked > made.txt && cat made.txt"),))


async def test_from_a_command_over_an_edit_and_a_follow_up_to_the_merged_branch(tmp_path: Path, mode: Mode) -> None:
    """SLACK-2, SLACK-3, SLACK-7: everything from the phone."""
    (tmp_path / "key").write_text(KEY, "utf-8")
    async with ScriptedModel(script, api_key=KEY) as model:
        agents = {"claude": {"base_url": model.url, "api_key": f"file:{tmp_path}/key", "max_retries": 1}}
        async with workspace(tmp_path, mode=mode, agents=agents) as ws:
            await ws.slack.command(ws.ada, ws.ops, "/task", "do --project calculator Make the file")
            head = await ws.until(ws.ops, lambda m: "Make the file" in ws.said(m))
            question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
            await ws.press(ws.bob, question, "Edit")
            form = await ws.form(ws.bob)
            assert form.blocks[0]["element"]["initial_value"] == "echo asked > made.txt && cat made.txt"
            await ws.slack.submit(form, {"text": "echo edited > made.txt && cat made.txt"})
            result = await ws.until(ws.ops, lambda m: "I was told: edited" in ws.said(m), thread=head.ts)
            await ws.slack.say(ws.ada, ws.ops, "and now say it again", thread_ts=head.ts)
            result = await ws.until(ws.ops, lambda m: "You said: and now say it again" in ws.said(m), thread=head.ts)
            await ws.press(ws.ada, result, "Merge")
            await ws.until(ws.ops, lambda m: "merged" in ws.said(m).lower(), thread=head.ts)
            files = [file.name for file in ws.slack.files.values()]
            assert files
            assert all(name.endswith(".json") for name in files)
        assert model.violations == []
    assert git(tmp_path / "calculator", "show", "main:made.txt") == "edited"
