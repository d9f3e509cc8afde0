"""What is heard from Telegram: who said or pressed what, and where.

A place in a chat is either a topic, or the chain of replies below a message; `Origin.thread` names it by a letter and
Telegram's number: `t12` is a topic, `m34` what hangs below message 34.
"""

from __future__ import annotations

from runner.model import Origin, value

NAME = "telegram"  # in `Origin.messenger`
TOPIC, CHAIN = "t", "m"


@value
class Me:
    """Who we are, and in which groups we may be used; none: wherever we are."""

    id: int
    username: str
    topics: bool = False  # whether private chats with us have topics
    chats: frozenset[int] = frozenset()


@value
class Place:
    """Where something was said or pressed, and by whom. `reply_to` is the message that it answers."""

    user: int
    chat: int
    message: int
    direct: bool = False  # a conversation with us alone
    forum: bool = False  # the chat has topics
    topic: int | None = None
    reply_to: int | None = None
    to_us: bool = False  # it answers a message of ours
    known_as: str = ""  # the chat as the core knows it, where that is not its number: `bot.telegram.sending.moves`

    @property
    def channel(self) -> str:
        """Return the chat as the core and the outbox know it."""
        return self.known_as or str(self.chat)

    @property
    def identity(self) -> str:
        """Return the person as the core knows them."""
        return str(self.user)

    def origin(self, thread: str | None) -> Origin:
        """Return the place with this thread."""
        return Origin(messenger=NAME, channel=self.channel, thread=thread)

    @property
    def in_topic(self) -> str | None:
        """Return the thread of the topic it is in."""
        return f"{TOPIC}{self.topic}" if self.topic is not None else None

    @property
    def source(self) -> str:
        """Return the name of the message, as the core keeps it."""
        return f"{NAME}:{self.chat}:{self.message}"


@value
class FileRef:
    """A file that somebody posted; `id` is what Telegram hands it out for."""

    id: str
    name: str
    media_type: str
    size: int  # bytes; 0 where Telegram does not say


@value
class Said:
    """A message. `command` is whether it began with a slash, `named` whether it names us; `album` joins several."""

    key: str
    place: Place
    text: str
    files: tuple[FileRef, ...] = ()
    voice: FileRef | None = None
    command: bool = False
    named: bool = False
    album: str = ""


@value
class Started:
    """The first word of somebody who comes to us, or comes again; `payload` is what the link they followed carries."""

    key: str
    place: Place
    payload: str = ""


@value
class Changed:
    """A message that somebody edited."""

    key: str
    place: Place
    text: str


@value
class Pressed:
    """A button. `query` is what Telegram wants an answer to."""

    key: str
    place: Place
    query: str
    data: str


@value
class Reached:
    """A chat in which we may write again, or (not `open`) may no longer."""

    key: str
    place: Place
    open: bool


@value
class Dropped:
    """Nothing for us; `reason` is for the log."""

    reason: str


Heard = Said | Started | Changed | Pressed | Reached | Dropped
