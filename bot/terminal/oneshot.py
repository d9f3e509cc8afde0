"""`signoff task …`: one command, its cards, an exit status for scripts; with `--wait` the run's whole way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from bot import commands, views
from bot.messenger import Card
from bot.terminal import wire
from bot.terminal.client import Client, gone
from bot.terminal.display import Display
from bot.terminal.stage import over
from runner.errors import SignoffError
from runner.model import Image, State

_RESULT_SECONDS = 5.0  # the result card follows the end of a run at once; reports are made before

_FOLLOWED = (
    commands.Run,
    commands.Do,
    commands.Say,
    commands.Resume,
    commands.Retry,
    commands.Approve,
    commands.Deny,
    commands.Answer,
)


class Exit(IntEnum):
    """What the exit status says. 2, a wrong command line, is given by the argument parser."""

    OK = 0
    ERROR = 1
    WAITS = 3
    RUN_FAILED = 4


def sets_to_work(line: str) -> bool:
    """Whether a command makes an agent work, so that there is something to wait for."""
    try:
        return isinstance(commands.parse(line), _FOLLOWED)
    except SignoffError:
        return False


class Oneshot:
    """One command line on one connection that watches."""

    def __init__(self, client: Client, display: Display | None) -> None:
        """Show cards on `display` as they come; None: keep them for `document`."""
        self._client = client
        self._display = display
        self._seen = _Seen()
        self._final: list[Card] = []

    async def run(self, line: str, images: tuple[Image, ...] = (), *, wait: bool) -> Exit:
        """Send the line, show what comes back, follow the run if asked to. Raises NoDaemon."""
        cards = await self._reply(await self._client.say(line, images))
        if any(_kind(card) == "error" for card in cards):
            return self._finish(cards, Exit.ERROR)
        execution = next((found for card in cards if (found := _execution_id(card))), "")
        if not (wait and execution and sets_to_work(line)):
            return self._finish(cards, Exit.OK)
        for card in cards:
            self._seen.take(card)
            self._show(card)
        return await self._follow(execution)

    def document(self) -> str:
        """Return the content of the last cards as one JSON document: an object, or a list if there are several."""
        contents = [card.data for card in self._final]
        return json.dumps(contents[0] if len(contents) == 1 else contents, indent=2, ensure_ascii=False)

    async def _reply(self, number: int) -> Sequence[Card]:
        while True:
            match await self._client.receive():
                case wire.Reply(re=answered, cards=cards) if answered == number:
                    return cards
                case wire.Refused(message=message, hint=hint):
                    return [views.error(SignoffError(message, hint=hint))]
                case wire.Shown(card=card):
                    self._seen.take(card)
                case None:
                    raise gone()
                case _:
                    continue

    async def _follow(self, execution: str) -> Exit:
        while True:
            ended = self._seen.state(execution)
            question = self._seen.question(execution)
            if ended is not None:
                return await self._end(execution, ended)
            if question is not None:
                return self._finish([question], Exit.WAITS)
            await self._next()

    async def _next(self) -> None:
        """Take the next card in; a second without one lets the display tick."""
        try:
            async with asyncio.timeout(1.0):
                frame = await self._client.receive()
        except TimeoutError:
            if self._display:
                self._display.tick()
            return
        if frame is None:
            raise gone()
        if isinstance(frame, wire.Shown):
            self._seen.take(frame.card)
            if _kind(frame.card) == "run":
                self._show(frame.card)

    async def _end(self, execution: str, ended: State) -> Exit:
        try:
            async with asyncio.timeout(_RESULT_SECONDS):
                while not self._seen.result(execution) and ended is not State.STOPPED:
                    await self._next()
        except TimeoutError:
            pass  # the last live card tells as much
        last = self._seen.result(execution) or self._seen.run(execution)
        completed = self._seen.state(execution) is State.COMPLETED
        return self._finish([last] if last else [], Exit.OK if completed else Exit.RUN_FAILED)

    def _finish(self, cards: Sequence[Card], status: Exit) -> Exit:
        self._final = list(cards)
        if self._display:
            self._display.end()
        for card in cards:
            self._show(card, last=True)
        return status

    def _show(self, card: Card, *, last: bool = False) -> None:
        if self._display:
            self._display.show(card, last=last)


class _Seen:
    """The newest card of every kind, also of what came before the reply."""

    def __init__(self) -> None:
        self._cards: dict[str, Card] = {}

    def take(self, card: Card) -> None:
        """Take a card in, unless it is older than the end that has been seen already."""
        before = self._cards.get(card.key)
        if card.key and (before is None or over(card) or not over(before)):
            self._cards[card.key] = card

    def run(self, execution: str) -> Card | None:
        return self._cards.get(f"run:{execution}")

    def result(self, execution: str) -> Card | None:
        return self._cards.get(f"result:{execution}")

    def question(self, execution: str) -> Card | None:
        """Return an open question of the run."""
        return next(
            (card for card in self._cards.values() if _kind(card) == "approval" and _execution_id(card) == execution),
            None,
        )

    def state(self, execution: str) -> State | None:
        """Return how the run ended or stopped; None while it goes on."""
        card = self.result(execution) or self.run(execution)
        if card is None:
            return None
        state = State(_content(card)["execution"]["state"])
        return state if state.final or state is State.STOPPED else None


def _content(card: Card) -> dict[str, Any]:
    return dict(card.data or {})


def _kind(card: Card) -> str:
    return str(_content(card).get("kind", ""))


def _execution_id(card: Card) -> str:
    content = _content(card)
    execution = content.get("execution")
    return str(execution["id"] if isinstance(execution, dict) else content.get("execution_id", ""))
