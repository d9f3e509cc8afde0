"""The linter: what Slack would say to these blocks, or to this view.

Numbers: docs.slack.dev (reference/block-kit), slack_sdk.models.blocks, and for the total text slackapi/bolt-js#2509.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.slack import parts, tables
from tests.servers.slack.parts import Payload

MESSAGE, MODAL, HOME = "message", "modal", "home"
_EVERYWHERE = frozenset({MESSAGE, MODAL, HOME})
_MOST_BLOCKS = {MESSAGE: 50, MODAL: 100, HOME: 100}
MOST_TEXT = 12_000  # Slack gives up at about 13,200; nobody may rely on where exactly
_VIEW_BYTES = 250_000
_ONE_PER_MESSAGE = {"table": 1, "data_visualization": 2}

Check = Callable[[str, Payload], Iterator[str]]


@dataclass(frozen=True)
class _Rule:
    keys: set[str]
    check: Check
    surfaces: frozenset[str] = _EVERYWHERE


def _section(place: str, block: Payload) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield f"{place}: missing required field: text"
    if "text" in block:
        yield from parts.text(f"{place}/text", block["text"], 3000)
    if "fields" in block:
        yield from parts.items(f"{place}/fields", block["fields"], 10)
        for index, each in enumerate(parts.objects(block["fields"])):
            yield from parts.text(f"{place}/fields/{index}", each, 2000)
    if "accessory" in block:
        yield from parts.element(f"{place}/accessory", block["accessory"], parts.IN_SECTION)


def _elements(most: int, allowed: set[str]) -> Check:
    def check(place: str, block: Payload) -> Iterator[str]:
        found = block.get("elements")
        yield from parts.items(f"{place}/elements", found, most)
        for index, each in enumerate(found if isinstance(found, list) else []):
            yield from parts.element(f"{place}/elements/{index}", each, allowed)

    return check


def _context(place: str, block: Payload) -> Iterator[str]:
    yield from parts.items(f"{place}/elements", block.get("elements"), 10)
    for index, each in enumerate(parts.objects(block.get("elements"))):
        if each.get("type") == "image":
            yield from parts.element(f"{place}/elements/{index}", each, {"image"})
        else:
            yield from parts.text(f"{place}/elements/{index}", each, 3000)


def _input(place: str, block: Payload) -> Iterator[str]:
    yield from parts.plain(f"{place}/label", block.get("label"), 2000)
    if "hint" in block:
        yield from parts.plain(f"{place}/hint", block["hint"], 2000)
    yield from parts.element(f"{place}/element", block.get("element"), parts.IN_INPUT)


def _image(place: str, block: Payload) -> Iterator[str]:
    yield from parts.image(place, block)
    if "title" in block:
        yield from parts.plain(f"{place}/title", block["title"], 2000)


def _header(place: str, block: Payload) -> Iterator[str]:
    yield from parts.plain(f"{place}/text", block.get("text"), 150)


def _markdown(place: str, block: Payload) -> Iterator[str]:
    yield from parts.length(f"{place}/text", block.get("text"), 12_000)


def _alert(place: str, block: Payload) -> Iterator[str]:
    yield from parts.text(f"{place}/text", block.get("text"), 200)
    if block.get("level", "default") not in ("default", "info", "warning", "error", "success"):
        yield f"{place}/level: unknown level"


def _card(place: str, block: Payload) -> Iterator[str]:
    if not block.keys() & {"hero_image", "title", "actions", "body"}:
        yield f"{place}: needs one of hero_image, title, actions, body"
    for key, most in (("title", 150), ("subtitle", 150), ("body", 200)):
        if key in block:
            yield from parts.text(f"{place}/{key}", block[key], most)
    for key in block.keys() & {"hero_image", "icon"}:
        yield from parts.element(f"{place}/{key}", block[key], {"image"})
    for index, each in enumerate(parts.objects(block.get("actions"))):
        yield from parts.element(f"{place}/actions/{index}", each, {"button"})


def _carousel(place: str, block: Payload) -> Iterator[str]:
    yield from parts.items(f"{place}/elements", block.get("elements"), 10)
    for index, each in enumerate(parts.objects(block.get("elements"))):
        if each.get("type") != "card":
            yield f"{place}/elements/{index}: unsupported type: {each.get('type')}"
        else:
            yield from _block(f"{place}/elements/{index}", each, MESSAGE)


def _container(place: str, block: Payload) -> Iterator[str]:
    if "title" not in block and "rich_text_title" not in block:
        yield f"{place}: missing required field: title"
    if "title" in block:
        yield from parts.plain(f"{place}/title", block["title"], 150)
    if "subtitle" in block:
        yield from parts.text(f"{place}/subtitle", block["subtitle"], 150)
    if block.get("width", "standard") not in ("narrow", "standard", "wide", "full"):
        yield f"{place}/width: unknown width"
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield f"{place}: default_collapsed needs is_collapsible"
    yield from parts.items(f"{place}/child_blocks", block.get("child_blocks"), 10)
    for index, each in enumerate(parts.objects(block.get("child_blocks"))):
        if each.get("type") == "container":
            yield f"{place}/child_blocks/{index}: unsupported type: container"
        else:
            yield from _block(f"{place}/child_blocks/{index}", each, MESSAGE)


def _plan(place: str, block: Payload) -> Iterator[str]:
    yield from parts.length(f"{place}/title", block.get("title"), 3000)
    for index, each in enumerate(parts.objects(block.get("tasks"))):
        if "type" in each and each["type"] != "task_card":
            yield f"{place}/tasks/{index}: unsupported type: {each['type']}"
        else:
            yield from _task_card(f"{place}/tasks/{index}", each)


def _task_card(place: str, block: Payload) -> Iterator[str]:
    yield from parts.length(f"{place}/task_id", block.get("task_id"), 255)
    yield from parts.length(f"{place}/title", block.get("title"), 3000)
    if block.get("status", "pending") not in ("pending", "in_progress", "complete", "error"):
        yield f"{place}/status: unknown status"
    for key in ("details", "output"):
        if key in block:
            yield from _rich_child(f"{place}/{key}", block[key])


def _rich_child(place: str, found: Any) -> Iterator[str]:
    if not isinstance(found, dict) or found.get("type") != "rich_text":
        yield f"{place}: must be a rich_text"
    else:
        yield from tables.rich_text(place, found)


def _divider(_place: str, _block: Payload) -> Iterator[str]:
    return iter(())


_CONTAINER = {"title", "rich_text_title", "subtitle", "child_blocks", "width", "icon"}
_COLLAPSING = {"is_collapsible", "default_collapsed", "has_header_divider"}
_MESSAGE_ONLY = frozenset({MESSAGE})
RULES: Mapping[str, _Rule] = {
    "section": _Rule({"text", "fields", "accessory", "expand"}, _section),
    "divider": _Rule(set(), _divider),
    "image": _Rule({"image_url", "slack_file", "alt_text", "title"}, _image),
    "actions": _Rule({"elements"}, _elements(25, parts.IN_ACTIONS)),
    "context": _Rule({"elements"}, _context),
    "context_actions": _Rule({"elements"}, _elements(5, parts.IN_CONTEXT_ACTIONS), _MESSAGE_ONLY),
    "input": _Rule({"label", "element", "hint", "optional", "dispatch_action"}, _input),
    "header": _Rule({"text", "level"}, _header),
    "markdown": _Rule({"text"}, _markdown, _MESSAGE_ONLY),
    "rich_text": _Rule({"elements"}, tables.rich_text),
    "table": _Rule({"rows", "column_settings"}, tables.table, _MESSAGE_ONLY),
    "data_table": _Rule({"rows", "caption", "page_size", "row_header_column_index"}, tables.data_table, _MESSAGE_ONLY),
    "data_visualization": _Rule({"title", "chart"}, tables.chart, _MESSAGE_ONLY),
    "plan": _Rule({"title", "tasks"}, _plan, _MESSAGE_ONLY),
    "task_card": _Rule({"task_id", "title", "details", "output", "sources", "status"}, _task_card, _MESSAGE_ONLY),
    "alert": _Rule({"text", "level"}, _alert, frozenset({MODAL})),
    "card": _Rule({"hero_image", "icon", "title", "subtitle", "body", "actions"}, _card),
    "carousel": _Rule({"elements"}, _carousel, frozenset({MESSAGE, HOME})),
    "container": _Rule(_CONTAINER | _COLLAPSING, _container, _MESSAGE_ONLY),
}


def _block(place: str, block: object, surface: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f"{place}: must be an object"
        return
    rule = RULES.get(str(block.get("type")))
    if rule is None or surface not in rule.surfaces:
        yield f"{place}: unsupported type: {block.get('type')}"
        return
    yield from parts.additional(place, block, rule.keys | {"type", "block_id"})
    yield from parts.optional(place, block, {"block_id": 255})
    yield from rule.check(place, block)


def walk(blocks: object) -> Iterator[Payload]:
    """Yield every block, those inside containers and carousels too."""
    for block in parts.objects(blocks):
        yield block
        yield from walk(block.get("child_blocks"))
        if block.get("type") == "carousel":
            yield from walk(block.get("elements"))


def elements(block: Payload) -> Iterator[Payload]:
    """Yield the interactive elements of one block."""
    found = [*parts.objects(block.get("actions")), *parts.objects([block.get("accessory"), block.get("element")])]
    if block.get("type") in ("actions", "context_actions"):
        found += parts.objects(block.get("elements"))
    yield from (each for each in found if each.get("type") != "image")


def _ids(blocks: list[Any]) -> Iterator[str]:
    every = list(walk(blocks))
    named = Counter(block["block_id"] for block in every if isinstance(block.get("block_id"), str))
    yield from (f"blocks: block_id is not unique: {name}" for name, count in named.items() if count > 1)
    for block in every:
        actions = Counter(str(each["action_id"]) for each in elements(block) if "action_id" in each)
        yield from (f"blocks: action_id is not unique: {name}" for name, count in actions.items() if count > 1)


def total_text(found: object) -> int:
    """Count the characters that people would read in these blocks."""
    match found:
        case list():
            return sum(map(total_text, found))
        case dict():
            own = sum(len(found[key]) for key in ("text", "title", "caption") if isinstance(found.get(key), str))
            return own + sum(total_text(each) for each in found.values() if isinstance(each, list | dict))
    return 0


def lint(blocks: object, surface: str) -> list[str]:
    """Say everything that Slack would refuse in these blocks on a `message`, in a `modal` or on the `home` tab."""
    most = _MOST_BLOCKS[surface]
    faults = [*parts.items("blocks", blocks, most, least=0)]
    if not isinstance(blocks, list):
        return faults
    for index, block in enumerate(blocks):
        faults += _block(f"blocks/{index}", block, surface)
    kinds = Counter(str(block.get("type")) for block in walk(blocks))
    for kind, allowed in _ONE_PER_MESSAGE.items():
        if kinds[kind] > allowed:
            faults.append(f"blocks: no more than {allowed} of {kind} allowed")
    faults += _ids(blocks)
    if surface == MESSAGE and not faults and total_text(blocks) > MOST_TEXT:
        faults.append(f"blocks: msg_blocks_too_long: more than {MOST_TEXT} characters")
    return faults


_VIEW_KEYS = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
_MODAL_KEYS = {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}


def lint_view(view: object) -> list[str]:
    """Say everything that Slack would refuse in this modal or home view."""
    if not isinstance(view, dict):
        return ["view: must be an object"]
    kind = str(view.get("type"))
    if kind not in {MODAL, HOME}:
        return [f"view: unsupported type: {kind}"]
    faults = [*parts.additional("view", view, _VIEW_KEYS | (_MODAL_KEYS if kind == MODAL else set()))]
    faults += parts.optional("view", view, {"callback_id": 255, "external_id": 255})
    if "private_metadata" in view:
        faults += parts.length("view/private_metadata", view["private_metadata"], 3000, 0)
    if kind == MODAL:
        faults += parts.plain("view/title", view.get("title"), 24)
        for key in view.keys() & {"submit", "close"}:
            faults += parts.plain(f"view/{key}", view[key], 24)
        if "submit" not in view and any(block.get("type") == "input" for block in walk(view.get("blocks"))):
            faults.append("view: submit is required when an input is within blocks")
    faults += lint(view.get("blocks"), kind)
    if len(json.dumps(view).encode()) > _VIEW_BYTES:
        faults.append("view: view_too_large")
    return faults
