"""A text that a button asks for: the message that asks, and the line that the text completes. Pure."""

from __future__ import annotations

from bot.messenger import Card, Look, Section, Tone
from bot.telegram.forms.progress import Action, Verb
from bot.telegram.forms.screens import key
from bot.views.parts import button, sections
from runner.model import Draft

TEXT = "text"  # kind of draft
_LONGEST = 2_500  # characters of the old text that are shown


def content(owner: str, action: str, asks: str, prefill: str) -> dict[str, str]:
    """Return what a draft remembers of a button that asks."""
    return {"owner": owner, "action": action, "asks": asks, "prefill": prefill}


def prompt(draft: Draft, *, direct: bool = True) -> Card:
    """Ask for the text. The old one is shown as code, which a touch copies, for sending it back changed."""
    asks, old = str(draft.content.get("asks", "")), str(draft.content.get("prefill", ""))
    how = "Send the text." if direct else "Reply to this message with the text."
    cut = len(old) > _LONGEST
    title = f"Now: the first {_LONGEST:,} of {len(old):,} characters" if cut else "Now"
    cancel = Action(draft_id=draft.id, verb=Verb.CANCEL)
    return Card(
        title=asks or "What shall it say?",
        key=key(draft.id),
        tone=Tone.WAITING,
        sections=sections(Section(title=title, body=old[:_LONGEST], look=Look.CODE), Section(body=how)),
        buttons=button("Cancel", cancel.line),
    )


def line(draft: Draft, text: str) -> str:
    """Return the command line that the text completes."""
    return f"{draft.content.get('action', '')} {text}".strip()
