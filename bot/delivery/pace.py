"""How fast a chat product may be written to: token buckets as values, and the arithmetic on them.

In any `t` seconds an allowance lets at most `burst + per_second * t` requests through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import timedelta

from runner.model import Lane, value

MOST_LEVELS = 2_000  # buckets that are remembered; beyond, those that are full are forgotten
_NEVER_MIND = 1e-6  # seconds and tokens below this are rounding


@value
class Allowance:
    """At most `burst` requests at once, and `per_second` in the long run."""

    per_second: float
    burst: float = 1.0

    @classmethod
    def per_minute(cls, most: float, *, burst: float = 1.0) -> Allowance:
        """Allow `most` requests in any minute, `burst` of them at once."""
        return cls(per_second=(most - burst) / 60, burst=burst)


@value
class Window:
    """At most `most` requests in any `seconds`: all of them may come at once, unlike with an Allowance.

    What is less urgent than a new question leaves some of them to it: edits of that lane `edits`, then `final`, then
    `progress`. So after any of these as many new questions go out at once as the least of the three says.
    """

    most: int
    seconds: float = 60.0
    edits: int = 0
    final: int = 0
    progress: int = 0

    def assumed(self, began: float) -> tuple[float, ...]:
        """Return when requests are taken to have been made before a start: half as many as may be, evenly spread.

        Nobody knows. Were there more, the product says so, and the channel rests; were there none, questions still have
        the other half, and more of it every few seconds.
        """
        half = self.most // 2
        return tuple(began - self.seconds * (half - number) / (half + 1) for number in range(half))

    def open_to(self, lane: Lane, *, edit: bool) -> int:
        """Return how many of the requests a lane may see used before it waits; one at least."""
        spared = {Lane.INTERACTIVE: self.edits if edit else 0, Lane.FINAL: self.final, Lane.PROGRESS: self.progress}
        return max(1, self.most - spared[lane])


@value
class Slowdown:
    """From this age of a slot on (seconds), its progress is shown at most once in `every` seconds."""

    age: float
    every: float


# A run is looked at most in its first minutes: 3 s, after 5 minutes 15 s, after 30 minutes 60 s.
SLOWDOWNS = (Slowdown(age=0, every=3), Slowdown(age=300, every=15), Slowdown(age=1_800, every=60))


def interval(slowdowns: tuple[Slowdown, ...], age: timedelta) -> timedelta:
    """Return the time between two edits of progress in a slot of this age."""
    fitting = [step.every for step in slowdowns if step.age <= age.total_seconds()]
    return timedelta(seconds=max(fitting, default=0.0))


@value
class Pace:
    """What a channel, or a messenger as a whole, allows: of requests, of edits among them, and of progress among both.

    Progress leaves something to the more urgent lanes: where a burst of `every` is two or more, the last token; of
    every burst of `edits`, half. `calm` is for all but new questions and answers, so that it is spread over a window.

    What a message costs decides what is worth one: new progress is posted after `settle` seconds, unless it has been
    amended away by then; a file lets pass what else comes within `files_later` seconds.
    """

    every: tuple[Allowance, ...] = ()
    edits: tuple[Allowance, ...] = ()
    progress: tuple[Allowance, ...] = ()
    calm: tuple[Allowance, ...] = ()
    window: Window | None = None
    settle: float = 0.0
    files_later: float = 0.0


@value
class _Level:
    """How many tokens there were at a time."""

    tokens: float
    at: float


_Key = tuple[str | None, str, int]  # channel (None: all), which of the pace's fields, number of the allowance
_Use = tuple[_Key, Allowance, float]  # a bucket, and how many tokens it must hold


@value
class Gauge:
    """How much of every pace is used up, and who has to keep still until when. Times are seconds of one clock.

    After a restart nobody can tell what was sent just before. Assumed is: a bucket has one token, not its burst; a
    window is half used, evenly over its length (`Window.assumed`).
    """

    pace: Callable[[str], Pace]
    overall: Pace = field(default_factory=Pace)
    began: float = 0.0
    levels: Mapping[_Key, _Level] = field(default_factory=dict)
    past: Mapping[str | None, tuple[float, ...]] = field(default_factory=dict)  # requests in windows, by channel
    pauses: Mapping[tuple[str | None, bool], float] = field(default_factory=dict)

    def free_at(self, channel: str, lane: Lane, now: float, *, edit: bool = False) -> float:
        """Return when a request may be made in this channel, `now` at the earliest."""
        progress = lane is Lane.PROGRESS
        kinds = (False, True) if progress else (False,)
        pauses = [self.pauses.get((scope, kind), now) for scope in (channel, None) for kind in kinds]
        refills = [now + self._missing(use, now) for use in self._uses(channel, lane, edit=edit)]
        return max([now, *pauses, *refills, *self._windows(channel, lane, now, edit=edit)])

    def taken(self, channel: str, lane: Lane, now: float, *, edit: bool = False) -> Gauge:
        """Count one request."""
        levels = dict(self.levels)
        for key, allowance, _ in self._uses(channel, lane, edit=edit):
            levels[key] = _Level(tokens=self._tokens(key, allowance, now) - 1, at=now)
        if len(levels) > MOST_LEVELS:
            levels = {key: level for key, level in levels.items() if not self._full(key, level, now)}
        past = dict(self.past)
        for scope, window in self._in_windows(channel):
            past[scope] = (*self._recent(scope, window, now), now)
        if len(past) > MOST_LEVELS:
            longest = max(window.seconds for _, window in self._in_windows(channel))
            past = {scope: times for scope, times in past.items() if times[-1] + longest > now}
        return replace(self, levels=levels, past=past)

    def paused(self, channel: str | None, until: float, *, progress: bool) -> Gauge:
        """Let a channel (None: all) keep still, or only its progress."""
        longer = max(until, self.pauses.get((channel, progress), until))
        return replace(self, pauses={**self.pauses, (channel, progress): longer})

    def resumed(self, channel: str) -> Gauge:
        """Let a channel go on at once."""
        return replace(self, pauses={key: until for key, until in self.pauses.items() if key[0] != channel})

    def rested(self, now: float) -> Gauge:
        """Forget pauses that are over."""
        pauses = {key: until for key, until in self.pauses.items() if until > now}
        return replace(self, pauses=pauses)

    def _in_windows(self, channel: str) -> Iterator[tuple[str | None, Window]]:
        for scope, pace in ((channel, self.pace(channel)), (None, self.overall)):
            if pace.window is not None:
                yield scope, pace.window

    def _windows(self, channel: str, lane: Lane, now: float, *, edit: bool) -> Iterator[float]:
        """Return when each window is open to a request."""
        for scope, window in self._in_windows(channel):
            recent, open_to = self._recent(scope, window, now), window.open_to(lane, edit=edit)
            yield now if len(recent) < open_to else recent[-open_to] + window.seconds

    def _recent(self, scope: str | None, window: Window, now: float) -> tuple[float, ...]:
        past = self.past.get(scope) or window.assumed(self.began)
        return tuple(at for at in past if at + window.seconds > now + _NEVER_MIND)

    def _uses(self, channel: str, lane: Lane, *, edit: bool) -> Iterator[_Use]:
        progress = lane is Lane.PROGRESS
        calm = edit or lane is not Lane.INTERACTIVE
        for scope, pace in ((channel, self.pace(channel)), (None, self.overall)):
            for number, allowance in enumerate(pace.every):
                spare = 1.0 if progress and allowance.burst >= 2 else 0.0
                yield (scope, "every", number), allowance, 1 + spare
            for number, allowance in enumerate(pace.edits if edit else ()):
                yield (scope, "edits", number), allowance, max(1.0, allowance.burst / 2) if progress else 1.0
            for number, allowance in enumerate(pace.progress if progress else ()):
                yield (scope, "progress", number), allowance, 1.0
            for number, allowance in enumerate(pace.calm if calm else ()):
                yield (scope, "calm", number), allowance, 1.0

    def _missing(self, use: _Use, now: float) -> float:
        """Return the seconds until a bucket holds what is needed."""
        key, allowance, needed = use
        missing = needed - self._tokens(key, allowance, now)
        return missing / allowance.per_second if missing > _NEVER_MIND else 0.0

    def _tokens(self, key: _Key, allowance: Allowance, now: float) -> float:
        level = self.levels.get(key) or _Level(tokens=1.0, at=self.began)
        return min(allowance.burst, level.tokens + max(0.0, now - level.at) * allowance.per_second)

    def _full(self, key: _Key, level: _Level, now: float) -> bool:
        channel, field_, number = key
        pace = self.overall if channel is None else self.pace(channel)
        allowance: Allowance = getattr(pace, field_)[number]
        return level.tokens + (now - level.at) * allowance.per_second >= allowance.burst
