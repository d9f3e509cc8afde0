"""Every button and every form, pressed and answered by anybody."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from runner.audit import Whole, verify
from runner.model import Execution, State
from runner.tasks import TaskDraft
from tests.bot.test_views import CARDS
from tests.fakes import ActingAgent
from tests.slack.acting import act
from tests.telegram.chats import Mode
from tests.telegram.monkey import Monkey, named
from tests.telegram.town import QuickChats, faults, quick

# All labels that cards have, and those of Telegram's own. Left out: choices of other questions than are asked here,
# patterns for files, which nobody offers where a rule wants each edit to be asked about, and what opens forms in Slack.
EVERY = frozenset(named(button.label) for card in CARDS.values() for button in card.buttons)
EVERY = (EVERY - {"PostgreSQL …", "Allow file", "Allow folder", "Fill in"}) | {
    *("PostgreSQL", "To the agent", "Not now", "The agent", "A new run", "Nobody"),
    *("Save", "Run now", "Cancel", "Skip", "Back", "More options", "Done", "Other…", "Use …", "1 …"),
}
_USERS = {
    "ada": {"role": "admin", "telegram": "11"},
    "bob": {"role": "approver", "telegram": "12"},
    "eve": {"role": "viewer", "telegram": "13"},
}
_TERMS: dict[str, Any] = {
    "remind_minutes": (),
    "expire_minutes": 60_000,
    "propose_after": 1,
    "risk": {"network": {"quorum": 2}},
}
_SETTINGS: dict[str, Any] = {"users": _USERS, "approvals": _TERMS, "policy": {"ask": ("Edit", "Write")}}


async def _played(folder: Path, mode: Mode, seed: int, times: int, until: frozenset[str]) -> Monkey:
    """Let somebody press for a while, and see that nothing is out of joint afterwards."""
    async with quick(folder, ActingAgent(act), mode=mode, **_SETTINGS) as t:
        eve, mallory = t.tg.user(13, "Eve"), t.tg.user(14, "Mallory")
        t.room.members.update({eve.id, mallory.id})
        for number in range(25):
            draft = TaskDraft(name=f"t{number}", prompt="done {{it}}" if number else "ask {{it}}", project="calculator")
            await t.scene.core.tasks.define(t.scene.actor, draft)
        monkey = Monkey(t, random.Random(seed), (t.ada, t.bob, eve, mallory))
        await monkey.acts(times, until)
        await _rests(t)
        return monkey


async def _rests(t: QuickChats) -> None:
    """See that each run has ended, is stopped or waits for an answer that is open, and that the audit log is whole."""
    if await t.scene.core.switch.frozen():
        await t.scene.core.switch.release(t.scene.actor)
    await t.settled()
    for run in await t.scene.core.store.executions.live():
        assert run.state is State.WAITING, run
        assert await _open(t, run), run
    assert isinstance(await verify(t.scene.core.store.feed), Whole)


async def _open(t: QuickChats, run: Execution) -> bool:
    return any(asked.execution_id == run.id for asked in await t.scene.core.store.approvals.open())


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
