"""A window lets no more through than it may, keeps room for new questions, and forgets nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import MOST_LEVELS, Allowance, Gauge, Pace, Window
from bot.delivery.planner import Candidate
from bot.telegram.sending.carrier import GROUP
from runner.model import Lane
from tests.delivery.test_planner import CHANNELS, Arrival, Traffic, arrivals

ROUNDING = 1e-3
LONG_AGO = -1_000.0

windows = st.builds(
    Window,
    most=st.integers(1, 8),
    seconds=st.sampled_from((1.0, 7.0, 60.0)),
    edits=st.integers(0, 3),
    final=st.integers(0, 4),
    progress=st.integers(0, 9),
)
spreads = st.sampled_from(((), (Allowance(per_second=0.5, burst=2.0),)))


@given(window=windows, overall=st.none() | windows, calm=spreads, coming=arrivals, began=st.sampled_from((0, LONG_AGO)))
def test_a_window_never_holds_more_than_it_may_and_all_is_sent_in_the_end(
    window: Window, overall: Window | None, calm: tuple[Allowance, ...], coming: list[Arrival], began: float
) -> None:
    """DEL-6, TG-32: by channel and together; nothing starves, however little a lane is left."""
    gauge = Gauge(pace=lambda _: Pace(window=window, calm=calm), overall=Pace(window=overall), began=began)
    traffic = Traffic(gauge)
    traffic.play(coming)
    assert len(traffic.sent) == len(coming)
    for channel, limit in (*((channel, window) for channel in CHANNELS), (None, overall)):
        if limit is not None:
            times = [at for at, sent in traffic.sent if channel in {None, sent.channel}]
            assert all(
                times[n + limit.most] - times[n] > limit.seconds - ROUNDING for n in range(len(times) - limit.most)
            )


@given(window=windows, coming=arrivals)
def test_a_question_is_never_held_up_by_what_is_less_urgent_as_long_as_the_reserve_lasts(
    window: Window, coming: list[Arrival]
) -> None:
    """TG-34: whenever questions wait, as many of the requests in the window are questions as the reserve has."""
    sent: list[tuple[float, Candidate]] = []
    reserve = min(window.edits, window.final, window.progress, window.most - 1)

    def look(now: float, heads: list[Candidate], going: tuple[Candidate, ...], _: Gauge) -> None:
        sent.extend((now, one) for one in going)
        for waiting in (one for one in heads if _is_question(one) and one not in going):
            times = [at for at, one in sent if one.channel == waiting.channel and _is_question(one)]
            assert sum(at > now - window.seconds - ROUNDING for at in times) >= reserve

    Traffic(Gauge(pace=lambda _: Pace(window=window), began=LONG_AGO), look).play(coming)


def _is_question(one: Candidate) -> bool:
    return one.lane is Lane.INTERACTIVE and not one.edit


def test_a_start_counts_half_of_a_window_as_used_and_gets_it_back_bit_by_bit() -> None:
    """TG-37: nobody knows what was sent just before."""
    gauge = Gauge(pace=lambda _: Pace(window=Window(most=9, seconds=50)), began=100.0)
    for _ in range(5):
        assert gauge.free_at("a", Lane.INTERACTIVE, 100.0) == 100.0
        gauge = gauge.taken("a", Lane.INTERACTIVE, 100.0)
    assert [gauge.free_at("a", Lane.INTERACTIVE, at) for at in (100.0, 110.0)] == [pytest.approx(110), 110.0]


def test_results_of_a_busy_group_find_a_place_while_questions_keep_coming() -> None:
    """TG-32: four questions a minute for ten minutes, each rewritten, and as many results."""
    coming: list[Arrival] = []
    for number in range(40):
        at = 15.0 * number
        coming += [(at, "-1", Lane.INTERACTIVE, False), (at + 5, "-1", Lane.INTERACTIVE, True)]
        coming += [(at + 3, "-1", Lane.FINAL, False)]
    traffic = Traffic(Gauge(pace=lambda _: replace(GROUP, settle=0.0), began=LONG_AGO))
    traffic.play(coming)
    late = [at - one.due for at, one in traffic.sent if one.lane is Lane.FINAL]
    assert len(late) == 40
    assert max(late) < 60
    assert max(at - one.due for at, one in traffic.sent if _is_question(one)) <= 1.0


def test_results_and_rewritings_share_what_is_left_where_more_is_asked_than_fits() -> None:
    """TG-35: whichever waits longest goes first, so neither starves."""
    coming: list[Arrival] = []
    for number in range(60):
        coming += [
            (10.0 * number, "-1", lane, edit) for lane, edit in ((Lane.INTERACTIVE, False), (Lane.INTERACTIVE, True))
        ]
        coming += [(10.0 * number, "-1", Lane.FINAL, False)]
    traffic = Traffic(Gauge(pace=lambda _: GROUP, began=LONG_AGO))
    traffic.play(coming)
    late = {kind: max(at - one.due for at, one in traffic.sent if _kind(one) == kind) for kind in ("F", "E", "Q")}
    assert late["Q"] <= 1.0
    assert abs(late["F"] - late["E"]) < 120, late


def _kind(one: Candidate) -> str:
    return "F" if one.lane is Lane.FINAL else "E" if one.edit else "Q"


def test_what_was_sent_is_forgotten_with_its_window() -> None:
    """DEL-12: memory does not grow with the channels ever written to."""
    gauge = Gauge(pace=lambda _: Pace(window=Window(most=2, seconds=60)))
    for number in range(MOST_LEVELS + 200):
        gauge = gauge.taken(f"c{number}", Lane.FINAL, float(number))
    assert len(gauge.past) <= MOST_LEVELS
