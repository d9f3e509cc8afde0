"""Whatever comes from outside, nobody gets what is not theirs, nobody is called by us, and the work goes on."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.telegram.heard import Dropped, Me
from bot.telegram.listening.door import PATH
from bot.telegram.listening.payloads import channel_of, read
from runner.model import DeliveryState
from tests.fakes import ActingAgent, Turn
from tests.products.acting import act
from tests.products.hostile import nobody_gained
from tests.products.logs import Watchman, watching
from tests.servers.telegram.webhooks import SECRET
from tests.telegram.chats import ADA, BOB, Mode
from tests.telegram.hostile import Aim, hostile
from tests.telegram.quick import JSON, QuickChats, quick

EVERYDAY, BATCH, BATCHES = 40, 500, 10  # updates in each mode: always, and at each of the seeds of the proof
VERA = 13
PEOPLE = {
    "ada": {"role": "admin", "telegram": str(ADA)},
    "bob": {"role": "approver", "telegram": str(BOB)},
    "vera": {"role": "viewer", "telegram": str(VERA)},
}
# What an update that names what is not there leads to, and nothing that is wrong with what is shown.
FOLLOWS = (
    *("no such chat", "no such message", "no such file", "nobody pressed", "answered before", "is a file"),
    *("no topic", "has never written to the bot", "is of ", "the same already"),
)
_ANSWERED, _AT_ONCE = 200, 25


@pytest.fixture
def watchman() -> Iterator[Watchman]:
    """Hear the log."""
    with watching(Watchman(("bot.telegram",))) as man:
        yield man


async def part(turn: Turn) -> str:
    """Ask if that is wanted, else be done."""
    return await act(turn) if turn.text.startswith("ask") else "done"


async def stocked(t: QuickChats) -> Aim:
    """Let real people do a thing of each kind, and keep what came of it; a question of Ada's run stays open."""
    tg = t.tg
    vera, eve = tg.user(VERA, "Vera"), tg.user(14, "Eve")
    t.room.members |= {vera.id, eve.id}
    await tg.say(t.ada, t.room, "/do ask KEEP this one")
    await t.settled()
    question = t.one(t.room, "Needs you")
    (run,) = await t.scene.core.store.executions.live()
    (asked,) = await t.scene.core.store.approvals.of(run.id)
    aim = Aim(tg, asked.id, run.id, (vera, eve))
    began = len(tg.updates.sent)
    said = await tg.say(t.ada, t.room, "/do look around")
    await t.settled()
    await tg.say(t.ada, t.room, "and again", reply_to=t.ours(t.room, "look around")[-1])
    await tg.edit(t.ada, said, "/do look around again")
    await tg.say(t.ada, t.home, "inbox")
    await tg.say(t.ada, t.home, "/new")
    await tg.say(t.ada, t.home, "see", document=("a.txt", b"a", "text/plain"))
    await tg.say(t.ada, t.home, voice=b"a")
    await tg.press(eve, question, "Approve")
    await tg.block(eve)
    await tg.unblock(eve)
    await tg.start(vera)
    await t.settled()
    aim.stock = [each.body for each in tg.updates.sent[began:]]
    return aim


async def besieged(folder: Path, watchman: Watchman, mode: Mode, *, seed: int, count: int) -> None:
    """Deliver so many, and see afterwards that everything is as before and works."""
    dice = random.Random(seed)
    async with quick(folder, ActingAgent(part), mode=mode, users=PEOPLE, reports=JSON) as t:
        t.tg._api._limiter.count = lambda *_: 0  # type: ignore[method-assign]  # this is not about pace
        aim = await stocked(t)
        for number in range(count):
            body = json.loads(json.dumps(hostile(dice, aim)))
            heard, before = read(body, Me(id=t.tg.bot.id, username="signoff_bot")), watchman.heard
            t.tg.deliver_raw(body)
            if number % _AT_ONCE == 0 or isinstance(heard, Dropped):
                await _dealt_with(t)
            if isinstance(heard, Dropped):
                assert heard.reason
                assert watchman.heard > before, f"silence after {body}"
            assert watchman.broken == [], f"{watchman.broken[0]}\nafter {json.dumps(body)[:3000]}"
        await _dealt_with(t)
        await _still_works(t)
        await _assessed(t, folder)
        assert [line for line in watchman.lines if t.tg.token in line] == []
        assert watchman.broken == []
        await _at_rest(t)


async def _at_rest(t: QuickChats) -> None:
    """Wait until nothing is on its way: a file that is cut off is no fault that is looked for here."""
    deliveries = t.scene.core.store.deliveries
    async with t.patience():
        while [
            row
            for channel in await deliveries.channels("telegram")
            for row in await deliveries.heads("telegram", channel)
            if row.state is DeliveryState.SENDING
        ]:
            await t.moment()


async def _dealt_with(t: QuickChats) -> None:
    waiting: object = ()
    try:
        async with t.patience():
            while t.tg.updates.pending() or (waiting := await t.scene.core.store.arrivals.waiting("telegram")):
                await t.clock.move(seconds=1)
                await t.moment()
    except TimeoutError:
        pending = [each.body for each in t.tg.updates.pending()]
        pytest.fail(f"never dealt with: {str(pending)[:3000]} or {str(waiting)[:3000]}")


async def _still_works(t: QuickChats) -> None:
    """Bring a run from start to result, where it is quiet."""
    quiet = t.tg.group(-1077, "Quiet", t.ada)
    await t.tg.say(t.ada, quiet, "/do ask KEEP working")
    await t.reaches(lambda: t.ours(quiet, "Needs you"))
    await t.tg.press(t.ada, t.one(quiet, "Needs you"), "Approve")
    await t.reaches(lambda: t.ours(quiet, "KEEP working: completed"))


async def _assessed(t: QuickChats, folder: Path) -> None:
    """See that nobody got what is not theirs, and that nothing shown tells secrets."""
    await nobody_gained(t.scene.core.store)
    shown = json.dumps([call.args for call in t.tg.calls], ensure_ascii=False, default=str)
    for secret in (t.tg.token, str(folder / "state"), "Traceback", "Unexpected error"):
        assert secret not in shown, shown[max(0, shown.index(secret) - 300) :][:600]
    strange = [fault for fault in t.tg.violations if not any(word in fault for word in FOLLOWS)]
    assert strange == []
    t.tg.world.violations.clear()


@pytest.mark.parametrize("mode", ["polling", pytest.param("webhook", marks=pytest.mark.proof)])
async def test_hostile_updates_do_no_harm(tmp_path: Path, watchman: Watchman, mode: Mode) -> None:
    """TG-21: a sample; each is answered, or dropped for a reason that the log tells."""
    await besieged(tmp_path, watchman, mode, seed=1, count=EVERYDAY)


@pytest.mark.proof
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_ten_thousand_hostile_updates_do_no_harm(tmp_path: Path, watchman: Watchman, mode: Mode) -> None:
    """TG-21: at each of ten seeds."""
    for seed in range(BATCHES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        await besieged(folder, watchman, mode, seed=100 + seed, count=BATCH)


async def test_any_update_is_read_or_dropped_for_a_reason(tmp_path: Path) -> None:
    """TG-21: reading is total, whatever JSON it is."""
    dice = random.Random(7)
    async with quick(tmp_path, ActingAgent(part), users=PEOPLE, reports=JSON) as t:
        aim = await stocked(t)
    me = Me(id=aim.tg.bot.id, username="signoff_bot")
    for _ in range(5_000):
        heard = read(hostile(dice, aim), me)
        assert not isinstance(heard, Dropped) or heard.reason
        assert isinstance(channel_of(heard), str)


async def test_the_door_lets_in_what_comes_with_the_secret_and_can_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-22: without it a call is refused before it is read, whatever it says, and leaves nothing behind."""
    caplog.set_level(logging.INFO)
    async with quick(tmp_path, ActingAgent(part), mode="webhook", reports=JSON) as t:
        await t.reaches(lambda: t.tg.webhooks.url)
        url = t.tg.webhooks.url
        assert url.endswith(PATH)
        secret = await asyncio.to_thread((tmp_path / "secret").read_text, "utf-8")
        await t.tg.say(t.ada, t.home, "/do once")
        await t.settled()
        forged = t.tg.updates.sent[-1].body | {"update_id": 77}
        good = json.dumps(forged).encode()
        deep = b'{"update_id": 1, "message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        trials: tuple[tuple[dict[str, str], bytes, set[int]], ...] = (
            ({}, good, {401}),
            ({SECRET: "wrong"}, good, {401}),
            ({SECRET: secret + "x"}, good, {401}),
            ({SECRET: "\N{SNOWMAN}"}, good, {400, 401}),
            ({}, b"{" * 100, {401}),
            ({SECRET: secret}, b"{nothing", {400}),
            ({SECRET: secret}, b"\xff\xfe", {400}),
            ({SECRET: secret}, deep, {400}),
            ({SECRET: secret}, b"[1" + b"0" * 9_999 + b"]", {400}),
            ({SECRET: secret}, b'"a word"', {200}),
            ({SECRET: secret}, b"x" * 1_000_000 * 8, {413}),
        )
        async with aiohttp.ClientSession() as session:
            for headers, body, statuses in trials:
                async with session.post(url, data=io.BytesIO(body), headers=headers) as answer:
                    assert answer.status in statuses, (headers, body[:40], answer.status)
        await t.settled()
        assert len(await t.runs()) == 1
        assert secret not in caplog.text
