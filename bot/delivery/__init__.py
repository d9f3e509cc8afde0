"""The outbox that messengers of chat products share: nothing is lost, little is sent twice, nobody is flooded."""

from __future__ import annotations

from bot.delivery.carrier import Carrier, Gone, Limited, Outcome, Rejected, Unknown, Unreachable
from bot.delivery.outbox import Options, Outbox
from bot.delivery.pace import SLOWDOWNS, Allowance, Pace, Slowdown, Window

__all__ = [
    "SLOWDOWNS",
    "Allowance",
    "Carrier",
    "Gone",
    "Limited",
    "Options",
    "Outbox",
    "Outcome",
    "Pace",
    "Rejected",
    "Slowdown",
    "Unknown",
    "Unreachable",
    "Window",
]
