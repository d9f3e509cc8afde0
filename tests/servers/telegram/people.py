"""What people do with messages, commands and buttons; the app hears of it by polling or over its webhook."""

from __future__ import annotations

from typing import NamedTuple, TypedDict, Unpack

from tests.servers.telegram import hearing, objects
from tests.servers.telegram.presses import Pressed, Presses
from tests.servers.telegram.rooms import Rooms
from tests.servers.telegram.sending import Sending
from tests.servers.telegram.updates import Update, Updates
from tests.servers.telegram.world import GROUP, SUPERGROUP, Chat, File, Message, Payload, Topic, User, World


class Attached(NamedTuple):
    """A document that somebody sends."""

    name: str
    content: bytes
    mime: str = "application/octet-stream"


class Extras(TypedDict, total=False):
    """What a message may have besides its text; `album` is several photos (bytes) or documents, heard one by one."""

    reply_to: Message | None
    topic: int | None
    photo: bytes
    document: tuple[str, bytes, str] | Attached
    voice: bytes
    album: list[bytes | tuple[str, bytes, str] | Attached]
    caption: str


class People:
    """Telegram seen from its people."""

    world: World
    updates: Updates
    presses: Presses
    sending: Sending
    rooms: Rooms

    def user(self, user_id: int, name: str, *, language: str | None = "en", started: bool = True) -> User:
        """Add a person; who has not `started` the bot cannot be written to."""
        made = User(user_id, name, language, name.lower().replace(" ", "_"))
        return self.world.add_user(made, started=started)

    def other_bot(self, user_id: int, name: str) -> User:
        """Add a bot of somebody else."""
        return self.world.add_user(User(user_id, name, None, name, bot=True))

    def private(self, user: User) -> Chat:
        """Return the private messages between a person and the bot."""
        return self.world.chats[user.id]

    def group(
        self, chat_id: int, title: str, *members: User, kind: str = SUPERGROUP, bot: str = "member", forum: bool = False
    ) -> Chat:
        """Add a group with these people in it; `bot` is what the bot is there: see Chat."""
        if chat_id >= 0:
            raise ValueError(f"the id of a group is below 0: {chat_id}")
        made = Chat(chat_id, kind, title, forum=forum, bot=bot)
        if bot == "administrator":
            made.rights = {"can_manage_chat", "can_delete_messages", "can_pin_messages", "can_manage_topics"}
        return self.world.add_chat(made, [each.id for each in members])

    async def say(self, user: User, chat: Chat, text: str = "", **more: Unpack[Extras]) -> Message:
        """Write a message; commands, mentions and addresses in it are found as Telegram finds them.

        Raises LookupError if this person is not there. Of an album the first message is returned.
        """
        if user.id not in chat.members or chat.migrated_to is not None:
            raise LookupError(f"{user.name} cannot write in {chat.title}")
        if chat.private:
            chat.started = True
        if album := more.get("album"):
            number = self.sending.album()
            captions = [more.get("caption") or text, *[""] * (len(album) - 1)]
            ordered = [
                self._say(user, chat, (said, each, number), more) for said, each in zip(captions, album, strict=True)
            ]
        else:
            content = more.get("photo") or more.get("document")
            ordered = [self._say(user, chat, (more.get("caption") or text, content, None), more)]
        for each in ordered:
            self._heard(each)
        return ordered[0]

    def _say(
        self,
        user: User,
        chat: Chat,
        what: tuple[str, bytes | tuple[str, bytes, str] | None, str | None],
        more: Extras,
    ) -> Message:
        text, content, album = what
        made = Message(chat, self.world.next_id(chat), user, self.world.clock.now(), text, hearing.entities(text))
        answered, topic = more.get("reply_to"), more.get("topic")
        made.reply_to = answered.id if answered else None
        made.topic = answered.topic if answered and topic is None else topic
        made.album = album
        if voice := more.get("voice"):
            made.file = self.world.add_file("voice", "voice.ogg", "audio/ogg", voice)
        elif content is not None:
            made.file = self._file(content)
        return self.world.add(made)

    def _file(self, content: bytes | tuple[str, bytes, str]) -> File:
        if isinstance(content, bytes):
            made = self.world.add_file("photo", "photo.jpg", "image/jpeg", content)
            made.size = (800, 600)
            return made
        name, inside, mime = content
        return self.world.add_file("document", name, mime, inside)

    def _heard(self, said: Message) -> Update | None:
        if not hearing.reaches(self.world, said):
            return None
        return self.updates.add("message", objects.message(self.world, said))

    async def start(self, user: User, payload: str = "") -> Message:
        """Press Start, as behind a link with `payload`; it takes back a block."""
        if self.private(user).blocked:
            await self.unblock(user)
        return await self.say(user, self.private(user), f"/start {payload}".strip())

    async def edit(self, user: User, message: Message, text: str) -> Update | None:
        """Change one's own message."""
        if message.sender is not user:
            raise LookupError(f"{message.id} is not a message of {user.name}")
        message.change(text, hearing.entities(text), message.markup)
        message.edited = self.world.clock.now()
        if not hearing.reaches(self.world, message):
            return None
        return self.updates.add("edited_message", objects.message(self.world, message))

    async def delete(self, message: Message) -> None:
        """Delete a message; bots are not told."""
        message.deleted = True

    async def press(self, user: User, message: Message, button: str, *, stale: bool = False) -> Pressed:
        """Press the button with this label, or with this callback_data.

        With `stale` the message is as somebody may still have it on the screen: a button that is gone can be pressed.
        Raises LookupError if nobody could do this.
        """
        there = [] if message.deleted or user.id not in message.chat.members else message.buttons(stale=stale)
        fits = [each for each in there if button in {each.get("text"), each.get("callback_data")}]
        if not fits or "callback_data" not in fits[0]:
            labels = [each["text"] for each in there]
            raise LookupError(f"nobody can press {button!r} in {message.id}: {message.text!r} has {labels}")
        pressed = self.presses.press(user, message, fits[0]["callback_data"])
        query: Payload = {
            "id": pressed.id,
            "from": objects.user(user),
            "message": objects.message(self.world, message),
            "chat_instance": str(7_000_000_000 + abs(message.chat.id)),
            "data": pressed.data,
        }
        self.updates.add("callback_query", query)
        return pressed

    async def react(self, user: User, message: Message, emoji: str | None) -> Update | None:
        """Put an emoji on a message instead of one's earlier one, or take it away."""
        before = message.reactions.get(user.id, [])
        message.reactions[user.id] = [emoji] if emoji else []
        change = {
            "chat": objects.chat(message.chat),
            "message_id": message.id,
            "user": objects.user(user),
            "date": int(self.world.clock.now().timestamp()),
            "old_reaction": [{"type": "emoji", "emoji": each} for each in before],
            "new_reaction": [{"type": "emoji", "emoji": each} for each in message.reactions[user.id]],
        }
        heard = message.chat.private or message.chat.bot == "administrator"  # in groups only administrators hear of it
        return self.updates.add("message_reaction", change) if heard else None

    # What happens to the bot itself.

    async def block(self, user: User) -> None:
        """Block the bot."""
        chat = self.private(user)
        chat.blocked = True
        self._standing(user, chat, "member", "kicked")

    async def unblock(self, user: User) -> None:
        """Let the bot write again."""
        chat = self.private(user)
        chat.blocked = False
        self._standing(user, chat, "kicked", "member")

    async def add_to(self, chat: Chat, by: User, *, rights: tuple[str, ...] = ()) -> None:
        """Bring the bot into a group, or change what it may do there."""
        before, chat.bot = chat.bot, "administrator" if rights else "member"
        chat.rights = set(rights)
        chat.members.add(self.world.bot.id)
        self._standing(by, chat, before, chat.bot)
        if before in {"left", "kicked"}:
            self._service(by, chat, new_chat_members=[objects.user(self.world.bot)])

    async def kick(self, chat: Chat, by: User) -> None:
        """Throw the bot out of a group."""
        before, chat.bot = chat.bot, "kicked"
        chat.members.discard(self.world.bot.id)
        self._standing(by, chat, before, "kicked")

    async def migrate(self, group: Chat, by: User, supergroup_id: int | None = None) -> Chat:
        """Make a supergroup of a group: the old id is dead from now on."""
        if group.kind != GROUP:
            raise LookupError(f"{group.title} is no basic group")
        made = Chat(supergroup_id or -1_000_000_000_000 + group.id, SUPERGROUP, group.title, bot=group.bot)
        made.rights = set(group.rights)
        self.world.add_chat(made, group.members)
        group.migrated_to = made.id
        self._service(by, group, migrate_to_chat_id=made.id)
        self._service(by, made, migrate_from_chat_id=group.id)
        return made

    async def create_topic(self, user: User, chat: Chat, name: str) -> Topic:
        """Open a topic in a forum, or in the private messages of a bot that has topics."""
        if not (chat.forum or (chat.private and self.world.has_topics)):
            raise LookupError(f"{chat.title} has no topics")
        made, told = self.rooms.open(chat, name, by=user)
        self._heard(told)
        return made

    async def close_topic(self, user: User, chat: Chat, topic: Topic) -> None:
        """Close a topic: only administrators can write there."""
        topic.closed = True
        self._service(user, chat, topic.id, forum_topic_closed={})

    def _standing(self, by: User, chat: Chat, old: str, new: str) -> None:
        change = {
            "chat": objects.chat(chat),
            "from": objects.user(by),
            "date": int(self.world.clock.now().timestamp()),
            "old_chat_member": objects.bot_member(self.world, chat, old),
            "new_chat_member": objects.bot_member(self.world, chat, new),
        }
        self.updates.add("my_chat_member", change)

    def _service(self, by: User, chat: Chat, topic: int | None = None, **content: object) -> Message:
        made = Message(chat, self.world.next_id(chat), by, self.world.clock.now(), service=content, topic=topic)
        self.world.add(made)
        self._heard(made)
        return made
