"""A strict Telegram: the Bot API over polling and webhooks, and people who use the bot."""

from tests.servers.telegram.server import StrictTelegram

__all__ = ["StrictTelegram"]
