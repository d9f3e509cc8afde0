"""What is going on now, and the kill switch."""

from __future__ import annotations

from datetime import datetime

from bot.messenger import Button, Card, Section, Style, Tone
from bot.views import conditions, say
from bot.views.parts import button, data, facts, run_rows, sections
from runner.entitlement import Directory
from runner.model import Freeze
from runner.runs import Overview

_NOBODY = Directory(people={})


def status(overview: Overview, now: datetime, frozen: Freeze | None = None, directory: Directory | None = None) -> Card:
    """Show what is going on now; a freeze before everything else."""
    live = (*overview.waiting, *overview.running)
    freeze = conditions.since(frozen, directory or _NOBODY, now) if frozen else ""
    inbox = button("Inbox", "inbox", Style.PRIMARY) if overview.waiting else ()
    return Card(
        title="■ Signoff: everything is frozen" if frozen else "Signoff",
        tone=Tone.BAD if frozen else Tone.WAITING if overview.waiting else Tone.NEUTRAL,
        fields=facts(
            ("Frozen", freeze),
            ("Running", f"{len(overview.running)} of {overview.slots}"),
            ("Waiting", str(len(overview.waiting))),
            ("Pending", str(overview.pending)),
            ("Up", say.duration(overview.uptime_seconds)),
            ("Version", overview.version),
        ),
        sections=sections(Section(body=run_rows(live, now) or "Nothing runs now.")),
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
        ),
    )


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
