"""The library's client, with one request more: updates as they came."""

from __future__ import annotations

import os
from collections.abc import Sequence

from telegram.ext import ExtBot

LONGEST = 50  # seconds that the request for updates stays open (Telegram's most)
_GRACE = 15.0  # seconds beyond that until the connection counts as dead
_MOST = 100  # updates of one request (Telegram's most)

# Or the library warns at each limit of what a later version will change, and so fails where warnings are errors.
os.environ.setdefault("PTB_TIMEDELTA", "1")  # noqa: TID251 - the library has no other way; nothing is read here


class Client(ExtBot[str]):
    """A bot of ours. What it may do at which pace is known by its rate limiter."""

    async def raw_updates(self, offset: int, allowed: Sequence[str]) -> Sequence[object]:
        """Return the updates from this number on, or wait for one; those before are forgotten. Raises TelegramError.

        The library's own `get_updates` reads them, and fails for all of them where it cannot read one.
        """
        asked = {"offset": offset, "limit": _MOST, "timeout": LONGEST, "allowed_updates": list(allowed)}
        answer = await self._post("getUpdates", asked, read_timeout=LONGEST + _GRACE)
        return answer if isinstance(answer, list) else ()
