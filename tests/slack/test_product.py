"""The whole product in Slack: the real agent program, the real libraries, a scripted model, a strict workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runner.demo import Conversation, ScriptedModel, Turn
from runner.demo.repository import git
from tests.core.stage import KEY
from tests.scenarios.play import bash
from tests.slack.quick import MODES
from tests.slack.workspace import Mode, Workspace, workspace


def script(conversation: Conversation) -> Turn:
    """Ask for a command; then repeat what came of it, and what was said later."""
    if "and now" in conversation.last_said:
        return Turn(text=f"You said: {conversation.last_said}")
    if conversation.results:
        return Turn(text=f"I was told: {conversation.results[-1].text}")
    return Turn(text="I need one command.", tools=(bash("echo asked > made.txt && cat made.txt"),))


@asynccontextmanager
async def product(folder: Path, mode: Mode) -> AsyncIterator[Workspace]:
    """Open a workspace in which the real agent program plays the script."""
    (folder / "key").write_text(KEY, "utf-8")
    async with ScriptedModel(script, api_key=KEY) as model:
        agents = {"claude": {"base_url": model.url, "api_key": f"file:{folder}/key", "max_retries": 1}}
        async with workspace(folder, mode=mode, agents=agents) as ws:
            yield ws
        assert model.violations == []


@pytest.mark.parametrize("mode", MODES)
async def test_from_a_new_task_in_a_form_to_the_merged_branch(tmp_path: Path, mode: Mode) -> None:
    """SLACK-7, SLACK-8, SLACK-15: two forms, an answer, a remark with a file, report and diff, and the merge."""
    async with product(tmp_path, mode) as ws:
        slack = ws.slack
        await slack.command(ws.ada, ws.ops, "/task", "new make --project calculator")
        form = await ws.form(ws.ada)
        assert (await slack.submit(form, {"prompt": "Make {{what}}"})).ok
        await ws.press(ws.ada, await ws.told(ws.ada, "Saved make"), "Run")
        form = await ws.form(ws.ada)
        assert (await slack.submit(form, {"what": "the file"})).ok
        head = await ws.until(ws.ops, lambda m: "run make" in ws.said(m))
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
        await ws.press(ws.bob, question, "Approve")
        await ws.until(ws.ops, lambda m: "I was told: asked" in ws.said(m), thread=head.ts)
        notes = [("notes.txt", b"remember the milk")]
        await slack.say(ws.ada, ws.ops, "and now read this", thread_ts=head.ts, files=notes)
        await ws.until(ws.ops, lambda m: "You said: and now read this" in ws.said(m), thread=head.ts)
        heard = await ws.until(ws.ops, lambda m: "notes.txt" in ws.said(m) and not m.files, thread=head.ts)
        await slack.say(ws.ada, ws.ops, "report json", thread_ts=head.ts)
        await slack.say(ws.ada, ws.ops, "diff", thread_ts=head.ts)
        await ws.until(ws.ops, lambda m: "+asked" in ws.said(m), thread=head.ts)
        async with ws.patience():
            while not any(file.name.startswith("report-") and file.shared for file in slack.files.values()):
                await ws.moment()
        merge = next(e for b in heard.blocks for e in b.get("elements", ()) if "Merge" in str(e.get("text")))
        assert merge["confirm"]["title"]["text"] == "Merge?"
        await ws.press(ws.ada, heard, "Merge")
        await ws.until(ws.ops, lambda m: "merged" in ws.said(m).lower(), thread=head.ts)
    assert git(tmp_path / "calculator", "show", "main:made.txt") == "asked"


@pytest.mark.proof
async def test_from_a_command_over_an_edit_and_a_follow_up_to_the_merged_branch(tmp_path: Path, mode: Mode) -> None:
    """SLACK-2, SLACK-3, SLACK-7: everything from the phone."""
    async with product(tmp_path, mode) as ws:
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
    assert git(tmp_path / "calculator", "show", "main:made.txt") == "edited"
