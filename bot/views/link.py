"""One person in several chat products: invitations, what became of them, and where questions reach somebody.

A card with a secret is private: front ends show it to nobody but who asked for it.
"""

from __future__ import annotations

from bot.messenger import Card, Look, Section, Tone
from bot.views import say
from bot.views.notes import note
from bot.views.parts import data, sections
from runner.model import Person
from runner.people import INVITATION_LASTS, PRODUCTS

_MINUTES = INVITATION_LASTS.seconds // 60


def invited(messenger: str, secret: str, url: str | None) -> Card:
    """Show an invitation, and how it is used: by its address if there is one, else by words."""
    called = PRODUCTS[messenger]
    words = f"/start {secret}" if messenger == "telegram" else f"/task link {secret}"
    how = f"Open this address and press Start in {called}:" if url else f"Write this to the bot in {called}:"
    return Card(
        title=f"Link {called}",
        tone=Tone.WAITING,
        sections=sections(Section(body=how), Section(body=url or words, look=Look.PROSE if url else Look.CODE)),
        footer=f"It works once, within {_MINUTES} minutes. Whoever uses it is you in {called}: show it to nobody.",
        private=True,
        data=data("link", private=True, messenger=messenger, url=url, say=words),
    )


def linked(messenger: str, person: Person) -> Card:
    """Say who somebody is from now on."""
    title = f"You are {say.line(person.name, 40)} in {PRODUCTS[messenger]} now, as {person.role.value}"
    text = f"`prefer {messenger}` lets questions reach you here; `unlink {messenger}` ends it."
    return Card(
        title=title,
        tone=Tone.GOOD,
        footer=text,
        private=True,
        data=data("linked", person=person, messenger=messenger),
    )


def unlinked(messenger: str, *, returns: bool) -> Card:
    """Say that an account is nobody's any more, for now."""
    text = "The configuration gives it to you: it is linked again when it is used the next time." if returns else ""
    return note(f"{PRODUCTS[messenger]} is not linked to you any more", text, messenger=messenger, returns=returns)


def preferring(person: Person) -> Card:
    """Say where questions reach somebody."""
    if not person.preferred:
        return note("Questions reach you where their run was begun", person=person)
    title = f"Questions reach you in {PRODUCTS[person.preferred]} too, directly"
    return note(title, "Also where their run was begun. `prefer here` ends it.", person=person)
