"""What every messenger says of a card in the same way: its title, what it asks, what is missing, its buttons. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.measure import one_line, units
from bot.messenger import Button, Card, Field, Style, Tone
from bot.views import LABEL_LIMIT, say
from runner.masking import visible
from runner.model import value

IN_FILE = "in the file"
NOT_ALL = "Not all of it fits here, so no button decides it."
NEEDS_YOU = "Needs you"
HEADLINE = 240  # characters of a line that says what a card wants

_SHORT = 24  # characters of a fact that shares a line with others
_WHERE = frozenset({"Run", "Project"})  # facts that may be small on a question; what it is about never is
_DECIDING = frozenset({"approve", "answer", "deny", "rule"})
_SIGNS = {Tone.RUNNING: "●", Tone.WAITING: "◆", Tone.GOOD: "✓", Tone.BAD: "✗"}
_ASKING = {"approve": "Approve?", "answer": "Question:", "view": f"{NEEDS_YOU}:"}


@value
class Sure:
    """What is asked once more before a command whose effect cannot be taken back by a word."""

    title: str
    about: str
    yes: str
    no: str = "Not now"


SURE = {
    "merge": Sure(title="Merge?", about="The work of this run goes into its base branch.", yes="Merge"),
    "discard": Sure(
        title="Discard?",
        about="Worktree and branch of this run are removed. A backup is kept for a while.",
        yes="Discard",
    ),
}


def word(button: Button) -> str:
    """Return the command of a button, without what it is about."""
    return button.action.partition(" ")[0]


def decides(button: Button) -> bool:
    """Whether a press decides something that has to be read whole before."""
    return word(button) in _DECIDING


def asks(card: Card) -> bool:
    """Whether a card waits for a person."""
    return card.key.startswith("ask:") and card.tone is Tone.WAITING


def titled(card: Card) -> str:
    """Return the title; the tone always has a sign, and the words are the title's own."""
    sign = _SIGNS.get(card.tone)
    title = card.title.strip()
    return f"{sign} {title}" if sign and title[:1].isalnum() else title


def bare(title: str) -> str:
    """Return a title without the sign in front."""
    return title[2:] if title[1:2] == " " and not title[0].isalnum() else title


def headline(card: Card) -> str:
    """Say in a line what a card wants."""
    said = {word(button) for button in card.buttons}
    asking = [lead for each, lead in _ASKING.items() if each in said]
    if not asking or not asks(card):
        return titled(card)
    run = next((field.value for field in card.fields if field.label == "Run"), "")
    title = one_line(bare(card.title), HEADLINE - 100)
    return f"{asking[0]} {title}" + (f" · {one_line(run, 80)}" if run else "")


def small(card: Card) -> list[Field]:
    """Return the facts that may share one line."""
    return [field for field in card.fields if _shares(field) and (not asks(card) or field.label in _WHERE)]


def pieces(hint: str) -> list[tuple[str, bool]]:
    """Part a text of Signoff, whose commands stand between backticks; the flag says what is a command."""
    parts = hint.split("`")
    if len(parts) % 2 == 0:
        return [(hint, False)]
    return [(part, bool(at % 2)) for at, part in enumerate(parts) if part] or [(hint, False)]


def missing(text: str) -> str:
    """Say how much a missing text is."""
    lines = text.strip("\n").count("\n") + 1
    return say.plural(lines, "line") if lines > 1 or text.startswith("\n") else say.plural(len(text), "character")


def whole(card: Card) -> str:
    """Write a card as plain text, uncut, without its buttons."""
    parts = [card.title, "\n".join(f"{field.label}: {field.value}" for field in card.fields)]
    parts += [f"{section.title}\n{section.body}" if section.title else section.body for section in card.sections]
    return visible("\n\n".join(part.strip("\n") for part in (*parts, card.footer) if part.strip())) + "\n"


def told_apart(buttons: Sequence[Button]) -> list[Button]:
    """Put the key, which is the number in the text, before labels that look the same: long choices are cut alike."""
    count = Counter(button.label for button in buttons)
    return [
        replace(button, label=say.cut(f"{button.key} {button.label}", LABEL_LIMIT))
        if button.key and count[button.label] > 1
        else button
        for button in buttons
    ]


def calling(buttons: Sequence[Button]) -> Button | None:
    """Return the one button that calls loudest, if exactly one does."""
    primary = [button for button in buttons if button.style is Style.PRIMARY]
    return primary[0] if len(primary) == 1 else None


def _shares(field: Field) -> bool:
    return units(field.value) <= _SHORT and "\n" not in field.value
