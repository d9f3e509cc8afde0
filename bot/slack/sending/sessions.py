"""Slack's own sign that an agent is at work in a thread, with its own stop button, where a workspace has them.

Only the newest state of a thread counts, and nothing waits for it. A workspace without agent sessions is not asked
again until the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.carrier import Gone, Limited, Outcome, Rejected
from bot.slack.heard import NAME
from bot.slack.sending.carrier import outcome
from bot.slack.sending.lull import backoff, lull
from bot.views import say
from runner.errors import NotFound, SignoffError
from runner.model import Execution, Origin, State
from runner.ports import Clock

_APART = 1.5  # seconds between two requests: the method allows 50 a minute
_TITLE = 200  # characters (Slack)
_LIVE = (State.PENDING, State.RUNNING, State.WAITING)
_LACKING = frozenset(
    {
        "unknown_method",
        "missing_scope",
        "feature_disabled",
        "feature_not_enabled",
        "method_deprecated",
        "access_denied",
        "no_permission",
        "team_access_not_granted",
    }
)  # a workspace, or an app, without agent sessions; so is every word that begins with `not_allowed`

Place = tuple[str, str]  # channel and thread

log = logging.getLogger(__name__)


class Newest(Protocol):
    """Knows which runs live in a thread: `runner.runs.Runs`."""

    async def latest(self, origin: Origin, *, states: Sequence[State] = ()) -> Execution:
        """Return the newest run of a thread. Raises NotFound."""
        ...


class Directory(Protocol):
    """Knows where people are written to: `bot.slack.sending.carrier.SlackCarrier`."""

    async def channel(self, name: str) -> str:
        """Return the channel of this name, for a person that of the direct messages. Raises an Outcome."""
        ...


def status(execution: Execution) -> str:
    """Return Slack's word for how it stands with a run."""
    if execution.merged_commit or execution.discarded_at:
        return "closed"
    match execution.state:
        case State.PENDING | State.RUNNING:
            return "processing"
        case State.WAITING:
            return "suspended"
        case _:
            return "active"  # a reply in the thread goes on with it


class Sessions:
    """Keeps the sessions of threads as their runs are."""

    def __init__(self, web: AsyncWebClient, directory: Directory, runs: Newest, clock: Clock) -> None:
        self._web = web
        self._directory = directory
        self._runs = runs
        self._clock = clock
        self._wanted: dict[Place, int] = {}  # places to look at, in order, and how often that has failed
        self._shown: dict[Place, str] = {}
        self._available = True
        self._telling = False
        self._news = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether everything that was noted is shown."""
        return not self._wanted and not self._telling

    def changed(self, channel: str, thread: str) -> None:
        """Look at a thread whose runs may stand differently now."""
        if self._available:
            self._wanted.setdefault((channel, thread), 0)
            self._news.set()

    def stopped(self, channel: str, thread: str) -> None:
        """Say again how it stands with a thread: somebody pressed the stop button, and Slack itself changes nothing."""
        self._shown.pop((channel, thread), None)
        self.changed(channel, thread)

    async def run(self) -> None:
        """Tell Slack until cancelled."""
        while True:
            self._news.clear()
            place = next(iter(self._wanted), None)
            if place is None:
                await lull(self._news, self._clock, None)
            else:
                self._telling = True
                pause = await self._tell(place, self._wanted.pop(place))
                self._telling = False
                await self._clock.sleep(pause)

    async def _tell(self, place: Place, failures: int) -> float:
        """Set the status of one thread, and return how long nothing more may be asked of Slack."""
        try:
            return await self._set(place)
        except (SlackApiError, Outcome, aiohttp.ClientError, TimeoutError, SignoffError) as error:
            pause = self._failed(place, error, failures + 1)
        except Exception:  # a session that cannot be shown must not keep the others from it
            log.exception("slack.session: cannot be set in %s", place)
            return _APART
        return pause

    async def _set(self, place: Place) -> float:
        execution = await self._newest(place)
        if execution is None:
            return 0.0
        wanted = status(execution)
        if self._shown.get(place) == wanted:
            return 0.0
        channel, thread = await self._directory.channel(place[0]), place[1]
        title = say.line(execution.title or execution.prompt, _TITLE)
        await self._web.agents_sessions_setStatus(channel_id=channel, thread_ts=thread, status=wanted, title=title)
        self._shown[place] = wanted
        return _APART

    async def _newest(self, place: Place) -> Execution | None:
        """Return the run that a thread is about: the newest that has not ended, else the newest."""
        origin = Origin(messenger=NAME, channel=place[0], thread=place[1])
        for states in (_LIVE, ()):
            try:
                return await self._runs.latest(origin, states=states)
            except NotFound:
                continue
        return None

    def _failed(self, place: Place, error: Exception, failures: int) -> float:
        meaning = outcome(error) if isinstance(error, SlackApiError) else error
        if isinstance(meaning, Rejected | Gone):
            word = str(meaning)
            if word in _LACKING or word.startswith("not_allowed"):
                log.info("slack.session: this workspace has none for this app: %s", word)
                self._available = False
                self._wanted.clear()
            else:
                log.debug("slack.session: refused in %s: %s", place, word)
            return _APART
        log.debug("slack.session: not set in %s: %s", place, error)
        self._wanted[place] = failures
        return meaning.retry_after if isinstance(meaning, Limited) else backoff(failures)
