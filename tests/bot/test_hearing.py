"""When a chat product counts as deaf, and who is told."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import views
from bot.hearing import (
    LOOK_SECONDS,
    POLL_PATIENCE,
    PROBE_PATIENCE,
    PROBE_SECONDS,
    SOCKET_PATIENCE,
    Ear,
    Hearing,
    Marks,
    Patience,
    Record,
    judged,
)
from bot.slack.listening.listen import PING_SECONDS
from runner.beside import beside
from runner.runs import Overview
from tests.core.clock import MONDAY, HandClock

POLLS = Patience(span=POLL_PATIENCE, missing="no answer to long polling")
EAR = Ear(messenger="telegram", how="long polling")
LONG_POLL = timedelta(seconds=50)  # what Telegram is asked to wait for news


def test_each_patience_has_room_for_more_than_one_lost_proof() -> None:
    """HEAR-1: one answer that comes late is no reason to ring."""
    assert timedelta(seconds=3 * PING_SECONDS) == SOCKET_PATIENCE
    assert timedelta(seconds=3 * PROBE_SECONDS) == PROBE_PATIENCE
    assert LONG_POLL * 1.5 < POLL_PATIENCE < LONG_POLL * 2
    assert LOOK_SECONDS * 3 <= SOCKET_PATIENCE.total_seconds()


@pytest.mark.parametrize(("seconds", "deaf"), [(0, False), (90, False), (90.5, True), (95, True)])
def test_a_product_is_deaf_once_its_last_proof_is_older_than_the_patience(seconds: float, deaf: bool) -> None:
    """HEAR-1: since that proof, and it says what is missing for how long."""
    marks = Marks(began=MONDAY - timedelta(hours=1)).proven(MONDAY)
    ear = judged(EAR, marks, POLLS, MONDAY + timedelta(seconds=seconds))
    assert (ear.deaf, ear.deaf_since) == (deaf, MONDAY if deaf else None)
    assert ear.why == (f"no answer to long polling for {seconds:.0f} s" if deaf else "")


def test_what_was_never_heard_is_deaf_since_we_began_to_listen() -> None:
    """HEAR-1: a daemon that never got through is no better than one that was cut off."""
    marks = Marks(began=MONDAY)
    assert not judged(EAR, marks, POLLS, MONDAY + timedelta(seconds=90)).deaf
    assert judged(EAR, marks, POLLS, MONDAY + timedelta(seconds=91)).deaf_since == MONDAY


def test_a_delivery_proves_that_we_hear_and_a_proof_is_no_delivery() -> None:
    """HEAR-1: silence and calm are told apart by it; an older proof changes nothing."""
    later = MONDAY + timedelta(minutes=1)
    marks = Marks(began=MONDAY).delivered(MONDAY).proven(later)
    assert (marks.last, marks.proved) == (MONDAY, later)
    assert marks.proven(MONDAY) == marks
    assert marks.delivered(MONDAY) == marks


async def test_who_wants_to_know_is_told_once_when_a_product_turns() -> None:
    """HEAR-1: within seconds; the log says it as well."""
    clock, told = HandClock(), list[Ear]()
    hearing = Hearing(clock)
    record, calm = Record("telegram", "long polling", POLLS, clock), Record("slack", "HTTP", POLLS, clock)
    hearing.register(record)
    hearing.register(calm)
    hearing.tell(told.append)
    async with beside(hearing.run()):
        await asyncio.sleep(0)
        for second in range(300):
            calm.proven()
            if second >= 200:
                record.proven()
            await clock.move(seconds=1)
            await asyncio.sleep(0)
    assert [(ear.messenger, ear.deaf) for ear in told] == [("telegram", True), ("telegram", False)]
    assert told[0].deaf_since == MONDAY
    assert told[0].why == "no answer to long polling for 95 s"


async def test_the_registry_answers_at_any_moment_and_knows_nothing_of_what_has_no_listener(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = HandClock()
    hearing = Hearing(clock)
    hearing.register(Record("telegram", "long polling", POLLS, clock))
    hearing.remark("telegram", "so it is")
    assert hearing.deaf("telegram") is None
    assert hearing.health() == {"telegram": {"hears": True}}
    assert hearing.ears(clock.now())[0].remark == ""
    with caplog.at_level(logging.WARNING):
        await clock.move(minutes=2)
    deaf = hearing.deaf("telegram")
    assert deaf is not None
    assert deaf.remark == "so it is"
    assert hearing.health() == {"telegram": {"hears": False, "since": MONDAY.isoformat()}}
    assert hearing.deaf("slack") is None


def test_the_status_says_of_each_front_end_whether_it_hears() -> None:
    """HEAR-2: in words, and for scripts."""
    now = MONDAY + timedelta(minutes=5, seconds=35)
    hears = replace(EAR, messenger="slack", how="2 of 2 sockets", last=now - timedelta(minutes=2), proved=now)
    deaf = judged(EAR, Marks(began=MONDAY).proven(MONDAY + timedelta(minutes=4)), POLLS, now)
    fresh = Ear(messenger="web", how="0 of 1 sockets")
    overview = Overview(running=(), waiting=(), pending=0, slots=1, version="1", uptime_seconds=1.0)
    card = views.status(overview, now, views.Situation(ears=(hears, deaf, replace(fresh, proved=now), fresh)))
    (section,) = [section for section in card.sections if section.title == "Hears"]
    assert section.body.splitlines() == [
        "slack: hears, 2 of 2 sockets, last message 2 minutes ago",
        "telegram: DEAF since 09:04 UTC (no answer to long polling for 95 s)",
        "web: hears, 0 of 1 sockets, no message since the start",
        "web: is being connected, 0 of 1 sockets, no message since the start",
    ]
    assert card.data is not None
    assert [(ear["messenger"], ear["deaf_since"]) for ear in card.data["hears"]][:2] == [
        ("slack", None),
        ("telegram", "2026-11-23T09:04:00+00:00"),
    ]
    assert card.tone.value == "bad"
