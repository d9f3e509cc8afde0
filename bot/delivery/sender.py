"""One request to the chat product, and what its end means for the delivery."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from bot.delivery import slots
from bot.delivery.carrier import Carrier, Gone, Limited, Rejected, Unknown, Unreachable
from bot.delivery.pace import Slowdown
from bot.delivery.slots import Change
from runner.model import Delivery, Form, handle, new_id
from runner.ports import Clock

LONGEST_SEND = 120.0  # seconds; a file of 50 MB over a slow line. Afterwards its fate counts as unknown
LONGEST_WAIT = 60.0  # seconds between two attempts at most
MOST_SURPRISES = 10  # errors that no carrier foresaw, about five minutes of them; then it counts as rejected

log = logging.getLogger(__name__)


def backoff(attempts: int, jitter: float) -> timedelta:
    """Return the wait after this many attempts: 1 s, doubled up to LONGEST_WAIT, less up to half of it by `jitter`.

    `jitter` is between 0 and 1; it keeps many channels from coming back in the same instant.
    """
    whole = min(LONGEST_WAIT, 2.0 ** min(attempts - 1, 10))
    return timedelta(seconds=whole * (1 - jitter / 2))


class Sender:
    """Makes the request that a delivery needs now. Never raises for what the product does."""

    def __init__(
        self, carrier: Carrier, clock: Clock, slowdowns: tuple[Slowdown, ...], jitter: Callable[[], float]
    ) -> None:
        self._carrier = carrier
        self._clock = clock
        self._slowdowns = slowdowns
        self._jitter = jitter
        self._surprises: Counter[str] = Counter()  # by delivery, those in hand only

    async def send(self, row: Delivery, limit: Callable[[Limited], None]) -> Change:
        """Send a delivery, or ask what became of it, and return what that changes. `limit` is told of a limit."""
        try:
            async with asyncio.timeout(LONGEST_SEND):
                change = await self._request(row)
        except Limited as error:
            limit(error)
            wait = timedelta(seconds=error.retry_after)
            change = partial(slots.limited, now=self._clock.now(), wait=wait, error=str(error))
        except Unreachable as error:
            change = self._again(row, f"not reachable: {error}")
        except (Unknown, TimeoutError) as error:
            change = self._again(row, f"fate unknown: {error}", unknown=True)
        except Gone as error:
            change = partial(slots.gone, now=self._clock.now(), error=f"gone: {error}")
        except Rejected as error:
            change = partial(slots.rejected, now=self._clock.now(), error=error.reason)
        except Exception as error:  # noqa: BLE001 - a mistake in one carrier or payload must not stop all other messages
            return self._surprised(row, error)
        self._surprises.pop(row.id, None)
        return change

    async def _request(self, row: Delivery) -> Change:
        """Make the one request. A message that may be there already is looked for and not sent."""
        if row.doubt:
            message_ref = await self._find(row)
            if message_ref is None:
                return partial(slots.absent, now=self._clock.now())
        elif row.form is Form.FILE:
            message_ref = await self._carrier.upload(row.slot, row.payload, row.nonce)
        elif row.message_ref is None:
            message_ref = await self._carrier.post(row.slot, row.payload, row.nonce)
        else:
            message_ref = row.message_ref
            await self._carrier.edit(row.slot, message_ref, row.payload)
        return partial(slots.sent, message_ref=message_ref, now=self._clock.now(), slowdowns=self._slowdowns)

    async def _find(self, row: Delivery) -> str | None:
        """Ask for a message. Where one may not even ask, it is sent again: twice is better than never."""
        try:
            return await self._carrier.find(row.slot, row.nonce)
        except (Rejected, Gone) as error:
            log.warning("cannot look for a message in %s: %s", row.channel, error)
            return None

    def _again(self, row: Delivery, error: str, *, unknown: bool = False) -> Change:
        wait = backoff(row.attempts, self._jitter())
        return partial(slots.failed, now=self._clock.now(), wait=wait, error=error, unknown=unknown)

    def _surprised(self, row: Delivery, error: Exception) -> Change:
        """Treat an error that is no outcome as a lost answer, until it has come too often to be chance."""
        self._surprises[row.id] += 1
        name = handle(new_id())
        log.error("error %s while sending to %s %s", name, row.messenger, row.channel, exc_info=error)
        if self._surprises[row.id] < MOST_SURPRISES:
            return self._again(row, f"unexpected error {name}", unknown=True)
        del self._surprises[row.id]
        return partial(slots.rejected, now=self._clock.now(), error=f"unexpected error {name}")
