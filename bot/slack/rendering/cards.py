"""Cards as Slack messages: pure, with classic blocks only, inside all limits.

What does not fit is cut at a line, and said so; the whole is then in `rest`, for a file. A card that is not shown whole
has no button that decides something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from bot.face import (
    HEADLINE,
    IN_FILE,
    NEEDS_YOU,
    NOT_ALL,
    asks,
    bare,
    decides,
    headline,
    missing,
    pieces,
    small,
    titled,
    whole,
)
from bot.measure import head, one_line, units
from bot.messenger import Card, Field, Look, Section
from bot.slack.rendering import buttons
from bot.slack.rendering.markdown import prose
from bot.slack.rendering.safety import notification, plain, weight, words
from bot.views import say
from runner.masking import visible
from runner.model import Json, value

MESSAGE_WEIGHT = 12_000  # see bot.slack.rendering.safety.weight: Slack refuses at about 13,200
BEGINNING = 4_000  # weight of a card that does not fit: about three pages of a phone, since its file has all of it

_TITLE = 150  # characters of a header block (Slack)
_CONTEXT = 1_000  # characters of that line: Slack takes 2,000
_FACTS_WEIGHT = 2_400  # of the facts that have lines of their own
_SECTION_TITLE = 200  # characters
_FOOTER = 500  # characters
_FILES = 10  # elements of a context block (Slack)
_SECTION_BLOCKS = 30  # blocks for sections; further sections share the last one
_AROUND = 180  # weight of the containers around a section's text, and of the line that says what is missing
_CUT_NOTE = 600  # weight kept free to say that something was cut
_LEAST = 700  # weight below which no section is begun
_NOTIFICATION = 700  # characters that are read aloud, 4,000 when escaped


@value
class Rendered:
    """A message: `text` for notifications and screen readers, `blocks` for the eye, `rest` for a file if not empty."""

    text: str
    blocks: tuple[Json, ...]
    rest: str = ""


@value
class Composed:
    """Blocks of a card, and whether they show less than all of it."""

    blocks: tuple[Json, ...]
    cut: bool


def render(card: Card) -> Rendered:
    """Set a card as a message."""
    made = compose(card, MESSAGE_WEIGHT, where=IN_FILE)
    if made.cut:
        made = compose(card, BEGINNING, where=IN_FILE)
    return Rendered(text=_spoken(card), blocks=made.blocks, rest=whole(card) if made.cut else "")


def line(text: str) -> Rendered:
    """Set a remark of one or two lines, such as an answer that only one person sees. It is cut at 2,000 characters."""
    shown = say.cut(visible(text), 2_000)
    return Rendered(text=notification(head(shown, _NOTIFICATION)), blocks=(_rich([_paragraph([words(shown)])]),))


def compose(card: Card, room: int, *, where: str, first: int = 0) -> Composed:
    """Set a card as blocks of at most `room` weight. `where` says where people find what was cut.

    `first` is the number of its first action id, for several cards on one surface.
    """
    top, facts_cut = _top(card)
    bottom = _files(card) + _footer(card)
    about = bare(card.title)
    pressed = buttons.rows(card.buttons, about, first)
    left = room - sum(weight(part) + 1 for part in (*top, *bottom, *pressed)) - _CUT_NOTE
    body, body_cut = _sections(card.sections, left, where)
    cut = facts_cut or body_cut
    note: list[Json] = []
    if cut and any(decides(button) for button in card.buttons):
        pressed = buttons.rows([button for button in card.buttons if not decides(button)], about, first)
        note = [_rich([_paragraph([words(f"{NOT_ALL} Read the rest {where}, then say the word.", bold=True)])])]
    return Composed(blocks=(*top, *body, *note, *bottom, *pressed), cut=cut)


def _spoken(card: Card) -> str:
    """Write for a lock screen: what it is first, then the facts, which are also read aloud instead of the blocks."""
    first = one_line(card.nudge or headline(card), HEADLINE)
    told = [field for field in card.fields if field.label != "Run" or field.value not in first]
    facts = " · ".join(f"{field.label}: {field.value}" for field in told)
    text = f"{first}\n{facts}" if facts else first
    return notification(head(visible(text), _NOTIFICATION))


def _top(card: Card) -> tuple[list[Json], bool]:
    title = titled(card)
    blocks: list[Json] = [{"type": "header", "text": plain(title, _TITLE)}]
    short = small(card)
    said = ([NEEDS_YOU] if asks(card) else []) + [f"{field.label}: {field.value}" for field in short]
    shared = visible(" · ".join(said))
    if shared:
        blocks.append(_context([shared]))
    lines, lines_cut = _long_facts([field for field in card.fields if field not in short])
    if lines:
        blocks.append(_rich([_paragraph(lines)]))
    return blocks, lines_cut or units(visible(title)) > _TITLE or units(shared) > _CONTEXT


def _long_facts(fields: Sequence[Field]) -> tuple[list[Json], bool]:
    """Give each fact a line of its own, as far as there is room."""
    said: list[Json] = []
    left = _FACTS_WEIGHT
    for number, field in enumerate(fields):
        gap = "\n" if number else ""
        made = [words(f"{gap}{one_line(field.label, 80)}  ", bold=True), words(field.value)]
        left -= weight(made)
        if left < 0:
            return said, True
        said += made
    return said, False


def _files(card: Card) -> list[Json]:
    """Name the files that go with a card; their bytes are posted beside it."""
    named = [f"File: {one_line(file.name, 100)}  {say.size(file.size)}" for file in card.files]
    more = len(named) - _FILES
    shown = [*named[: _FILES - 1], f"… and {say.plural(more + 1, 'file')} more"] if more > 0 else named
    return [_context(shown)] if shown else []


def _footer(card: Card) -> list[Json]:
    """Set the footer."""
    text = one_line(card.footer, _FOOTER) if card.footer.strip() else ""
    return [_rich([_paragraph(_commands(text))])] if text else []


def _commands(text: str) -> list[Json]:
    """Set a text of Signoff, whose commands stand between backticks."""
    return [words(piece, code=is_code) for piece, is_code in pieces(text)]


def _sections(sections: Sequence[Section], room: int, where: str) -> tuple[list[Json], bool]:
    """Set the sections until one has to be cut; nothing follows a cut, so that what is shown has no hole."""
    blocks: list[dict[str, Any]] = []
    for number, section in enumerate(sections, 1):
        elements, cut = _section(section, room, where) if room >= _LEAST else ([], True)
        room -= weight(elements) + _AROUND
        if elements and len(blocks) < _SECTION_BLOCKS:
            blocks.append({"type": "rich_text", "elements": elements})
        elif elements:
            blocks[-1]["elements"] += elements
        if cut:
            left = len(sections) - number + (not elements)
            more = [_rich([_remark(f"… {say.plural(left, 'part')} more {where}")])] if left else []
            return [*blocks, *more], True
    return list(blocks), False


def _section(section: Section, room: int, where: str) -> tuple[list[Json], bool]:
    title = one_line(section.title, _SECTION_TITLE) if section.title.strip() else ""
    name = [words(f"{title}\n", bold=True)] if title else []
    room -= weight(name) + _AROUND
    body = visible(section.body).strip("\n")
    shown = _fitting(body, room)
    elements = _body(shown, section.look, name, room)
    if shown != body:
        elements.append(_remark(f"… {missing(body[len(shown) :])} more {where}"))
    return elements, shown != body or units(visible(section.title)) > _SECTION_TITLE


def _body(text: str, look: Look, name: list[Json], room: int) -> list[Json]:
    """Set a text under its name."""
    literal = words(text)
    above = [_paragraph(name)] if name else []
    match look:
        case Look.TEXT:
            return [_paragraph([*name, literal])]
        case Look.HINT:
            return [_paragraph([*name, *_commands(text)])]
        case Look.CODE | Look.DIFF:
            return [*above, {"type": "rich_text_preformatted", "elements": [literal]}]
        case Look.PROSE:
            styled = prose(text)
            if not styled or weight(styled) > room:
                styled = ({"type": "rich_text_quote", "elements": [literal]},)
            return [*above, *styled]
        case _:
            assert_never(look)


def _fitting(text: str, room: int) -> str:
    """Return the beginning of a text that weighs at most `room`, cut at a line where it has several."""
    if weight(text) <= room:
        return text
    kept = head(text, room)
    while weight(kept) > room:
        kept = kept[: len(kept) - max(1, (weight(kept) - room) // 2)]
    whole_lines = kept.rpartition("\n")[0]
    return whole_lines if whole_lines.strip() else kept


def _rich(elements: Sequence[Json]) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def _paragraph(said: Sequence[Json]) -> Json:
    return {"type": "rich_text_section", "elements": list(said)}


def _remark(text: str) -> Json:
    return _paragraph([words(text, italic=True)])


def _context(texts: Sequence[str]) -> Json:
    return {"type": "context", "elements": [plain(text, _CONTEXT) for text in texts]}
