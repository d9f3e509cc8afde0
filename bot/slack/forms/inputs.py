"""The fields of forms: blocks with an input, and what stands in them when they come back. Pure and total.

A field is named by its block id. What it held at first and what it holds now are tuples of texts, whatever its kind:
a text is one, an empty field none, several choices are several.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, assert_never

from bot.forms.fields import Field, Input, Kind, Pick
from bot.measure import units
from bot.slack.rendering.safety import plain
from runner.model import Json

LONGEST = 3_000  # characters of a text in a form (Slack)
_LABEL, _PLACEHOLDER, _OPTION = 2_000, 150, 75  # characters (Slack)
MENU = 100  # choices in a menu (Slack)
_SEEN = 10  # choices as circles or boxes (Slack)
_ID = 255


def block(field: Field) -> Json:
    """Make a field. Whoever asks for it looks whether it can be `held`."""
    text = field.text
    made: Json
    match field.kind:
        case Kind.TEXT:
            made = text_input(field.name, field.label, initial=text, hint=field.hint, example=field.example)
        case Kind.LONG:
            made = long_input(field.name, field.label, initial=text, hint=field.hint, live=field.live)
        case Kind.COUNT | Kind.NUMBER:
            made = number_input(field.name, field.label, initial=text, whole=field.kind is Kind.COUNT)
        case Kind.PICK | Kind.SEVERAL | Kind.SWITCH:
            made = pick_input(field.name, field.label, field.picks, chosen=field.initial, several=field.several)
        case _:
            assert_never(field.kind)
    return required(made) if field.required else made


def held(field: Field) -> bool:
    """Whether a form can hold what a field is at first."""
    return fits(field.text)


def text_input(
    name: str,
    label: str,
    *,
    initial: str = "",
    hint: str = "",
    example: str = "",
    kind: str = "plain_text_input",
) -> dict[str, object]:
    """Make a field for a text of one line that may stay empty. `kind` may be another of Slack's that hold a text.

    Whoever offers an `initial` text looks whether it fits: a form never holds half a text.
    """
    element: dict[str, object] = {"type": kind, "action_id": name}
    if initial:
        element["initial_value"] = initial
    if example:
        element["placeholder"] = plain(example, _PLACEHOLDER)
    return _block(name, label, element, hint)


def long_input(name: str, label: str, *, initial: str = "", hint: str = "", live: bool = False) -> dict[str, object]:
    """Make a field for a text of several lines. `live`: we hear of it while somebody types."""
    made = text_input(name, label, initial=initial, hint=hint)
    made["element"] = {**_element(made), "multiline": True}
    if live:
        made["element"] = {**_element(made), "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
        made["dispatch_action"] = True
    return made


def number_input(name: str, label: str, *, initial: str = "", whole: bool) -> dict[str, object]:
    """Make a field for a number that is not negative."""
    made = text_input(name, label, initial=initial, kind="number_input")
    made["element"] = {**_element(made), "is_decimal_allowed": not whole, "min_value": "0"}
    return made


def pick_input(
    name: str, label: str, picks: Sequence[Pick], *, chosen: Collection[str] = (), several: bool = False, hint: str = ""
) -> dict[str, object]:
    """Make a field for a choice: circles or boxes for up to ten, else a menu of up to a hundred."""
    options = [_option(pick) for pick in picks[:MENU]]
    initial = [option for option in options if option["value"] in chosen]
    few = len(options) <= _SEEN
    kind = (
        ("checkboxes" if few else "multi_static_select") if several else ("radio_buttons" if few else "static_select")
    )
    element: dict[str, object] = {"type": kind, "action_id": name, "options": options}
    if initial:
        element["initial_options" if several else "initial_option"] = initial if several else initial[0]
    return _block(name, label, element, hint)


def required(block: Json) -> Json:
    """Demand that a field is not empty."""
    return {**block, "optional": False}


def fits(text: str) -> bool:
    """Whether a form can hold a text whole."""
    return units(text) <= LONGEST


def name_fits(name: str) -> bool:
    """Whether a name can name a field."""
    return units(name) <= _ID


def read_inputs(view: Mapping[Any, Any]) -> dict[str, Input]:
    """Read what stands in the fields of a form that came back. Any JSON is read; what is no field is left out."""
    before = {
        name: _first(_part(block, "element"))
        for block in _list(view.get("blocks"))
        if isinstance(name := block.get("block_id"), str)
    }
    found = {}
    for name, held in _part(_part(view, "state"), "values").items():
        elements = [each for each in held.values() if isinstance(each, Mapping)] if isinstance(held, Mapping) else []
        if isinstance(name, str) and elements:
            found[name] = Input(before=before.get(name, ()), now=_now(elements[0]))
    return found


def _block(name: str, label: str, element: Mapping[str, object], hint: str) -> dict[str, object]:
    made: dict[str, object] = {
        "type": "input",
        "block_id": name,
        "label": plain(label, _LABEL),
        "element": dict(element),
        "optional": True,
    }
    return {**made, "hint": plain(hint, _LABEL)} if hint else made


def _option(pick: Pick) -> Json:
    made = {"text": plain(pick.label, _OPTION), "value": pick.value}
    return {**made, "description": plain(pick.about, _OPTION)} if pick.about else made


def _element(block: Mapping[str, object]) -> dict[str, object]:
    element = block["element"]
    return dict(element) if isinstance(element, dict) else {}


def _first(element: Mapping[object, object]) -> tuple[str, ...]:
    chosen = [*_list(element.get("initial_options")), *_list([element.get("initial_option")])]
    return _texts(element.get("initial_value"), chosen)


def _now(element: Mapping[object, object]) -> tuple[str, ...]:
    chosen = [*_list(element.get("selected_options")), *_list([element.get("selected_option")])]
    return _texts(element.get("value"), chosen)


def _texts(text: object, chosen: Sequence[Mapping[object, object]]) -> tuple[str, ...]:
    if isinstance(text, str):
        return (text,) if text.strip() else ()
    return tuple(each for option in chosen if isinstance(each := option.get("value"), str))


def _list(content: object) -> list[Mapping[object, object]]:
    return [each for each in content if isinstance(each, Mapping)] if isinstance(content, list) else []


def _part(content: Mapping[object, object], name: str) -> Mapping[object, object]:
    part = content.get(name)
    return part if isinstance(part, Mapping) else {}
