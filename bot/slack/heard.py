"""What is heard from Slack: who said or pressed what, and where.

Slack's word for a place in a channel is the time stamp (`ts`) of a message; a thread is named by that of its first one.
"""

from __future__ import annotations

from bot.forms.fields import Inputs
from bot.slack import buttons
from runner.model import Json, Origin, value

NAME = "slack"  # in `Origin.messenger`
OPENED = "home."  # what the keys begin with by which it is known who has opened the App Home
NEW_TASK, MAKE_TASK, RUN_THIS = "new_task", "make_task", "run_this"  # callback ids of the shortcuts


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

    @property
    def origin(self) -> Origin:
        """Return the place as the core and the outbox know it: direct messages go by the person, whose own they are."""
        channel = self.user if self.direct else self.channel
        return Origin(messenger=NAME, channel=channel, thread=self.thread)

    def kept(self, memory: str) -> str:
        """Return what a form has to remember of where it was opened, and with what."""
        return f"{self.channel or '-'} {self.thread or '-'} {memory}"


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
    """A form that was sent. `form` is its kind, and `memory` what it was opened with: the beginning of a command."""

    key: str
    place: Place
    form: str
    memory: str
    fields: Inputs


@value
class Typed:
    """Something was typed or pressed in an open form, whose content is `view`. It is nothing that could be lost."""

    key: str
    place: Place
    action: str  # id of the field or button
    view: Json


@value
class Picked:
    """A shortcut, `name` is which; with the message it was used on, if it was one of a message."""

    key: str
    place: Place
    name: str
    trigger: str
    text: str = ""
    files: tuple[FileRef, ...] = ()


@value
class Opened:
    """Somebody looks at the App Home. `blank`: Slack has nothing of ours to show there yet."""

    key: str
    place: Place
    blank: bool = False


@value
class Stopped:
    """Slack's own stop button in a thread."""

    key: str
    place: Place


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


Heard = Said | Changed | Commanded | Pressed | Submitted | Typed | Picked | Opened | Stopped | Dropped
