"""A card's buttons as rows of Slack's: three that can be seen, the rest in a menu; a value carries all a press needs.

A value is the command line itself, or, for a button that asks, JSON with the question and the text to offer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bot.face import SURE, calling, told_apart, word
from bot.measure import one_line, units
from bot.messenger import Button, Style
from bot.slack.rendering.safety import plain, weight
from runner.errors import BadInput
from runner.masking import visible
from runner.model import Json, value

PRESS = r"^(press|ask|more):\d+$"  # the action ids: a button, a button that asks first, a choice of a menu

SEEN = 3  # buttons of a row: phones stack them
_IN_MENU = 5  # options of an overflow menu (Slack)
_LABEL = 75  # characters of a button, an option, an accessibility label (Slack)
_VALUE, _OPTION_VALUE = 2_000, 150  # characters (Slack)
_MOST_WEIGHT = 4_000  # of all buttons of a card: what is over is left to words
_MOST = 32  # buttons of a card: what is over is left to words


@value
class Press:
    """What a pressed button means: a command line; with `asks`, the person's text is appended after a space."""

    action: str
    asks: str = ""
    prefill: str = ""


def pressed(carried: str) -> Press:
    """Read the value of a button or an option. Raises BadInput if it is not one that `rows` has written."""
    if units(carried) > _VALUE:
        raise BadInput("This button is longer than any of Signoff.")
    if not carried.startswith("{"):
        return Press(action=carried)
    try:
        content = json.loads(carried)
    except (ValueError, RecursionError):
        content = None
    match content:
        case {"action": str(action), "asks": str(asks), "prefill": str(prefill)}:
            return Press(action=action, asks=asks, prefill=prefill)
        case _:
            raise BadInput("This button is not one of Signoff.", hint="Say the command in words.")


def rows(buttons: Sequence[Button], about: str, first: int = 0) -> tuple[Json, ...]:
    """Set buttons as `actions` blocks, in their order. `about` tells screen readers what they belong to.

    `first` is the number of the first action id, for several cards on one surface. A button is left out if Slack could
    not carry its command or its prefill, or if a person could not see all of them; so are the heaviest of too many.
    The words on the card do the same.
    """
    fitting = [button for button in told_apart(buttons) if _carriable(button)][:_MOST]
    made = _rows(fitting, about, first)
    while weight(made) > _MOST_WEIGHT:
        weights = [weight(_carried(button)) for button in fitting]
        del fitting[weights.index(max(weights))]
        made = _rows(fitting, about, first)
    return made


def _rows(buttons: Sequence[Button], about: str, first: int) -> tuple[Json, ...]:
    loud = calling(buttons)
    made = []
    for seen, menu in _split(buttons):
        elements = [_button(button, first + at, about, calls=button is loud) for at, button in enumerate(seen)]
        first += len(seen)
        if menu:
            elements.append({"type": "overflow", "action_id": f"more:{first}", "options": [_option(b) for b in menu]})
            first += 1
        made.append({"type": "actions", "elements": elements})
    return tuple(made)


def _split(buttons: Sequence[Button]) -> Iterator[tuple[list[Button], list[Button]]]:
    """Make rows: three that are seen and a menu. What a menu cannot do is seen; a menu of one is a button.

    Beside what approves stands what denies, so that the easy answer is never the only one in sight.
    """
    left = list(buttons)
    opposed = any(word(button) == "approve" for button in buttons)
    while left:
        order = sorted(
            range(min(len(left), SEEN + _IN_MENU)), key=lambda at: (_rank(left[at], at, opposed=opposed), at)
        )
        seen, menu = sorted(order[:SEEN]), [at for at in order[SEEN:] if _fits_menu(left[at])]
        if len(menu) == 1:
            seen, menu = sorted([*seen, *menu]), []
        yield [left[at] for at in seen], [left[at] for at in menu]
        left = [button for at, button in enumerate(left) if at not in {*seen, *menu}]


def _rank(button: Button, place: int, *, opposed: bool) -> int:
    """Say how much a button has to be seen: 0 must, 1 should, 2 may be in the menu."""
    if not _fits_menu(button):
        return 0
    denies = opposed and word(button) == "deny" and not button.asks
    return 1 if place == 0 or denies else 2


def _fits_menu(button: Button) -> bool:
    return word(button) not in SURE and units(_carried(button)) <= _OPTION_VALUE


def _carriable(button: Button) -> bool:
    told = f"{button.action} {button.asks} {button.prefill}"
    return bool(button.action) and units(_carried(button)) <= _VALUE and visible(told) == told


def _carried(button: Button) -> str:
    if not button.asks:
        return button.action
    content = {"action": button.action, "asks": button.asks, "prefill": button.prefill}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _button(button: Button, number: int, about: str, *, calls: bool) -> Json:
    label = one_line(button.label, _LABEL)
    made: dict[str, object] = {
        "type": "button",
        "action_id": f"{'ask' if button.asks else 'press'}:{number}",
        "text": plain(label, _LABEL),
        "value": _carried(button),
        "accessibility_label": one_line(f"{label}: {about}", _LABEL),
    }
    if button.style is Style.DANGER or calls:
        made["style"] = button.style.value
    if word(button) in SURE:
        sure = SURE[word(button)]
        made["confirm"] = {
            "title": plain(sure.title, 100),
            "text": plain(sure.about, 300),
            "confirm": plain(sure.yes, 30),
            "deny": plain(sure.no, 30),
            **({"style": "danger"} if button.style is Style.DANGER else {}),
        }
    return made


def _option(button: Button) -> Json:
    return {"text": plain(button.label, _LABEL), "value": _carried(button)}
