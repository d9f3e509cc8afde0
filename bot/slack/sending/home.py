"""The App Home of everybody who has opened theirs lately: drawn when something on it has changed, and not more often.

What is drawn is always the newest, also when an attempt failed; a page that would look the same is not sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError

from bot import views
from bot.delivery.carrier import Limited, Rejected
from bot.messenger import Card
from bot.slack.heard import NAME
from bot.slack.rendering import surfaces
from bot.slack.sending.carrier import outcome
from bot.slack.sending.lull import backoff, lull
from runner.errors import NotAllowed, SignoffError
from runner.model import Json, Person
from runner.ports import Clock

KNOWN_FOR = timedelta(days=7)  # after opening it, a home is kept up to date so long
_SETTLE = 0.5  # seconds after a change in which others are waited for
_QUIET = 3.0  # seconds after a drawing before a change of something draws again
_REST = 1.0  # the same before the person's own press does
_APART = 0.75  # seconds between two requests: views.publish allows 100 a minute

log = logging.getLogger(__name__)


class Publisher(Protocol):
    """Makes the one request that is made here: `slack_sdk.web.async_client.AsyncWebClient`."""

    async def views_publish(self, *, user_id: str, view: dict[str, Any]) -> object:
        """Give a person this home. Raises SlackApiError."""
        ...


class Pages(Protocol):
    """Composes what a person wants to see first: `bot.handlers.Handlers`."""

    async def home(self, person: Person) -> tuple[Card, ...]:
        """Compose a person's own page. Raises StorageError."""
        ...


class Register(Protocol):
    """Knows people: `runner.people.People`."""

    async def known(self, messenger: str, identity: str, name: str) -> Person:
        """Return the person behind an identity. Raises NotAllowed for strangers."""
        ...


@dataclass
class _Home:
    """One person's home; moments are seconds of the monotonic clock."""

    opened: datetime
    due: float = math.inf  # when it is to be drawn
    rest: float = -math.inf  # before this nothing draws it
    quiet: float = -math.inf  # before this only its own person's acts do
    shown: str = ""  # digest of what Slack has
    failures: int = 0


class Homes:
    """Draws the homes, one at a time."""

    def __init__(self, web: Publisher, pages: Pages, people: Register, clock: Clock) -> None:
        self._web = web
        self._pages = pages
        self._people = people
        self._clock = clock
        self._homes: dict[str, _Home] = {}  # by Slack's id of the person
        self._free = -math.inf  # when the next request may be made
        self._news = asyncio.Event()

    def remember(self, opened: Mapping[str, datetime]) -> None:
        """Take over who had opened their home when, before a restart."""
        for user, at in opened.items():
            self._homes.setdefault(user, _Home(opened=at))
        self.changed()

    def opened(self, user: str, *, blank: bool) -> None:
        """Draw the home of somebody who looks at it; `blank`: Slack has nothing to show there yet."""
        home = self._homes.setdefault(user, _Home(opened=self._clock.now()))
        home.opened = self._clock.now()
        if blank:
            home.shown = ""
        self.acted(user)

    def acted(self, user: str) -> None:
        """Draw the home of somebody who pressed something there, soon."""
        if home := self._homes.get(user):
            self._want(home, max(self._clock.monotonic(), home.rest))

    def changed(self) -> None:
        """Look whether a home looks different now, after something has happened."""
        now, oldest = self._clock.monotonic(), self._clock.now() - KNOWN_FOR
        for user, home in tuple(self._homes.items()):
            if home.opened < oldest:
                del self._homes[user]
            else:
                self._want(home, max(now + _SETTLE, home.quiet, home.rest))

    async def run(self) -> None:
        """Draw until cancelled."""
        while True:
            self._news.clear()
            user = min(self._homes, key=lambda each: self._homes[each].due, default="")
            due = max(self._homes[user].due, self._free) if user else math.inf
            seconds = due - self._clock.monotonic()
            if seconds > 0:
                await lull(self._news, self._clock, None if math.isinf(seconds) else seconds)
            else:
                await self._draw(user, self._homes[user])

    def _want(self, home: _Home, due: float) -> None:
        home.due = min(home.due, due)
        self._news.set()

    async def _draw(self, user: str, home: _Home) -> None:
        now = self._clock.monotonic()
        home.due = math.inf  # what changes from here on makes it due again
        home.quiet, home.rest = now + _QUIET, now + _REST
        try:
            await self._publish(user, home)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, SignoffError) as error:
            self._failed(user, home, error)
        except Exception:  # one home that cannot be drawn must not keep the others from it
            log.exception("slack.home: cannot be drawn for %s", user)
        else:
            home.failures = 0

    async def _publish(self, user: str, home: _Home) -> None:
        view = await self._composed(user)
        digest = _digest(view)
        if digest == home.shown:
            return
        self._free = self._clock.monotonic() + _APART
        await self._web.views_publish(user_id=user, view=dict(view))
        home.shown = digest

    async def _composed(self, user: str) -> Json:
        try:
            cards = await self._pages.home(await self._people.known(NAME, user, ""))
        except NotAllowed:
            cards = views.stranger(user, NAME)
        return surfaces.home(cards)

    def _failed(self, user: str, home: _Home, error: Exception) -> None:
        """Draw again later; a limit is one for all. What Slack will never take waits until it is opened again."""
        now = self._clock.monotonic()
        meaning = outcome(error) if isinstance(error, SlackApiError) else error
        if isinstance(meaning, Rejected) and meaning.reason != "hash_conflict":
            log.error("slack.home: refused for %s: %s", user, meaning.reason)
            self._homes.pop(user, None)
            return
        log.warning("slack.home: not drawn for %s: %s", user, error)
        home.failures += 1
        pause = backoff(home.failures)
        if isinstance(meaning, Limited):
            pause = meaning.retry_after
            self._free = now + pause
        home.rest = now + pause
        self._want(home, home.rest)


def _digest(view: Json) -> str:
    return hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
