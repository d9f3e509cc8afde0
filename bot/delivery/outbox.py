"""The outbox of one messenger: writes down what is to be shown, then sends it in the order and pace that are right.

Rows are written before anything is sent and after each answer, so any crash leaves a row that says what may have been
sent. Only the first row of each lane and channel is held in memory.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from bot.delivery import slots
from bot.delivery.carrier import ASKED, EVERYWHERE, PROGRESS_ONLY, Carrier, Limited
from bot.delivery.pace import SLOWDOWNS, Gauge, Pace, Slowdown
from bot.delivery.planner import Candidate, plan
from bot.delivery.sender import LONGEST_SEND, Sender
from bot.delivery.slots import Change, Wanted
from runner.beside import beside, first_error
from runner.errors import SignoffError
from runner.model import Backlog, Delivery, DeliveryState, Form, Json, Lane, Origin, Slot, value
from runner.ports import Clock, DeliveryStore

LEASE = timedelta(seconds=LONGEST_SEND * 2)  # who has not written for so long is not sending any more
LOOK_AROUND = 5.0  # seconds; how soon rows are seen that another process has put there or left behind
KEPT = timedelta(days=30)  # how long a message can still be edited after its last change, if its run has ended
PRUNED_EVERY = 3_600.0  # seconds
REST = 5.0  # seconds after the store has failed

_Placing = Callable[[Delivery | None, Wanted, datetime, tuple[Slowdown, ...]], Delivery | None]

log = logging.getLogger(__name__)


def _nobody(_: Delivery) -> None:
    return


@value
class Options:
    """What differs between messengers. `pace` is that of a channel, `overall` that of the messenger.

    `owner` names this daemon, the same after a restart: what it had in hand is its own to pick up. `told` is called
    with each delivery that was given up. `jitter` returns numbers from 0 to 1.
    """

    pace: Callable[[str], Pace]
    overall: Pace = field(default_factory=Pace)
    slowdowns: tuple[Slowdown, ...] = SLOWDOWNS
    owner: str = "signoff"
    told: Callable[[Delivery], None] = _nobody
    jitter: Callable[[], float] = random.random


class Outbox:
    """Delivers to one messenger. `put` may be called before, while and after `run` runs."""

    def __init__(self, messenger: str, carrier: Carrier, store: DeliveryStore, clock: Clock, options: Options) -> None:
        self._messenger = messenger
        self._store = store
        self._clock = clock
        self._options = options
        self._sender = Sender(carrier, clock, options.slowdowns, options.jitter)
        self._gauge = Gauge(pace=options.pace, overall=options.overall, began=clock.monotonic())
        self._heads: dict[str, Sequence[Delivery]] = {}  # by channel
        self._flying: dict[str, Delivery] = {}  # what is being sent here, by id
        self._stale: set[str] = set()  # channels whose heads have to be read again
        self._resumed: Counter[str] = Counter()  # how often, by channel
        self._woken = asyncio.Event()
        self._quiet = asyncio.Event()
        self._landing = asyncio.Event()  # one for each send that ends

    async def put(
        self,
        origin: Origin,
        key: str,
        lane: Lane,
        payload: Json,
        *,
        form: Form = Form.MESSAGE,
        execution_id: str | None = None,
    ) -> bool:
        """Show this in the slot, in place of what is or was to be there. Once it returns, it cannot be lost.

        Returns False if the very same is there already.

        `execution_id` keeps the slot editable as long as that execution has not ended. Raises StorageError.
        """
        wanted = self._wanted(origin, key, lane, payload)
        return await self._place(replace(wanted, form=form, execution_id=execution_id), slots.placed)

    async def amend(self, origin: Origin, key: str, lane: Lane, payload: Json) -> bool:
        """Show this in the slot if it shows something, and else nothing: what waits to be posted there is taken back.

        For what is not worth a message of its own. The next `put` posts again. Raises StorageError.
        """
        return await self._place(self._wanted(origin, key, lane, payload), slots.amended)

    async def replace(
        self, key: str, lane: Lane, payload: Json, *, amend: Callable[[str], bool] = lambda _: False
    ) -> None:
        """Show this in every slot of this key there is, and nowhere else. Raises StorageError.

        `amend` says of a channel whether what waits to be posted there is taken back instead.
        """
        for slot in await self._store.places(self._messenger, key):
            origin = Origin(messenger=slot.messenger, channel=slot.channel, thread=slot.thread or None)
            await (self.amend if amend(slot.channel) else self.put)(origin, key, lane, payload)

    async def resume(self, channel: str) -> None:
        """Go on at once in a channel that was to be left alone for a while. Raises StorageError."""
        self._resumed[channel] += 1  # what is on its way now may still be refused
        self._gauge = self._gauge.resumed(channel)
        now = self._clock.now()
        for row in await self._store.heads(self._messenger, channel):
            if row.state is DeliveryState.WAITING and row.next_at > now:
                await self._store.save(row, replace(row, next_at=now))
        self._wake(channel)

    async def run(self) -> None:
        """Send until cancelled. What is in hand then is looked for at the next start."""
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._send_all(), name=f"send to {self._messenger}")
                    group.create_task(self._look_around(), name=f"look around for {self._messenger}")
                    group.create_task(self._prune(), name=f"prune {self._messenger}")
            except* SignoffError as errors:
                log.warning("the outbox of %s begins anew: %s", self._messenger, first_error(errors))
            await self._clock.sleep(REST)

    async def settled(self) -> None:
        """Wait until everything that may be sent now is sent, while `run` runs.

        What has to wait for its time is not waited for.
        """
        self._quiet.clear()
        self._woken.set()
        await self._quiet.wait()

    async def landed(self, channel: str) -> None:
        """Wait until the names of all messages are known that are being posted to a channel now, or are given up.

        People see a message before we are told its name, and may answer it by then.
        """
        posts = {row.id for row in self._flying.values() if row.channel == channel and row.message_ref is None}
        while posts & self._flying.keys():
            await self._landing.wait()

    async def backlog(self) -> Sequence[Backlog]:
        """Return how the channels stand in which something waits or was given up."""
        return await self._store.backlog(self._messenger)

    def _wanted(self, origin: Origin, key: str, lane: Lane, payload: Json) -> Wanted:
        slot = Slot(messenger=self._messenger, channel=origin.channel, thread=origin.thread or "", key=key)
        pace = self._options.pace(slot.channel)
        return Wanted(slot=slot, lane=lane, payload=payload, settle=pace.settle, files_later=pace.files_later)

    async def _place(self, wanted: Wanted, change: _Placing) -> bool:
        """Change what is to be in a slot; False if that changes nothing."""
        saved = None
        while saved is None:
            before = await self._store.get(wanted.slot)
            after = change(before, wanted, self._clock.now(), self._options.slowdowns)
            if after is None:
                return False
            saved = await self._store.save(before, after)
        self._wake(wanted.slot.channel)
        return True

    def _wake(self, channel: str) -> None:
        self._stale.add(channel)
        self._quiet.clear()
        self._woken.set()

    async def _send_all(self) -> None:
        """Send what the plan says, each in its own coroutine: a slow channel holds up nobody."""
        self._flying.clear()
        await self._pick_up()
        for channel in await self._store.channels(self._messenger):
            self._stale.add(channel)
            self._keep_still(channel, await self._store.heads(self._messenger, channel))
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                await self._read_heads()
                again = self._begin_due(group)
                await self._rest(again)

    def _keep_still(self, channel: str, heads: Sequence[Delivery]) -> None:
        """Keep the pauses that an earlier life was asked for."""
        for row in heads:
            left = (row.next_at - self._clock.now()).total_seconds()
            if row.error.startswith(ASKED) and row.state is DeliveryState.WAITING and left > 0:
                where = None if EVERYWHERE in row.error else channel
                until, progress = self._clock.monotonic() + left, PROGRESS_ONLY in row.error
                self._gauge = self._gauge.paused(where, until, progress=progress)

    async def _read_heads(self) -> None:
        """Read again where something has changed. What changes meanwhile is read in the next round."""
        stale, self._stale = self._stale, set()
        for channel in stale:
            heads = await self._store.heads(self._messenger, channel)
            self._heads[channel] = heads
            if not heads:
                del self._heads[channel]

    def _begin_due(self, group: asyncio.TaskGroup) -> float | None:
        """Begin what may be sent now and return the seconds until there may be more (None: unknown)."""
        now = self._clock.monotonic()
        # What has begun may be no head yet or no more, and holds up its channel all the same.
        rows = {**self._flying, **{row.id: row for heads in self._heads.values() for row in heads}}
        planned = plan(now, [self._candidate(row, now) for row in rows.values()], self._gauge)
        self._gauge = planned.gauge
        for chosen in planned.send:
            self._flying[chosen.id] = rows[chosen.id]
            group.create_task(self._send(rows[chosen.id]), name=f"send {chosen.id}")
        if not self._flying and not self._stale:
            self._quiet.set()
        return None if planned.again is None else planned.again - now

    def _candidate(self, row: Delivery, now: float) -> Candidate:
        return Candidate(
            id=row.id,
            channel=row.channel,
            lane=row.lane,
            turn=row.turn,
            due=now + (row.next_at - self._clock.now()).total_seconds(),
            busy=row.id in self._flying or row.state is DeliveryState.SENDING,
            edit=row.message_ref is not None,
        )

    async def _rest(self, seconds: float | None) -> None:
        """Wait until somebody calls, or so long."""
        if seconds is None:
            await self._woken.wait()
            return
        async with beside(self._ring_after(seconds)):
            await self._woken.wait()

    async def _ring_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._woken.set()

    async def _send(self, row: Delivery) -> None:
        try:
            begun = await self._take(row)
            if begun is not None:
                resumed = self._resumed[row.channel]
                change = await self._sender.send(begun, lambda error: self._limit(begun, error))
                await self._write(begun, change)
                if resumed != self._resumed[row.channel]:
                    await self.resume(row.channel)
        finally:
            self._flying.pop(row.id, None)
            self._landing.set()
            self._landing = asyncio.Event()
            self._heads[row.channel] = [head for head in self._heads.get(row.channel, ()) if head.id != row.id]
            self._wake(row.channel)

    async def _take(self, row: Delivery) -> Delivery | None:
        """Take a waiting delivery in hand, with the content it has by now; None if nothing is to be sent any more."""
        current: Delivery | None = row
        while current is not None and current.state is DeliveryState.WAITING:
            now = self._clock.now()
            begun = slots.begun(current, owner=self._options.owner, now=now, lease=LEASE)
            if (saved := await self._store.save(current, begun)) is not None:
                return saved
            current = await self._store.get(row.slot)
        return None

    async def _write(self, begun: Delivery, change: Change) -> None:
        """Write what became of a send. Meanwhile only somebody's `put` can have changed the row."""
        current: Delivery | None = begun
        while current is not None and current.state is DeliveryState.SENDING:
            after = change(current)
            if await self._store.save(current, after) is not None:
                if after.state is DeliveryState.DEAD:
                    log.error("given up %s in %s of %s: %s", after.key, after.channel, self._messenger, after.error)
                    self._options.told(after)
                return
            current = await self._store.get(begun.slot)

    def _limit(self, row: Delivery, error: Limited) -> None:
        until = self._clock.monotonic() + error.retry_after
        channel = None if error.everywhere else row.channel
        self._gauge = self._gauge.paused(channel, until, progress=error.progress)

    async def _look_around(self) -> None:
        """See what other processes have put into the store, or left behind in it."""
        while True:
            await self._clock.sleep(LOOK_AROUND)
            await self._pick_up()
            for channel in await self._store.channels(self._messenger):
                self._wake(channel)

    async def _pick_up(self) -> None:
        """Take back what nobody is sending any more: it is looked for before it is sent again."""
        now = self._clock.now()
        while left := await self._left_behind():
            for row in left:
                await self._store.save(row, slots.stranded(row, now=now))
                self._wake(row.channel)

    async def _left_behind(self) -> Sequence[Delivery]:
        rows = await self._store.stranded(self._messenger, self._options.owner, self._clock.now())
        return [row for row in rows if row.id not in self._flying]

    async def _prune(self) -> None:
        while True:
            while await self._store.prune(self._clock.now() - KEPT):
                pass
            await self._clock.sleep(PRUNED_EVERY)
