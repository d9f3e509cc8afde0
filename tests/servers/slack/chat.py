"""chat.* and reactions.*: messages, and what may not be done with them."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.servers.slack import blocks as kit
from tests.servers.slack import payloads
from tests.servers.slack.api import Method, needed
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Channel, Message, Refused, World

MOST_TEXT = 40_000
MOST_MARKDOWN = 12_000
_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")

Announce = Callable[[Payload], None]


def content(world: World, method: str, args: Payload) -> tuple[str, list[Payload]]:
    """Check what a message is to say, and return its text and blocks."""
    text, blocks = args.get("text") or "", args.get("blocks") or []
    if markdown := args.get("markdown_text"):
        if text or blocks:
            raise Refused("markdown_text_conflict", "markdown_text beside text or blocks")
        if len(markdown) > MOST_MARKDOWN:
            raise Refused("msg_too_long", f"markdown_text has {len(markdown)} characters")
        return markdown, []
    if not isinstance(text, str):
        raise Refused("invalid_arguments", "text is no string")
    if not text and not blocks:
        raise Refused("no_text", "neither text nor blocks")
    if len(text) > MOST_TEXT:
        world.violate(f"{method}: a text of {len(text)} characters was cut at {MOST_TEXT}")
        text = text[:MOST_TEXT]
    if faults := kit.lint(blocks, kit.MESSAGE):
        error = "msg_blocks_too_long" if "msg_blocks_too_long" in faults[0] else "invalid_blocks"
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise Refused(error, "; ".join(faults[:5]), response_metadata={"messages": messages})
    if blocks and not text:
        world.violate(f"{method}: blocks without text show nothing on a lock screen")
    return text, blocks


def thread(world: World, channel: Channel, thread_ts: str | None) -> str | None:
    """Check that a thread is there to be replied to."""
    if not thread_ts:
        return None
    root = world.posted.get((channel.id, thread_ts))
    if root is None:
        raise Refused("thread_not_found", f"no such thread: {channel.id} {thread_ts}")
    if root.thread_ts not in {None, root.ts}:
        raise Refused("cannot_reply_to_message", "a reply is no thread")
    root.thread_ts = root.ts
    return thread_ts


class Chat:
    """The methods about messages; `announce` tells the app of them, as Slack does of its own messages too."""

    def __init__(self, world: World, announce: Announce) -> None:
        self._world = world
        self._announce = announce
        self.methods: dict[str, Method] = {
            "chat.postMessage": self.post,
            "chat.postEphemeral": self.whisper,
            "chat.update": self.update,
            "chat.delete": self.delete,
            "chat.getPermalink": self.permalink,
            "reactions.add": self.react,
            "reactions.remove": self.take_back,
        }

    def post(self, args: Payload) -> Payload:
        """chat.postMessage."""
        channel = self._world.joined(needed(args, "channel")[0])
        text, blocks = content(self._world, "chat.postMessage", args)
        metadata = args.get("metadata")
        if metadata is not None and set(metadata) != {"event_type", "event_payload"}:
            raise Refused("invalid_metadata_format", "metadata needs event_type and event_payload")
        made = Message(channel.id, self._world.ts(), self._world.bot_user, text, blocks, bot_id=self._world.bot_id)
        made.thread_ts, made.metadata = thread(self._world, channel, args.get("thread_ts")), metadata
        self._world.add(made)
        self._announce(payloads.message_event(self._world, made, channel))
        return {"channel": channel.id, "ts": made.ts, "message": payloads.message(self._world, made)}

    def whisper(self, args: Payload) -> Payload:
        """chat.postEphemeral."""
        channel_id, user_id = needed(args, "channel", "user")
        channel = self._world.joined(channel_id)
        if self._world.user(user_id).id not in channel.members:
            raise Refused("user_not_in_channel", f"{user_id} is not in {channel.id}")
        text, blocks = content(self._world, "chat.postEphemeral", args)
        return {"message_ts": self.ephemeral(channel.id, user_id, text, blocks, args.get("thread_ts")).ts}

    def ephemeral(
        self, channel: str, user: str, text: str, blocks: list[Payload], thread_ts: str | None = None
    ) -> Message:
        """Show something to one person only."""
        made = Message(channel, self._world.ts(), self._world.bot_user, text, bot_id=self._world.bot_id)
        made.blocks, made.thread_ts, made.ephemeral_to = self._world.named(blocks), thread_ts, user
        self._world.ephemerals.append(made)
        return made

    def update(self, args: Payload) -> Payload:
        """chat.update: an empty list of blocks removes the old ones, no list at all leaves them, buttons and all.

        Slack's own pages disagree about the latter when there is a text: whoever relies on either is a violation.
        """
        channel_id, ts = needed(args, "channel", "ts")
        found = self._own(channel_id, ts, "cant_update_message")
        before = payloads.message(self._world, found)
        if "blocks" not in args and found.blocks:
            self._world.violate("chat.update: a text alone for a message with blocks; give blocks as well")
        kept = args if "blocks" in args else args | {"blocks": found.blocks}
        text, blocks = content(self._world, "chat.update", kept)
        self._world.change(found, text, blocks)
        found.metadata = args.get("metadata", found.metadata)
        found.edited = found.edited or not blocks  # Slack marks only texts as edited
        after = payloads.message(self._world, found)
        self._announce(payloads.message_change(self._world, before, after, self._world.channels[channel_id]))
        return {"channel": channel_id, "ts": ts, "text": text, "message": after}

    def delete(self, args: Payload) -> Payload:
        """chat.delete."""
        channel_id, ts = needed(args, "channel", "ts")
        found = self._own(channel_id, ts, "cant_delete_message")
        found.deleted = True
        before = payloads.message(self._world, found)
        self._announce(payloads.message_change(self._world, before, None, self._world.channels[channel_id]))
        return {"channel": channel_id, "ts": ts}

    def _own(self, channel_id: str, ts: str, error: str) -> Message:
        found = self._world.message(self._world.channel(channel_id).id, ts)
        if found.user != self._world.bot_user:
            raise Refused(error, "somebody else wrote this message")
        return found

    def permalink(self, args: Payload) -> Payload:
        """chat.getPermalink."""
        channel_id, ts = needed(args, "channel", "message_ts")
        self._world.message(self._world.channel(channel_id).id, ts)
        return {
            "channel": channel_id,
            "permalink": f"https://signoff.slack.com/archives/{channel_id}/p{ts.replace('.', '')}",
        }

    def _reaction(self, args: Payload) -> tuple[Message, str, list[str]]:
        channel_id, ts, name = needed(args, "channel", "timestamp", "name")
        if not _EMOJI.fullmatch(name):
            raise Refused("invalid_name", f"no emoji: {name}")
        found = self._world.message(self._world.joined(channel_id).id, ts)
        return found, name, found.reactions.setdefault(name, [])

    def react(self, args: Payload) -> Payload:
        """reactions.add."""
        found, name, who = self._reaction(args)
        if self._world.bot_user in who:
            raise Refused("already_reacted")
        who.append(self._world.bot_user)
        self._announce(reaction(self._world, found, self._world.bot_user, name))
        return {}

    def take_back(self, args: Payload) -> Payload:
        """reactions.remove."""
        _, _, who = self._reaction(args)
        if self._world.bot_user not in who:
            raise Refused("no_reaction")
        who.remove(self._world.bot_user)
        return {}


def reaction(world: World, found: Message, user_id: str, name: str, kind: str = "reaction_added") -> Payload:
    """Tell of a reaction."""
    return {
        "type": kind,
        "user": user_id,
        "reaction": name,
        "item": {"type": "message", "channel": found.channel, "ts": found.ts},
        "item_user": found.user,
        "event_ts": world.ts(),
    }
