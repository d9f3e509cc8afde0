"""How a delivery changes: pure functions from the row as it is to the row as it is to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.delivery.carrier import ASKED
from bot.delivery.pace import Slowdown, interval
from runner.model import Delivery, DeliveryState, Form, Json, Lane, Slot, new_id, value

Change = Callable[[Delivery], Delivery]


@value
class Wanted:
    """What somebody wants a slot to show."""

    slot: Slot
    lane: Lane
    payload: Json
    form: Form = Form.MESSAGE
    execution_id: str | None = None
    settle: float = 0.0  # seconds that a new message of progress waits for something better
    files_later: float = 0.0  # seconds by which a new file stands further back in its lane


def digest(payload: Json) -> str:
    """Name a content: equal digests mean equal content."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def placed(before: Delivery | None, wanted: Wanted, now: datetime, slowdowns: tuple[Slowdown, ...]) -> Delivery | None:
    """Put something into a slot; None if that changes nothing.

    What waits keeps its turn and gives up its content; a slot stays as urgent as the most urgent thing unsent in it.
    """
    if before is None:
        return _first(wanted, now)
    wish = digest(wanted.payload)
    unsent = before.state in {DeliveryState.WAITING, DeliveryState.SENDING}
    lane = min(before.lane, wanted.lane, key=lambda lane: lane.rank) if unsent else wanted.lane
    if before.state is DeliveryState.GONE:
        nothing_to_do = wanted.lane is Lane.PROGRESS
    else:
        nothing_to_do = before.digest == wish and (not unsent or lane is before.lane)
    if nothing_to_do:
        return None
    after = replace(before, payload=wanted.payload, digest=wish, lane=lane, changed_at=now)
    if before.state is DeliveryState.SENDING:
        return after
    if before.shown == wish and not before.doubt:
        return replace(after, state=DeliveryState.SENT, attempts=0, error="")
    if before.state is DeliveryState.WAITING:
        return after if lane is before.lane else replace(after, turn=new_id(), next_at=now)
    return _settling(_waiting(after, now, slowdowns), wanted, now)


def amended(before: Delivery | None, wanted: Wanted, now: datetime, slowdowns: tuple[Slowdown, ...]) -> Delivery | None:
    """Put something into a slot that shows something, or perhaps does; from any other take back what waits there.

    What the product wanted to have later stays: it knows until when. None if that changes nothing.
    """
    if before is None:
        return None
    paused = before.error.startswith(ASKED) and before.next_at > now
    if before.message_ref is not None or before.doubt or before.state is DeliveryState.SENDING or paused:
        return placed(before, wanted, now, slowdowns)
    if before.state is not DeliveryState.WAITING:
        return None
    return replace(before, state=DeliveryState.SENT, payload={}, digest="", attempts=0, error="", changed_at=now)


def begun(row: Delivery, *, owner: str, now: datetime, lease: timedelta) -> Delivery:
    """Take a delivery in hand. A doubtful one is first asked for, so what it tried before is kept in mind."""
    return replace(
        row,
        state=DeliveryState.SENDING,
        trying=row.trying if row.doubt else row.digest,
        attempts=row.attempts + 1,
        lease_owner=owner,
        lease_until=now + lease,
        changed_at=now,
    )


def stranded(row: Delivery, *, now: datetime) -> Delivery:
    """Take back a delivery whose sender is no more: a new message may be there or not; an edit is simply repeated."""
    return _back(row, now, doubt=row.doubt or row.message_ref is None)


def sent(row: Delivery, *, message_ref: str, now: datetime, slowdowns: tuple[Slowdown, ...]) -> Delivery:
    """Note that the product shows what was tried. What was put into the slot meanwhile waits in its turn."""
    shown = replace(
        _free(row, now),
        state=DeliveryState.SENT,
        shown=row.trying,
        message_ref=message_ref,
        doubt=False,
        attempts=0,
        error="",
        sent_at=now,
    )
    return shown if row.digest == row.trying else _waiting(shown, now, slowdowns)


def absent(row: Delivery, *, now: datetime) -> Delivery:
    """Note that the product has no such message: it is made now, unless what is wanted by now was shown before."""
    back = _back(row, now, doubt=False)
    return replace(back, state=DeliveryState.SENT) if back.digest == back.shown else back


def failed(row: Delivery, *, now: datetime, wait: timedelta, error: str, unknown: bool = False) -> Delivery:
    """Note that it has to be tried again after `wait`."""
    doubt = row.doubt or (unknown and row.message_ref is None)
    return replace(_back(row, now, doubt=doubt), next_at=now + wait, error=error)


def limited(row: Delivery, *, now: datetime, wait: timedelta, error: str) -> Delivery:
    """Note that the product wants a pause; that does not count as an attempt."""
    return replace(failed(row, now=now, wait=wait, error=error), attempts=row.attempts - 1)


def rejected(row: Delivery, *, now: datetime, error: str) -> Delivery:
    """Note that this content will never be taken. What was put into the slot meanwhile gets its own chance."""
    state = DeliveryState.DEAD if row.digest == row.trying else DeliveryState.WAITING
    return replace(_free(row, now), state=state, error=error, next_at=now, attempts=0)


def gone(row: Delivery, *, now: datetime, error: str) -> Delivery:
    """Note that the message was removed, or (if there was none yet) that nothing can be put there."""
    if row.message_ref is None:
        return rejected(row, now=now, error=error)
    fresh = replace(_free(row, now), message_ref=None, shown="", nonce=new_id(), error=error, next_at=now)
    return replace(fresh, state=DeliveryState.GONE if row.lane is Lane.PROGRESS else DeliveryState.WAITING)


def _first(wanted: Wanted, now: datetime) -> Delivery:
    first = Delivery(
        id=new_id(),
        messenger=wanted.slot.messenger,
        channel=wanted.slot.channel,
        thread=wanted.slot.thread,
        key=wanted.slot.key,
        execution_id=wanted.execution_id,
        lane=wanted.lane,
        form=wanted.form,
        payload=wanted.payload,
        digest=digest(wanted.payload),
        nonce=new_id(),
        turn=new_id(),
        next_at=now,
        created_at=now,
        waiting_since=now,
        changed_at=now,
    )
    return _settling(first, wanted, now)


def _settling(row: Delivery, wanted: Wanted, now: datetime) -> Delivery:
    """Let what would be a new message wait, as far as it can."""
    if row.message_ref is not None:
        return row
    if row.form is Form.FILE and row.lane is Lane.FINAL and wanted.files_later:
        return replace(row, turn=new_id(later=wanted.files_later))
    if row.lane is Lane.PROGRESS and wanted.settle:
        return replace(row, next_at=max(row.next_at, now + timedelta(seconds=wanted.settle)))
    return row


def _waiting(row: Delivery, now: datetime, slowdowns: tuple[Slowdown, ...]) -> Delivery:
    """Queue a slot anew. A file cannot be edited: another content is another file."""
    due = now
    if row.lane is Lane.PROGRESS and row.sent_at is not None:
        due = max(now, row.sent_at + interval(slowdowns, now - row.created_at))
    after = replace(
        row, state=DeliveryState.WAITING, turn=new_id(), next_at=due, waiting_since=now, attempts=0, error=""
    )
    return after if row.form is Form.MESSAGE else replace(after, message_ref=None, nonce=new_id())


def _back(row: Delivery, now: datetime, *, doubt: bool) -> Delivery:
    """Give a delivery in hand back to its lane, where it keeps its turn."""
    return replace(_free(row, now), state=DeliveryState.WAITING, next_at=now, doubt=doubt)


def _free(row: Delivery, now: datetime) -> Delivery:
    return replace(row, lease_owner=None, lease_until=None, changed_at=now)
