"""The workspace: who and what is in it, as people see it now, and what the app did wrong so far."""

from __future__ import annotations

import copy
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from runner.ports import Clock
from tests.servers.ledger import Call, Ledger
from tests.servers.slack import blocks as kit
from tests.servers.slack.parts import Payload

TRIGGER_SECONDS = 3
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class Refused(Exception):
    """Slack says no: the word of the error, and what else belongs into the answer.

    With `fault` the app should have known better: the refusal is a violation too.
    """

    def __init__(self, error: str, fault: str = "", **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.fault = fault
        self.more = more


@dataclass
class User:
    """A person or a bot."""

    id: str
    name: str
    team: str
    guest: bool = False
    bot: bool = False
    time_zone: str = "Europe/Berlin"


@dataclass
class Channel:
    """A place for messages; `kind` is channel, group, im or mpim, as in the events of Slack."""

    id: str
    name: str
    kind: str
    members: set[str] = field(default_factory=set)


@dataclass
class Message:
    """A message as people see it now; `versions` holds the blocks of all earlier states."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Payload] = field(default_factory=list)
    thread_ts: str | None = None
    bot_id: str | None = None
    metadata: Payload | None = None
    files: list[Payload] = field(default_factory=list)
    edited: bool = False
    deleted: bool = False
    ephemeral_to: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    versions: list[list[Payload]] = field(default_factory=list)

    def element(self, action_id: str, *, stale: bool = False) -> tuple[Payload, Payload] | None:
        """Find an element and its block; `stale` looks through what people may still have on their screens."""
        for version in [self.blocks, *reversed(self.versions)] if stale else [self.blocks]:
            for block in kit.walk(version):
                for each in kit.elements(block):
                    if each.get("action_id") == action_id:
                        return block, each
        return None


@dataclass
class View:
    """A modal or a home tab that somebody has before them."""

    id: str
    user: str
    content: Payload
    hash: str
    root_id: str
    previous_id: str | None = None
    is_open: bool = True
    inputs: dict[tuple[str, str], Payload] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Payload]:
        """The blocks as they are now."""
        return self.content.get("blocks") or []


@dataclass
class File:
    """A file; `content` is there once it was uploaded, `shared` once the upload was completed."""

    id: str
    name: str
    user: str
    content: bytes | None = None
    declared: int = 0
    title: str = ""
    alt_text: str = ""
    mimetype: str = "application/octet-stream"
    shared: list[str] = field(default_factory=list)


@dataclass
class Session:
    """An agent session: its state as the thread shows it."""

    status: str
    title: str = ""


@dataclass
class _Trigger:
    user: str
    until: float
    view: str | None = None
    used: bool = False


@dataclass
class _ResponseUrl:
    user: str
    channel: str
    until: float
    message_ts: str | None = None
    uses: int = 0


class World(Ledger[Call]):
    """All state of the workspace; every id is made here, every violation is written here."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.team_id, self.app_id = "T0SIGNOFF", "A0SIGNOFF"
        self.bot_id, self.bot_user = "B0SIGNOFF", "U0SIGNOFF"
        self.bot_token = f"xoxb-{secrets.token_hex(12)}"
        self.app_token = f"xapp-1-{self.app_id}-{secrets.token_hex(12)}"
        self.signing_secret = secrets.token_hex(16)
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.posted: dict[tuple[str, str], Message] = {}
        self.ephemerals: list[Message] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.files: dict[str, File] = {}
        self.sessions: dict[tuple[str, str | None], Session] = {}
        self.prompts: dict[str, list[Payload]] = {}
        self._triggers: dict[str, _Trigger] = {}
        self.response_urls: dict[str, _ResponseUrl] = {}
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._last_ts = 0
        self.users[self.bot_user] = User(self.bot_user, "signoff", self.team_id, bot=True)

    def new(self, prefix: str) -> str:
        """Make an id as Slack makes them: a letter for the kind, then capitals and digits."""
        self._counts[prefix] += 1
        return f"{prefix}{self._counts[prefix]:09d}"

    def ts(self) -> str:
        """Make the timestamp that names a message; never the same twice."""
        micros = max(self._last_ts + 1, int(self.clock.now().timestamp() * 1_000_000))
        self._last_ts = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def user(self, user_id: str) -> User:
        """Return a user; Slack's `user_not_found` if there is none."""
        if user_id not in self.users:
            raise Refused("user_not_found", f"no such user: {user_id}")
        return self.users[user_id]

    def channel(self, channel_id: object) -> Channel:
        """Return a channel; Slack's `channel_not_found` if there is none."""
        if not isinstance(channel_id, str) or channel_id not in self.channels:
            raise Refused("channel_not_found", f"no such channel: {channel_id}")
        return self.channels[channel_id]

    def joined(self, channel_id: object) -> Channel:
        """Return a channel in which the bot is; a person's id means the direct messages with that person."""
        if isinstance(channel_id, str) and channel_id in self.users:
            return self.direct(channel_id)
        found = self.channel(channel_id)
        if self.bot_user not in found.members:
            raise Refused("not_in_channel", f"the bot is not in {found.id}")
        return found

    def direct(self, user_id: str) -> Channel:
        """Return the direct messages between the bot and this person, opening them if need be."""
        for found in self.channels.values():
            if found.kind == "im" and found.members == {user_id, self.bot_user}:
                return found
        return self.add_channel(self.new("D"), "", "im", {user_id, self.bot_user})

    def add_channel(self, channel_id: str, name: str, kind: str, members: Iterable[str]) -> Channel:
        """Create a channel."""
        made = Channel(channel_id, name, kind, set(members))
        self.channels[channel_id] = made
        return made

    def message(self, channel_id: object, ts: object) -> Message:
        """Return a message that is still there; Slack's `message_not_found` otherwise, blameless after a deletion."""
        found = self.posted.get((str(channel_id), str(ts)))
        if found is None:
            raise Refused("message_not_found", f"no such message: {channel_id} {ts}")
        if found.deleted:
            raise Refused("message_not_found")
        return found

    def add(self, message: Message) -> Message:
        """Post a message."""
        message.blocks = self.named(message.blocks)
        self.posted[message.channel, message.ts] = message
        return message

    def change(self, message: Message, text: str, blocks: list[Payload]) -> None:
        """Give a message a new state; the old one is remembered for late presses."""
        message.versions.append(message.blocks)
        message.text, message.blocks = text, self.named(blocks)

    def named(self, blocks: list[Payload]) -> list[Payload]:
        """Copy blocks and give a block_id and an action_id to what has none, as Slack does."""
        made = copy.deepcopy(blocks)
        for block in kit.walk(made):
            block.setdefault("block_id", secrets.token_urlsafe(4))
            for each in kit.elements(block):
                each.setdefault("action_id", secrets.token_urlsafe(4))
        return made

    def trigger(self, user_id: str, view: str | None = None) -> str:
        """Make a trigger_id: good for one view, within three seconds."""
        made = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[made] = _Trigger(user_id, self.clock.monotonic() + TRIGGER_SECONDS, view)
        return made

    def pull(self, trigger_id: object) -> tuple[str, str | None]:
        """Use a trigger_id, and say who caused it and in which view."""
        trigger = self._triggers.get(str(trigger_id))
        if trigger is None:
            raise Refused("invalid_trigger_id", f"never given out: {trigger_id}")
        if trigger.used:
            raise Refused("exchanged_trigger_id", f"used before: {trigger_id}")
        if self.clock.monotonic() > trigger.until:
            raise Refused("expired_trigger_id", f"older than {TRIGGER_SECONDS} s: {trigger_id}")
        trigger.used = True
        return trigger.user, trigger.view

    def response_path(self, user_id: str, channel_id: str, message_ts: str | None = None) -> str:
        """Make the path of a response_url."""
        made = f"/actions/{self.team_id}/{secrets.token_hex(8)}"
        until = self.clock.monotonic() + RESPONSE_URL_SECONDS
        self.response_urls[made] = _ResponseUrl(user_id, channel_id, until, message_ts)
        return made
