"""Somebody at a terminal: the real chat with the real server, keys as bytes, a screen that can be read."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from bot.messenger import Card
from bot.terminal.chat import Chat, ChatOptions
from bot.terminal.client import connect
from tests.terminal.daemon import EPOCH, Daemon, serving

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])")


class HandClock:
    """A clock that goes on when it is told to. Its sleepers wake at their time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._moved = asyncio.Condition()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        async with self._moved:
            await self._moved.wait_for(lambda: self.seconds >= until)

    async def advance(self, seconds: float) -> None:
        async with self._moved:
            self.seconds += seconds
            self._moved.notify_all()


class Screen(io.StringIO):
    """Collects what is written, and tells when something is."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.getvalue())


class Sitting:
    """One chat and the hands at its keyboard."""

    def __init__(self, chat: Chat, daemon: Daemon, keyboard: PipeInput, screen: Screen, clock: HandClock) -> None:
        self.chat = chat
        self.daemon = daemon
        self.clock = clock
        self._keyboard = keyboard
        self._screen = screen

    def type(self, keys: str) -> None:
        self._keyboard.send_text(keys)

    async def heard(self, text: str) -> None:
        """Wait until the daemon has heard this."""
        async with asyncio.timeout(5):
            while text not in self.daemon.desk.texts:
                self.daemon.desk.arrived.clear()
                await self.daemon.desk.arrived.wait()

    async def sees(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, looking again whenever the screen changes."""
        async with asyncio.timeout(5):
            while not condition():
                self._screen.written.clear()
                await self._screen.written.wait()

    async def sees_above(self, text: str) -> None:
        """Wait until this stands above the prompt."""
        await self.sees(lambda: text in self.chat.draw(99, 30))

    async def sees_printed(self, text: str) -> None:
        """Wait until this was printed for good."""
        await self.sees(lambda: text in self._screen.text)

    def printed(self, text: str) -> int:
        return self._screen.text.count(text)

    async def show(self, card: Card) -> None:
        """Let the daemon push a card, and give it the time that makes it pressable."""
        await self.daemon.server.show(self.daemon.origin(), card)
        await self.sees(lambda: any(shown.key == card.key for shown in self.chat.stage.cards))
        await self.clock.advance(1)


@asynccontextmanager
async def sitting(*, columns: int = 100, **setup: Any) -> AsyncIterator[Sitting]:
    """Sit down at a chat; at the end the person leaves with Ctrl+D, if they have not left yet."""
    screen, clock = Screen(), HandClock()
    output = Vt100_Output(screen, lambda: Size(rows=40, columns=columns), term="xterm", enable_cpr=False)
    with create_pipe_input() as keyboard:
        async with serving() as daemon:
            options = ChatOptions(colour=False, keyboard=keyboard, screen=output, **setup)
            chat = Chat(lambda: connect(daemon.path, watch=True), clock, options)
            seat = Sitting(chat, daemon, keyboard, screen, clock)
            async with asyncio.TaskGroup() as group:
                talking = group.create_task(chat.run())
                await seat.sees(lambda: bool(chat.names.tasks))
                yield seat
                if not talking.done():
                    seat.type("\x03\x04")
