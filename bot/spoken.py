"""What a line that somebody says is: a command or words for an agent, and what comes of it. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot import commands
from bot.messenger import Card, Look, Section
from runner.errors import SignoffError
from runner.model import ID_LENGTH, handle

ATTACHED = "Look at what is attached."  # what is said with files alone
STANDS_HERE = "This stands here already, as it is"

_STARTS = (commands.Do, commands.Run, commands.Retry)
# What only shows something: for anything else the watch may have shown the very same card a moment before.
_LOOKS = (commands.View, commands.Show, commands.Diff, commands.Inbox, commands.Status, commands.Rules, commands.Runs)


def is_command(text: str) -> bool:
    """Whether a text begins with a word of the grammar."""
    first = text.split(maxsplit=1)[:1]
    return bool(first) and first[0].lower() in commands.TABLE


def is_right(text: str) -> bool:
    """Whether a text is a whole command, as it stands."""
    return _is_a(text, (object,))


def starts(line: str) -> bool:
    """Whether a command starts a run."""
    return _is_a(line, _STARTS)


def only_shows(line: str) -> bool:
    """Whether a command changes nothing."""
    return _is_a(line, _LOOKS)


def reaches_agent(line: str) -> bool:
    """Whether a command line is for an agent, with all that goes with it."""
    return _is_a(line, (commands.Do, commands.Say))


def short(line: str) -> str:
    """Shorten the whole ids in a button's line to what people see of them."""
    return " ".join(handle(word) if len(word) == ID_LENGTH and word.isalnum() else word for word in line.split(" "))


def failed(card: Card) -> bool:
    """Whether a card says that something was not done."""
    return (card.data or {}).get("kind") == "error"


def with_text(card: Card, text: str) -> Card:
    """Give an error the text that could not be used."""
    return replace(card, sections=(*card.sections, Section(title="What you wrote", body=text, look=Look.CODE)))


def _is_a(line: str, kinds: tuple[type, ...]) -> bool:
    try:
        return isinstance(commands.parse(line), kinds)
    except SignoffError:
        return False
