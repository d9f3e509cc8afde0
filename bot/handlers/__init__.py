"""From what people say to the use cases and back to cards."""

from __future__ import annotations

from bot.handlers.desk import Handlers

__all__ = ["Handlers"]
