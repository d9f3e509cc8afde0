"""The part of the screen above the prompt: pure, for a given room."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bot.messenger import Card
from bot.terminal.render import buttons_line, render, safe, to_text
from bot.terminal.stage import asking, staged
from runner.model import value


@value
class Room:
    """How much of the terminal there is: columns and rows."""

    width: int
    height: int
    colour: bool


def compose(front: Card | None, others: Sequence[Card], focus: int | None, room: Room) -> str:
    """Draw the front card whole and the others as one line each, in at most `room.height` rows.

    A front card that is too high, or that was printed already because it does not change any more, is drawn as its
    title and its buttons; `fits` tells the caller which ones to print first.
    """
    spare = max(room.height - 2, 0)  # the front card needs two rows at least
    lines = [_brief(card, room) for card in others[:spare]]
    if len(others) > spare > 0:
        lines[-1] = f"… and {len(others) - spare + 1} more: `status` and `inbox` list them"[: room.width]
    if front is not None:
        lines += _front(front, focus, room, room.height - len(lines))
    return "\n".join(lines[: room.height])


def fits(card: Card, room: Room) -> bool:
    """Whether a card can be shown whole in this room, with a line for another one."""
    return len(_whole(card, None, room)) < room.height


def _front(card: Card, focus: int | None, room: Room, rows: int) -> list[str]:
    whole = _whole(card, focus, room) if staged(card) else []
    if whole and len(whole) <= rows:
        return whole
    where = "  (shown whole above)" if asking(card) else ""
    title = Text(f"{_one_line(card)}{where}", style="bold")
    return [_row(text, room) for text in (title, buttons_line(card.buttons, focus))][-rows:]


def _brief(card: Card, room: Room) -> str:
    facts = [field.value for field in card.fields if field.label in {"Elapsed", "Tokens", "Cost"}]
    return _row(Text("  ".join([_one_line(card), *facts]), style="dim"), room)


def _row(text: Text, room: Room) -> str:
    """Write a text in exactly one row."""
    text.truncate(room.width, overflow="ellipsis")
    return to_text(text, room.width, colour=room.colour).rstrip("\n")


def _whole(card: Card, focus: int | None, room: Room) -> list[str]:
    return render(card, room.width, colour=room.colour, chosen=focus).rstrip("\n").split("\n")


def _one_line(card: Card) -> str:
    return " ".join(safe(card.title).split())
