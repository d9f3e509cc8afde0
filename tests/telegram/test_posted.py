"""Files that people post: what reaches the agent, and in which words they are told what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import ActingAgent, Turn
from tests.servers.telegram.stage import png
from tests.telegram.quick import JSON, QuickChats, quick

MUCH = 20_000_001  # bytes


async def part(turn: Turn) -> str:
    """Say what came."""
    return f"text: {turn.text} images: {len(turn.images)}" if hasattr(turn, "images") else f"text: {turn.text}"


async def _said(t: QuickChats, words: str) -> None:
    await t.settled()
    assert len(t.ours(t.home, words)) == 1, [message.text for message in t.ours(t.home)]


async def test_a_file_larger_than_telegram_hands_out_is_told_by_name(tmp_path: Path) -> None:
    """TG-10: the text reaches the agent without it, once."""
    async with quick(tmp_path, ActingAgent(part), reports=JSON) as t:
        await t.tg.say(t.ada, t.home, "/do look at it", document=("big.bin", b"x" * MUCH, "application/octet-stream"))
        await _said(t, "big.bin: it is too large: a file may have 20 MB")
        assert len(await t.runs()) == 1
        assert t.tg.called("getFile") == []


@pytest.mark.proof
async def test_a_file_that_cannot_be_had_is_told_after_some_attempts(tmp_path: Path) -> None:
    """TG-10: and the run goes on without it."""
    async with quick(tmp_path, ActingAgent(part), reports=JSON) as t:
        t.tg.fail("download", status=500, times=99)
        await t.tg.say(t.ada, t.home, "/do look at it", document=("a.txt", b"x", "text/plain"))
        await _said(t, "a.txt: Telegram did not hand it out; post it again")
        assert len(await t.runs()) == 1
        assert len(t.tg.called("getFile")) == 5


async def test_a_photo_reaches_the_agent(tmp_path: Path) -> None:
    """TG-10: nothing is said of one that was taken."""
    async with quick(tmp_path, ActingAgent(part), reports=JSON) as t:
        await t.tg.say(t.ada, t.home, "/do look at it", photo=png(30, 20))
        await _said(t, "look at it: completed")
        assert t.ours(t.home, "Not all that you posted") == []


async def test_a_voice_message_without_a_transcriber_says_so(tmp_path: Path) -> None:
    """TG-10: nothing is begun."""
    async with quick(tmp_path, ActingAgent(part), reports=JSON) as t:
        await t.tg.say(t.ada, t.home, voice=b"x")
        await _said(t, "Voice messages are not understood here.")
        assert await t.runs() == ()
