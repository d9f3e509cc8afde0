"""How often an app may call: the tiers of the methods, and one message a second in a channel.

Source: docs.slack.dev/apis/web-api/rate-limits. Tiers are told there
as "20+ a minute"; here they end at their number.
"""

from __future__ import annotations

from collections import defaultdict

from runner.ports import Clock
from tests.servers.pace import Bucket, Refusals, Window

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


class Limiter(Refusals):
    """Counts calls, and says for how many seconds the next one would be too early.

    `burst` is how many messages a channel takes at once before one a second holds.
    """

    def __init__(self, clock: Clock, *, burst: int = 5, in_flight: float = 0.25) -> None:
        super().__init__(clock, in_flight)
        self._now = clock.monotonic
        self._calls: dict[str, Window] = {}
        self._posts = defaultdict[str, Bucket](lambda: Bucket(burst))

    def method(self, method: str) -> int:
        """Count a call of this method; more than 0 is the Retry-After of its refusal."""
        most = PER_MINUTE.get(method, _TIER_3)
        return _counted(self._calls.setdefault(method, Window(most, 60.0)), self._now())

    def post(self, channel: str) -> int:
        """Count a message to this channel; more than 0 is the Retry-After of its refusal."""
        return _counted(self._posts[channel], self._now())


def _counted(pace: Window | Bucket, now: float) -> int:
    wait = pace.wait(now)
    if not wait:
        pace.add(now)
    return wait
