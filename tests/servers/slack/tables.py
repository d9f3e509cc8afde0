"""Rules for blocks that are documents of their own: rich text, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.servers.slack import parts
from tests.servers.slack.parts import Payload

_INLINE = {"text", "link", "user", "channel", "usergroup", "team", "emoji", "broadcast", "date", "color"}
_RICH_KEYS = {
    "rich_text_section": {"elements"},
    "rich_text_list": {"elements", "style", "indent", "offset", "border"},
    "rich_text_preformatted": {"elements", "border", "language"},
    "rich_text_quote": {"elements", "border"},
}
_CELLS = {"raw_text", "raw_number", "rich_text"}


def rich_text(place: str, block: Payload) -> Iterator[str]:
    """Check a rich_text block: sections, lists, code and quotes."""
    yield from parts.items(f"{place}/elements", block.get("elements"), 1000, least=0)
    for index, each in enumerate(parts.objects(block.get("elements"))):
        yield from _rich_element(f"{place}/elements/{index}", each)


def _rich_element(place: str, found: Payload) -> Iterator[str]:
    kind = str(found.get("type"))
    if kind not in _RICH_KEYS:
        yield f"{place}: unsupported type: {kind}"
        return
    yield from parts.additional(place, found, _RICH_KEYS[kind] | {"type"})
    yield from parts.items(f"{place}/elements", found.get("elements"), 1000, least=0)
    if kind == "rich_text_list" and found.get("style") not in ("bullet", "ordered"):
        yield f"{place}/style: must be bullet or ordered"
    for index, each in enumerate(parts.objects(found.get("elements"))):
        if kind == "rich_text_list":
            if each.get("type") != "rich_text_section":
                yield f"{place}/elements/{index}: unsupported type: {each.get('type')}"
            else:
                yield from _rich_element(f"{place}/elements/{index}", each)
        else:
            yield from _inline(f"{place}/elements/{index}", each)


def _inline(place: str, found: Payload) -> Iterator[str]:
    kind = str(found.get("type"))
    if kind not in _INLINE:
        yield f"{place}: unsupported type: {kind}"
    elif kind == "text":
        yield from parts.length(f"{place}/text", found.get("text"), 40_000)
    elif kind == "link":
        yield from parts.length(f"{place}/url", found.get("url"), 3000)


def _rows(place: str, rows: object, most: int, least: int) -> Iterator[str]:
    yield from parts.items(place, rows, most, least)
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        yield from parts.items(f"{place}/{index}", row, 20)
        for column, cell in enumerate(parts.objects(row)):
            yield from _cell(f"{place}/{index}/{column}", cell)


def _cell(place: str, cell: Payload) -> Iterator[str]:
    match cell.get("type"):
        case "raw_text":
            yield from parts.length(f"{place}/text", cell.get("text"), 3000)
        case "raw_number":
            pass
        case "rich_text":
            yield from rich_text(place, cell)
        case kind:
            yield f"{place}: unsupported type: {kind}"


def table(place: str, block: Payload) -> Iterator[str]:
    """Check a table: 100 rows of 20 cells."""
    yield from _rows(f"{place}/rows", block.get("rows"), 100, 1)
    if "column_settings" in block:
        yield from parts.items(f"{place}/column_settings", block["column_settings"], 20, least=0)


def data_table(place: str, block: Payload) -> Iterator[str]:
    """Check a data table: a header and 100 rows at most, and words that say what it shows."""
    yield from _rows(f"{place}/rows", block.get("rows"), 101, 2)
    yield from parts.length(f"{place}/caption", block.get("caption"), 3000)
    size = block.get("page_size", 5)
    if not isinstance(size, int) or not 1 <= size <= 100:
        yield f"{place}/page_size: must be between 1 and 100"


def chart(place: str, block: Payload) -> Iterator[str]:
    """Check a chart: six segments or series, twenty categories with labels of twenty characters."""
    yield from parts.length(f"{place}/title", block.get("title"), 50)
    drawn = block.get("chart")
    if not isinstance(drawn, dict) or drawn.get("type") not in ("pie", "bar", "line", "area"):
        yield f"{place}/chart: unsupported type"
        return
    key = "segments" if drawn["type"] == "pie" else "series"
    yield from parts.items(f"{place}/chart/{key}", drawn.get(key), 6)
    if drawn["type"] == "pie":
        return
    axis = drawn.get("axis_config")
    categories = axis.get("categories") if isinstance(axis, dict) else None
    yield from parts.items(f"{place}/chart/axis_config/categories", categories, 20)
    for index, label in enumerate(categories if isinstance(categories, list) else []):
        yield from parts.length(f"{place}/chart/axis_config/categories/{index}", label, 20)
