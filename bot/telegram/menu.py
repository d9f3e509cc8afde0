"""The menu that Telegram shows beside the field for typing: short words, by the kind of chat, in people's language."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import TelegramError

from bot.telegram.sending.client import Client
from runner.ports import Clock

_LATER = 60.0  # seconds after which what failed is tried again

_PRIVATE = ("new", "run", "do", "runs", "inbox", "list", "stop", "status", "link", "prefer", "help")
_GROUP = ("run", "do", "runs", "inbox", "stop", "status", "help")
_ADMINISTRATORS = (*_GROUP, "freeze", "release", "people")

# What each word does, by the language that people have set; "" is for all others.
TEXTS: Mapping[str, Mapping[str, str]] = {
    "": {
        "new": "Save a task",
        "run": "Run a saved task",
        "do": "Have something done at once",
        "runs": "What runs and what ran",
        "inbox": "What waits for you",
        "list": "Saved tasks",
        "stop": "Stop a run",
        "status": "How things stand",
        "link": "Link your account elsewhere",
        "prefer": "Where questions reach you",
        "freeze": "Hold everything",
        "release": "Let everything go on",
        "people": "Who may do what",
        "help": "All words",
    },
    "de": {
        "new": "Eine Aufgabe speichern",
        "run": "Eine gespeicherte Aufgabe ausführen",
        "do": "Etwas sofort erledigen lassen",
        "runs": "Was läuft und was lief",
        "inbox": "Was auf dich wartet",
        "list": "Gespeicherte Aufgaben",
        "stop": "Einen Lauf anhalten",
        "status": "Wie es steht",
        "link": "Dein Konto anderswo verknüpfen",
        "prefer": "Wo dich Fragen erreichen",
        "freeze": "Alles anhalten",
        "release": "Alles weiterlaufen lassen",
        "people": "Wer was darf",
        "help": "Alle Wörter",
    },
}

log = logging.getLogger(__name__)


class Menu:
    """Sets the menus once, at the start."""

    def __init__(self, bot: Client, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock

    async def run(self) -> None:
        """Set all menus; what Telegram does not take now is tried again later. A menu is no reason to fail."""
        scopes: tuple[tuple[BotCommandScope, tuple[str, ...]], ...] = (
            (BotCommandScopeAllPrivateChats(), _PRIVATE),
            (BotCommandScopeAllGroupChats(), _GROUP),
            (BotCommandScopeAllChatAdministrators(), _ADMINISTRATORS),
        )
        for scope, words in scopes:
            for language, texts in TEXTS.items():
                await self._set([BotCommand(word, texts[word]) for word in words], scope, language)

    async def _set(self, commands: list[BotCommand], scope: BotCommandScope, language: str) -> None:
        while True:
            try:
                await self._bot.set_my_commands(commands, scope=scope, language_code=language or None)
            except TelegramError as error:
                log.warning("telegram.menu: %s", type(error).__name__)
                await self._clock.sleep(_LATER)
            else:
                return
