"""Every button and every form, pressed and answered by anybody."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import faults
from tests.products.monkey import ON_CARDS, SETTINGS
from tests.telegram.chats import Mode
from tests.telegram.monkey import Monkey, named
from tests.telegram.quick import quick

# What opens forms in Slack is left out, and Telegram's own buttons are added.
EVERY = frozenset(named(label) for label in ON_CARDS - {"Fill in"}) | {
    *("Not now", "The agent", "A new run", "Nobody"),
    *("Save", "Run now", "Cancel", "Skip", "Back", "More options", "Done", "Other…", "Use …", "1 …"),
}
_USERS = {
    "ada": {"role": "admin", "telegram": "11"},
    "bob": {"role": "approver", "telegram": "12"},
    "eve": {"role": "viewer", "telegram": "13"},
}


async def _played(folder: Path, mode: Mode, seed: int, times: int, until: frozenset[str]) -> Monkey:
    """Let somebody press for a while, and see that nothing is out of joint afterwards."""
    async with quick(folder, ActingAgent(act), mode=mode, users=_USERS, **SETTINGS) as t:
        eve, mallory = t.tg.user(13, "Eve"), t.tg.user(14, "Mallory")
        t.room.members.update({eve.id, mallory.id})
        monkey = Monkey(t, random.Random(seed), (t.ada, t.bob, eve, mallory))
        await monkey.plays(times, until)
        return monkey


async def test_buttons_and_forms_are_answered_whoever_uses_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-52: a sample of the proof below."""
    monkey = await _played(tmp_path, "polling", 1, 8, frozenset())
    assert monkey.complaints == []
    assert faults(caplog) == []
    assert len(monkey.labels) > 3


@pytest.mark.proof
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("seed", [2, 3])
async def test_every_button_and_every_form_is_answered_whoever_uses_it(
    tmp_path: Path, mode: Mode, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-52: answered, no surprise, nothing that Telegram refuses; then all runs rest, and the log is whole."""
    monkey = await _played(tmp_path, mode, seed, 150, EVERY)
    assert monkey.complaints == []
    assert faults(caplog) == []
    assert monkey.labels >= EVERY, sorted(EVERY - monkey.labels)
