"""Several pictures that somebody sends at once come as several messages: they are put together again.

The first waits until no further one comes, and is dealt with for all. What lies in the store is marked only after that,
the first as the last: whatever dies in between, the same message is put together from what is left.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.telegram.heard import NAME, Heard, Me, Said
from bot.telegram.listening.payloads import channel_of, read
from runner.model import Arrival
from runner.ports import ArrivalStore, Clock

_QUIET = 1.0  # seconds without a further one
_MOST = 10  # of an album (Telegram)
_AHEAD = 200  # arrivals among which the others are looked for
_KNOWN = 200  # albums that are remembered, for those of them that come late

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gathered:
    """What was heard, and the arrivals beside its own that are in it."""

    heard: Heard
    others: Sequence[Arrival] = ()


class Albums:
    """Puts the messages of an album together."""

    def __init__(self, arrivals: ArrivalStore, clock: Clock, me: Callable[[], Me]) -> None:
        self._arrivals = arrivals
        self._clock = clock
        self._me = me
        self._taken: set[str] = set()  # keys of arrivals that others were dealt with for
        self._first: OrderedDict[str, int] = OrderedDict()  # the message that an album is known by

    async def gathered(self, arrival: Arrival) -> Gathered | None:
        """Read an arrival, with all that belongs to it; None if it was dealt with before, with another."""
        if arrival.key in self._taken:
            self._taken.discard(arrival.key)
            return None
        heard = read(arrival.payload, self._me())
        if not isinstance(heard, Said) or not heard.album:
            return Gathered(heard)
        first = self._first.get(heard.album)
        if first is not None and first != heard.place.message:
            return Gathered(replace(heard, place=replace(heard.place, reply_to=first)))  # it comes late
        others = await self._others(arrival, heard)
        self._first[heard.album] = heard.place.message
        if len(self._first) > _KNOWN:
            self._first.popitem(last=False)
        self._taken.update(each.key for each, _ in others)
        log.debug("telegram.album of %d", len(others) + 1)
        return Gathered(_joined(heard, [said for _, said in others]), [each for each, _ in others])

    async def done(self, gathered: Gathered) -> None:
        """Note that the others are dealt with. Raises StorageError."""
        for each in gathered.others:
            await self._arrivals.done(each, self._clock.now())

    async def _others(self, arrival: Arrival, first: Said) -> list[tuple[Arrival, Said]]:
        """Wait until no further one comes."""
        found = await self._there(arrival, first)
        while len(found) < _MOST - 1:
            await self._clock.sleep(_QUIET)
            before, found = found, await self._there(arrival, first)
            if len(found) == len(before):
                break
        return found

    async def _there(self, arrival: Arrival, first: Said) -> list[tuple[Arrival, Said]]:
        waiting = await self._arrivals.waiting(NAME, after=arrival.seq, limit=_AHEAD)
        read_ = [(each, read(each.payload, self._me())) for each in waiting if each.channel == channel_of(first)]
        return [
            (each, said)
            for each, said in read_
            if isinstance(said, Said) and said.album == first.album and said.place.user == first.place.user
        ]


def _joined(first: Said, others: Sequence[Said]) -> Said:
    """Make one message, in the place of the first, with the words of whichever has some."""
    every = [first, *others]
    spoken = next((each for each in every if each.text or each.command), first)
    texts = [each.text for each in every if each.text]
    return replace(
        first,
        text="\n".join(texts),
        files=tuple(file for each in every for file in each.files),
        command=spoken.command,
        named=any(each.named for each in every),
    )
