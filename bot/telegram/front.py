"""The front end for Telegram as a whole: its client, its outbox, and what listens and answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from telegram import WebhookInfo
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.attendant import Attendant
from bot.delivery import Options, Outbox
from bot.fronts import Fronts
from bot.hearing import Listener
from bot.httpd import Receiver
from bot.inside import Desk
from bot.telegram.heard import NAME, Me
from bot.telegram.hosting.asking import Asking
from bot.telegram.hosting.host import Host
from bot.telegram.hosting.inside import Inside
from bot.telegram.hosting.service import Service
from bot.telegram.hosting.topics import Topics
from bot.telegram.listening.albums import Albums
from bot.telegram.listening.door import PATH, Door
from bot.telegram.listening.intake import Intake
from bot.telegram.listening.payloads import ALLOWED
from bot.telegram.listening.poll import Poller, told
from bot.telegram.listening.pulse import Pulse
from bot.telegram.menu import Menu
from bot.telegram.sending.carrier import OVERALL, TelegramCarrier, pace
from bot.telegram.sending.client import Client
from bot.telegram.sending.direct import Direct
from bot.telegram.sending.limiter import Limiter
from bot.telegram.sending.messenger import TelegramMessenger
from bot.telegram.sending.moves import Moves
from runner.beside import beside
from runner.core import Core
from runner.errors import StorageError
from runner.model import Arrival
from runner.ports import Clock, Store
from runner.settings import Telegram
from runner.speech import Speech

KNOWN_FOR = timedelta(hours=25)  # Telegram keeps updates for 24 hours
_UNFINISHED = timedelta(days=2)  # how long a form is kept that nobody goes on with; it is over after one
_DAY = 86_400.0  # seconds
_CONNECTIONS = 32  # requests at a time; the one that waits for updates has its own
_TIMEOUT = 20.0  # seconds for one request to Telegram
_PATIENCE = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between attempts to reach Telegram at the start; then the last again

log = logging.getLogger(__name__)


class TelegramFront:
    """Serves the people of one bot until cancelled. Its `messenger` takes cards before that as well."""

    def __init__(self, settings: Telegram, bot: Client, store: Store, clock: Clock, fronts: Fronts) -> None:
        self._fronts = fronts
        self._settings = settings
        self._bot = bot
        self._store = store
        self._clock = clock
        self._moves = Moves(store.deliveries)
        carrier = TelegramCarrier(bot, self._moves)
        self._outbox = Outbox(NAME, carrier, store.deliveries, clock, Options(pace=pace, overall=OVERALL))
        self._moves.kept_in(self._outbox)
        self.pulse = Pulse(clock, over_http=settings.over_http)
        self._door = Door(settings.webhook_secret, self.pulse) if settings.over_http else None
        self.messenger = TelegramMessenger(self._outbox, store.deliveries, self._moves)

    @property
    def ear(self) -> Listener:
        """What tells how well we hear."""
        return self.pulse

    @property
    def receivers(self) -> Mapping[str, Receiver]:
        """What the HTTP server has to bring here, by path; nothing with long polling."""
        return {PATH: self._door.receive} if self._door else {}

    async def run(self, desk: Desk, core: Core) -> None:
        """Serve until cancelled."""
        await self._moves.load()
        async with beside(self._outbox.run()):
            me = await self._introduced()
            speech = Speech(self._settings.transcribe) if self._settings.transcribe else None
            line = Direct(self._bot, speech, self._clock)
            inside = Inside(desk, core.people, core.runs)
            service = Service(inside, self.messenger, line, Topics(core, line))
            asking = Asking(core, self.messenger, line, service)
            host = Host(inside, self.messenger, line, service, asking)

            albums = Albums(self._store.arrivals, self._clock, lambda: self._moves.me(me))

            async def answer(arrival: Arrival, *, again: bool) -> None:
                if (gathered := await albums.gathered(arrival)) is not None:
                    heard = await self._moves.resolved(gathered.heard)
                    await host.answer(heard, since=arrival.at if again else None)
                    await albums.done(gathered)

            attendant = Attendant(NAME, answer, self._store.arrivals, self._clock, KNOWN_FOR)
            intake = Intake(self._store.arrivals, self._clock, lambda: self._moves.me(me), attendant.ring)
            async with beside(attendant.run(), Menu(self._bot, self._clock).run(), self._forget()):
                await self._listen(intake)

    async def _forget(self) -> None:
        """Forget every day the forms that nobody goes on with."""
        while True:
            try:
                await self._store.drafts.forget(self._clock.now() - _UNFINISHED)
            except StorageError as error:
                log.warning("telegram.unforgotten: %s", error)
            await self._clock.sleep(_DAY)

    async def _listen(self, intake: Intake) -> None:
        if self._door is None:
            await Poller(self._bot, intake, self._clock, self.pulse).run()
            return
        self._door.open(intake)
        await self._called(self._door)

    async def _called(self, door: Door) -> None:
        """Have Telegram call us, and look every while whether it can, and still means to."""
        is_set, failures = False, 0
        while True:
            try:
                if is_set:
                    is_set = self._is_called(await self._bot.get_webhook_info())
                else:
                    await self._bot.set_webhook(
                        self._settings.webhook_url, secret_token=door.secret, allowed_updates=list(ALLOWED)
                    )
                    is_set = True
                failures = 0
            except TelegramError as error:
                self._unreachable(error)
                failures += 1
            await self._clock.sleep(_PATIENCE[min(failures, len(_PATIENCE)) - 1])

    def _is_called(self, info: WebhookInfo) -> bool:
        """Note whether Telegram can call us; False if it does not mean to."""
        if info.url != self._settings.webhook_url:
            why = "another instance has taken the webhook away: end one of them"
            log.error("telegram.contested: %s", why)
            self.pulse.lost(why)
            return False
        if info.pending_update_count and info.last_error_message:
            self.pulse.lost(f"Telegram cannot call us: {info.last_error_message}")
        else:
            self.pulse.proved(news=False)
        return True

    async def _introduced(self) -> Me:
        """Ask Telegram who we are, as often as it takes."""
        attempt = 0
        while True:
            try:
                await self._bot.initialize()
                me = await self._bot.get_me()
            except TelegramError as error:
                self._unreachable(error)
                await self._clock.sleep(_PATIENCE[min(attempt, len(_PATIENCE) - 1)])
                attempt += 1
            else:
                log.info("telegram: connected as @%s", me.username)
                self._fronts.register(NAME, me.username or "")
                return Me(
                    id=me.id,
                    username=me.username or "",
                    topics=bool(me.has_topics_enabled),
                    chats=frozenset(self._settings.chats),
                )

    def _unreachable(self, error: TelegramError) -> None:
        refused = isinstance(error, InvalidToken)  # its own words hold the token
        why = "the token in the configuration does not hold" if refused else told(error)
        log.warning("telegram.unreachable: %s", why)
        self.pulse.lost(why)


@asynccontextmanager
async def telegram(settings: Telegram, store: Store, clock: Clock, fronts: Fronts) -> AsyncIterator[TelegramFront]:
    """Make the front end; `fronts` is told what the bot is called.

    Raises ConfigError if the token or the webhook's secret cannot be read.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells the addresses of requests, which hold the token
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)  # it tells each gateway's page; so do we, briefly
    bot = Client(
        token=settings.token.read(),
        base_url=settings.base_url,
        base_file_url=settings.base_file_url,
        request=HTTPXRequest(_CONNECTIONS, read_timeout=_TIMEOUT, write_timeout=_TIMEOUT, pool_timeout=_TIMEOUT),
        get_updates_request=HTTPXRequest(1, read_timeout=_TIMEOUT, pool_timeout=_TIMEOUT),
        rate_limiter=Limiter(clock),
    )
    try:
        yield TelegramFront(settings, bot, store, clock, fronts)
    finally:
        await bot.shutdown()
