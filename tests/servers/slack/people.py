"""What people do with messages, commands and buttons.

Every act ends when the app has acknowledged it, or has not in time.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.servers.slack import payloads
from tests.servers.slack.chat import reaction
from tests.servers.slack.delivery import COMMAND, INTERACTION, Ack, Deliveries
from tests.servers.slack.parts import Payload
from tests.servers.slack.responses import Responses
from tests.servers.slack.surfaces import Surfaces
from tests.servers.slack.world import Channel, File, Message, User, World


class Said(NamedTuple):
    """A message that a person wrote, and what the app made of the event."""

    message: Message
    ack: Ack


class People:
    """The workspace seen from its people."""

    world: World
    deliveries: Deliveries
    responses: Responses
    surfaces: Surfaces

    def user(self, user_id: str, name: str, *, guest: bool = False, bot: bool = False, team: str | None = None) -> User:
        """Add a person or a bot; `team` is another workspace that shares a channel with this one."""
        made = User(user_id, name, team or self.world.team_id, guest, bot)
        self.world.users[user_id] = made
        return made

    def channel(self, channel_id: str, *members: User, kind: str = "channel", bot: bool = True) -> Channel:
        """Add a channel with these people in it, and with the app's bot unless told otherwise."""
        inside = [each.id for each in members] + [self.world.bot_user] * bot
        return self.world.add_channel(channel_id, channel_id.lower(), kind, inside)

    def dm(self, user: User) -> Channel:
        """Return the direct messages between a person and the bot."""
        return self.world.direct(user.id)

    async def command(self, user: User, channel: Channel, command: str, text: str = "") -> Ack:
        """Type a slash command; an answer inside the acknowledgement is shown as Slack would show it."""
        address = self.world.url + self.world.response_path(user.id, channel.id)
        payload = payloads.command(self.world, user, channel, (command, text), address)
        ack = await self.deliveries.interaction(COMMAND, payload)
        if ack.ok and ack.body:
            self.responses.acknowledged(ack.body, (channel.id, user.id))
        return ack

    async def press(
        self, user: User, message: Message, action_id: str, value: Any = None, *, stale: bool = False
    ) -> Ack:
        """Press a button, or choose `value` in a menu, of a message as it stands now.

        With `stale` the message is as somebody may still have it on the screen: a button that is gone can be pressed.
        Raises LookupError if nobody could do this.
        """
        found = message.element(action_id, stale=stale)
        if found is None or message.deleted:
            raise LookupError(f"nobody can press {action_id!r} in {message.ts}: {message.text!r}")
        address = self.world.url + self.world.response_path(user.id, message.channel, message.ts)
        done = payloads.action(self.world, found, value)
        payload = payloads.actions_on_message(self.world, user, message, done, address)
        return await self.deliveries.interaction(INTERACTION, payload)

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Iterable[tuple[str, bytes]] = (),
    ) -> Said:
        """Write a message, if need be with files (name, content); naming the bot sends app_mention as well."""
        made = Message(channel.id, self.world.ts(), user.id, text, thread_ts=thread_ts)
        uploaded = [self._upload(user, channel, *each) for each in files]
        made.files = [payloads.file(self.world, each, self.world.url) for each in uploaded]
        self.world.add(made)
        if thread_ts:
            self.world.posted[channel.id, thread_ts].thread_ts = thread_ts
        if self.world.bot_user not in channel.members:
            return Said(made, Ack(delivered=False))
        for each in uploaded:
            self.deliveries.announce(_file_shared(self.world, each, channel))
        event = payloads.message_event(self.world, made, channel)
        ack = await self.deliveries.event(event, user.team)
        if channel.kind != "im" and f"<@{self.world.bot_user}>" in text:
            event = {key: each for key, each in event.items() if key not in {"channel_type", "subtype"}}
            named = await self.deliveries.event(event | {"type": "app_mention"}, user.team)
            ack = ack if not ack.ok else named
        return Said(made, ack)

    async def mention(self, user: User, channel: Channel, text: str, *, thread_ts: str | None = None) -> Said:
        """Write a message that begins with the name of the bot."""
        return await self.say(user, channel, f"<@{self.world.bot_user}> {text}", thread_ts=thread_ts)

    def _upload(self, user: User, channel: Channel, name: str, content: bytes) -> File:
        made = File(self.world.new("F"), name, user.id, content, len(content), shared=[channel.id])
        made.mimetype = mimetypes.guess_type(name)[0] or made.mimetype
        self.world.files[made.id] = made
        return made

    async def edit(self, user: User, message: Message, text: str) -> Ack:
        """Change one's own message."""
        before = payloads.message(self.world, message)
        message.text, message.edited = text, True
        return await self._changed(message, before, user)

    async def delete(self, user: User, message: Message) -> Ack:
        """Delete a message."""
        message.deleted = True
        return await self._changed(message, payloads.message(self.world, message), user)

    async def _changed(self, message: Message, before: Payload, user: User) -> Ack:
        after = None if message.deleted else payloads.message(self.world, message)
        event = payloads.message_change(self.world, before, after, self.world.channels[message.channel])
        return await self.deliveries.event(event, user.team)

    async def react(self, user: User, message: Message, name: str) -> Ack:
        """Put an emoji on a message."""
        message.reactions.setdefault(name, []).append(user.id)
        return await self.deliveries.event(reaction(self.world, message, user.id, name), user.team)

    async def take_back(self, user: User, message: Message, name: str) -> Ack:
        """Take one's emoji off a message."""
        message.reactions[name].remove(user.id)
        return await self.deliveries.event(reaction(self.world, message, user.id, name, "reaction_removed"), user.team)

    async def shortcut(self, user: User, callback_id: str, message: Message | None = None) -> Ack:
        """Use a shortcut: that of a message, or a global one."""
        address = self.world.url + self.world.response_path(user.id, message.channel) if message else ""
        payload = payloads.shortcut(self.world, user, callback_id, message, address)
        return await self.deliveries.interaction(INTERACTION, payload)

    async def stop_session(self, user: User, channel: Channel, thread_ts: str) -> Ack:
        """Press the native stop button of an agent session; raises LookupError if none is shown."""
        session = self.world.sessions.get((channel.id, thread_ts))
        if session is None or session.status != "processing":
            raise LookupError(f"no stop button is shown in {channel.id} {thread_ts}")
        stopped = {"channel": channel.id, "thread_ts": thread_ts, "user": user.id, "streaming_message_ts": []}
        event = {"type": "agent_session_stopped", "event_ts": self.world.ts()} | stopped
        return await self.deliveries.event(event, user.team)


def _file_shared(world: World, found: File, channel: Channel) -> Payload:
    return {
        "type": "file_shared",
        "file_id": found.id,
        "user_id": found.user,
        "file": {"id": found.id},
        "channel_id": channel.id,
        "event_ts": world.ts(),
    }
