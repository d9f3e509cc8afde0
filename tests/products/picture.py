"""Writes what is drawn as pages, alone and in sheets, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

_SHEET = 9  # phones on a sheet


def write(folder: Path, bodies: Mapping[str, str], style: str, names: Sequence[str]) -> None:
    """Write a page for each phone, or for those of these names; `sheet-1` ... have several, and `NAME-dark` is dark."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: body for name, body in bodies.items() if name in names or not names}
    pages = {name: f'<div class="phone">{body}</div>' for name, body in found.items()}
    framed = [f'<div class="phone"><div class="name">{name}</div>{body}</div>' for name, body in found.items()]
    for first in range(0, len(framed), _SHEET):
        pages[f"sheet-{first // _SHEET + 1}"] = f'<div class="sheet">{"".join(framed[first : first + _SHEET])}</div>'
    for name, body in pages.items():
        for suffix, look in (("", "light"), ("-dark", "dark")):
            whole = f'<!doctype html><meta charset="utf-8"><style>{style}</style><body class="{look}">{body}'
            (folder / f"{name}{suffix}.html").write_text(whole, encoding="utf-8")
