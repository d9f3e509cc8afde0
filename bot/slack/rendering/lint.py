"""Slack's limits, and our rule that nothing pings, formats or hides: every fault of blocks or of a view, in words.

Slack answers a fault with `invalid_blocks` and shows nothing, so tests and the loopback server hold all messages to
this. Numbers are Slack's (docs.slack.dev/reference/block-kit); the one for all blocks together was observed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from bot.measure import units
from bot.slack.rendering.safety import weight
from runner.masking import visible
from runner.model import Json

_VIEW_BYTES = 250_000
_MESSAGE_WEIGHT = 12_000
_ID = 255
_METADATA = 3_000
_VIEW_TITLE = 24
_ACTIONS, _CONTEXT, _FIELDS, _OPTIONS = 25, 10, 10, 5
_SEEN_CHOICES, _MENU_CHOICES = 10, 100  # circles or boxes, and options of a menu
_STYLES = {"bold", "italic", "strike", "code"}


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
_Check = Callable[[Json], Iterator[str]]


def lint(blocks: Sequence[Json], surface: Surface = Surface.MESSAGE) -> tuple[str, ...]:
    """Name every fault of blocks. None means that Slack takes them, and that they are as harmless as ours must be."""
    faults = list(_size(blocks, surface))
    for number, block in enumerate(blocks):
        faults += [f"block {number}: {fault}" for fault in _block(block, surface)]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    ids += [f"action {each}" for each in _action_ids(blocks)]
    faults += [f"{name} is used {count} times" for name, count in Counter(ids).items() if count > 1]
    return tuple(faults)


def lint_view(view: Json) -> tuple[str, ...]:
    """Name every fault of a modal or of an App Home."""
    surface = Surface(view["type"])
    faults = list(lint(view["blocks"], surface))
    if len(json.dumps(view).encode()) > _VIEW_BYTES:
        faults.append(f"the view has more than {_VIEW_BYTES} bytes")
    faults += _at_most("private_metadata", view.get("private_metadata", ""), _METADATA)
    faults += _at_most("callback_id", view.get("callback_id", ""), _ID)
    if surface is Surface.MODAL:
        for part in ("title", "submit", "close"):
            faults += _plain(part, view.get(part), _VIEW_TITLE) if part in view or part == "title" else ()
        if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
            faults.append("a modal with an input needs submit")
    return tuple(faults)


def _size(blocks: Sequence[Json], surface: Surface) -> Iterator[str]:
    if not blocks:
        yield "there is no block"
    if len(blocks) > _BLOCKS[surface]:
        yield f"{len(blocks)} blocks, of at most {_BLOCKS[surface]}"
    if surface is Surface.MESSAGE and weight(blocks) > _MESSAGE_WEIGHT:
        yield f"weight {weight(blocks)}, of at most {_MESSAGE_WEIGHT}"


def _block(block: Json, surface: Surface) -> Iterator[str]:
    check = _CHECKS.get(block.get("type", ""))
    if check is None:
        yield f"the type {block.get('type')} is not one of ours"
        return
    yield from _at_most("block_id", block.get("block_id", "-"), _ID, least=1)
    if block["type"] == "input" and surface is not Surface.MODAL:
        yield "an input outside a modal"
    yield from check(block)


def _header(block: Json) -> Iterator[str]:
    yield from _plain("header", block.get("text"), 150)


def _section(block: Json) -> Iterator[str]:
    if "text" in block:
        yield from _plain("section", block["text"], 3_000)
    elif not block.get("fields"):
        yield "a section without text"
    yield from _count("fields", block.get("fields", ("-",)), _FIELDS)
    for field in block.get("fields", ()):
        yield from _plain("field", field, 2_000)


def _context(block: Json) -> Iterator[str]:
    yield from _count("context", block.get("elements"), _CONTEXT)
    for element in block.get("elements", ()):
        yield from _plain("context", element, 2_000)


def _actions(block: Json) -> Iterator[str]:
    yield from _count("actions", block.get("elements"), _ACTIONS)
    for element in block.get("elements", ()):
        match element:
            case {"type": "button"}:
                yield from _button(element)
            case {"type": "overflow"}:
                yield from _overflow(element)
            case _:
                yield f"the element {element.get('type')} is not one of ours"
    primary = [element for element in block.get("elements", ()) if element.get("style") == "primary"]
    if len(primary) > 1:
        yield f"{len(primary)} primary buttons"


def _button(button: Json) -> Iterator[str]:
    yield from _plain("button", button.get("text"), 75)
    yield from _at_most("value", button.get("value", ""), 2_000)
    yield from _at_most("url", button.get("url", ""), 3_000)
    yield from _at_most("action_id", button.get("action_id", ""), _ID, least=1)
    yield from _at_most("accessibility_label", button.get("accessibility_label", ""), 75, least=1)
    if button.get("style", "primary") not in {"primary", "danger"}:
        yield f"the style {button['style']}"
    if "confirm" in button:
        for part, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from _plain(f"confirm's {part}", button["confirm"].get(part), limit)


def _overflow(menu: Json) -> Iterator[str]:
    yield from _at_most("action_id", menu.get("action_id", ""), _ID, least=1)
    yield from _count("overflow", menu.get("options"), _OPTIONS)
    for option in menu.get("options", ()):
        yield from _plain("option", option.get("text"), 75)
        yield from _at_most("option's value", option.get("value", ""), 150, least=1)


def _input(block: Json) -> Iterator[str]:
    yield from _plain("label", block.get("label"), 2_000)
    if "hint" in block:
        yield from _plain("hint", block["hint"], 2_000)
    element = block.get("element", {})
    yield from _at_most("action_id", element.get("action_id", ""), _ID, least=1)
    match element.get("type"):
        case "plain_text_input" | "number_input":
            yield from _at_most("initial_value", element.get("initial_value", ""), 3_000)
            if "placeholder" in element:
                yield from _plain("placeholder", element["placeholder"], 150)
            if (element["type"] == "number_input") != ("is_decimal_allowed" in element):
                yield "a number says whether it is whole, a text does not"
        case "radio_buttons" | "checkboxes":
            yield from _choices(element, _SEEN_CHOICES)
        case "static_select" | "multi_static_select":
            yield from _choices(element, _MENU_CHOICES)
        case other:
            yield f"the input {other} is not one of ours"


def _choices(element: Json, most: int) -> Iterator[str]:
    """Name what is wrong with a choice: what it begins with has to be among its options, exactly as they are."""
    options = element.get("options") or ()
    yield from _count("choice", options, most)
    for option in options:
        yield from _plain("option", option.get("text"), 75)
        yield from _at_most("option's value", option.get("value", ""), 150, least=1)
        if "description" in option:
            yield from _plain("option's description", option["description"], 75)
    if len({option.get("value") for option in options}) < len(options):
        yield "options with the same value"
    initial = [
        *element.get("initial_options", ()),
        *([element["initial_option"]] if "initial_option" in element else ()),
    ]
    if any(option not in options for option in initial) or element.get("initial_options") == []:
        yield "it begins with what is no option"


def _rich_text(block: Json) -> Iterator[str]:
    if not block.get("elements"):
        yield "rich text without elements"
    for element in block.get("elements", ()):
        match element:
            case {"type": "rich_text_section" | "rich_text_quote" | "rich_text_preformatted", "elements": inner}:
                yield from _pieces(inner, styled=element["type"] != "rich_text_preformatted")
            case {"type": "rich_text_list", "style": "bullet" | "ordered", "elements": items}:
                yield from _items(element, items)
            case _:
                yield f"the rich text element {element.get('type')} is not one of ours"


def _items(element: Json, items: Sequence[Json]) -> Iterator[str]:
    if not items:
        yield "a list without items"
    if not 0 <= element.get("indent", 0) <= 8:
        yield f"the indent {element['indent']}"
    for item in items:
        if item.get("type") != "rich_text_section":
            yield f"the item {item.get('type')}"
        yield from _pieces(item.get("elements", ()), styled=True)


def _pieces(pieces: Sequence[Json], *, styled: bool) -> Iterator[str]:
    if not pieces:
        yield "rich text without pieces"
    for piece in pieces:
        style: Mapping[str, Any] = piece.get("style", {})
        if not set(style) <= _STYLES or (style and not styled):
            yield f"the style {dict(style)}"
        match piece:
            case {"type": "text", "text": str(text)}:
                yield from _at_most("text", text, _MESSAGE_WEIGHT, least=1)
                if visible(text) != text:
                    yield "a text that hides something"
            case {"type": "link", "url": str(url)}:
                yield from _at_most("url", url, 3_000, least=1)
                if piece.get("text", url) != url:
                    yield f"a link to {url} with another face"
            case _:
                yield f"{piece.get('type')} may ping or is no text"


_CHECKS: dict[str, _Check] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "rich_text": _rich_text,
    "divider": lambda _: iter(()),
}


def _plain(name: str, text: object, limit: int) -> Iterator[str]:
    """Name what is wrong with a text object: ours are all `plain_text`, since Slack parses the other kind."""
    match text:
        case {"type": "plain_text", "text": str(shown)}:
            yield from _at_most(name, shown, limit, least=1)
            if visible(shown) != shown:
                yield f"{name} hides something"
        case _:
            yield f"{name} is no plain text"


def _at_most(name: str, text: str, limit: int, *, least: int = 0) -> Iterator[str]:
    if units(text) > limit:
        yield f"{name} has {units(text)} characters, of at most {limit}"
    if len(text) < least:
        yield f"{name} is empty"


def _count(name: str, elements: Sequence[object] | None, limit: int) -> Iterator[str]:
    if not elements or len(elements) > limit:
        yield f"{name} has {len(elements or ())} elements, of 1 to {limit}"


def _action_ids(blocks: Sequence[Json]) -> list[str]:
    elements = [element for block in blocks if block["type"] == "actions" for element in block.get("elements", ())]
    elements += [block.get("element", {}) for block in blocks if block["type"] == "input"]
    return [str(element.get("action_id", "")) for element in elements]
