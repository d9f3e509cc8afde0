"""How well we hear Telegram: every poll that comes back proves it, and so does a webhook that nothing waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.hearing import POLL_PATIENCE, PROBE_PATIENCE, Ear, Patience, Record
from bot.telegram.heard import NAME
from runner.ports import Clock


class Pulse(Record):
    """Noted by whoever listens; it also knows what is in the way."""

    def __init__(self, clock: Clock, *, over_http: bool) -> None:
        how = "webhook" if over_http else "long polling"
        missing = "nothing proves that Telegram can call us" if over_http else "no answer to long polling"
        patience = Patience(span=PROBE_PATIENCE if over_http else POLL_PATIENCE, missing=missing)
        super().__init__(NAME, how, patience, clock)
        self._lost = ""

    def proved(self, *, news: bool) -> None:
        """Note that Telegram was heard, with updates (`news`) or without."""
        self._lost = ""
        if news:
            self.delivered()
        else:
            self.proven()

    def lost(self, why: str) -> None:
        """Note what keeps us from hearing."""
        self._lost = why

    def ear(self, now: datetime) -> Ear:
        """Say how well it hears; if it does not, also why."""
        ear = super().ear(now)
        return replace(ear, why=f"{ear.why}: {self._lost}") if ear.deaf and self._lost else ear
