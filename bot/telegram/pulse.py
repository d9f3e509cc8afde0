"""How well we hear: when we last heard something, when it was last proved that we can, and what is in the way."""

from __future__ import annotations

from datetime import datetime

from runner.ports import Clock


class Pulse:
    """Noted by whoever listens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.began = clock.now()
        self.heard_at: datetime | None = None  # when the newest update came
        self.proved_at: datetime | None = None  # when Telegram last answered that there is news, or none
        self.lost_at: datetime | None = None  # since when we hear nothing
        self.why = ""

    def proved(self, *, news: bool) -> None:
        """Note that Telegram was heard, with updates (`news`) or without."""
        self.proved_at = self._clock.now()
        self.lost_at, self.why = None, ""
        if news:
            self.heard_at = self.proved_at

    def lost(self, why: str) -> None:
        """Note what keeps us from hearing."""
        self.lost_at = self.lost_at or self._clock.now()
        self.why = why
