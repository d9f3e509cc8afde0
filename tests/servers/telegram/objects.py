"""The objects of the Bot API as JSON, as an app gets them."""

from __future__ import annotations

from tests.servers.telegram.world import SUPERGROUP, Chat, File, Message, Payload, User, World


def user(who: User) -> Payload:
    """Describe a person or a bot."""
    made: Payload = {"id": who.id, "is_bot": who.bot, "first_name": who.name}
    if who.username:
        made["username"] = who.username
    if who.language:
        made["language_code"] = who.language
    return made


def me(world: World) -> Payload:
    """Describe the bot to itself."""
    return user(world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": world.reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": world.has_topics,
        "allows_users_to_create_topics": world.has_topics,
    }


def chat(place: Chat) -> Payload:
    """Describe a chat."""
    made: Payload = {"id": place.id, "type": place.kind}
    made["first_name" if place.private else "title"] = place.title
    if place.forum:
        made["is_forum"] = True
    return made


def message(world: World, said: Message, *, deep: bool = True) -> Payload:
    """Describe a message as it is now; a message it answers is described with it, but not what that one answers."""
    made: Payload = {
        "message_id": said.id,
        "from": user(said.sender),
        "chat": chat(said.chat),
        "date": int(said.date.timestamp()),
    }
    if said.topic is not None:
        made |= {"message_thread_id": said.topic, "is_topic_message": True}
    if said.edited:
        made["edit_date"] = int(said.edited.timestamp())
    if said.album:
        made["media_group_id"] = said.album
    made |= _content(said) | said.service
    if said.markup and "inline_keyboard" in said.markup:
        made["reply_markup"] = said.markup
    answered = world.posted.get((said.chat.id, said.reply_to or _root(said)))
    if deep and answered and not answered.deleted:
        made["reply_to_message"] = message(world, answered, deep=False)
    return made


def _root(said: Message) -> int:
    """Return the message that opened the topic: in supergroups what answers nothing else answers that."""
    return said.topic if said.topic and said.topic < said.id and said.chat.kind == SUPERGROUP else 0


def _content(said: Message) -> Payload:
    text, entities = ("caption", "caption_entities") if said.file else ("text", "entities")
    made: Payload = {}
    if said.text:
        made[text] = said.text
    if said.entities:
        made[entities] = said.entities
    if said.file:
        made[said.file.kind] = media(said.file)
    return made


def media(found: File) -> Payload | list[Payload]:
    """Describe a file where a message shows it; a photo is a list of sizes."""
    made: Payload = {"file_id": found.id, "file_unique_id": found.id[-16:], "file_size": len(found.content)}
    if found.kind == "photo":
        width, height = found.size
        return [made | {"width": width, "height": height}]
    if found.kind == "voice":
        return made | {"duration": 3, "mime_type": found.mime}
    return made | {"file_name": found.name, "mime_type": found.mime}


def file(found: File) -> Payload:
    """Describe a file that is ready to be downloaded."""
    return {
        "file_id": found.id,
        "file_unique_id": found.id[-16:],
        "file_size": len(found.content),
        "file_path": found.path,
    }


def member(world: World, place: Chat, who: User) -> Payload:
    """Describe what somebody is in a chat."""
    if who.id != world.bot.id:
        status = "member" if who.id in place.members else "left"
        return {"user": user(who), "status": status}
    return bot_member(world, place, ("kicked" if place.blocked else "member") if place.private else place.bot)


def bot_member(world: World, place: Chat, status: str) -> Payload:
    """Describe what the bot is in a chat, or was."""
    made: Payload = {"user": user(world.bot), "status": status}
    if status == "kicked":
        made["until_date"] = 0
    if status == "administrator":
        made |= dict.fromkeys(_RIGHTS, False) | dict.fromkeys(place.rights, True)
    return made


_RIGHTS = (
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
)
