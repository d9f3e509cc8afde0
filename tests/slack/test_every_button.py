"""Every button and every form, pressed and sent by anybody."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import faults
from tests.products.monkey import ON_CARDS, SETTINGS
from tests.slack.monkey import Monkey
from tests.slack.quick import quick
from tests.slack.workspace import Mode

# Those of Slack's own cards and of the App Home are added.
EVERY = ON_CARDS | {"Fill in", "People", "Delegate…", "All of mine"}
_USERS = {
    "ada": {"role": "admin", "slack": "UADA"},
    "bob": {"role": "approver", "slack": "UBOB"},
    "eve": {"role": "viewer", "slack": "UEVE"},
}


async def _played(folder: Path, mode: Mode, seed: int, times: int, until: frozenset[str]) -> Monkey:
    """Let somebody press for a while, and see that nothing is out of joint afterwards."""
    async with quick(folder, ActingAgent(act), mode=mode, users=_USERS, **SETTINGS) as ws:
        eve, mallory = ws.slack.user("UEVE", "Eve"), ws.slack.user("UMAL", "Mallory")
        ws.ops.members.update({eve.id, mallory.id})
        monkey = Monkey(ws, random.Random(seed), (ws.ada, ws.bob, eve, mallory))
        await monkey.plays(times, until)
        return monkey


async def test_buttons_and_forms_are_answered_whoever_uses_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-1, SLACK-4: a sample of the proof below."""
    monkey = await _played(tmp_path, "sockets", 1, 10, frozenset())
    assert monkey.complaints == []
    assert faults(caplog) == []
    assert len(monkey.labels) > 3


@pytest.mark.proof
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", [2, 3])
async def test_every_button_and_every_form_is_answered_whoever_uses_it(
    tmp_path: Path, mode: Mode, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-1, SLACK-4, SLACK-7: acknowledged, answered, no surprise; then all runs rest, and the log is whole."""
    monkey = await _played(tmp_path, mode, seed, 150, EVERY)
    assert monkey.complaints == []
    assert faults(caplog) == []
    assert monkey.labels >= EVERY, sorted(EVERY - monkey.labels)


async def test_a_card_that_stands_there_already_is_pointed_at(tmp_path: Path) -> None:
    """SLACK-1: who asks for it once more is told so, and does not wait for what does not come."""
    async with quick(tmp_path, ActingAgent(act)) as ws:
        said = await ws.slack.mention(ws.ada, ws.ops, "long")
        await ws.settled()
        thread = said.message.ts
        question = await ws.until(ws.ops, lambda m: "Full view" in ws.said(m), thread=thread)
        await ws.press(ws.ada, question, "Full view")
        await ws.settled()
        assert not ws.slack.ephemerals
        (element,) = [e for b in question.versions[-1] for e in b.get("elements", ()) if "Full view" in str(e)]
        await ws.slack.press(ws.ada, question, element["action_id"], stale=True)
        await ws.told(ws.ada, "stands here already")
