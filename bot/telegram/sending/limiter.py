"""Telegram's flood limits for what is not in the outbox: answers to presses, files, names of topics.

What the outbox sends has its lane, its turn and its pace already, and comes with OUTBOX. All the rest goes at once,
unless Telegram has asked to be left alone in that chat: then it waits as long as a person would, and else fails.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from runner.ports import Clock

OUTBOX = "outbox"  # who paces a request already
_PATIENCE = 5.0  # seconds that something which is in no outbox may wait

_Answer = bool | dict[str, Any] | list[dict[str, Any]]


class Limiter(BaseRateLimiter[str]):
    """Keeps still in a chat as long as Telegram says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}  # by chat or method, in seconds of the clock

    async def initialize(self) -> None:
        """Nothing is needed."""

    async def shutdown(self) -> None:
        """Nothing is held."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, _Answer]],
        args: Any,  # noqa: ANN401 - as below
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: str | None,
    ) -> _Answer:
        """Make a request. Raises RetryAfter where that takes longer than anybody waits, or for the outbox."""
        chat = str(data.get("chat_id", endpoint))  # what is about no chat has a limit of its own
        if rate_limit_args == OUTBOX:
            self._spare(chat)
            return await self._noted(chat, callback(*args, **kwargs))
        await self._wait(chat)
        try:
            return await self._noted(chat, callback(*args, **kwargs))
        except RetryAfter:
            await self._wait(chat)
            return await self._noted(chat, callback(*args, **kwargs))

    async def _noted(self, chat: str, request: Coroutine[Any, Any, _Answer]) -> _Answer:
        """Make a request, and note for how long Telegram wants no other in that chat."""
        try:
            return await request
        except RetryAfter as error:
            self._until[chat] = self._clock.monotonic() + seconds(error)
            raise

    def _spare(self, chat: str) -> None:
        """Leave a chat alone that has to be: what the outbox sends may concern one in several of its channels."""
        missing = self._until.get(chat, 0.0) - self._clock.monotonic()
        if missing > 0:
            raise RetryAfter(int(missing) + 1)

    async def _wait(self, chat: str) -> None:
        missing = self._until.get(chat, 0.0) - self._clock.monotonic()
        if missing > _PATIENCE:
            raise RetryAfter(int(missing) + 1)
        if missing > 0:
            await self._clock.sleep(missing)
        self._until.pop(chat, None)


def seconds(error: RetryAfter) -> float:
    """Return for how long Telegram wants to be left alone."""
    return error._retry_after.total_seconds()
