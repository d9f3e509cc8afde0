"""The chat for where no prompt can be drawn: a pipe, a file, a dumb terminal. A command a line, cards as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TextIO

from bot import views
from bot.messenger import Tone
from bot.terminal import pictures, wire
from bot.terminal.client import Client, gone
from bot.terminal.display import Lines
from bot.terminal.stage import Stage
from runner.errors import SignoffError
from runner.ports import Clock


class PlainChat:
    """Sends each line when the one before it has been answered, so that a script runs in its order."""

    def __init__(self, client: Client, clock: Clock, lines: Lines) -> None:
        self._client = client
        self._clock = clock
        self._lines = lines
        self._stage = Stage()
        self._answered = asyncio.Event()
        self._calm = asyncio.Event()

    async def run(self, typed: AsyncIterator[str], *, alone: bool) -> None:
        """Converse until the input ends; `alone`: then until the last live run has ended. Raises NoDaemon."""
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen())
            async for line in typed:
                await self._send(line)
            if alone:
                await self._calm.wait()
            listening.cancel()

    async def _send(self, line: str) -> None:
        self._answered.clear()
        try:
            text, paths = pictures.attached(line.strip())
            if text:
                await self._client.say(text, tuple(pictures.read(path) for path in paths))
                await self._answered.wait()
        except SignoffError as error:
            self._lines.show(views.error(error), last=True)

    async def _listen(self) -> None:
        self._look_around()
        while (frame := await self._client.receive()) is not None:
            match frame:
                case wire.Reply(cards=cards):
                    for card in cards:
                        self._stage.take(card, self._clock.monotonic())
                        self._lines.show(card, last=False)
                    self._answered.set()
                case wire.Shown(card=card):
                    self._stage.take(card, self._clock.monotonic())
                    self._lines.show(card, last=False)
                case wire.Refused(message=message, hint=hint):
                    self._lines.show(views.error(SignoffError(message, hint=hint)), last=True)
                    self._answered.set()
                case wire.Known() | wire.Welcome():
                    pass
            self._look_around()
        raise gone()

    def _look_around(self) -> None:
        """Note whether a run is live: one that waits for a person would wait for ever here."""
        busy = [card for card in self._stage.live if card.tone is not Tone.WAITING]
        if busy:
            self._calm.clear()
        else:
            self._calm.set()


async def typed_lines(stream: TextIO) -> AsyncIterator[str]:
    """Read lines in a thread, so that cards go on being shown meanwhile."""
    while line := await asyncio.to_thread(stream.readline):
        yield line
