"""What is going on now, and the kill switch."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta

from bot.hearing import Ear
from bot.messenger import Button, Card, Section, Style, Tone
from bot.views import conditions, say
from bot.views.parts import button, data, facts, run_rows, sections
from runner.entitlement import Directory
from runner.model import Backlog, Freeze, value
from runner.runs import Overview

_NOBODY = Directory(people={})
_USUAL = timedelta(seconds=30)  # within which a message is on its way


@value
class Situation:
    """What bears on everything: a freeze, with the names for it, and how well each chat product is heard."""

    frozen: Freeze | None = None
    directory: Directory = field(default_factory=lambda: _NOBODY)
    ears: tuple[Ear, ...] = ()


def status(overview: Overview, now: datetime, situation: Situation | None = None) -> Card:
    """Show what is going on now; a freeze before everything else."""
    situation = situation or Situation()
    frozen, directory, ears = situation.frozen, situation.directory, situation.ears
    live = (*overview.waiting, *overview.running)
    freeze = conditions.since(frozen, directory, now) if frozen else ""
    inbox = button("Inbox", "inbox", Style.PRIMARY) if overview.waiting else ()
    return Card(
        title="■ Signoff: everything is frozen" if frozen else "Signoff",
        tone=Tone.BAD
        if frozen or any(ear.deaf for ear in ears)
        else Tone.WAITING
        if overview.waiting
        else Tone.NEUTRAL,
        fields=facts(
            ("Frozen", freeze),
            ("Running", f"{len(overview.running)} of {overview.slots}"),
            ("Waiting", str(len(overview.waiting))),
            ("Pending", str(overview.pending)),
            ("Up", say.duration(overview.uptime_seconds)),
            ("Version", overview.version),
        ),
        sections=sections(
            Section(body=run_rows(live, now) or "Nothing runs now."),
            Section(title="Hears", body="\n".join(_heard(ear, now) for ear in ears)),
            Section(
                title="Not delivered", body="\n".join(_unsent(row, now) for row in overview.unsent if _counts(row, now))
            ),
        ),
        buttons=(*inbox, *(_release() if frozen else ())),
        data=data(
            "status",
            running=overview.running,
            waiting=overview.waiting,
            pending=overview.pending,
            slots=overview.slots,
            version=overview.version,
            uptime_seconds=overview.uptime_seconds,
            frozen=frozen,
            unsent=overview.unsent,
            hears=ears,
        ),
    )


def _heard(ear: Ear, now: datetime) -> str:
    """Say in a line whether we hear what people say in a chat product."""
    if ear.deaf_since is not None:
        remark = f". {ear.remark}" if ear.remark else ""
        return f"{ear.messenger}: DEAF since {say.moment(ear.deaf_since, now)} ({say.line(ear.why, 100)}){remark}"
    hears = "hears" if ear.proved else "is being connected"
    last = f"last message {say.ago(ear.last, now)}" if ear.last else "no message since the start"
    return f"{ear.messenger}: {hears}, {ear.how}, {last}"


def _counts(row: Backlog, now: datetime) -> bool:
    """Whether a backlog is worth telling: what has just been put there is on its way."""
    return bool(row.dead) or (row.oldest is not None and now - row.oldest > _USUAL)


def _unsent(row: Backlog, now: datetime) -> str:
    waiting = (
        f"{say.plural(row.waiting, 'message')} for {say.duration((now - row.oldest).total_seconds())}"
        if row.oldest
        else ""
    )
    dead = f"{row.dead:,} given up" if row.dead else ""
    told = ", ".join(part for part in (waiting, dead) if part)
    return f"{row.messenger} {row.channel}: {told}{f' ({say.line(row.error, 100)})' if row.error else ''}"


def frozen(freeze: Freeze, directory: Directory, running: int) -> Card:
    """Say that everything is frozen. `running` counts the runs that are at work now."""
    work = f"{say.plural(running, 'run')} at work: the step that has begun ends, no other begins." if running else ""
    return Card(
        title="■ Everything is frozen",
        key="freeze",
        tone=Tone.BAD,
        fields=facts(
            ("By", say.line(directory.name(freeze.by), 40)),
            ("Since", say.clock(freeze.at)),
            ("Why", say.line(freeze.why, 300)),
        ),
        sections=sections(
            Section(body=work),
            Section(
                body="No run is begun and no step runs until the release. Questions can be answered; their times stand"
                " still, and what is approved runs after the release."
            ),
        ),
        buttons=_release(),
        footer="`release` lets everything go on.",
        data=data("frozen", freeze=freeze, running=running),
    )


def released() -> Card:
    """Say that everything goes on; takes the place of the card of the freeze."""
    return Card(
        title="✓ Released",
        key="freeze",
        tone=Tone.GOOD,
        sections=(Section(body="Everything goes on. Open questions have as much more time as the freeze took."),),
        data=data("released"),
    )


def _release() -> tuple[Button, ...]:
    return button("Release", "release", Style.DANGER, key="z")
