"""Cards as text for a terminal: pure, for a given width, with or without colour."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.style import Style as Ink
from rich.table import Table
from rich.text import Text

from bot.messenger import Attachment, Button, Card, Field, Look, Section, Style, Tone
from bot.views.say import size
from runner.masking import visible

NARROWEST = 20  # columns; below this a frame has no room for words
_FRAME = 4  # columns of a card's border and padding
_WIDEST = 110  # columns; longer lines are hard to read

_BORDERS = {Tone.NEUTRAL: "blue", Tone.RUNNING: "cyan", Tone.WAITING: "yellow", Tone.GOOD: "green", Tone.BAD: "red"}
_INKS = {Style.PRIMARY: "bold green", Style.PLAIN: "bold", Style.DANGER: "bold red"}


def render(card: Card, width: int, *, colour: bool, chosen: int | None = None) -> str:
    """Set a card for a terminal of `width` columns.

    `chosen` is the button that has the focus. The text ends with a line break and holds no escape sequence but
    colours, whatever the card holds; without `colour` it holds none.
    """
    width = max(NARROWEST, min(width, _WIDEST))
    return to_text(_panel(card, chosen, width), width, colour=colour)


def buttons_line(buttons: Sequence[Button], chosen: int | None = None, width: int | None = None) -> Text:
    """Write buttons side by side; the letter in brackets is the one to press together with Alt.

    With a `width` in columns they go on in the next line where one would be cut in two.
    """
    line = Text(overflow="fold")
    used = 0
    for index, button in enumerate(buttons):
        label = Text(_keyed(button))
        if index:
            breaks = width is not None and used + 2 + label.cell_len > width
            line.append("\n" if breaks else "  ")
            used = 0 if breaks else used + 2
        used += label.cell_len
        ink = Ink.parse(_INKS[button.style])
        label.stylize(ink + Ink(reverse=True) if index == chosen else ink)
        line.append_text(label)
    return line


def to_text(what: RenderableType, width: int, *, colour: bool) -> str:
    """Turn something drawable into text, independent of the environment of this process."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        console.print(what)
    text = capture.get()
    return text if colour else "".join(line.rstrip() + "\n" for line in text.splitlines())


def safe(text: str) -> str:
    """Make text unable to steer the terminal: what steers or hides is shown instead of obeyed."""
    return visible(text).expandtabs(4)


def _panel(card: Card, chosen: int | None, width: int) -> Panel:
    parts: list[RenderableType] = []
    if card.fields:
        parts.append(_fields(card.fields, paired=width >= 60))
    for number, section in enumerate(card.sections):
        parts += _section(section, apart=bool(parts) and (number == 0 or bool(section.title)))
    parts += [_file(file) for file in card.files]
    if card.footer:
        parts.append(Padding(Text(safe(card.footer), style="dim"), (1 if parts else 0, 0, 0, 0)))
    if card.buttons:
        parts.append(Padding(buttons_line(card.buttons, chosen, width - _FRAME), (1 if parts else 0, 0, 0, 0)))
    title = Text(safe(card.title).replace("\n", " "), style="bold", overflow="ellipsis")
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
        border_style=_BORDERS[card.tone],
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _fields(fields: Sequence[Field], *, paired: bool) -> Table:
    """Short facts go two side by side where there is room, long ones below each other."""
    paired = paired and all(len(field.value) <= 18 and "\n" not in field.value for field in fields)
    step = 2 if paired else 1
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(step):
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
    for start in range(0, len(fields), step):
        cells = [Text(safe(part)) for field in fields[start : start + step] for part in (field.label, field.value)]
        grid.add_row(*cells)
    return grid


def _section(section: Section, *, apart: bool) -> list[RenderableType]:
    body = safe(section.body).strip("\n")
    parts: list[RenderableType] = [Text("")] if apart else []
    if section.title:
        parts.append(Text(safe(section.title), style="bold underline"))
    return [*parts, _LOOKS[section.look](body)]


def _text(body: str) -> RenderableType:
    return Text(body, overflow="fold")


def _prose(body: str) -> RenderableType:
    return Markdown(body, hyperlinks=False)


def _code(body: str) -> RenderableType:
    return Padding(Text(body, style="bold", overflow="fold"), (0, 0, 0, 2))


def _diff(body: str) -> RenderableType:
    text = Text(overflow="fold")
    for line in body.split("\n"):
        text.append(f"{line}\n", style=_diff_ink(line))
    text.right_crop(1)
    return Padding(text, (0, 0, 0, 2))


def _diff_ink(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


_LOOKS: dict[Look, Callable[[str], RenderableType]] = {
    Look.TEXT: _text,
    Look.HINT: _text,
    Look.PROSE: _prose,
    Look.CODE: _code,
    Look.DIFF: _diff,
}


def _file(file: Attachment) -> Text:
    return Text.assemble("⎙ ", (safe(file.name), "bold"), f"  {size(file.size)}  {safe(file.path)}", overflow="fold")


def _keyed(button: Button) -> str:
    """Put the key of a button into brackets, inside its label where it occurs."""
    label, key = " ".join(safe(button.label).split()), safe(button.key).strip()
    at = label.lower().find(key.lower()) if key else -1
    if at < 0:
        return f"[{key.upper()}] {label}" if key else f"[{label}]"
    return f"{label[:at]}[{label[at]}]{label[at + 1 :]}"
