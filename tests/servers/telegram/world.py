"""All of Telegram that the bot can see: who and what is there, as people see it now, and what the app did wrong."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runner.ports import Clock
from tests.servers import ledger

Payload = dict[str, Any]

GENERAL = 1  # the thread of the General topic; nothing can be sent to it by this number
PRIVATE, GROUP, SUPERGROUP = "private", "group", "supergroup"
_MEMBERS = ("member", "administrator")


class Refused(Exception):
    """Telegram says no: the status, its sentence, and what else belongs into the answer.

    With `fault` the app should have known better: the refusal is a violation too.
    """

    def __init__(self, description: str, fault: str = "", *, status: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.description = description
        self.fault = fault
        self.status = status
        self.parameters = parameters


@dataclass
class User:
    """A person or a bot."""

    id: int
    name: str
    language: str | None = "en"
    username: str | None = None
    bot: bool = False


@dataclass
class Topic:
    """A topic of a forum, or of the private messages with the bot."""

    id: int
    name: str
    closed: bool = False
    icon: str | None = None


@dataclass
class Chat:
    """A place for messages.

    `bot` is what the bot is there: member, administrator, left or kicked. `blocked` is for private chats; they are not
    `started` before the person has written first.
    """

    id: int
    kind: str
    title: str
    members: set[int] = field(default_factory=set)
    forum: bool = False
    bot: str = "member"
    rights: set[str] = field(default_factory=set)
    topics: dict[int, Topic] = field(default_factory=dict)
    started: bool = True
    blocked: bool = False
    migrated_to: int | None = None
    pinned: list[int] = field(default_factory=list)
    last_bot: int | None = None
    menu: Payload | None = None

    @property
    def private(self) -> bool:
        """Whether these are the messages with one person."""
        return self.kind == PRIVATE


@dataclass
class File:
    """A file and its bytes; `kind` is document, photo or voice."""

    id: str
    kind: str
    name: str
    mime: str
    content: bytes
    path: str
    size: tuple[int, int] = (0, 0)
    open_until: float = -1.0


@dataclass(frozen=True)
class Version:
    """An earlier state of a message, which somebody may still have on the screen."""

    text: str
    entities: list[Payload]
    markup: Payload | None


@dataclass
class Message:
    """A message as people see it now; with a file, `text` is its caption."""

    chat: Chat
    id: int
    sender: User
    date: datetime
    text: str = ""
    entities: list[Payload] = field(default_factory=list)
    markup: Payload | None = None
    reply_to: int | None = None
    topic: int | None = None
    file: File | None = None
    album: str | None = None
    service: Payload = field(default_factory=dict)
    edited: datetime | None = None
    deleted: bool = False
    silent: bool = False
    reactions: dict[int, list[str]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)

    def change(self, text: str, entities: list[Payload], markup: Payload | None) -> None:
        """Give the message a new state; the old one is remembered for late presses."""
        self.versions.append(Version(self.text, self.entities, self.markup))
        self.text, self.entities, self.markup = text, entities, markup

    def buttons(self, *, stale: bool = False) -> list[Payload]:
        """List the buttons under the message; `stale` adds those that people may still have on their screens."""
        states = [self.markup, *(each.markup for each in reversed(self.versions))] if stale else [self.markup]
        rows = [row for each in states for row in (each or {}).get("inline_keyboard", [])]
        return [button for row in rows for button in row]

    @property
    def labels(self) -> list[str]:
        """What is written on the buttons."""
        return [each["text"] for each in self.buttons()]


class Call(ledger.Call):
    """One call of the Bot API."""

    @property
    def chat(self) -> Any:
        """The chat that was named, if any."""
        return self.args.get("chat_id")


class World(ledger.Ledger[Call]):
    """All state; every id is made here, every violation is written here."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.token = f"{700_000_000 + secrets.randbelow(10**8)}:{secrets.token_urlsafe(26)}"
        self.bot = User(int(self.token.partition(":")[0]), "Signoff", None, "signoff_bot", bot=True)
        self.has_topics = False
        self.reads_all = False
        self.mentions_reach = False
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.chats: dict[int, Chat] = {}
        self.posted: dict[tuple[int, int], Message] = {}
        self.files: dict[str, File] = {}
        self.drafts: list[Payload] = []
        self.actions: list[Payload] = []
        self._counts: defaultdict[int, int] = defaultdict(int)
        self._told: set[int] = set()

    def next_id(self, chat: Chat) -> int:
        """Number a message: private chats and basic groups share one row of numbers, a supergroup has its own.

        The first message of a supergroup is the one that tells of its creation.
        """
        row, first = (chat.id, 2) if chat.kind == SUPERGROUP else (0, 1)
        self._counts[row] += 1
        return self._counts[row] + first - 1

    def add_user(self, user: User, *, started: bool = True) -> User:
        """Add somebody, and the place for private messages."""
        self.users[user.id] = user
        if not user.bot:
            self.chats[user.id] = Chat(user.id, PRIVATE, user.name, {user.id, self.bot.id}, started=started)
        return user

    def add_chat(self, chat: Chat, members: Iterable[int]) -> Chat:
        """Create a group."""
        chat.members.update(members)
        if chat.bot in _MEMBERS:
            chat.members.add(self.bot.id)
        self.chats[chat.id] = chat
        return chat

    def find(self, chat_id: object) -> Chat:
        """Return a chat; Telegram's `chat not found` if there is none."""
        if isinstance(chat_id, bool) or not isinstance(chat_id, int) or chat_id not in self.chats:
            raise Refused("chat not found", f"no such chat: {chat_id!r}")
        return self.chats[chat_id]

    def open(self, chat_id: object) -> Chat:
        """Return a chat to which the bot may write now; the refusals of Telegram otherwise."""
        chat = self.find(chat_id)
        if chat.private:
            return _open_private(chat)
        if chat.migrated_to is not None:
            fault = f"was told before that {chat.id} is {chat.migrated_to} now" if chat.id in self._told else ""
            self._told.add(chat.id)
            sentence = "group chat was upgraded to a supergroup chat"
            raise Refused(sentence, fault, migrate_to_chat_id=chat.migrated_to)
        if chat.bot not in _MEMBERS:
            what = "was kicked from" if chat.bot == "kicked" else "is not a member of"
            raise Refused(f"bot {what} the {chat.kind} chat", status=403)
        return chat

    def may(self, chat: Chat, right: str) -> bool:
        """Whether the bot has this right of an administrator."""
        return chat.bot == "administrator" and right in chat.rights

    def add(self, message: Message) -> Message:
        """Post a message."""
        self.posted[message.chat.id, message.id] = message
        if message.sender.bot and not message.service:
            message.chat.last_bot = message.sender.id
        return message

    def message(self, chat: Chat, message_id: object, what: str) -> Message:
        """Return a message that is still there; `... not found` otherwise, blameless after a deletion."""
        found = self.posted.get((chat.id, message_id if isinstance(message_id, int) else 0))
        if found is None:
            raise Refused(f"{what} not found", f"no such message: {chat.id} {message_id!r}")
        if found.deleted:
            raise Refused(f"{what} not found")
        return found

    def add_file(self, kind: str, name: str, mime: str, content: bytes) -> File:
        """Keep a file, and name it as Telegram does."""
        number = len(self.files) + 1
        letters = {"photo": "AgAC", "voice": "AwAC"}.get(kind, "BQAC")
        _, dot, ending = name.rpartition(".")
        path = f"{'voice' if kind == 'voice' else kind + 's'}/file_{number}{dot}{ending if dot else ''}"
        made = File(f"{letters}{secrets.token_urlsafe(30)}", kind, name, mime, content, path)
        self.files[made.id] = made
        return made


def _open_private(chat: Chat) -> Chat:
    if not chat.started:
        fault = f"{chat.title} has never written to the bot"
        raise Refused("bot can't initiate conversation with a user", fault, status=403)
    if chat.blocked:
        raise Refused("bot was blocked by the user", status=403)
    return chat
