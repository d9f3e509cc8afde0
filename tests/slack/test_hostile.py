"""Whatever comes from outside, nobody gets what is not theirs, nobody else is asked or told, and the work goes on."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import random
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.slack.heard import Changed, Dropped, Me, Opened, Typed
from bot.slack.listening.payloads import read
from tests.fakes import MAKE, ActingAgent, Turn
from tests.products.hostile import nobody_gained
from tests.products.logs import Watchman, watching
from tests.servers.slack import StrictSlack
from tests.servers.slack import limits as rates
from tests.servers.slack.delivery import Parcel
from tests.servers.slack.world import Message
from tests.slack.hostile import Aim, hostile
from tests.slack.workspace import USERS, Mode, Workspace, workspace

EVERYDAY, BATCH, BATCHES = 40, 500, 10  # deliveries in each mode: always, and at each of the seeds of the proof
PEOPLE = USERS | {"vera": {"role": "viewer", "slack": "UVERA"}}
LONGEST = {"sockets": 1_000_000, "http": 400_000}
# What a delivery that names what is not there leads to, and nothing that is wrong with what is shown.
FOLLOWS = (
    *("never given out", "no such channel", "no such user", "the bot is not in", "is not in C", "is not in D"),
    *("no such message", "no_such_url", "thread_not_found", "no such thread", "used before", "older than", "without "),
    *("not acknowledged (http_error", "used_url", "no emoji"),
)
_LIVE = re.compile(r"<[!@#]|(?<!\w)@(?:here|channel|everyone)\b")
_PINGS = {"user", "usergroup", "broadcast", "channel", "team"}


@dataclass(eq=False)
class Porter(Watchman):
    """Counts as well what could not be read at all."""

    unreadable: int = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        super().emit(record)
        if record.name.startswith(self.ours):
            self.unreadable += record.getMessage().startswith(("slack.unreadable", "http.refused: a body of more"))


@dataclass
class Canary:
    """An address that nobody may call."""

    url: str = ""
    calls: int = 0

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count whoever comes."""
        self.calls += 1
        writer.close()


@asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    """Listen on an address of this machine."""
    bird = Canary()
    server = await asyncio.start_server(bird.serve, "127.0.0.1", 0)
    bird.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    async with server:
        yield bird


@pytest.fixture
def porter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Porter]:
    """Hear the log, in a workspace that lets everybody call as often as they like: this is not about pace."""
    for method in rates.PER_MINUTE:
        monkeypatch.setitem(rates.PER_MINUTE, method, 1_000_000)
    with watching(Porter(("bot.slack", "bot.httpd"))) as man:
        yield man


async def part(turn: Turn) -> str:
    """Ask if that is wanted, else be done."""
    if "KEEP" in turn.text:
        answer = await turn.step("Bash", MAKE)
        return "ran make all" if answer and answer.approve else "left it"
    return "done"


async def stocked(ws: Workspace, bird: Canary, mode: Mode) -> Aim:
    """Let real people do a thing of each kind, and keep what came of it; a question of Ada's run stays open."""
    slack, ada, ops = ws.slack, ws.ada, ws.ops
    vera, eve = slack.user("UVERA", "Vera"), slack.user("UEVE", "Eve")
    mallory = slack.user("UMALLORY", "Mallory", team="T0OTHER")
    ops.members |= {vera.id, eve.id, mallory.id}
    slack.channel("CSECRET", ws.bob)
    slack.dm(eve), slack.dm(vera)
    await slack.command(ada, ops, "/task", "do --project calculator KEEP this one")
    head = await ws.until(ops, lambda m: "KEEP this one" in ws.said(m))
    question = await ws.until(ops, lambda m: m.text.startswith("Approve?"), thread=head.ts)
    (run,) = await ws.scene.core.store.executions.live()
    (asked,) = await ws.scene.core.store.approvals.of(run.id)
    began = len(slack.deliveries.sent)
    await slack.command(ada, ops, "/task", "runs")
    mine = await slack.mention(ada, ops, "look around")
    await ws.until(ops, lambda m: "look around: completed" in ws.said(m), thread=mine.message.ts)
    reply = await slack.say(ada, ops, "and again", thread_ts=mine.message.ts, files=[("a.txt", b"a")])
    await slack.edit(ada, reply.message, "and once more")
    await slack.delete(ada, reply.message)
    direct = await slack.say(ada, slack.dm(ada), "inbox")
    await slack.open_home(ada)
    await slack.shortcut(ada, "new_task")
    form = await ws.form(ada)
    await slack.act(form, "prompt", "mend {{module}}")
    await slack.submit(form, {"name": "mend", "prompt": "mend it"})
    for name in ("run_this", "make_task"):
        await slack.shortcut(ada, name, direct.message)
    await _pressed(ws, question)
    aim = Aim(slack, asked.id, run.id, (vera, eve, mallory), (ada, ws.bob), bird.url, LONGEST[mode])
    aim.stock = [parcel for parcel in slack.deliveries.sent[began:] if not _ours(parcel)]
    aim.stock.append(_stopped(slack, aim.stock, mine.message))
    return aim


async def _pressed(ws: Workspace, question: Message) -> None:
    """Press buttons that decide nothing: one that asks for a text, and a menu."""
    await ws.press(ws.bob, question, "Deny + why")
    await ws.form(ws.bob)
    for block in question.blocks:
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            if element["type"] == "overflow":
                eve = ws.slack.world.users["UEVE"]
                await ws.slack.press(eve, question, element["action_id"], element["options"][0]["value"])


def _ours(parcel: Parcel) -> bool:
    event = parcel.payload.get("event") or {}
    said = (event, event.get("previous_message") or {})
    return any(each.get("bot_id") or each.get("user") == "U0SIGNOFF" for each in said) or "item_user" in event


def _stopped(slack: StrictSlack, stock: list[Parcel], message: Message) -> Parcel:
    """Make the press of Slack's own stop button."""
    like = next(parcel for parcel in stock if "event" in parcel.payload)
    event = {"type": "agent_session_stopped", "channel": message.channel, "thread_ts": message.ts, "user": "UADA"}
    return Parcel(like.kind, like.payload | {"event": event | {"event_ts": slack.world.ts()}}, "")


@dataclass
class Siege:
    """A workspace under hostile deliveries."""

    ws: Workspace
    aim: Aim
    porter: Porter
    me: Me
    folder: Path
    acks: list[Any] = field(default_factory=list)

    async def deliver(self, parcel: Parcel) -> None:
        """Deliver, wait until it is dealt with, and see that it was not met with silence."""
        before, unreadable = await self._pulse(), self.porter.unreadable
        ack = await self.ws.slack.redeliver(parcel)
        self.acks.append(ack.body)
        assert ack.ok or self.porter.unreadable > unreadable, f"not acknowledged: {ack} {_told(parcel)}"
        async with self.ws.patience():
            while await self.ws.scene.core.store.arrivals.waiting("slack"):
                await asyncio.sleep(0)
        assert self.porter.broken == [], f"{self.porter.broken[0]}\nafter {_told(parcel)}"
        heard = read(parcel.payload, self.me)
        if not isinstance(heard, Typed | Opened | Changed) and not ack.body:
            assert await self._pulse() != before, f"silence after {_told(parcel)}"
        if isinstance(heard, Dropped):
            assert heard.reason

    async def _pulse(self) -> tuple[int, ...]:
        """What shows that something was done: a line of the log, what one person was told, a card, a change."""
        with closing(sqlite3.connect(self.folder / "state" / "signoff.db")) as database:
            (cards,) = database.execute("SELECT total(revision) + count(*) FROM deliveries").fetchone()
        seq = await self.ws.scene.core.store.feed.newest()
        return self.porter.heard, len(self.ws.slack.ephemerals), len(self.ws.slack.views), int(cards), seq

    async def assess(self, home: Path) -> None:
        """See that nobody got what is not theirs, and that nothing shown tells secrets or pings."""
        slack = self.ws.slack
        await nobody_gained(self.ws.scene.core.store)
        shown = json.dumps([*_shown(slack), self.acks], ensure_ascii=False)
        for secret in (
            slack.bot_token,
            slack.app_token,
            slack.signing_secret,
            str(home),
            str(Path.home()),
            "Traceback",
        ):
            assert secret not in shown, shown[max(0, shown.index(secret) - 300) :][:600]
        assert "Unexpected error" not in shown
        for content in _shown(slack):
            for fault in _pings(content):
                pytest.fail(f"it pings: {fault}")
        strange = [fault for fault in slack.violations if not any(word in fault for word in FOLLOWS)]
        assert strange == []
        slack.world.violations.clear()


def _told(parcel: Parcel) -> str:
    return json.dumps(parcel.payload)[:3_000]


def _shown(slack: StrictSlack) -> Iterator[Any]:
    for call in slack.calls:
        yield {name: part for name, part in call.args.items() if name != "metadata"}
    for message in slack.world.ephemerals:
        yield {"text": message.text, "blocks": message.blocks}


def _pings(content: Any) -> Iterator[str]:
    """Name what in it is parsed by Slack as a mention."""
    if isinstance(content, list):
        for each in content:
            yield from _pings(each)
    if not isinstance(content, dict):
        return
    parsed = content.get("text") if content.get("type") in {None, "mrkdwn"} else None
    if isinstance(parsed, str) and _LIVE.search(parsed):
        yield parsed[:300]
    if content.get("type") in _PINGS:
        yield str(content)[:300]
    for each in content.values():
        yield from _pings(each)


async def besieged(folder: Path, porter: Porter, mode: Mode, *, seed: int, count: int) -> None:
    """Deliver so many, and see afterwards that everything is as before and works."""
    dice = random.Random(seed)
    async with canary() as bird, _open(folder, mode) as ws:
        aim = await stocked(ws, bird, mode)
        me = Me(team=ws.slack.team_id, user=ws.slack.world.bot_user)
        siege = Siege(ws, aim, porter, me, folder)
        running, files = len(asyncio.all_tasks()), _open_files()
        for _ in range(count):
            await siege.deliver(hostile(dice, aim))
        await _still_works(ws)
        async with asyncio.timeout(60):
            while len(asyncio.all_tasks()) > running + 10 or _open_files() > files + 20:
                await asyncio.sleep(0.1)
        await siege.assess(folder)
        assert bird.calls == 0


@asynccontextmanager
async def _open(folder: Path, mode: Mode) -> AsyncIterator[Workspace]:
    """Open a workspace in which a question holds no place for work."""
    parked = {"hot_wait_minutes": 0}
    async with workspace(folder, ActingAgent(part), mode=mode, burst=1_000_000, users=PEOPLE, approvals=parked) as ws:
        yield ws


async def _still_works(ws: Workspace) -> None:
    """Bring a run from start to result, where it is quiet."""
    quiet = ws.slack.channel("CQUIET", ws.ada)
    await ws.slack.command(ws.ada, quiet, "/task", "do --project calculator KEEP working")
    async with asyncio.timeout(300):
        head = await _seen(ws, lambda: ws.slack.messages(quiet), "KEEP working")
        question = await _seen(ws, lambda: ws.slack.messages(quiet, head.ts), "Approve?")
        await ws.press(ws.ada, question, "Approve")
        await _seen(ws, lambda: ws.slack.messages(quiet, head.ts), "KEEP working: completed")


async def _seen(ws: Workspace, listed: Any, words: str) -> Message:
    while True:
        for message in listed():
            if words in ws.said(message):
                found: Message = message
                return found
        await ws.moment()


def _open_files() -> int:
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0


def _resident() -> int:
    """Return the bytes of memory in use; 0 where that is not told."""
    gc.collect()
    told = Path("/proc/self/statm")
    return int(told.read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") if told.exists() else 0


async def test_hostile_deliveries_do_no_harm(tmp_path: Path, porter: Porter, mode: Mode) -> None:
    """SLACK-17: a sample; each is answered, or dropped for a reason that the log tells."""
    await besieged(tmp_path, porter, mode, seed=1, count=EVERYDAY)


@pytest.mark.proof
@pytest.mark.timeout(3_600)
async def test_ten_thousand_hostile_deliveries_do_no_harm(tmp_path: Path, porter: Porter, mode: Mode) -> None:
    """SLACK-1, SLACK-17: nor does memory grow from one batch to the next."""
    used = []
    for seed in range(BATCHES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        await besieged(folder, porter, mode, seed=100 + seed, count=BATCH)
        used.append(_resident())
    assert used[-1] - used[2] < 100_000_000, used


async def test_an_answer_goes_to_slack_and_to_nobody_else(tmp_path: Path) -> None:
    """SLACK-17: whatever address a delivery names."""
    async with canary() as bird, workspace(tmp_path, ActingAgent(part)) as ws:
        await ws.slack.command(ws.ada, ws.ops, "/task", "runs")
        typed = ws.slack.deliveries.sent[-1]
        elsewhere = typed.payload | {"response_url": bird.url, "trigger_id": "1.2.3", "text": "projects"}
        assert (await ws.slack.redeliver(Parcel(typed.kind, elsewhere, ""))).ok
        async with ws.patience():
            while not ws.slack.called("chat.postEphemeral"):
                await ws.moment()
        assert bird.calls == 0
