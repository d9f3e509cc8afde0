"""How often an app may write: one message a second to a person, 20 a minute to a group, 30 a second to all.

Sources: core.telegram.org/bots/faq for the numbers; that edits count like messages is known from experience
(grammy.dev/advanced/flood). Answers to presses, files, chat actions, reactions and deletions do not count.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from runner.ports import Clock
from tests.servers.pace import Bucket, Refusals, Window
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


@dataclass(frozen=True)
class Rates:
    """The numbers: `burst` is what a person's chat takes at once, `in_flight` is for how many real seconds after a
    refusal a call may still arrive from somebody who cannot know about it.
    """

    burst: int = 5
    group_per_minute: int = 20
    per_second: int = 30
    in_flight: float = 0.25


class Limiter(Refusals):
    """Counts messages and edits, and says for how many seconds the next one would be too early."""

    def __init__(self, clock: Clock, rates: Rates) -> None:
        super().__init__(clock, rates.in_flight)
        self._now = clock.monotonic
        self._all = Window(rates.per_second, 1.0)
        self._people = defaultdict[int, Bucket](lambda: Bucket(rates.burst))
        self._groups = defaultdict[int, Window](lambda: Window(rates.group_per_minute, 60.0))

    def count(self, chat: Chat, messages: int = 1) -> int:
        """Count messages to a chat; more than 0 is the retry_after of their refusal."""
        now, own = self._now(), self._own(chat)
        wait = self._all.wait(now, messages) or own.wait(now, messages)
        if not wait:
            self._all.add(now, messages)
            own.add(now, messages)
        return wait

    def take_back(self, chat: Chat, messages: int = 1) -> None:
        """Do not count messages that were refused for another reason."""
        self._all.take_back(messages)
        self._own(chat).take_back(messages)

    def _own(self, chat: Chat) -> Bucket | Window:
        return self._people[chat.id] if chat.private else self._groups[chat.id]
