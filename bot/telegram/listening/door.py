"""Where Telegram calls us: who it is from is checked before a word of it is read."""

from __future__ import annotations

import hmac
import json
import logging
import re

from bot.httpd import Answer, Post
from bot.telegram.listening.intake import Intake
from bot.telegram.listening.pulse import Pulse
from runner.errors import ConfigError, SignoffError
from runner.settings import Secret

PATH = "/telegram"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # what Telegram takes

log = logging.getLogger(__name__)


class Door:
    """Lets in what comes with the secret, from the time on that somebody is there to take it."""

    def __init__(self, secret: Secret, pulse: Pulse) -> None:
        """Read the secret. Raises ConfigError if it cannot be read, or Telegram would not take it."""
        self.secret = secret.read()
        if not _SECRET.fullmatch(self.secret):
            raise ConfigError("telegram.webhook_secret", ["it has 1 to 256 letters, digits, `_` and `-`"])
        self._pulse = pulse
        self._intake: Intake | None = None

    def open(self, intake: Intake) -> None:
        """Hand to this intake what comes. What comes while we go down is still taken in."""
        self._intake = intake

    async def receive(self, post: Post) -> Answer:
        """Answer one call: 401 if it is not Telegram's, 400 if it cannot be read, 503 if Telegram should come again."""
        given = post.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.secret.encode()):
            log.warning("telegram.forged: a call without the secret")
            return Answer(status=401)
        try:
            update = json.loads(post.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            log.warning("telegram.unreadable: %s", type(error).__name__)
            return Answer(status=400)
        if self._intake is None:
            return Answer(status=503)
        try:
            await self._intake.take_in(update)
        except SignoffError as error:
            log.error("telegram.unstored: %s", error)  # noqa: TRY400 - the message says it all
            return Answer(status=503)
        self._pulse.proved(news=True)
        return Answer()
