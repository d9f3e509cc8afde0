"""Voice messages: nothing is done before their author has seen what was understood."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import faults
from tests.telegram.quick import quick

OGG = b"OggS" + bytes(100)


def transcribed(folder: Path, program: str) -> dict[str, Any]:
    """Configure a program that writes down what is said."""
    (folder / "transcribe.py").write_text(program, "utf-8")
    return {"transcribe": (sys.executable, str(folder / "transcribe.py"), "{file}")}


SAYS = "import sys; data = open(sys.argv[1], 'rb').read(); assert data[:4] == b'OggS'; print('ask for {{it}}')"


async def test_what_was_understood_is_shown_mended_and_sent(tmp_path: Path) -> None:
    """TG-56: first shown, then corrected by an answer, then sent; a chain like that of any other message."""
    async with quick(tmp_path, ActingAgent(act), telegram=transcribed(tmp_path, SAYS)) as t:
        said = await t.says(t.ada, t.home, voice=OGG)
        card = t.newest(t.home, "This was understood")
        assert "ask for {{it}}" in card.text
        assert card.reply_to == said.id
        assert await t.runs() == ()
        await t.says(t.ada, t.home, "done with it", reply_to=card)
        assert "done with it" in t.newest(t.home, "This was understood").text
        assert await t.runs() == ()
        await t.presses(t.ada, card, "Send it")
        assert t.newest(t.home, "heard: done with it").reply_to == said.id
        assert (card.labels, "✓ Sent" in card.text) == ([], True)
        late = await t.presses(t.ada, card, "Send it", stale=True)
        assert (late.text, late.show_alert) == ("That is done already.", True)
        assert len(await t.runs()) == 1


async def test_a_voice_message_steers_and_can_be_thrown_away(tmp_path: Path) -> None:
    """TG-56: as an answer to a run it goes to its agent; thrown away it goes nowhere; nobody else can send it."""
    async with quick(tmp_path, ActingAgent(act), telegram=transcribed(tmp_path, SAYS.replace("ask", "and"))) as t:
        await t.says(t.ada, t.room, "/do@signoff_bot ask for it")
        question = t.newest(t.room, "Needs you")
        spoken = await t.says(t.ada, t.room, voice=OGG, reply_to=question)
        card = t.newest(t.room, "This was understood")
        assert card.reply_to == spoken.id
        other = await t.presses(t.bob, card, "Send it")
        assert "Only who said it" in other.text
        await t.presses(t.ada, card, "Throw away")
        assert "Not sent" in card.text
        await t.says(t.ada, t.room, voice=OGG, reply_to=question)
        await t.presses(t.ada, t.newest(t.room, "This was understood"), "Send it")
        await t.presses(t.ada, question, "Approve")
        await t.in_time(t.room, "heard: and for {{it}}")
        assert len({run.conversation_id for run in await t.runs()}) == 1


@pytest.mark.parametrize(
    ("program", "size", "words"),
    [
        ("raise SystemExit(3)", 100, "The voice message could not be written down."),
        ("print('  ')", 100, "Nothing was understood of the voice message."),
        (SAYS, 20_000_001, "larger"),
        ("", 100, "Voice messages are not understood here."),
    ],
    ids=["fails", "silent", "too long", "not configured"],
)
async def test_a_voice_message_that_cannot_be_used_is_said_to_be(
    tmp_path: Path, program: str, size: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-56: it says to send it as text; nothing begins."""
    section = transcribed(tmp_path, program) if program else {}
    async with quick(tmp_path, ActingAgent(act), telegram=section) as t:
        await t.says(t.ada, t.home, voice=b"OggS" + bytes(size))
        assert "as text" in t.newest(t.home, words).text
        assert await t.runs() == ()
        assert not faults(caplog)
