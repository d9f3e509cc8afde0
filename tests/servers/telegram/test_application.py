"""A whole application of the real library lives with the server as with Telegram."""

from __future__ import annotations

import asyncio
from typing import Any

from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

from tests.core.clock import HandClock
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import client, keyboard


async def ask(update: Update, _context: Any) -> None:
    assert update.effective_message
    await update.effective_message.reply_text("Run it?", reply_markup=keyboard("Yes", "No"), do_quote=True)


async def take(update: Update, _context: Any) -> None:
    assert update.callback_query
    await update.callback_query.answer("Noted.")
    await update.callback_query.edit_message_text(f"You said {update.callback_query.data}.")


async def test_an_application_polls_answers_and_stops_without_a_violation() -> None:
    async with StrictTelegram(HandClock()) as tg:
        alice = tg.user(11, "Alice")
        home = tg.private(alice)
        app = Application.builder().bot(client(tg)).build()
        app.add_handlers([CommandHandler("run", ask), CallbackQueryHandler(take)])
        for _ in range(2):
            async with app:
                assert app.updater
                await app.updater.start_polling()
                await app.start()
                asked = await tg.say(alice, home, "/run")
                async with asyncio.timeout(5):
                    while (said := tg.messages(home)[-1]) is asked:
                        await asyncio.sleep(0.005)
                assert (said.reply_to, said.labels) == (asked.id, ["Yes", "No"])
                pressed = await tg.press(alice, said, "Yes")
                assert await pressed.wait() == "Noted."
                await app.updater.stop()
                await app.stop()
            assert said.text == "You said yes."
        assert not tg.updates.pending()
        assert not tg.unanswered
        assert not tg.violations


async def test_polling_goes_on_after_the_connection_was_cut(scene: Scene) -> None:
    app = Application.builder().bot(client(scene.tg)).build()
    app.add_handler(CommandHandler("run", ask))
    async with app:
        assert app.updater
        await app.updater.start_polling()
        await app.start()
        await scene.tg.polled()
        scene.tg.cut()
        await scene.tg.say(scene.alice, scene.home, "/run")
        await asyncio.sleep(0.02)
        assert scene.tg.updates.pending()
        scene.tg.restore()
        await scene.tg.settle()
        await app.updater.stop()
        await app.stop()
    assert scene.tg.newest(scene.home).text == "Run it?"
    assert not scene.tg.violations
