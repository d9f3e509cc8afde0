"""How often an app may call: the tiers of the methods, and one message a second in a channel.

Source: docs.slack.dev/apis/web-api/rate-limits. Tiers are told there
as "20+ a minute"; here they end at their number.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict, deque

from runner.ports import Clock

_WINDOW = 60.0
_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100
_SPECIAL = 10_000  # bounded by something else, or not at all
PER_MINUTE = {
    "agents.sessions.setStatus": _TIER_3,
    "apps.connections.open": _TIER_2,  # tier 1 on paper; an app with several sockets could not even begin with that
    "assistant.threads.setStatus": _TIER_4,
    "assistant.threads.setSuggestedPrompts": _TIER_4,
    "auth.test": _SPECIAL,
    "bots.info": _TIER_3,
    "chat.delete": _TIER_3,
    "chat.getPermalink": _SPECIAL,
    "chat.postEphemeral": _TIER_4,
    "chat.postMessage": _SPECIAL,
    "chat.update": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.members": _TIER_4,
    "conversations.open": _TIER_3,
    "conversations.replies": _TIER_3,
    "files.completeUploadExternal": _TIER_4,
    "files.getUploadURLExternal": _TIER_4,
    "files.info": _TIER_4,
    "reactions.add": _TIER_3,
    "reactions.remove": _TIER_2,
    "team.info": _TIER_3,
    "users.info": _TIER_4,
    "views.open": _TIER_4,
    "views.publish": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
}


class Limiter:
    """Counts calls, and says for how many seconds the next one would be too early.

    `burst` is how many messages a channel takes at once before one a second holds. `in_flight` is for how many real
    seconds after a refusal a call may still arrive from somebody who cannot know about it.
    """

    def __init__(self, clock: Clock, *, burst: int = 5, in_flight: float = 0.25) -> None:
        self._clock = clock
        self._burst = burst
        self.in_flight = in_flight
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._posts: dict[str, float] = {}
        self._blocked: dict[str, tuple[float, float]] = {}

    def block(self, key: str, seconds: float) -> None:
        """Remember that somebody was told to wait."""
        self._blocked[key] = (self._clock.monotonic() + seconds, asyncio.get_running_loop().time())

    def waiting(self, key: str) -> tuple[int, bool]:
        """Say how many seconds are left of a refusal, and whether the caller must have known of it."""
        until, told = self._blocked.get(key, (0.0, 0.0))
        left = until - self._clock.monotonic()
        if left <= 0:
            return 0, False
        return math.ceil(left), asyncio.get_running_loop().time() - told > self.in_flight

    def method(self, method: str) -> int:
        """Count a call of this method; more than 0 is the Retry-After of its refusal."""
        now = self._clock.monotonic()
        calls = self._calls[method]
        while calls and now - calls[0] >= _WINDOW:
            calls.popleft()
        if len(calls) >= PER_MINUTE.get(method, _TIER_3):
            return max(1, math.ceil(calls[0] + _WINDOW - now))
        calls.append(now)
        return 0

    def post(self, channel: str) -> int:
        """Count a message to this channel; more than 0 is the Retry-After of its refusal."""
        now = self._clock.monotonic()
        empty_at = max(self._posts.get(channel, now), now)
        if empty_at - now > self._burst - 1:
            return max(1, math.ceil(empty_at - now - self._burst + 1))
        self._posts[channel] = empty_at + 1.0
        return 0
