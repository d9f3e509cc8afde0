"""The methods that post messages and change them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.servers.telegram import objects
from tests.servers.telegram.arguments import given, needed
from tests.servers.telegram.keyboards import markup_of
from tests.servers.telegram.texts import Formatted, caption_of, text_of
from tests.servers.telegram.world import GENERAL, Chat, File, Message, Payload, Refused, World

_DELETABLE = timedelta(hours=48)
_ACTIONS = (
    "choose_sticker",
    "find_location",
    "record_video",
    "record_video_note",
    "record_voice",
    "typing",
    "upload_document",
    "upload_photo",
    "upload_video",
    "upload_video_note",
    "upload_voice",
)


class Sending:
    """Posting, drafting, editing, deleting, pinning."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.methods: dict[str, Callable[[Payload], Any]] = {
            "copyMessage": self._copy,
            "deleteMessage": self._delete,
            "editMessageCaption": self._edit_caption,
            "editMessageReplyMarkup": self._edit_markup,
            "editMessageText": self._edit_text,
            "pinChatMessage": self._pin,
            "sendChatAction": self._action,
            "sendMessage": self._send,
            "sendMessageDraft": self._draft,
        }

    def _send(self, args: Payload) -> Payload:
        chat = self._world.open(args.get("chat_id"))
        return objects.message(self._world, self.post(chat, args, text_of(self._world, args)))

    def post(self, chat: Chat, args: Payload, content: Formatted, file: File | None = None) -> Message:
        """Post a message of the bot, with whatever the call says about its place and its buttons."""
        topic = thread_of(self._world, chat, args)
        reply_to = self._reply(chat, args)
        markup = markup_of(self._world, args)
        answered = self._world.posted.get((chat.id, reply_to or 0))
        if topic is None and answered:
            topic = answered.topic
        made = Message(chat, self._world.next_id(chat), self._world.bot, self._world.clock.now(), *content)
        made.markup, made.reply_to, made.topic, made.file = markup, reply_to, topic, file
        made.silent = bool(args.get("disable_notification"))
        return self._world.add(made)

    def _reply(self, chat: Chat, args: Payload) -> int | None:
        asked = given(args, "reply_parameters", dict) or {}
        number = asked.get("message_id") or given(args, "reply_to_message_id", int)
        if not number:
            return None
        if asked.get("chat_id") not in {None, chat.id}:
            raise Refused("message to be replied not found", "an answer to another chat")
        try:
            answered = self._world.message(chat, number, "message to be replied")
        except Refused:
            if asked.get("allow_sending_without_reply") or args.get("allow_sending_without_reply"):
                return None
            raise
        quote = asked.get("quote")
        if quote and quote not in answered.text:
            raise Refused("message to be replied not found: QUOTE_TEXT_INVALID", f"nobody said {quote!r}")
        return answered.id

    def _action(self, args: Payload) -> bool:
        chat = self._world.open(args.get("chat_id"))
        if needed(args, "action", str) not in _ACTIONS:
            raise Refused("wrong parameter action in request", f"{args['action']!r}")
        thread_of(self._world, chat, args, general=True)
        self._world.actions.append(args)
        return True

    def _draft(self, args: Payload) -> bool:
        chat = self._world.open(args.get("chat_id"))
        if not chat.private:
            raise Refused("drafts can be sent only to private chats", f"a draft in {chat.id}")
        if not given(args, "draft_id", int):
            raise Refused("draft_id must be non-zero", "no draft_id")
        thread_of(self._world, chat, args)
        if args.get("text"):
            text_of(self._world, args)
        self._world.drafts.append(args)
        return True

    # What is there already.

    def _mine(self, args: Payload) -> Message:
        chat = self._world.open(args.get("chat_id"))
        found = self._world.message(chat, args.get("message_id"), "message to edit")
        if found.sender is not self._world.bot or found.service:
            raise Refused("message can't be edited", f"{found.id} is of {found.sender.name}")
        if found.markup and "inline_keyboard" not in found.markup:
            raise Refused("message can't be edited")
        return found

    def _edit_text(self, args: Payload) -> Payload:
        found = self._mine(args)
        content = text_of(self._world, args)
        if found.file:
            raise Refused("there is no text in the message to edit", f"{found.id} is a file")
        return self._changed(found, content, args)

    def _edit_caption(self, args: Payload) -> Payload:
        found = self._mine(args)
        content = caption_of(self._world, args)
        if not found.file:
            raise Refused("there is no caption in the message to edit", f"{found.id} is no file")
        return self._changed(found, content, args)

    def _edit_markup(self, args: Payload) -> Payload:
        found = self._mine(args)
        return self._changed(found, Formatted(found.text, found.entities), args)

    def _changed(self, found: Message, content: Formatted, args: Payload) -> Payload:
        markup = markup_of(self._world, args, inline=True)
        if (found.text, found.entities, found.markup) == (*content, markup):
            sentence = (
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
            raise Refused(sentence, f"{found.id} is the same already")
        found.change(*content, markup)
        found.edited = self._world.clock.now()
        return objects.message(self._world, found)

    def _delete(self, args: Payload) -> bool:
        chat = self._world.open(args.get("chat_id"))
        found = self._world.message(chat, args.get("message_id"), "message to delete")
        own = found.sender is self._world.bot
        if not own and not chat.private and not self._world.may(chat, "can_delete_messages"):
            raise Refused("message can't be deleted", f"{found.id} is of {found.sender.name}")
        if self._world.clock.now() - found.date > _DELETABLE and not self._world.may(chat, "can_delete_messages"):
            raise Refused("message can't be deleted for everyone")
        found.deleted = True
        return True

    def _pin(self, args: Payload) -> bool:
        chat = self._world.open(args.get("chat_id"))
        found = self._world.message(chat, args.get("message_id"), "message to pin")
        if not chat.private and not self._world.may(chat, "can_pin_messages"):
            raise Refused("not enough rights to manage pinned messages in the chat", f"no such right in {chat.id}")
        chat.pinned.append(found.id)
        return True

    def _copy(self, args: Payload) -> Payload:
        chat = self._world.open(args.get("chat_id"))
        source = self._world.open(args.get("from_chat_id"))
        found = self._world.message(source, args.get("message_id"), "message to copy")
        content = caption_of(self._world, args) if "caption" in args else Formatted(found.text, found.entities)
        return {"message_id": self.post(chat, args, content, found.file).id}

    def album(self) -> str:
        """Make the number that holds an album together."""
        return str(secrets.randbelow(10**17))


def thread_of(world: World, chat: Chat, args: Payload, *, general: bool = False) -> int | None:
    """Read message_thread_id; refusals if there is no such topic, or it takes no messages.

    The General topic has no number for messages; `general` allows it, as chat actions do.
    """
    thread = given(args, "message_thread_id", int)
    if thread is None or (general and thread == GENERAL and chat.forum):
        return None
    topic = chat.topics.get(thread)
    if topic is None:
        raise Refused("message thread not found", f"no topic {thread} in {chat.id}")
    if topic.closed and not world.may(chat, "can_manage_topics"):
        raise Refused("TOPIC_CLOSED")
    return thread
