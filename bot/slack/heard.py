"""What is heard from Slack: who said or pressed what, and where.

Slack's word for a place in a channel is the time stamp (`ts`) of a message; a thread is named by that of its first one.
"""

from __future__ import annotations

from bot.slack import buttons
from runner.model import value

NAME = "slack"  # in `Origin.messenger`


@value
class Me:
    """Who we are in this workspace, and where we may be used; no channels: wherever we are."""

    team: str
    user: str
    channels: frozenset[str] = frozenset()


@value
class Place:
    """Where something was said or pressed, and by whom."""

    user: str
    channel: str  # empty: not in a channel, as on the App Home; the answer goes to the person directly
    thread: str | None = None  # None: not in a thread
    direct: bool = False  # a conversation with us alone
    reply_url: str = ""  # where this person can be answered alone, for half an hour


@value
class FileRef:
    """A file that somebody posted."""

    name: str
    media_type: str
    size: int  # bytes
    url: str


@value
class Said:
    """A message: to us alone, naming us, or in a thread. `ts` is its own name."""

    key: str
    place: Place
    ts: str
    text: str
    files: tuple[FileRef, ...] = ()
    named: bool = False  # it begins with our name


@value
class Commanded:
    """A slash command. It never comes from a thread: Slack has none there."""

    key: str
    place: Place
    text: str
    trigger: str


@value
class Pressed:
    """A button and what it carries."""

    key: str
    place: Place
    press: buttons.Press
    trigger: str
    label: str = ""


@value
class Submitted:
    """A text that was asked for: `action` is the command line that waited for it."""

    key: str
    place: Place
    action: str
    text: str


@value
class Changed:
    """A message that somebody edited, or deleted (`text` is None). `ts` is its own name, not that of the event."""

    key: str
    place: Place
    ts: str
    text: str | None


@value
class Dropped:
    """Nothing for us; `reason` is for the log."""

    reason: str


Heard = Said | Changed | Commanded | Pressed | Submitted | Dropped
