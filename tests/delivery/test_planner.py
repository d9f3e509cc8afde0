"""The planner and its arithmetic: never over the pace, the urgent first, nobody forgotten."""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import MOST_LEVELS, SLOWDOWNS, Allowance, Gauge, Pace, interval
from bot.delivery.planner import Candidate, plan
from runner.model import Lane

ROUNDING = 1e-3
CHANNELS = ("a", "b", "c")

allowances = st.builds(
    Allowance, per_second=st.sampled_from((0.1, 0.3, 1.0, 5.0)), burst=st.sampled_from((1.0, 2.0, 4.0))
)
Arrival = tuple[float, str, Lane, bool]  # when, where, what, whether it is an edit
some = st.lists(allowances, max_size=2).map(tuple)
paces = st.builds(Pace, every=some, edits=some, progress=some)
arrivals = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from(CHANNELS), st.sampled_from(list(Lane)), st.booleans()),
    min_size=1,
    max_size=25,
)


@dataclass
class Traffic:
    """Plays arrivals against the planner; sends are over at once."""

    gauge: Gauge
    look: Callable[[float, list[Candidate], tuple[Candidate, ...], Gauge], None] = lambda *_: None
    sent: list[tuple[float, Candidate]] = field(default_factory=list)

    def play(self, coming: list[Arrival]) -> None:
        waiting = deque(sorted(coming))
        queues: dict[tuple[str, Lane, bool], deque[Candidate]] = defaultdict(deque)
        now = 0.0
        number = itertools.count()
        for _ in range(2_000):
            if not waiting and not any(queues.values()):
                return
            while waiting and waiting[0][0] <= now:
                due, channel, lane, edit = waiting.popleft()
                name = f"{next(number):04}"
                made = Candidate(id=name, channel=channel, lane=lane, turn=name, due=due, edit=edit)
                queues[channel, lane, edit].append(made)
            heads = [queue[0] for queue in queues.values() if queue]
            planned = plan(now, heads, self.gauge)
            self.look(now, heads, planned.send, planned.gauge)
            self.gauge = planned.gauge
            for candidate in planned.send:
                self.sent.append((now, queues[candidate.channel, candidate.lane, candidate.edit].popleft()))
            if planned.send:
                continue  # a lane may have another one that can go now
            steps = [time for time in (planned.again, waiting[0][0] if waiting else None) if time is not None]
            assert steps, "something waits, and nobody would ever look again"
            assert min(steps) > now
            now = min(steps)
        raise AssertionError("something waits for ever")


def within(times: list[float], allowance: Allowance) -> bool:
    return all(
        last - first + 1 <= allowance.burst + allowance.per_second * (times[last] - times[first]) + ROUNDING
        for first in range(len(times))
        for last in range(first, len(times))
    )


@given(pace=paces, overall=paces, coming=arrivals)
def test_no_window_of_time_holds_more_than_the_pace_allows(pace: Pace, overall: Pace, coming: list[Arrival]) -> None:
    """DEL-6: by channel and together, all, edits and progress alone. And all is sent in the end: nothing starves."""
    traffic = Traffic(Gauge(pace=lambda _: pace, overall=overall))
    traffic.play(coming)
    assert len(traffic.sent) == len(coming)
    for channel, limits in (*((channel, pace) for channel in CHANNELS), (None, overall)):
        mine = [(at, sent) for at, sent in traffic.sent if channel in {None, sent.channel}]
        assert all(within([at for at, _ in mine], allowance) for allowance in limits.every)
        edits = [at for at, sent in mine if sent.edit]
        assert all(within(edits, allowance) for allowance in limits.edits)
        progress = [at for at, sent in mine if sent.lane is Lane.PROGRESS]
        assert all(within(progress, allowance) for allowance in limits.progress)


@given(pace=paces, overall=paces, coming=arrivals)
def test_progress_never_goes_while_something_more_urgent_of_its_channel_could(
    pace: Pace, overall: Pace, coming: list[Arrival]
) -> None:
    """DEL-4: neither before it, nor in its place; and it leaves a token where there is more than one."""

    def look(now: float, heads: list[Candidate], sent: tuple[Candidate, ...], after: Gauge) -> None:
        for progress in (one for one in sent if one.lane is Lane.PROGRESS):
            elsewhere = [one for one in heads if one.channel == progress.channel and one.lane is not Lane.PROGRESS]
            urgent = [one for one in elsewhere if progress.edit or not one.edit]  # an edit may wait for edits alone
            assert all(one in sent for one in urgent)
            assert all(sent.index(one) < sent.index(progress) for one in urgent)
            if not elsewhere and len(sent) == 1 and all(a.burst >= 2 for a in (*pace.every, *overall.every)):
                assert after.free_at(progress.channel, Lane.INTERACTIVE, now) == now

    Traffic(Gauge(pace=lambda _: pace, overall=overall), look).play(coming)


@given(pace=paces, coming=arrivals)
def test_a_channel_that_is_paused_holds_no_other(pace: Pace, coming: list[Arrival]) -> None:
    """DEL-5: the others are sent at the very times they would have been."""
    free = Traffic(Gauge(pace=lambda _: pace))
    free.play(coming)
    paused = Traffic(Gauge(pace=lambda _: pace).paused("a", 500.0, progress=False))
    paused.play(coming)
    assert all(at >= 500.0 for at, sent in paused.sent if sent.channel == "a")

    def elsewhere(traffic: Traffic) -> list[tuple[float, str]]:
        return sorted((round(at, 3), sent.id) for at, sent in traffic.sent if sent.channel != "a")

    assert elsewhere(paused) == elsewhere(free)


def candidate(lane: Lane = Lane.INTERACTIVE, channel: str = "a", **more: object) -> Candidate:
    known: dict[str, object] = {"id": f"{lane}{channel}", "turn": "1", "due": 0.0}
    return Candidate(lane=lane, channel=channel, **known | more)  # type: ignore[arg-type]


def test_a_pause_of_the_messenger_holds_all_channels_and_one_of_progress_nothing_else() -> None:
    gauge = Gauge(pace=lambda _: Pace())
    heads = [candidate(), candidate(channel="b"), candidate(Lane.PROGRESS)]
    everywhere = plan(10, heads, gauge.paused(None, 40, progress=False))
    assert (everywhere.send, everywhere.again) == ((), 40)
    progress = plan(10, heads, gauge.paused(None, 40, progress=True))
    assert [sent.lane for sent in progress.send] == [Lane.INTERACTIVE, Lane.INTERACTIVE]
    assert progress.again == 40
    assert plan(40, heads, everywhere.gauge).gauge.pauses == {}


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    gauge = Gauge(pace=lambda _: Pace()).paused("a", 90, progress=False).paused("a", 20, progress=False)
    assert plan(30, [candidate()], gauge).again == 90


def test_what_is_on_its_way_holds_its_lane_and_no_other() -> None:
    behind = candidate(turn="2")  # perhaps it became the first while the other was taken in hand
    planned = plan(0, [candidate(busy=True), behind, candidate(Lane.FINAL)], Gauge(pace=lambda _: Pace()))
    assert [sent.lane for sent in planned.send] == [Lane.FINAL]
    assert planned.again is None


def test_channels_that_share_an_allowance_are_served_longest_waiting_first() -> None:
    gauge = Gauge(pace=lambda _: Pace(), overall=Pace(every=(Allowance(per_second=1),)))
    heads = [candidate(channel=name, turn=turn) for name, turn in (("a", "3"), ("b", "1"), ("c", "2"))]
    assert [sent.channel for sent in plan(0, heads, gauge).send] == ["b"]


def test_what_is_urgent_gets_the_one_token_that_channels_share() -> None:
    """DEL-4: whatever came first."""
    gauge = Gauge(pace=lambda _: Pace(), overall=Pace(every=(Allowance(per_second=1),)))
    heads = [candidate(lane, channel=name, turn=name) for lane, name in zip(reversed(Lane), "abc", strict=True)]
    assert [sent.lane for sent in plan(0, heads, gauge).send] == [Lane.INTERACTIVE]


def test_after_a_start_there_is_no_burst_that_could_join_the_last_one() -> None:
    gauge = Gauge(pace=lambda _: Pace(every=(Allowance(per_second=1, burst=5),)))
    first = plan(0, [candidate()], gauge)
    assert plan(0, [candidate()], first.gauge).again == pytest.approx(1)


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 3), (4.9, 3), (5, 15), (29, 15), (30, 60), (600, 60)])
def test_progress_slows_with_the_age_of_a_run(minutes: float, seconds: float) -> None:
    """DEL-7: the figures."""
    assert interval(SLOWDOWNS, timedelta(minutes=minutes)) == timedelta(seconds=seconds)


def test_an_allowance_of_a_minute_counts_its_burst() -> None:
    allowance = Allowance.per_minute(20, burst=5)
    assert allowance.burst + 60 * allowance.per_second == pytest.approx(20)


def test_memory_does_not_grow_with_the_channels_ever_written_to() -> None:
    """DEL-12: full buckets are forgotten."""
    gauge = Gauge(pace=lambda _: Pace(every=(Allowance(per_second=1000),)))
    for number in range(MOST_LEVELS * 2):
        gauge = gauge.taken(f"c{number}", Lane.FINAL, float(number))
    assert len(gauge.levels) <= MOST_LEVELS


def test_progress_leaves_half_of_the_edits_to_what_is_urgent() -> None:
    """DEL-4: many live cards never keep a question from being rewritten once it is answered."""
    gauge = Gauge(pace=lambda _: Pace(), overall=Pace(edits=(Allowance(per_second=0.1, burst=10),)))
    cards = [candidate(Lane.PROGRESS, f"c{number}", edit=True) for number in range(20)]
    planned = plan(1_000, cards, gauge)
    assert len(planned.send) == 6
    urgent = [candidate(Lane.INTERACTIVE, f"c{number}", edit=True) for number in range(20)]
    assert len(plan(1_000, urgent, planned.gauge).send) == 4
