"""The messenger "slack": cards become messages of the outbox; what is for one person goes to that person alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery import Outbox, Outcome
from bot.delivery.cards import CardOutbox, Set
from bot.delivery.wholes import whole_of
from bot.messenger import Card
from bot.slack import marks
from bot.slack.addresses import is_slacks
from bot.slack.cards import Rendered, line, render
from bot.slack.carrier import LATE, SlackCarrier
from bot.slack.heard import NAME, FileRef, Place, Pressed
from bot.slack.posted import Fetcher
from bot.slack.surfaces import text_modal
from runner.errors import WrongState
from runner.model import Enclosed, Lane, Origin, Slot

_TOLD_AGAIN = 2  # times; whoever is not told then can ask again

log = logging.getLogger(__name__)


class SlackMessenger:
    """`bot.messenger.Messenger` for one workspace, and the counter of `bot.slack.host`."""

    def __init__(self, web: AsyncWebClient, http: aiohttp.ClientSession, outbox: Outbox, carrier: SlackCarrier) -> None:
        self._web = web
        self._http = http
        self._outbox = outbox
        self._cards = CardOutbox(outbox, _set, lambda text: _payload(line(text)))
        self._carrier = carrier
        self._teller = _teller(web)
        self._fetcher = Fetcher(http, web.token or "", web.base_url)

    @property
    def name(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        return NAME

    @property
    def redraw_seconds(self) -> float:
        """Return how often a live card is redrawn at most: the outbox sends it more rarely still."""
        return 2.0

    async def show(self, origin: Origin, card: Card) -> None:
        """Put a card into the outbox, with its files. Raises StorageError."""
        await self._cards.place(origin, card)

    async def place(self, origin: Origin, card: Card) -> bool:
        """Do as `show`; False if the very same card has stood there, so that nothing is to be seen of it."""
        return await self._cards.place(origin, card)

    async def rewrite(self, card: Card) -> None:
        """Replace a card wherever it stands. Raises StorageError."""
        await self._cards.rewrite(card)

    async def acknowledge(self, source: str, *, read: bool) -> None:
        """Set the reaction that says how far a message has come. Raises StorageError."""
        await self._outbox.put(marks.QUEUE, source, Lane.INTERACTIVE, marks.payload(read=read))

    async def direct(self, place: Place) -> Place:
        """Find the direct messages with somebody who acted in no channel. Raises WrongState if Slack refuses."""
        try:
            channel = await self._carrier.channel(place.user)
        except Outcome as error:
            raise WrongState(f"Signoff cannot write to {place.user} directly: {error}.") from error
        return replace(place, channel=channel, thread=None)

    async def tell(self, place: Place, card: Card) -> bool:
        """Show a card to one person alone; False if Slack did not. It is not kept: whoever misses it can ask again.

        What is longer than a message goes with its file into the thread, or to the person directly: only a message for
        all has files.
        """
        made = render(card)
        if whole_of(card, made.rest) is not None:
            there = place if place.thread or place.direct else await self.direct(place)
            await self.show(there.origin, card)
            if there is place:
                return True
            made = line("That is long: it comes to you directly, with a file.")
        try:
            if is_slacks(place.reply_url, self._web.base_url):
                body = {"response_type": "ephemeral", "replace_original": False, **_payload(made)}
                async with self._http.post(place.reply_url, json=body, allow_redirects=False) as answer:
                    if answer.status == 200:
                        return True
            await self._teller.chat_postEphemeral(
                channel=place.channel, user=place.user, thread_ts=place.thread, **_payload(made)
            )
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.untold %s in %s: %s", place.user, place.channel, error)
            return False
        return True

    async def head(self, place: Place, text: str, mark: str, *, again: bool) -> str:
        """Begin a thread with what somebody typed, and return its name; in a thread, go on with it.

        `again`: unless it is there under this mark. Raises WrongState where that cannot be.
        """
        slot = Slot(messenger=NAME, channel=place.channel, thread=place.thread or "", key=mark)
        try:
            there = await self._carrier.find(slot, mark) if again else None
            posted = there or await self._carrier.post(slot, _payload(line(text)), mark)
        except Outcome as error:
            raise WrongState(
                f"Signoff cannot write here ({error}): nothing was started.",
                hint="Invite the app into this channel, or write to it directly.",
            ) from error
        return place.thread or posted

    async def ask(self, pressed: Pressed) -> None:
        """Open a form for the text that a button needs."""
        press = pressed.press
        view: Any = text_modal(pressed.label or "Signoff", press.asks, press.prefill, pressed.place.kept(press.action))
        try:
            await self._web.views_open(trigger_id=pressed.trigger, view=view)
        except SlackApiError as error:
            if error.response.get("error") not in LATE:
                raise WrongState(f"Slack did not open the form: {error.response.get('error')}.") from error
            await self.tell(pressed.place, Card(title="That took too long: press the button again."))

    async def fetch(self, files: Sequence[FileRef]) -> Enclosed:
        """Return what people have posted; a file that cannot be had says why."""
        return await self._fetcher.fetch(files)


def _set(card: Card) -> Set:
    made = render(card)
    return Set(payload=_payload(made), rest=made.rest)


def _payload(made: Rendered) -> dict[str, Any]:
    return {"text": made.text, "blocks": list(made.blocks)}


def _teller(web: AsyncWebClient) -> AsyncWebClient:
    """Make a client that waits as long as Slack's limit says: what is for one person alone is in no outbox."""
    return AsyncWebClient(
        token=web.token,
        base_url=web.base_url,
        timeout=web.timeout,
        session=web.session,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=_TOLD_AGAIN)],
    )
