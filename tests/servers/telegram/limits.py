"""How often an app may write: one message a second to a person, 20 a minute to a group, 30 a second to all.

Sources: core.telegram.org/bots/faq for the numbers; that edits count like messages is known from experience
(grammy.dev/advanced/flood). Answers to presses, files, chat actions, reactions and deletions do not count.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict, deque
from dataclasses import dataclass

from runner.ports import Clock
from tests.servers.telegram.world import Chat

COUNTED = (
    "copyMessage",
    "editMessageCaption",
    "editMessageReplyMarkup",
    "editMessageText",
    "sendDocument",
    "sendMediaGroup",
    "sendMessage",
    "sendPhoto",
)
_MINUTE = 60.0


@dataclass(frozen=True)
class Rates:
    """The numbers: `burst` is what a person's chat takes at once, `in_flight` is for how many real seconds after a
    refusal a call may still arrive from somebody who cannot know about it.
    """

    burst: int = 5
    group_per_minute: int = 20
    per_second: int = 30
    in_flight: float = 0.25


class Limiter:
    """Counts messages and edits, and says for how many seconds the next one would be too early."""

    def __init__(self, clock: Clock, rates: Rates) -> None:
        self._clock = clock
        self._rates = rates
        self._empty_at: dict[int, float] = {}
        self._groups: defaultdict[int, deque[float]] = defaultdict(deque)
        self._all: deque[float] = deque()
        self._blocked: dict[object, tuple[float, float]] = {}

    def block(self, key: object, seconds: float) -> None:
        """Remember that somebody was told to wait."""
        self._blocked[key] = (self._clock.monotonic() + seconds, asyncio.get_running_loop().time())

    def waiting(self, key: object) -> tuple[int, bool]:
        """Say how many seconds are left of a refusal, and whether the caller must have known of it."""
        until, told = self._blocked.get(key, (0.0, 0.0))
        left = until - self._clock.monotonic()
        if left <= 0:
            return 0, False
        return math.ceil(left), asyncio.get_running_loop().time() - told > self._rates.in_flight

    def count(self, chat: Chat, messages: int = 1) -> int:
        """Count messages to a chat; more than 0 is the retry_after of their refusal."""
        now = self._clock.monotonic()
        _forget(self._all, now - 1.0)
        if len(self._all) + messages > self._rates.per_second:
            return 1
        wait = self._person(chat.id, now, messages) if chat.private else self._group(chat.id, now, messages)
        if not wait:
            self._all.extend([now] * messages)
        return wait

    def take_back(self, chat: Chat, messages: int = 1) -> None:
        """Do not count messages that were refused for another reason."""
        for times in (self._all, self._groups[chat.id]):
            for _ in range(min(messages, len(times))):
                times.pop()
        if chat.private:
            self._empty_at[chat.id] -= messages

    def _person(self, chat_id: int, now: float, messages: int) -> int:
        empty_at = max(self._empty_at.get(chat_id, now), now)
        over = empty_at - now + messages - self._rates.burst
        if over > 0 and empty_at > now:
            return max(1, math.ceil(over))
        self._empty_at[chat_id] = empty_at + messages
        return 0

    def _group(self, chat_id: int, now: float, messages: int) -> int:
        sent = self._groups[chat_id]
        _forget(sent, now - _MINUTE)
        if len(sent) + messages > self._rates.group_per_minute:
            return max(1, math.ceil(sent[0] + _MINUTE - now)) if sent else 1
        sent.extend([now] * messages)
        return 0


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
