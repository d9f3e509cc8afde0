"""A form as Slack knows it: the card that offers it, and the command line of one that was sent. Pure."""

from __future__ import annotations

from bot import commands
from bot.forms import reading
from bot.messenger import Button, Card, Style, Tone
from bot.slack.heard import Submitted
from bot.slack.rendering.surfaces import ASK

_ACTION = 64  # bytes of a button's command line


def form_offer(line: str) -> Card | None:
    """Return a card whose button opens the form for a task, in answer to a message: a message itself opens nothing."""
    want = reading.wanted(line)
    if want is None or isinstance(want.command, commands.Run) or len(want.memory.encode()) > _ACTION:
        return None
    return Card(
        title="A new task" if isinstance(want.command, commands.New) else want.memory.capitalize(),
        tone=Tone.WAITING,
        buttons=(Button(label="Fill in", action=want.memory, style=Style.PRIMARY),),
        footer=f"Or in words: `help {want.memory.split()[0]}` shows how.",
    )


def line_of(sent: Submitted) -> str:
    """Return the command line that a form stands for. Raises Unfit."""
    if sent.form == ASK:
        return f"{sent.memory} {sent.fields['text'].text if 'text' in sent.fields else ''}".strip()
    return reading.line_of(sent.form, sent.memory, sent.fields)


def said_in(sent: Submitted) -> str:
    """Return all that somebody has put into a form, for giving it back."""
    return "\n".join(f"{name}: {field.text}" for name, field in sent.fields.items() if field.now)
