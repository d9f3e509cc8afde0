"""A card's buttons as a keyboard under its message, and what a press means. Pure.

The data of a button is the command line itself. `?` in front means: first ask for the text that belongs behind it; `!`
means: first ask whether that is really meant. Telegram carries 64 bytes and nothing else, so the question and the text
to offer stay in the stored payload of the message: see `asked`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.commands import TABLE
from bot.face import SURE, calling, told_apart, word
from bot.measure import one_line
from bot.messenger import Button, Style
from bot.views import ACTION_LIMIT, LABEL_LIMIT
from runner.errors import BadInput
from runner.masking import visible
from runner.model import Json, value

ROWS = 8  # what a phone shows above the field for typing
SURE_KEY = "sure:"  # what the key of a question begins with that is asked before a press counts
LEAVE = "-"  # the data of the button that changes nothing
_SHORT = 8  # characters of labels of which a phone shows three in a row
_ASK, _SURE = "?", "!"
_OWN = "."  # begins what is no command, but an answer to what was asked: `bot.telegram.forms.progress`
_GREEN, _BLUE, _RED = "success", "primary", "danger"


@value
class Key:
    """A button as it is sent: label, data, colour; and what is kept for its press: a question and a text to offer."""

    text: str
    data: str
    style: str = ""  # success, primary, danger, or none
    asks: str = ""
    prefill: str = ""


Keyboard = tuple[tuple[Key, ...], ...]


@value
class Press:
    """What a press means: a command line, after a text of the person (`asks`) or a second press (`sure`).

    An empty action means that the person does not want to, after all.
    """

    action: str
    asks: bool = False
    sure: bool = False


def pressed(data: str) -> Press:
    """Read the data of a press. Raises BadInput for what `rows` and `again` never write: data can be forged."""
    if data == LEAVE:
        return Press(action="")
    asks, sure = data.startswith(_ASK), data.startswith(_SURE)
    action = data[1:] if asks or sure else data
    if len(data.encode("utf-8", "replace")) > ACTION_LIMIT or not _sayable(action):
        raise BadInput("This button is not one of Signoff.", hint="Say the command in words.")
    return Press(action=action, asks=asks, sure=sure)


def asked(payload: Json, data: str) -> tuple[str, str]:
    """Find in a stored payload what the button with this data asks, and the text to offer; both empty if it is not."""
    keys: list[Any] = [key for row in payload.get("keyboard", ()) for key in row]
    return next(((str(key["asks"]), str(key["prefill"])) for key in keys if key["data"] == data), ("", ""))


def again(action: str) -> tuple[str, Keyboard]:
    """Return the question before a command that has to be pressed twice, and the keyboard of that question."""
    sure = SURE[action.partition(" ")[0]]
    style = _RED if sure.yes == "Discard" else _GREEN
    row = (Key(text=sure.yes, data=action, style=style), Key(text=sure.no, data=LEAVE))
    return f"{sure.title} {sure.about}", (row,)


def done(action: str) -> str:
    """Say that what was asked about is done."""
    return f"✓ {SURE[action.partition(' ')[0]].yes}"


def rows(buttons: Sequence[Button]) -> Keyboard:
    """Set buttons in rows: three of short labels, two of longer ones. Beside what approves stands what denies.

    A button is left out if Telegram could not carry its command, and beyond ROWS rows. The words on the card do the
    same.
    """
    fitting = [button for button in told_apart(buttons) if _carriable(button)]
    loud = calling(fitting)
    order = _opposed(fitting)
    width = 3 if all(len(button.label) <= _SHORT for button in order) and len(order) != 4 else 2
    keys = [_key(button, calls=button is loud) for button in order]
    return tuple(tuple(keys[at : at + width]) for at in range(0, len(keys), width))[:ROWS]


def _opposed(buttons: Sequence[Button]) -> list[Button]:
    """Put the button that denies behind the first that approves, so that both are under the thumb."""
    approves = next((button for button in buttons if word(button) == "approve"), None)
    denies = next((button for button in buttons if word(button) == "deny" and not button.asks), None)
    if approves is None or denies is None:
        return list(buttons)
    left = [button for button in buttons if button is not denies]
    at = left.index(approves) + 1
    return [*left[:at], denies, *left[at:]]


def _key(button: Button, *, calls: bool) -> Key:
    return Key(
        text=one_line(button.label, LABEL_LIMIT),
        data=_data(button),
        style=_style(button, calls=calls),
        asks=button.asks,
        prefill=button.prefill,
    )


def _style(button: Button, *, calls: bool) -> str:
    if button.style is Style.DANGER:
        return _RED
    if not calls:
        return ""
    return _GREEN if word(button) in {"approve", "merge"} else _BLUE


def _data(button: Button) -> str:
    sign = _ASK if button.asks else _SURE if word(button) in SURE else ""
    return sign + button.action


def _carriable(button: Button) -> bool:
    return len(_data(button).encode("utf-8", "replace")) <= ACTION_LIMIT and _sayable(button.action)


def _sayable(action: str) -> bool:
    """Whether an action is a line of the grammar or one of our own, as far as one can see without reading it."""
    known = action.startswith(_OWN) or action.partition(" ")[0] in TABLE
    return known and visible(action) == action and "\n" not in action
