"""Whether we can hear what people say in each chat product. One that we have lost looks just like one that is calm.

So silence proves nothing, and each listener says when it was last *proved* that we can hear: by a delivery, by the
answer to a ping on a socket, by a long poll that came back, or by a probe addressed to ourselves. What is older than
the listener's patience counts as deaf. Speaking is another matter: the outbox tells what could not be said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from runner.model import Json, value
from runner.ports import Clock

LOOK_SECONDS = 5.0  # between two looks at all listeners: small beside every patience below, and a look costs nothing

# Slack's library pings each socket every 10 s, so three answers in a row are missing, on every socket.
SOCKET_PATIENCE = timedelta(seconds=30)
# A long poll lasts up to 50 s and comes back empty if nothing was said; the rest is for a slow line and one repetition.
POLL_PATIENCE = timedelta(seconds=90)
# Over HTTP the product comes to us and silence proves nothing: we ask ourselves, and three probes in a row have failed.
PROBE_SECONDS = 30.0
PROBE_PATIENCE = timedelta(seconds=90)

log = logging.getLogger(__name__)


@value
class Ear:
    """How well we hear one chat product. Deaf, if `deaf_since` is given: since nothing proves that we hear it."""

    messenger: str
    how: str  # "2 of 2 sockets", "long polling", "webhook"
    last: datetime | None = None  # the newest delivery of the product since the start
    proved: datetime | None = None  # when it was proved last that we can hear
    deaf_since: datetime | None = None
    why: str = ""  # what is missing, for people
    remark: str = ""  # what follows from being deaf that people have to know

    @property
    def deaf(self) -> bool:
        """Whether nothing proves any more that we hear."""
        return self.deaf_since is not None


@value
class Marks:
    """What one listener knows: since when it listens, its newest delivery, its newest proof of any kind."""

    began: datetime
    last: datetime | None = None
    proved: datetime | None = None

    def delivered(self, at: datetime) -> Marks:
        """Add a delivery of the product, which is a proof as well."""
        return replace(self.proven(at), last=max(at, self.last or at))

    def proven(self, at: datetime) -> Marks:
        """Add a proof; an older one changes nothing."""
        return replace(self, proved=max(at, self.proved or at))


@value
class Patience:
    """How long a listener may be without a proof, and what is missing then: "no answer to long polling"."""

    span: timedelta
    missing: str


def judged(ear: Ear, marks: Marks, patience: Patience, now: datetime) -> Ear:
    """Complete an ear by what its listener knows. It is deaf since the last proof, or since it began to listen."""
    ear = replace(ear, last=marks.last, proved=marks.proved)
    since = marks.proved or marks.began
    if now - since <= patience.span:
        return ear
    return replace(ear, deaf_since=since, why=f"{patience.missing} for {(now - since).total_seconds():.0f} s")


class Listener(Protocol):
    """What hears one chat product."""

    @property
    def messenger(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        ...

    def ear(self, now: datetime) -> Ear:
        """Say how well it hears: at once, without a request; it is asked every few seconds."""
        ...


class Record:
    """A listener that is told of deliveries and proofs by whoever has them, and judges by their age."""

    def __init__(self, messenger: str, how: str, patience: Patience, clock: Clock) -> None:
        self._ear = Ear(messenger=messenger, how=how)
        self._patience = patience
        self._clock = clock
        self._marks = Marks(began=clock.now())

    @property
    def messenger(self) -> str:
        """Return the word that stands in `Origin.messenger`."""
        return self._ear.messenger

    def delivered(self) -> None:
        """Note that the product has just delivered something."""
        self._marks = self._marks.delivered(self._clock.now())

    def proven(self) -> None:
        """Note that something has just proved that we can hear: a poll that came back empty, a probe."""
        self._marks = self._marks.proven(self._clock.now())

    def ear(self, now: datetime) -> Ear:
        """Say how well it hears."""
        return judged(self._ear, self._marks, self._patience, now)


class Hearing:
    """All listeners of this daemon, and who wants to know when one turns deaf or hears again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: dict[str, Listener] = {}
        self._told: list[Callable[[Ear], None]] = []
        self._deaf: set[str] = set()
        self._remarks: dict[str, str] = {}

    def register(self, listener: Listener) -> None:
        """Ask this one as well from now on; one a chat product."""
        self._listeners[listener.messenger] = listener

    def tell(self, turned: Callable[[Ear], None]) -> None:
        """Call this with the ear of each product that turns deaf or hears again, while `run` runs; it may not wait."""
        self._told.append(turned)

    def ears(self, now: datetime) -> tuple[Ear, ...]:
        """Return how well we hear each product, by name."""
        return tuple(self._asked(self._listeners[name], now) for name in sorted(self._listeners))

    def deaf(self, messenger: str) -> Ear | None:
        """Return the ear of a product if it is deaf at this moment; None for one that has no listener here."""
        listener = self._listeners.get(messenger)
        ear = self._asked(listener, self._clock.now()) if listener else None
        return ear if ear is not None and ear.deaf else None

    def health(self) -> Json:
        """Say for a machine which products are heard, and since when not; nothing that strangers may not read."""
        return {
            ear.messenger: {"hears": not ear.deaf, **({"since": ear.deaf_since.isoformat()} if ear.deaf_since else {})}
            for ear in self.ears(self._clock.now())
        }

    def remark(self, messenger: str, words: str) -> None:
        """Have it stand at a product, as long as that is deaf, what follows from it; empty: nothing does."""
        self._remarks[messenger] = words

    async def run(self) -> None:
        """Look every few seconds, until cancelled, and tell what has turned."""
        while True:
            for ear in self.ears(self._clock.now()):
                if ear.deaf is not (ear.messenger in self._deaf):
                    self._turn(ear)
            await self._clock.sleep(LOOK_SECONDS)

    def _asked(self, listener: Listener, now: datetime) -> Ear:
        ear = listener.ear(now)
        return replace(ear, remark=self._remarks.get(ear.messenger, "")) if ear.deaf else ear

    def _turn(self, ear: Ear) -> None:
        if ear.deaf_since is not None:
            self._deaf.add(ear.messenger)
            log.warning("%s.deaf since %s: %s", ear.messenger, f"{ear.deaf_since:%H:%M:%S} UTC", ear.why)
        else:
            self._deaf.remove(ear.messenger)
            self._remarks.pop(ear.messenger, None)
            log.info("%s hears again (%s)", ear.messenger, ear.how)
        for told in self._told:
            told(ear)
