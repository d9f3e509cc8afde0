"""What Telegram costs: message to stored, message to card, press to answer and agent, many at once, calls of a run.

Run it with `python -m tests.bench.telegram`. The floor is a bare Application of python-telegram-bot whose handlers do
nothing else. Each app has a Telegram of its own on loopback; they take turns, so that a busy minute hits both. Medians
are compared. Telegram's own limits do not bite: people are waited for, not windows.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from aiohttp import web
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

from tests.fakes import MAKE, ActingAgent, Turn, asks
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.stage import client, keyboard
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import USERS, Chats, Mode, chats

ROUNDS = 30
CHATS, EACH = 5, 4  # twenty messages at once
PRESSES = 12
REST = 1.1  # seconds before a message or a press: people read, and a chat takes one message a second
_CROWD = {f"p{number}": 100 + number for number in range(CHATS)}
_KNOWN: dict[str, Any] = {
    "users": USERS | {name: {"role": "approver", "telegram": str(number)} for name, number in _CROWD.items()}
}
_PATIENCE = 30.0
_LOOK = 0.0005  # seconds between looks
_BEGINNING = frozenset({"getUpdates", "getMe", "deleteWebhook", "setWebhook", "getWebhookInfo", "setMyCommands"})


@dataclass
class Going:
    """An agent that notes when it goes on."""

    on: list[float] = field(default_factory=list)

    async def part(self, turn: Turn) -> str:
        """Ask for one command after another."""
        for number in range(int(turn.text)):
            await turn.step("Bash", {"command": f"make part-{number}"})
            self.on.append(time.perf_counter())
        return "done"


@dataclass
class Bare:
    """A bare app with a Telegram of its own."""

    tg: StrictTelegram
    eve: User
    home: Chat
    rooms: list[tuple[User, Chat]]

    async def press(self) -> float:
        """Press the button of the newest message; return the seconds to the answer."""
        return await pressed(self.tg, self.eve, self.tg.newest(self.home), "Yes")


async def _answer(update: Update, _: Any) -> None:
    assert update.effective_message
    await update.effective_message.reply_text("Here.", reply_markup=keyboard("Yes"))


async def _take(update: Update, _: Any) -> None:
    assert update.callback_query
    await update.callback_query.answer("Noted.")


@asynccontextmanager
async def bare(mode: Mode) -> AsyncIterator[Bare]:
    """Start the floor."""
    async with StrictTelegram() as tg:
        eve = tg.user(11, "Eve")
        app = Application.builder().bot(client(tg)).build()
        app.add_handlers([CommandHandler("list", _answer), CallbackQueryHandler(_take)])
        async with app, AsyncExitStack() as stack:
            assert app.updater
            if mode == "polling":
                await app.updater.start_polling()
            else:
                await stack.enter_async_context(_called(app))
            await app.start()
            yield Bare(tg, eve, tg.private(eve), people(tg))
            if mode == "polling":
                await app.updater.stop()
            await app.stop()


@asynccontextmanager
async def _called(app: Any) -> AsyncIterator[None]:  # the library's own type has six parameters
    """Have the updates brought, by a server of ours as the library's manual shows it."""

    async def take(request: web.Request) -> web.Response:
        await app.update_queue.put(Update.de_json(await request.json(), app.bot))
        return web.Response()

    served = web.Application()
    served.router.add_post("/hook", take)
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await app.bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")
    try:
        yield
    finally:
        await runner.cleanup()


def people(tg: StrictTelegram) -> list[tuple[User, Chat]]:
    """Let people come who write all at once."""
    came = [tg.user(number, name) for name, number in _CROWD.items()]
    return [(each, tg.private(each)) for each in came]


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(_PATIENCE):
        while not condition():
            await asyncio.sleep(_LOOK)


async def said(tg: StrictTelegram, user: User, chat: Chat, text: str = "/list") -> tuple[float, float]:
    """Say something; return the seconds until it is confirmed, and until something is said to it."""
    began = time.perf_counter()
    before = _answers(tg, chat)
    await tg.say(user, chat, text)
    update = tg.updates.sent[-1]

    async def after(condition: Callable[[], object]) -> float:
        await until(condition)
        return time.perf_counter() - began

    async with asyncio.TaskGroup() as group:
        confirmed = group.create_task(after(lambda: update.done))
        answered = group.create_task(after(lambda: _answers(tg, chat) > before))
    return confirmed.result(), answered.result()


def _answers(tg: StrictTelegram, chat: Chat) -> int:
    return sum(each.sender is tg.bot for each in tg.messages(chat))


async def pressed(tg: StrictTelegram, user: User, message: Message, label: str) -> float:
    """Press a button; return the seconds to the answer."""
    began = time.perf_counter()
    await (await tg.press(user, message, label)).wait(_PATIENCE)
    return time.perf_counter() - began


async def messages(floor: Bare, t: Chats, rounds: int, mode: Mode) -> None:
    """One message after another: stored, and answered."""
    least, ours = [], []
    for round_ in range(rounds + 1):
        await asyncio.sleep(REST)
        unit = await said(floor.tg, floor.eve, floor.home)
        took = await said(t.tg, t.ada, t.home, "/list")
        if round_:  # the first loads what is loaded late
            least.append(unit)
            ours.append(took)
    units = [median(each[which] for each in least) for which in (0, 1)]
    _line(f"bare handler, message to confirmed ({mode})", units[0], units[0])
    _line(f"message to confirmed, stored before ({mode})", median(each[0] for each in ours), units[0])
    _line(f"bare handler, message to reply ({mode})", units[1], units[1])
    _line(f"message to the card that answers it ({mode})", median(each[1] for each in ours), units[1])


async def at_once(floor: Bare, t: Chats, rounds: int) -> None:
    """Twenty messages at once from five chats."""
    rooms = people(t.tg)
    least, ours = [], []
    for round_ in range(rounds + 1):
        await asyncio.sleep(REST * EACH)  # let what the chats may take grow again
        confirmed = await _volley(floor.tg, floor.rooms)
        stored = await _volley(t.tg, rooms)
        if round_:
            least.append(confirmed)
            ours.append(stored)
    for name, pick in (("median", median), ("worst", max)):
        unit = median(pick(volley) for volley in least)
        _line(f"bare, {CHATS * EACH} at once: {name} until confirmed", unit, unit)
        mine = median(pick(volley) for volley in ours)
        _line(f"{CHATS * EACH} at once from {CHATS} chats: {name} until stored", mine, unit)


async def _volley(tg: StrictTelegram, rooms: list[tuple[User, Chat]]) -> list[float]:
    """Let everybody write; return the seconds until each message was confirmed."""
    began = time.perf_counter()
    sent = []
    for _ in range(EACH):
        for user, chat in rooms:
            await tg.say(user, chat, "/list")
            sent.append(tg.updates.sent[-1])
    times: dict[int, float] = {}

    def all_there() -> bool:
        now = time.perf_counter() - began
        for each in sent:
            if each.done:
                times.setdefault(each.id, now)
        return len(times) == len(sent)

    await until(all_there)
    return list(times.values())


async def presses(floor: Bare, t: Chats, going: Going, mode: Mode) -> None:
    """From a press on Approve to its answer, and to the agent that goes on without parking.

    Nothing happens for a moment before each press, as with people: what both need is cold by then.
    """
    await t.tg.say(t.ada, t.home, f"/do {PRESSES + 1}")
    least, answers, ons = [], [], []
    for number in range(PRESSES + 1):
        question = await t.until(t.home, partial(_asks, number))
        await asyncio.sleep(REST)  # the card of the run is redrawn meanwhile
        unit = await floor.press()
        began = time.perf_counter()
        answered = await pressed(t.tg, t.ada, question, "Approve")
        await until(lambda: len(going.on) > number)  # noqa: B023 - awaited here
        if number:
            least.append(unit)
            answers.append(answered)
            ons.append(going.on[number] - began)
    unit = median(least)
    _line(f"bare handler, press to its answer ({mode})", unit, unit)
    _line(f"press to its answer ({mode})", median(answers), unit)
    worst = f"aim 60 ms; best {min(ons) * 1000:.1f} ms, worst {max(ons) * 1000:.1f} ms"
    _line(f"press to the agent going on ({mode})", median(ons), unit, worst)


def _asks(number: int, message: Message) -> bool:
    return f"part-{number}" in message.text and "Approve" in message.labels


async def requests(t: Chats, chat: Chat, where: str) -> None:
    """Count what one quiet run with one approval and a result asks of Telegram."""
    before = len(t.tg.calls)
    await t.tg.say(t.ada, chat, "/do Build it")
    question = await t.until(chat, lambda m: MAKE["command"] in m.text and "Approve" in m.labels)
    await asyncio.sleep(REST)
    await t.press(t.ada, question, "Approve")
    await t.until(chat, lambda m: "ran make all" in m.text)
    await asyncio.sleep(15)  # whatever comes late
    count = Counter(call.method for call in t.tg.calls[before:] if call.method not in _BEGINNING)
    told = ", ".join(f"{method} {times}" for method, times in count.most_common())
    print(f"calls of a quiet run with one approval, {where}: {count.total()} ({told})", flush=True)


def _line(what: str, seconds: float, unit: float, note: str = "") -> None:
    print(f"{what:58} {seconds * 1000:7.1f} ms {seconds / unit:6.2f} x{f'   ({note})' if note else ''}", flush=True)


async def measure(folder: Path, rounds: int) -> None:
    """Measure both ways of hearing, then what a run asks for."""
    modes: tuple[Mode, ...] = ("polling", "webhook")
    for mode in modes:
        going = Going()
        place = folder / mode
        place.mkdir()
        async with AsyncExitStack() as stack:
            t = await stack.enter_async_context(chats(place, ActingAgent(going.part), mode=mode, **_KNOWN))
            floor = await stack.enter_async_context(bare(mode))
            await messages(floor, t, rounds, mode)
            if mode == "polling":
                await at_once(floor, t, max(rounds // 6, 3))
            await presses(floor, t, going, mode)
    place = folder / "quiet"
    place.mkdir()
    async with chats(place, ActingAgent(asks)) as t:
        await requests(t, t.home, "private")
        await requests(t, t.room, "in a group")


def main(rounds: int = ROUNDS) -> None:
    """Print medians and ratios."""
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        asyncio.run(measure(Path(name), rounds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
