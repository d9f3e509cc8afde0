"""Changes of a delivery as pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import SLOWDOWNS, slots
from runner.model import Delivery, DeliveryState, Form, Lane, Slot
from tests.core.clock import MONDAY

SLOT = Slot(messenger="chat", channel="c", key="k")
SECOND = timedelta(seconds=1)


def wanted(text: str, lane: Lane = Lane.INTERACTIVE, form: Form = Form.MESSAGE) -> slots.Wanted:
    return slots.Wanted(slot=SLOT, lane=lane, payload={"text": text}, form=form)


def taken(row: Delivery) -> Delivery:
    return slots.begun(row, owner="me", now=MONDAY, lease=SECOND)


def test_progress_is_due_every_3_then_15_then_60_seconds() -> None:
    """DEL-7: put every second for 40 minutes."""
    row: Delivery | None = None
    times: list[float] = []
    for second in range(2_400):
        now = MONDAY + second * SECOND
        row = slots.placed(row, wanted(str(second), Lane.PROGRESS), now, SLOWDOWNS) or row
        assert row is not None
        if row.next_at <= now:
            row = slots.sent(taken(row), message_ref="m", now=now, slowdowns=SLOWDOWNS)
            times.append(second)
    gaps = [(earlier, later - earlier) for earlier, later in pairwise(times)]
    assert {gap for at, gap in gaps if at < 295} == {3}
    assert {gap for at, gap in gaps if 300 <= at < 1_780} == {15}
    assert {gap for at, gap in gaps if at >= 1_800} == {60}


@given(
    texts=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(list(Lane))), min_size=1, max_size=6),
    fates=st.lists(st.sampled_from(("sent", "lost", "unreachable", "limited", "absent", "stranded")), max_size=6),
    form=st.sampled_from(list(Form)),
)
def test_whatever_happens_the_last_content_is_shown_or_still_waits(
    texts: Sequence[tuple[str, Lane]], fates: Sequence[str], form: Form
) -> None:
    """DEL-2, DEL-13: and a doubt is never forgotten before it is answered."""
    row: Delivery | None = None
    for number, (text, lane) in enumerate(texts):
        row = slots.placed(row, wanted(text, lane, form), MONDAY, ()) or row
        assert row is not None
        assert row.digest == slots.digest({"text": text})
        for fate in fates[number : number + 2]:
            if row.state is DeliveryState.WAITING:
                before, row = row, ended(taken(row), fate)
                assert row.doubt or not before.doubt or fate in {"sent", "absent"}
                assert row.nonce == before.nonce or fate == "sent"
        assert (row.state is DeliveryState.SENT) == (row.shown == row.digest and not row.doubt)


def test_a_file_that_was_shown_is_not_sent_again_after_a_doubt_about_another() -> None:
    """DEL-1, DEL-13: the other is not there, and nobody wants it any more."""
    first = wanted("a", Lane.FINAL, Form.FILE)
    row = slots.placed(None, first, MONDAY, ())
    assert row is not None
    row = slots.placed(ended(taken(row), "sent"), wanted("b", Lane.FINAL, Form.FILE), MONDAY, ())
    assert row is not None
    row = slots.placed(ended(taken(row), "lost"), first, MONDAY, ())
    assert row is not None
    assert ended(taken(row), "absent").state is DeliveryState.SENT


def ended(row: Delivery, fate: str) -> Delivery:
    match fate:
        case "sent":
            return slots.sent(row, message_ref="m", now=MONDAY, slowdowns=())
        case "absent":
            return slots.absent(row, now=MONDAY)
        case "stranded":
            return slots.stranded(row, now=MONDAY)
        case "limited":
            return slots.limited(row, now=MONDAY, wait=SECOND, error="429")
        case _:
            return slots.failed(row, now=MONDAY, wait=SECOND, error="cut", unknown=fate == "lost")


def test_a_slot_stays_as_urgent_as_the_most_urgent_thing_unsent_in_it() -> None:
    """DEL-2: progress put over a question that nobody has seen yet does not slow it down."""
    asked = slots.placed(None, wanted("approve?"), MONDAY, SLOWDOWNS)
    row = slots.placed(asked, wanted("still asking", Lane.PROGRESS), MONDAY + SECOND, SLOWDOWNS)
    assert asked is not None
    assert row is not None
    assert (row.lane, row.turn, row.next_at) == (Lane.INTERACTIVE, asked.turn, asked.next_at)


def test_going_back_to_what_is_shown_sends_nothing() -> None:
    """DEL-1: A shown, B waiting, A wanted again."""
    first = slots.placed(None, wanted("a"), MONDAY, ())
    assert first is not None
    shown = slots.sent(taken(first), message_ref="m", now=MONDAY, slowdowns=())
    other = slots.placed(shown, wanted("b"), MONDAY, ())
    assert other is not None
    back = slots.placed(other, wanted("a"), MONDAY, ())
    assert back is not None
    assert (other.state, back.state) == (DeliveryState.WAITING, DeliveryState.SENT)


def test_new_content_gets_its_own_chance_when_the_old_is_refused() -> None:
    """DEL-10: put while the refused one was on its way."""
    row = slots.placed(None, wanted("bad"), MONDAY, ())
    assert row is not None
    newer = slots.placed(taken(row), wanted("good"), MONDAY, ())
    assert newer is not None
    assert slots.rejected(newer, now=MONDAY, error="no").state is DeliveryState.WAITING
    assert slots.rejected(taken(row), now=MONDAY, error="no").state is DeliveryState.DEAD
