"""What Telegram costs: message to stored, message to card, press to answer and agent, many at once, calls of a run.

Run it with `python -m tests.bench.telegram`. The floor is a bare Application of python-telegram-bot; see `pairs`.
Telegram's own limits do not bite: people are waited for, not windows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from aiohttp import web
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

from tests.bench import pairs
from tests.bench.pairs import EACH, PLACES, PRESSES, REST, Going, Words, line, repeated, until
from tests.fakes import MAKE, ActingAgent, asks
from tests.servers.loopback import taking
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.stage import client, keyboard
from tests.servers.telegram.world import Chat, Message, User
from tests.telegram.chats import USERS, Chats, Mode, chats

_CROWD = {f"p{number}": 100 + number for number in range(PLACES)}
_KNOWN: dict[str, Any] = {
    "users": USERS | {name: {"role": "approver", "telegram": str(number)} for name, number in _CROWD.items()}
}
_PATIENCE = 30.0
_BEGINNING = frozenset({"getUpdates", "getMe", "deleteWebhook", "setWebhook", "getWebhookInfo", "setMyCommands"})


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

    async with taking("/hook", take) as url:
        await app.bot.set_webhook(url)
        yield


def people(tg: StrictTelegram) -> list[tuple[User, Chat]]:
    """Let people come who write all at once."""
    came = [tg.user(number, name) for name, number in _CROWD.items()]
    return [(each, tg.private(each)) for each in came]


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

    async def both(_: int) -> tuple[float, ...]:
        await asyncio.sleep(REST)  # a chat takes one message a second
        return *await said(floor.tg, floor.eve, floor.home), *await said(t.tg, t.ada, t.home)

    taken = zip(*await repeated(rounds, both), strict=True)
    confirmed, replied, stored, answered = (median(times) for times in taken)
    line(f"bare handler, message to confirmed ({mode})", confirmed, confirmed)
    line(f"message to confirmed, stored before ({mode})", stored, confirmed)
    line(f"bare handler, message to reply ({mode})", replied, replied)
    line(f"message to the card that answers it ({mode})", answered, replied)


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


async def presses(floor: Bare, t: Chats, going: Going, words: Words) -> None:
    """Presses on Approve, after a moment in which nothing happens, as with people: what both need is cold by then."""
    await t.tg.say(t.ada, t.home, f"/do {PRESSES + 1}")

    async def press(number: int) -> tuple[float, float, float]:
        question = await t.until(t.home, partial(_asks, number))
        await asyncio.sleep(REST)  # the card of the run is redrawn meanwhile
        below = await floor.press()
        return below, time.perf_counter(), await pressed(t.tg, t.ada, question, "Approve")

    await pairs.presses(words, going, press)


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
    pairs.counted(f"calls of a quiet run with one approval, {where}", t.tg.calls[before:], _BEGINNING)


async def measure(folder: Path, rounds: int) -> None:
    """Measure both ways of hearing, then what a run asks for."""
    modes: tuple[Mode, ...] = ("polling", "webhook")
    for mode in modes:
        going = Going()
        words = Words("bare handler", "its answer", "its answer", mode)
        place = folder / mode
        place.mkdir()
        async with AsyncExitStack() as stack:
            t = await stack.enter_async_context(chats(place, ActingAgent(going.part), mode=mode, **_KNOWN))
            floor = await stack.enter_async_context(bare(mode))
            await messages(floor, t, rounds, mode)
            if mode == "polling":
                ours = partial(_volley, t.tg, people(t.tg))
                bare_ones = partial(_volley, floor.tg, floor.rooms)
                stored = Words("bare handler", "until confirmed", "until stored", mode)
                await pairs.at_once(stored, bare_ones, ours, rounds=max(rounds // 6, 3), rest=REST * EACH)
            await presses(floor, t, going, words)
    place = folder / "quiet"
    place.mkdir()
    async with chats(place, ActingAgent(asks)) as t:
        await requests(t, t.home, "private")
        await requests(t, t.room, "in a group")


if __name__ == "__main__":
    pairs.run(measure)
