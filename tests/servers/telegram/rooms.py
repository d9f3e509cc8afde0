"""The methods about chats: what they are, who is in them, their topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.servers.telegram import objects
from tests.servers.telegram.arguments import given, needed
from tests.servers.telegram.world import Chat, Message, Payload, Refused, Topic, User, World

NAME = 128
_COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)


class Rooms:
    """getChat, getChatMember and forum topics."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.methods: dict[str, Callable[[Payload], Any]] = {
            "closeForumTopic": lambda args: self._shut(args, closed=True),
            "createForumTopic": self._create,
            "deleteForumTopic": self._delete,
            "editForumTopic": self._edit,
            "getChat": self._chat,
            "getChatMember": self._member,
            "reopenForumTopic": lambda args: self._shut(args, closed=False),
        }

    def _chat(self, args: Payload) -> Payload:
        chat = self._world.find(args.get("chat_id"))
        if not chat.private:
            self._world.open(chat.id)
        more: Payload = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}
        if chat.pinned and (pinned := self._world.posted.get((chat.id, chat.pinned[-1]))):
            more["pinned_message"] = objects.message(self._world, pinned, deep=False)
        return objects.chat(chat) | more

    def _member(self, args: Payload) -> Payload:
        chat = self._world.find(args.get("chat_id"))
        if not chat.private:
            self._world.open(chat.id)
        who = self._world.users.get(needed(args, "user_id", int))
        if who is None:
            raise Refused("invalid user_id specified", f"nobody has the number {args['user_id']}")
        return objects.member(self._world, chat, who)

    def _forum(self, args: Payload, *, create: bool = False) -> Chat:
        chat = self._world.open(args.get("chat_id"))
        if chat.private:
            if not self._world.has_topics:
                raise Refused("the chat is not a forum", "the bot has no topics in private chats")
        elif not chat.forum:
            raise Refused("the chat is not a forum", f"{chat.id} has no topics")
        elif not self._world.may(chat, "can_manage_topics"):
            raise Refused(f"not enough rights to {'create' if create else 'manage'} a topic", f"in {chat.id}")
        return chat

    def _topic(self, chat: Chat, args: Payload) -> Topic:
        found = chat.topics.get(needed(args, "message_thread_id", int))
        if found is None:
            raise Refused("TOPIC_ID_INVALID", f"no topic {args['message_thread_id']} in {chat.id}")
        return found

    def _create(self, args: Payload) -> Payload:
        chat = self._forum(args, create=True)
        name = _name(args)
        colour = given(args, "icon_color", int) or _COLOURS[0]
        if colour not in _COLOURS:
            raise Refused("TOPIC_ICON_COLOR_INVALID", f"{colour}")
        made, _ = self.open(chat, name, colour)
        return {"message_thread_id": made.id, "name": name, "icon_color": colour}

    def open(self, chat: Chat, name: str, colour: int = _COLOURS[0], by: User | None = None) -> tuple[Topic, Message]:
        """Open a topic; its number is that of the message that tells of it."""
        told = self._tell(chat, None, forum_topic_created={"name": name, "icon_color": colour})
        told.topic, told.sender = told.id, by or self._world.bot
        made = Topic(told.id, name)
        chat.topics[made.id] = made
        return made, told

    def _edit(self, args: Payload) -> bool:
        chat = self._forum(args)
        topic = self._topic(chat, args)
        if "name" not in args and "icon_custom_emoji_id" not in args:
            self._world.violate("editForumTopic: nothing to change")
        name = _name(args) if "name" in args else topic.name
        if name == topic.name and "icon_custom_emoji_id" not in args:
            raise Refused("TOPIC_NOT_MODIFIED", f"{topic.id} is called {name!r} already")
        topic.name = name
        topic.icon = str(args.get("icon_custom_emoji_id", topic.icon or "")) or None
        self._tell(chat, topic, forum_topic_edited={"name": name})
        return True

    def _shut(self, args: Payload, *, closed: bool) -> bool:
        chat = self._forum(args)
        if chat.private:
            raise Refused("the chat is not a supergroup", "topics of private chats are not closed")
        topic = self._topic(chat, args)
        if topic.closed == closed:
            raise Refused("TOPIC_NOT_MODIFIED", f"{topic.id} is {'closed' if closed else 'open'} already")
        topic.closed = closed
        self._tell(chat, topic, **{"forum_topic_closed" if closed else "forum_topic_reopened": {}})
        return True

    def _delete(self, args: Payload) -> bool:
        chat = self._forum(args)
        topic = self._topic(chat, args)
        del chat.topics[topic.id]
        for each in self._world.posted.values():
            each.deleted = each.deleted or (each.chat is chat and each.topic == topic.id)
        return True

    def _tell(self, chat: Chat, topic: Topic | None, **service: Payload) -> Message:
        number = self._world.next_id(chat)
        made = Message(chat, number, self._world.bot, self._world.clock.now(), service=dict(service))
        made.topic = topic.id if topic else None
        return self._world.add(made)


_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def _name(args: Payload) -> str:
    name = given(args, "name", str) or ""
    if not 1 <= len(name) <= NAME:
        raise Refused("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_TOO_LONG", f"a name has 1-{NAME} characters")
    return name
