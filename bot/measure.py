"""How long a text is for chat products, and how one is made shorter: they all count UTF-16 units. Pure."""

from __future__ import annotations

from runner.masking import visible

EMPTY = "–"  # noqa: RUF001 - a dash as a sign; stands where a product demands a character and there is none


def units(text: str) -> int:
    """Count a text as the products' clients do, in UTF-16 units: an emoji has two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def head(text: str, limit: int) -> str:
    """Return as much of the beginning as has at most `limit` UTF-16 units; nothing, if that is below 0."""
    if units(text) <= limit:
        return text
    limit = max(limit, 0)
    kept = text[:limit]
    while units(kept) > limit:
        kept = kept[: len(kept) - max(1, (units(kept) - limit) // 2)]
    return kept


def one_line(text: str, limit: int) -> str:
    """Make a visible line of at most `limit` units, marked by an ellipsis where it was cut; never empty."""
    line = " ".join(visible(text).split()) or EMPTY
    return line if units(line) <= limit else head(line, limit - 1).rstrip() + "…"
