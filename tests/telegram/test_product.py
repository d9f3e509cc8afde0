"""The whole product in Telegram: the real agent program, the real library, a scripted model, a strict Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from runner.demo import Conversation, ScriptedModel, Turn
from runner.demo.repository import git
from tests.core.stage import KEY
from tests.scenarios.play import bash
from tests.servers.telegram.stage import png
from tests.servers.telegram.world import File, Message
from tests.telegram.chats import Chats, HastyClock, Mode, chats
from tests.telegram.quick import MODES

PICTURE = png(40, 30)


def script(conversation: Conversation) -> Turn:
    """Ask for a command; then repeat what came of it, and what was said later, with how many pictures."""
    later = [said for said in conversation.said if "and now" in said]
    if later and "tool_result" not in str(conversation.messages[-1]):
        pictures = str(conversation.messages).count("'type': 'image'")
        return Turn(text=f"You said: {later[-1]}; pictures: {pictures}")
    if conversation.results:
        return Turn(text=f"I was told: {conversation.results[-1].text}")
    return Turn(text="I need one command.", tools=(bash("echo asked > made.txt && cat made.txt"),))


@asynccontextmanager
async def product(folder: Path, mode: Mode, *formats: str) -> AsyncIterator[Chats]:
    """Open chats in which the real agent program plays the script."""
    (folder / "key").write_text(KEY, "utf-8")
    async with ScriptedModel(script, api_key=KEY) as model:
        agents = {"claude": {"base_url": model.url, "api_key": f"file:{folder}/key", "max_retries": 1}}
        async with chats(folder, mode=mode, clock=HastyClock(), agents=agents, reports={"formats": formats}) as t:
            yield t
        assert model.violations == []


async def posted(t: Chats, ending: str) -> File:
    """Wait until we have posted a file whose name ends so."""
    async with t.patience():
        while True:
            files = [m.file for m in t.tg.messages(t.home) if m.sender is t.tg.bot and m.file]
            if found := [file for file in files if file.name.endswith(ending)]:
                return found[-1]
            await t.moment()


def _asks(field: str, message: Message) -> bool:
    return f"\n{field}\n" in message.text and "step" in message.text


async def saved(t: Chats) -> None:
    """Save a task in the form, step by step, and press its Run button."""
    await t.tg.say(t.ada, t.home, "/new")
    for asked, text in (("Name", "make"), ("Prompt", "Make {{what}}")):
        await t.until(t.home, partial(_asks, asked))
        await t.tg.say(t.ada, t.home, text)
    form = await t.shows(t.home, "Default of what")
    await t.press(t.ada, form, "Skip")
    await t.press(t.ada, await t.until(t.home, lambda m: "Save" in m.labels), "Save")
    await t.press(t.ada, await t.shows(t.home, "Saved make"), "Run")


@pytest.mark.parametrize("mode", MODES)
async def test_from_a_new_task_in_a_form_to_the_merged_branch(tmp_path: Path, mode: Mode) -> None:
    """TG-51: two forms, an approval, remarks with a picture and a file, reports and diff, and the merge asked twice."""
    async with product(tmp_path, mode) as t:
        await saved(t)
        await t.shows(t.home, "Run make · step")
        await t.tg.say(t.ada, t.home, "the file")
        await t.press(t.ada, await t.until(t.home, lambda m: "Run now" in m.labels), "Run now")
        question = await t.shows(t.home, "Needs you")
        await t.press(t.ada, question, "Approve")
        first = await t.shows(t.home, "I was told: asked")
        await t.tg.say(t.ada, t.home, caption="and now look at this", photo=PICTURE, reply_to=first)
        await t.shows(t.home, "You said: and now look at this; pictures: 1")
        notes = ("notes.txt", b"remember the milk", "text/plain")
        await t.tg.say(t.ada, t.home, caption="and now read this", document=notes, reply_to=question)
        result = await t.until(t.home, lambda m: "You said: and now read this" in m.text and "Merge" in m.labels)
        assert "notes.txt" in result.text
        assert result.reply_to == first.reply_to
        await t.tg.say(t.ada, t.home, "report json", reply_to=result)
        assert (await posted(t, ".json")).name.startswith("report-")
        await t.tg.say(t.ada, t.home, "report pdf", reply_to=result)
        page = await t.shows(t.home, "First page of the report")
        pdf = await t.until(t.home, lambda m: m.file and m.file.name.endswith(".pdf"))
        assert page.file is not None
        assert pdf.file is not None
        assert (page.file.kind, pdf.file.kind, pdf.file.content[:5]) == ("photo", "document", b"%PDF-")
        assert page.id < pdf.id
        await t.press(t.ada, result, "Diff")
        await t.shows(t.home, "+asked")
        await t.press(t.ada, result, "Merge")
        sure = await t.shows(t.home, "Merge?")
        await t.press(t.ada, sure, "Not now")
        await t.until(t.home, lambda m: m is sure and m.labels == [])
        await t.press(t.ada, result, "Merge")
        sure = await t.until(t.home, lambda m: "Merge?" in m.text and "Merge" in m.labels)
        await t.press(t.ada, sure, "Merge")
        await t.shows(t.home, "erged")
    assert git(tmp_path / "calculator", "show", "main:made.txt") == "asked"
