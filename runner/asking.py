"""What is settled when a question is asked: on which conditions it is answered, and what happens if nobody does. Pure.

Conditions come in three layers. A project's section replaces what the general one says; the sections of the risks that
a step carries (its labels) can only make them stricter: the highest quorum, the shortest times, the people whom all
sections name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from runner.errors import ConfigError
from runner.model import AskKind, Due, Nudge, OnExpiry, Terms, value
from runner.settings import ApprovalsSection, Conditions, Quiet, Settings

_REMIND = (10.0, 30.0)  # minutes
_ESCALATE = 60.0  # minutes, once somebody is on call
_DAY = timedelta(days=1)
_SATURDAY = 5


@value
class Times:
    """When people are disturbed about one question, in minutes of waking time after it was asked; 0 is never."""

    remind: tuple[float, ...] = _REMIND
    escalate: float = _ESCALATE
    expire: float = 0.0


@value
class Asking:
    """The configuration as far as it is about questions of one project."""

    general: ApprovalsSection
    project: Conditions
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings, project: str) -> Asking:
        """Read the sections that concern a project."""
        section = settings.projects.get(project)
        return cls(
            general=settings.approvals, project=section.approvals if section else Conditions(), zone=settings.zone
        )

    def terms(self, kind: AskKind, labels: Sequence[str]) -> Terms:
        """Say on which conditions a question is answered. What an agent wants to know takes one answer."""
        layers = self.layers(labels)
        approvers = _common(layer.approvers for layer in layers)
        return Terms(
            quorum=1 if kind is AskKind.QUESTION else max(layer.quorum or 1 for layer in layers),
            requester_may=all(layer.requester_may is not False for layer in layers),
            approvers=approvers,
            on_call=tuple(n for n in self._on_call(layers) if not approvers or n in approvers),
            on_expiry=OnExpiry.STOP if any(x.on_expiry is OnExpiry.STOP for x in layers) else OnExpiry.DENY,
        )

    def special(self, labels: Sequence[str]) -> bool:
        """Whether a step with these labels takes more than one person with the role."""
        terms = self.terms(AskKind.STEP, labels)
        return terms.quorum > 1 or bool(terms.approvers) or not terms.requester_may

    def timetable(self, terms: Terms, labels: Sequence[str], asked_at: datetime) -> tuple[Due, ...]:
        """Say what happens when, in order. Quiet hours do not count; nothing comes after the expiry."""
        times = self._times(self.layers(labels))
        planned = [(minutes, Nudge.REMIND, "") for minutes in times.remind if minutes]
        if times.escalate and terms.on_call:
            planned += [
                (times.escalate * number, Nudge.ESCALATE, who) for number, who in enumerate((*terms.on_call[1:], ""), 1)
            ]
        if times.expire:
            planned = [entry for entry in planned if entry[0] < times.expire]
            planned.append((times.expire, Nudge.EXPIRE, ""))
        return tuple(
            Due(at=self.waking(asked_at, timedelta(minutes=minutes)), nudge=nudge, who=who)
            for minutes, nudge, who in sorted(planned, key=lambda entry: entry[0])
        )

    def waking(self, start: datetime, span: timedelta) -> datetime:
        """Return the moment when so much time outside the quiet hours has passed since `start`."""
        at = start
        while True:
            while (end := _quiet_until(at, self.general.quiet, self.zone)) is not None:
                at = end
            begin = _next_quiet(at, self.general.quiet, self.zone)
            if begin is None or at + span <= begin:
                return at + span
            span -= begin - at
            at = begin

    def layers(self, labels: Sequence[str]) -> tuple[Conditions, ...]:
        """Return the section that holds for the project, and those of the step's risks."""
        own = {name: item for name, item in self.project.model_dump().items() if item is not None}
        wide = {name: getattr(self.general, name) for name in Conditions.model_fields}
        return (Conditions(**{**wide, **own}), *(s for risk, s in self.general.risk.items() if risk in labels))

    def _times(self, layers: Sequence[Conditions]) -> Times:
        reminders = [layer.remind_minutes for layer in layers if layer.remind_minutes is not None]
        escalations = [layer.escalate_minutes for layer in layers if layer.escalate_minutes is not None]
        return Times(
            remind=min(reminders, key=lambda r: r or (float("inf"),)) if reminders else _REMIND,
            escalate=_shortest(escalations) if escalations else _ESCALATE,
            expire=_shortest(layer.expire_minutes or 0.0 for layer in layers),
        )

    def _on_call(self, layers: Sequence[Conditions]) -> tuple[str, ...]:
        """Return the order of the narrowest section that has one."""
        return next((layer.on_call for layer in reversed(layers) if layer.on_call), ())


def check(settings: Settings) -> None:
    """Check that every question can be answered by somebody. Raises ConfigError with all problems."""
    problems = [*_unknown_people(settings), *_quiet_problems(settings.approvals.quiet)]
    for project, section in {"": None, **settings.projects}.items():
        asking = Asking.of(settings, project)
        layers = asking.layers(tuple(settings.approvals.risk))
        named = [layer.approvers for layer in layers if layer.approvers]
        place = f"projects.{project}.approvals" if section else "approvals"
        terms = asking.terms(AskKind.STEP, tuple(settings.approvals.risk))
        if named and not terms.approvers:
            problems.append(f"{place}: a step may carry all risks, and nobody is among the approvers of all of them")
        elif terms.approvers and len(terms.approvers) < terms.quorum:
            problems.append(f"{place}: {terms.quorum} people have to approve, and only {terms.approvers[0]} … may")
    if problems:
        raise ConfigError("configuration", problems)


def _unknown_people(settings: Settings) -> Iterable[str]:
    sections: dict[str, Conditions] = {"approvals": settings.approvals}
    sections |= {f"approvals.risk.{name}": section for name, section in settings.approvals.risk.items()}
    sections |= {f"projects.{name}.approvals": section.approvals for name, section in settings.projects.items()}
    for place, section in sections.items():
        for name in (*(section.approvers or ()), *(section.on_call or ())):
            if name not in settings.users:
                yield f"{place}: {name} is nobody in [users]"


def _quiet_problems(quiet: Quiet) -> Iterable[str]:
    if bool(quiet.start) != bool(quiet.end):
        yield "approvals.quiet: give both `start` and `end`"
    elif quiet.start and quiet.start == quiet.end:
        yield "approvals.quiet: from the start to the end must be less than a day"


def _common(lists: Iterable[tuple[str, ...] | None]) -> tuple[str, ...]:
    """Return the names that all lists have; a list that is empty or absent names everybody."""
    named = [names for names in lists if names]
    return tuple(name for name in named[0] if all(name in names for names in named)) if named else ()


def _shortest(minutes: Iterable[float]) -> float:
    return min((m for m in minutes if m), default=0.0)


def _quiet_until(at: datetime, quiet: Quiet, zone: ZoneInfo) -> datetime | None:
    """Return the end of the quiet hours that a moment lies in."""
    return next((end for begin, end in _windows(at, quiet, zone) if begin <= at < end), None)


def _next_quiet(at: datetime, quiet: Quiet, zone: ZoneInfo) -> datetime | None:
    """Return when quiet hours begin next."""
    return min((begin for begin, _ in _windows(at, quiet, zone) if begin > at), default=None)


def _windows(at: datetime, quiet: Quiet, zone: ZoneInfo) -> Iterable[tuple[datetime, datetime]]:
    """Return the quiet hours of a week from the day before a moment, each with its beginning and end."""
    today = at.astimezone(zone).date()
    for day, following in pairwise(today + _DAY * n for n in range(-2, 9)):
        if quiet.start:
            end = _parsed(quiet.end)
            yield (
                _moment(day, _parsed(quiet.start), zone),
                _moment(day if quiet.start < quiet.end else following, end, zone),
            )
        if quiet.weekends and day.weekday() >= _SATURDAY:
            yield _moment(day, time(), zone), _moment(following, time(), zone)


def _parsed(text: str) -> time:
    return time.fromisoformat(text)


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(ZoneInfo("UTC"))
